"""Schemes of other distributions, found by their entry points, in processes of their own."""

import json
import subprocess
import sys

import numpy as np
import pytest

from facecrypt import schemes

MODULE = '''
"""shift: each channel plus a number.

More about it.
"""

from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from facecrypt.schemes import Key, Scheme

@dataclass(frozen=True, eq=False)
class ShiftKey(Key):
    amounts: np.ndarray
    scheme: ClassVar[str] = "shift"

    def __post_init__(self):
        self._set(amounts=np.array(self.amounts, np.uint8))

    def space_bits(self, shape=None):
        return 8.0 * self.amounts.size

class Shift(Scheme):
    """Not shown, for the module says what it is."""

    name = "shift"
    key_type = ShiftKey
    elementwise = True
    chosen_pictures = 3

    def draw(self, shape, draws, *, least: int = 1):
        return ShiftKey(least + draws.integers("amounts", 256 - least, shape[2:]))

    def run(self, kernels, source, target, key, *, inverse):
        (np.subtract if inverse else np.add)(source, key.amounts, out=target)

class DoubleKey(ShiftKey):
    scheme: ClassVar[str] = "pbe"

class Double(Shift):
    """Shift under the name of another."""

    name = "pbe"
    key_type = DoubleKey
'''
ENTRIES = """[facecrypt.schemes]
absent = no_such_module:Scheme
broken = broken_scheme:Scheme
key = shift_scheme:ShiftKey
other = shift_scheme:Shift
pbe = shift_scheme:Double
shift = shift_scheme:Shift
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder on sys.path with one distribution in it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "shift_scheme.py").write_text(MODULE)
    (folder / "broken_scheme.py").write_text("1 / 0\n")
    info = folder / "shift_scheme-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shift-scheme\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    return folder


def python(site, *arguments):
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    line = [sys.executable, "-c", code + arguments[0], site, *arguments[1:]]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=site)


def command(site, *arguments):
    done = python(site, "from facecrypt.cli import main; sys.exit(main())", *arguments)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


def test_a_plug_in_is_loaded_when_it_is_asked_for(site):
    done = python(
        site,
        "import facecrypt, json; from facecrypt import schemes\n"
        "found = ['shift_scheme' in sys.modules]\n"
        "schemes.get('pbe'); found.append('shift_scheme' in sys.modules)\n"
        "schemes.get('shift'); found.append('shift_scheme' in sys.modules)\n"
        "print(json.dumps([found, schemes.names(), type(schemes.get('pbe')).__module__]))",
    )
    assert done.stderr == ""
    found, names, pbe = json.loads(done.stdout)
    assert found == [False, False, True]
    assert names == sorted([*schemes.names(), "shift"])
    assert pbe == "facecrypt.schemes.pbe"


def test_the_list_has_the_plug_in_and_names_those_that_do_not_load(site):
    code, out, err = command(site, "scheme", "list")
    assert code == 0
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in out[1:]}
    assert lines["shift"] == "3 chosen pictures  each channel plus a number."
    assert set(lines) == {*schemes.names(), "shift"}
    start = "facecrypt: warning: plug-in {!r} of shift-scheme 1.5 could not be loaded: "
    expected = {
        "absent": "ModuleNotFoundError: No module named 'no_such_module'",
        "broken": "ZeroDivisionError: division by zero",
        "key": "TypeError: shift_scheme:ShiftKey must be a subclass of facecrypt.schemes.Scheme",
        "other": "ValueError: shift_scheme:Shift is named 'shift' and its key 'shift'; both must "
        "be the name of the entry point",
        "pbe": "ValueError: a scheme 'pbe' is registered already",
    }
    assert sorted(err) == [start.format(name) + expected[name] for name in sorted(expected)]


def test_the_command_line_works_with_a_plug_in(site, tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (3, 8, 8, 3), np.uint8)
    np.save(tmp_path / "x.npy", images)
    key, out = tmp_path / "key.npz", tmp_path / "out"
    like = ("--like", tmp_path / "x.npy", "--set", "least=7")
    assert command(site, "scheme", "shift", "keygen", "-o", key, *like)[0] == 0
    encrypt = ("scheme", "shift", "encrypt", tmp_path / "x.npy", "-o", out, "--key", key)
    assert command(site, *encrypt)[0] == 0
    with np.load(key) as file, np.load(out / "x.npy.npz") as cipher:
        assert file["amounts"].min() >= 7
        assert (cipher["images"] == images + file["amounts"]).all()
    decrypt = ("scheme", "shift", "decrypt", out, "-o", tmp_path / "back", "--key", key)
    assert command(site, *decrypt)[0] == 0
    assert (np.load(tmp_path / "back" / "x.npy") == images).all()


def test_a_broken_plug_in_is_named_where_it_is_missed(site):
    code, _, err = command(site, "scheme", "broken", "keygen", "-o", "k.npz", "--size", "8x8x3")
    assert code == 2
    assert "no scheme 'broken'; there are block-shuffle, " in err[0]
    reason = "plug-in 'broken' of shift-scheme 1.5 could not be loaded: ZeroDivisionError: division"
    assert err[0].count("plug-in") == 1
    assert reason in err[0]
