"""A sealed PNG is all that viewers show of it, and holds what its writer wrote and no more."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from support.png_files import SIGNATURE, chunk

from facecrypt import (
    AuthenticationError,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    region_key,
    verify,
)
from facecrypt.media.png import png_chunks

KEY = SecretKey(bytes(range(32)))
FACE = [Region(0, 0, 32, 32)]
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def profile(data=PROFILE, name=b"ICC profile", after=b"") -> bytes:
    return name + b"\0\0" + zlib.compress(data) + after


def other_profile() -> bytes:
    """Its red is another: a bit of the tag rXYZ."""
    at = PROFILE.index(b"rXYZ")
    offset, size = struct.unpack(">II", PROFILE[at + 4 : at + 12])
    assert size == 20
    changed = bytearray(PROFILE)
    changed[offset + 9] ^= 0x40
    return bytes(changed)


def exif(model) -> bytes:
    block = Image.Exif()
    block[0x0110] = model
    return block.tobytes().removeprefix(b"Exif\0\0")


SHOWN = {
    b"iCCP": (profile(), profile(other_profile())),
    b"eXIf": (exif("Camera"), exif("Kamera")),
    b"gAMA": ((45455).to_bytes(4, "big"), (100000).to_bytes(4, "big")),
    b"cICP": (bytes((1, 13, 0, 1)), bytes((9, 16, 0, 1))),
    b"sRGB": (b"\0", b"\1"),
    b"cHRM": (bytes((0, 0, 122, 38)) * 8, bytes((0, 0, 122, 39)) * 8),
    b"cLLI": (bytes(8), bytes(7) + b"\1"),
    b"mDCV": (bytes(24), bytes(23) + b"\1"),
}


def read(path) -> list:
    return [(bytes(kind), bytes(data)) for kind, data in png_chunks(path.read_bytes())]


def write(path, chunks) -> None:
    path.write_bytes(SIGNATURE + b"".join(chunk(kind, data) for kind, data in chunks))


def plain(tmp_path, photo, *extra):
    """A PNG of the photo with chunks behind its header."""
    path = tmp_path / "plain.png"
    Image.fromarray(photo).save(path)
    head, *rest = read(path)
    write(path, [head, *extra, *rest])
    return path


@pytest.fixture
def sealed(tmp_path, photo):
    """Sealed from a picture without any of the chunks that change what is shown."""
    path = tmp_path / "sealed.png"
    encrypt_file(plain(tmp_path, photo), path, KEY, regions=FACE)
    assert [kind for kind, _ in read(path)] == [b"IHDR", b"fcRP", b"IDAT", b"IEND"]
    return path


def pixels(path) -> np.ndarray:
    return np.array(Image.open(path))


def seen(tmp_path, path, photo) -> bool:
    """Whether verify and decrypt find a change outside; the face is there for who asks for it."""
    for command in (
        lambda: verify(path, KEY),
        lambda: decrypt_file(path, tmp_path / "back.png", KEY),
    ):
        with pytest.raises(AuthenticationError, match="edited after sealing"):
            command()
    assert not (tmp_path / "back.png").exists()
    with pytest.warns(UserWarning, match="edited after sealing"):
        decrypt_file(path, tmp_path / "back.png", KEY, allow_edited=True)
    return (pixels(tmp_path / "back.png") == photo).all()


@pytest.mark.parametrize("kind", SHOWN, ids=bytes.decode)
@pytest.mark.parametrize("how", ["changed", "removed"])
def test_what_changes_how_a_picture_looks_is_sealed_with_it(tmp_path, photo, kind, how):
    before, after = SHOWN[kind]
    path = tmp_path / "sealed.png"
    source = plain(tmp_path, photo, (kind, before))
    encrypt_file(source, path, KEY, regions=FACE, keep_metadata=True)
    assert verify(path, KEY).whole
    chunks = read(path)
    [(at, _)] = [(i, data) for i, (found, data) in enumerate(chunks) if found == kind]
    write(path, [*chunks[:at], *([(kind, after)] if how == "changed" else []), *chunks[at + 1 :]])
    assert seen(tmp_path, path, photo)


@pytest.mark.parametrize("kind", SHOWN, ids=bytes.decode)
def test_nor_is_anything_added_that_does(tmp_path, photo, sealed, kind):
    head, *rest = read(sealed)
    write(sealed, [head, (kind, SHOWN[kind][1]), *rest])
    assert seen(tmp_path, sealed, photo)


HARMLESS = {
    "tEXt": b"Comment\0the owner of the house",
    "pHYs": struct.pack(">IIB", 1, 9, 0),
    "bKGD": bytes(6),
    "PLTE": bytes(6),
    "sBIT": bytes((5, 5, 5)),
    "tIME": bytes((7, 230, 1, 1, 1, 1, 1)),
    "gAMA": bytes(4),  # no gamma that a decoder would take
    "zTXt": b"Comment\0\0" + zlib.compress(b"text"),
}


@pytest.mark.parametrize(
    ("kind", "place"),
    [*((kind, 1) for kind in HARMLESS), *((kind, 3) for kind in HARMLESS if kind != "PLTE")],
)
def test_a_chunk_that_the_writer_never_writes_is_named(tmp_path, photo, sealed, kind, place):
    chunks = read(sealed)
    chunks.insert(place, (kind.encode(), HARMLESS[kind]))
    write(sealed, chunks)
    with pytest.raises(AuthenticationError, match=f"the chunk {kind} of the sealed PNG"):
        verify(sealed, KEY)
    # What exiftool and others add does not lock its owner out.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        header = decrypt_file(sealed, tmp_path / "back.png", KEY)
    assert (pixels(tmp_path / "back.png") == photo).all()
    with pytest.raises(AuthenticationError, match=f"the chunk {kind} of"):
        verify(sealed, region_key(header, KEY, 0))


def test_an_intact_file_may_have_all_that_the_writer_writes(tmp_path, photo):
    source = plain(tmp_path, photo, *((kind, before) for kind, (before, _) in SHOWN.items()))
    path = tmp_path / "sealed.png"
    encrypt_file(source, path, KEY, regions=FACE, keep_metadata=True)
    kinds = [kind for kind, _ in read(path)]
    assert set(kinds) == {*SHOWN, b"IHDR", b"fcRP", b"IDAT", b"IEND"}
    assert verify(path, KEY).whole


def packed(path) -> bytes:
    return b"".join(data for kind, data in read(path) if kind == b"IDAT")


@pytest.mark.parametrize("place", [1, 2, 3], ids=["before", "after", "behind the pixels"])
@pytest.mark.parametrize("whose", ["its own", "of another"])
def test_a_second_header_is_refused_by_all(tmp_path, photo, sealed, place, whose):
    encrypt_file(plain(tmp_path, photo[::-1]), tmp_path / "other.png", KEY, regions=FACE)
    other = sealed if whose == "its own" else tmp_path / "other.png"
    chunks = read(sealed)
    chunks.insert(place, (b"fcRP", dict(read(other))[b"fcRP"]))
    write(sealed, chunks)
    for command in (
        lambda: verify(sealed, KEY),
        lambda: decrypt_file(sealed, tmp_path / "back.png", KEY),
        lambda: decrypt_file(sealed, tmp_path / "back.png", KEY, allow_edited=True),
    ):
        with pytest.raises(AuthenticationError, match="the chunk fcRP of the sealed PNG is there"):
            command()


def with_stream(path, *parts) -> None:
    """The file with its pixels in these chunks."""
    head, header, *_ = read(path)
    write(path, [head, header, *((b"IDAT", part) for part in parts), (b"IEND", b"")])


@pytest.mark.filterwarnings("ignore:.*the decoder says.*IDAT")
def test_only_the_pixels_lie_in_their_stream(tmp_path, photo, sealed):
    own = packed(sealed)
    rows = zlib.decompress(own)
    for parts in (
        [own + b"hidden"],
        [own, zlib.compress(rows[::-1])],
        [own, b""],
        [zlib.compress(rows + b"hidden")],
        [zlib.compress(rows + rows)],
    ):
        with_stream(sealed, *parts)
        with pytest.raises(AuthenticationError, match="the chunk IDAT of the sealed PNG holds"):
            verify(sealed, KEY)
    # Other programs pack the same pixels otherwise.
    for parts in [zlib.compress(rows, 9)], [own[:100], own[100:101], own[101:]]:
        with_stream(sealed, *parts)
        assert verify(sealed, KEY).whole


@pytest.mark.filterwarnings("ignore:.*the decoder says.*IDAT")
def test_large_streams_are_counted_to_their_end(tmp_path):
    # More than the block that is inflated at once, and a whole number of blocks.
    source, path = tmp_path / "plain.png", tmp_path / "sealed.png"
    Image.fromarray(np.zeros((2048, 4095), np.uint8)).save(source)
    encrypt_file(source, path, KEY, regions=FACE)
    assert verify(path, KEY).whole
    rows = zlib.decompress(packed(path))
    assert len(rows) == 2 << 22
    with_stream(path, zlib.compress(rows, 9))
    assert verify(path, KEY).whole
    with_stream(path, zlib.compress(rows + b"\0", 9))
    with pytest.raises(AuthenticationError, match="IDAT"):
        verify(path, KEY)


def test_chunks_out_of_their_place_are_refused(tmp_path, photo):
    path = tmp_path / "sealed.png"
    source = plain(tmp_path, photo, (b"gAMA", SHOWN[b"gAMA"][0]))
    encrypt_file(source, path, KEY, regions=FACE)
    head, gamma, header, *rest = read(path)
    write(path, [head, header, gamma, *rest])
    with pytest.raises(AuthenticationError, match="gAMA of the sealed PNG is there twice, or not"):
        verify(path, KEY)
    data, end = rest
    write(path, [head, gamma, header, data, gamma, end])
    with pytest.raises(AuthenticationError, match="gAMA of the sealed PNG is there twice, or not"):
        verify(path, KEY)
    write(path, [head, gamma, header, data, gamma, data, end])
    with pytest.raises(AuthenticationError, match="gAMA of the sealed PNG is there twice, or not"):
        verify(path, KEY)


@pytest.mark.parametrize(
    "other",
    [profile(name=b"the owner"), profile(after=b"hidden"), profile(PROFILE + bytes(4))],
    ids=["name", "behind the stream", "behind the profile"],
)
def test_nothing_hides_beside_the_profile(tmp_path, photo, other):
    path = tmp_path / "sealed.png"
    encrypt_file(plain(tmp_path, photo, (b"iCCP", profile())), path, KEY, regions=FACE)
    chunks = [(kind, other if kind == b"iCCP" else data) for kind, data in read(path)]
    assert chunks != read(path)
    write(path, chunks)
    with pytest.raises(AuthenticationError, match="the chunk iCCP of the sealed PNG was changed"):
        verify(path, KEY)
    decrypt_file(path, tmp_path / "back.png", KEY)
    with Image.open(io.BytesIO((tmp_path / "back.png").read_bytes())) as back:
        assert back.info["icc_profile"] == PROFILE
