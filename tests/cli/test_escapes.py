"""What comes from files is spelled out on the terminal, whatever it would do there."""

import json
import os
import shlex

import pytest
from support import second_reader
from support.command_line import command

from facecrypt.cli.escapes import shown

# Clears the screen, sets the title, forges a line, writes from right to left, an 8-bit control.
HOSTILE = "a\x1b[2J\x1b]0;owned\x07\nok\u202e\x9b31m.png"
SPELLED = r"a\x1b[2J\x1b]0;owned\x07\nok\u202e\x9b31m.png"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HOSTILE, SPELLED),
        ("tab\there\r", r"tab\there\r"),
        ("line\u2028end\u2029", r"line\u2028end\u2029"),
        ("\u200bhidden\u2066", r"\u200bhidden\u2066"),
        ("half \ud800", r"half \ud800"),
        ("with space, ünïcødé 顔 \u00a0\u202f.png", "with space, ünïcødé 顔 \u00a0\u202f.png"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("caf\udce9", "caf\udce9"),  # a byte that is no text: printed as that byte
    ],
)
def test_shown(text, expected):
    assert shown(text) == expected


@pytest.fixture
def hostile(job):
    (job / "in").mkdir()
    (job / "in" / HOSTILE).write_bytes((job / "a.png").read_bytes())
    (job / "in" / f"broken{HOSTILE}").write_bytes(b"no picture")
    (job / "in" / f"link{HOSTILE}").symlink_to("/")
    return job


@pytest.mark.parametrize(
    "line",
    [
        "encrypt in -o out -k k",
        "encrypt in -o out -k k --json",
        "encrypt in -o out -k k --boxes a.json",
        "detect in",
        "detect in --json",
        "inspect in",
        "verify in -k k",
        "verify in -k k --json",
        "decrypt in -o back -k k",
        "analyze in -o report.html",
        "scheme le encrypt in -o out --key le.npz",
    ],
)
def test_names_in_every_command(hostile, line):
    command("scheme", "le", "keygen", "-o", "le.npz", "--like", "a.png")
    done = command(*shlex.split(line))
    said = "\n".join([done.out, *done.err])
    assert all(character.isprintable() or character == "\n" for character in said)
    assert SPELLED in said or json.dumps(HOSTILE)[1:-1] in said
    assert "ok.png" not in said.splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "encrypt {} -o out -k k",
        "encrypt a.png -o {} -k k",
        "encrypt a.png -o out -k {}",
        "encrypt a.png -o out -R {}",
        "encrypt a.png -o out -r {}",
        "encrypt a.png -o out -k k --boxes {}",
        "encrypt a.png -o out -k k --threshold {}",
        "encrypt a.png -o out -k k --jobs {}",
        "decrypt sealed -o out -i {}",
        "keygen -o none/{}",
        "attack le {} -o attack.png",
        "inspect {}",
        "{}",
    ],
)
def test_names_in_errors(job, line):
    done = command(*[word.replace("{}", HOSTILE) for word in line.split()])
    assert done.code in (1, 2)
    assert all(line.isprintable() for line in done.err)
    assert len(done.err) <= 2


def test_a_name_that_was_written(job):
    for given in (
        ("keygen", "--symmetric", "-o", HOSTILE),
        ("region-key", "sealed/a.png", "--region", "0", "-k", "k", "-o", f"r{HOSTILE}"),
    ):
        done = command(*given)
        assert done.code == 0
        assert f"{SPELLED}; " in done.err[0]
        assert all(line.isprintable() for line in done.err)
    os.chmod(HOSTILE, 0o644)  # noqa: PTH101
    assert all(line.isprintable() for line in command("verify", "sealed", "-k", HOSTILE).err)


@pytest.mark.parametrize("command_line", ["inspect x.png", "inspect x.png --json", "inspect in"])
def test_a_hostile_header(job, command_line):
    # Only the name of the software is free text in a header.
    sealed = (job / "beside" / "a.png").read_bytes()
    [beside] = (job / "beside").glob("*.fcrypt")
    fields, _ = second_reader.unpack(beside.read_bytes())
    fields["software"] = "x\x1b[2J\nregion 0 box 0 0 0 0"
    (job / "in").mkdir()
    for folder in job, job / "in":
        (folder / "x.png").write_bytes(sealed)
        (folder / "x.png.0123456789abcdef.fcrypt").write_bytes(second_reader.pack(fields))
    done = command(*command_line.split())
    assert "\x1b" not in done.out
    assert not [line for line in done.out.splitlines() if line.startswith("region 0 box 0 0")]
    assert all(line.isprintable() for line in done.err)
    assert "software is not printable ASCII" in done.err[0]
    assert done.code == 3
