"""What libjpeg and libpng print goes to whom it concerns, under the name of the file."""

import ctypes
import io
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
from PIL import Image
from support.command_line import command
from support.png_files import END, HEAD, SIGNATURE, chunk

from facecrypt import MediaError, _native
from facecrypt.media import decode_image, read_image

pytestmark = pytest.mark.skipif(not _native.can_hear(), reason="this platform prints them")

TEXT = "Corrupt JPEG data: premature end of data segment"


def corrupt() -> bytes:
    """A photo whose second half was zeroed, as a failing card leaves it."""
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG")
    data = file.getvalue()
    half = len(data) // 2
    return data[:half] + b"\xff\xd9"


@pytest.fixture
def print_in_c():
    """As any C library prints to standard error."""
    c = ctypes.CDLL(None)

    def say(text: bytes) -> None:
        stream = ctypes.c_void_p.in_dll(c, "stderr")
        c.fprintf(stream, b"%s\n", text)

    return say


def test_a_message_of_the_decoder_is_a_warning_with_the_name_of_the_file(tmp_path, capfd):
    path = tmp_path / "a.jpg"
    path.write_bytes(corrupt())
    with pytest.warns(UserWarning, match=TEXT) as caught:
        read_image(path)
    assert [str(each.message) for each in caught] == [f"{path}: the decoder says: {TEXT}"]
    assert capfd.readouterr().err == ""


def test_every_thread_hears_its_own(tmp_path, capfd):
    names = [tmp_path / f"{number}.jpg" for number in range(64)]
    good = io.BytesIO()
    Image.new("L", (64, 64)).save(good, "JPEG")
    for number, name in enumerate(names):
        name.write_bytes(corrupt() if number % 3 == 0 else good.getvalue())
    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(8) as pool:
        warnings.simplefilter("always")
        list(pool.map(read_image, names))
    said = sorted(str(each.message).split(": ")[0] for each in caught)
    assert said == sorted(map(str, names[::3]))
    assert capfd.readouterr().err == ""


def test_others_print_as_ever(print_in_c, capfd):
    begun, done = Event(), Event()

    def listen():
        _native.start_hearing()
        begun.set()
        done.wait()
        print_in_c(b"mine")
        return _native.stop_hearing()

    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(listen)
        begun.wait()
        print_in_c(b"of another thread")
        done.set()
        assert heard.result() == b"mine\n"
    print_in_c(b"afterwards")
    assert capfd.readouterr().err == "of another thread\nafterwards\n"


def test_of_many_messages_some_kilobytes_are_kept(print_in_c, capfd):
    _native.start_hearing()
    for _ in range(1000):
        print_in_c(b"x" * 99)
    assert _native.stop_hearing() == (b"x" * 99 + b"\n") * 40 + b"x" * 96
    assert _native.stop_hearing() == b""
    assert capfd.readouterr().err == ""


def test_an_error_says_what_the_decoder_said(capfd):
    wrong = zlib.compress(b"\0\x80")[:-1] + b"\0"
    with pytest.raises(MediaError, match=r"damaged .*\(libpng error: IDAT: incorrect data check\)"):
        decode_image(SIGNATURE + HEAD + chunk(b"IDAT", wrong) + END)
    assert capfd.readouterr().err == ""


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("quiet", [[], ["-q"]])
def test_the_command_line_names_the_file_and_obeys_quiet(quiet, tmp_path, capfd):
    path = tmp_path / "a.jpg"
    path.write_bytes(corrupt())
    key = tmp_path / "k"
    assert command("keygen", "--symmetric", "-q", "-o", key).code == 0
    done = command("encrypt", path, "-o", tmp_path / "out", "-k", key, "--whole", *quiet)
    assert done.code == 0
    expected = [] if quiet else [f"facecrypt: warning: {path}: the decoder says: {TEXT}"]
    assert done.err[: len(expected)] == expected
    assert not (quiet and done.err)
    assert capfd.readouterr().err == ""
