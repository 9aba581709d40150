import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image, ImageCms
from support.png_files import DATA, END, HEAD, PIXEL, SIGNATURE, by_cv2, chunk, pictures

from facecrypt.errors import ContainerError, MediaError
from facecrypt.media.png import encode_png, png_chunks, read_chunk


@settings(deadline=None)
@given(pictures())
def test_opencv_and_pillow_read_the_same_pixels(pixels):
    data = encode_png(pixels)
    expected = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    np.testing.assert_array_equal(by_cv2(data), expected)
    seen = np.asarray(Image.open(io.BytesIO(data)))
    if pixels.dtype == np.uint16 and expected.ndim == 3:
        # Pillow keeps the upper byte of 16-bit colours.
        expected = (expected >> 8).astype(np.uint8)
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("shape", [(1500, 1000, 3), (3, 1_000_000, 4), (1, 1), (2000, 1)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_pictures_of_many_blocks_and_of_rows_longer_than_one(shape, kind):
    pixels = np.random.default_rng(7).integers(0, np.iinfo(kind).max + 1, shape, dtype=kind)
    np.testing.assert_array_equal(by_cv2(encode_png(pixels)), pixels)


def test_pixels_out_of_order_and_read_only():
    pixels = np.random.default_rng(8).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    pixels.setflags(write=False)
    for view in (pixels[::2, ::-3], np.asfortranarray(pixels), pixels.transpose(1, 0, 2)):
        np.testing.assert_array_equal(by_cv2(encode_png(view)), view)


@pytest.mark.parametrize(
    ("pixels", "error", "message"),
    [
        (np.zeros((2, 2), np.float32), TypeError, "uint8 or uint16 array, received float32"),
        ([[1]], TypeError, "received list"),
        (np.zeros((2, 2, 2), np.uint8), ValueError, r"received \(2, 2, 2\)"),
        (np.zeros((0, 2), np.uint8), ValueError, "not empty"),
        (np.zeros(4, np.uint8), ValueError, r"received \(4,\)"),
        (np.zeros((1, 2, 2, 3), np.uint8), ValueError, "received"),
    ],
)
def test_other_arrays_are_refused(pixels, error, message):
    with pytest.raises(error, match=message):
        encode_png(pixels)


def test_extra_chunks_stand_before_the_pixels():
    data = encode_png(np.zeros((1, 1), np.uint8), chunks=[(b"fcRP", b"one"), (b"fcRQ", b"")])
    assert [kind for kind, _ in png_chunks(data)] == [b"IHDR", b"fcRP", b"fcRQ", b"IDAT", b"IEND"]
    picture = Image.open(io.BytesIO(data))
    picture.load()
    assert [entry[:2] for entry in picture.private_chunks] == [(b"fcRP", b"one"), (b"fcRQ", b"")]


@pytest.mark.parametrize("kind", [b"IDAT", b"fcR", b"fcRPx", b"fc1P", b"fc\xc3\xa9", b"PLTE"])
def test_chunks_that_would_break_the_file_are_refused(kind):
    with pytest.raises(ValueError, match="extra PNG chunk"):
        encode_png(np.zeros((1, 1), np.uint8), chunks=[(kind, b"")])


def test_colour_profile_and_exif_are_found_by_pillow():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x10F] = "Maker"
    data = encode_png(np.zeros((2, 2, 3), np.uint8), icc=icc, exif=exif.tobytes()[6:])
    picture = Image.open(io.BytesIO(data))
    assert picture.info["icc_profile"] == icc
    assert picture.getexif()[0x10F] == "Maker"


def test_walk_of_a_foreign_file():
    assert [(kind, len(payload)) for kind, payload in png_chunks(PIXEL)] == [
        (b"IHDR", 13),
        (b"IDAT", 13),
        (b"IEND", 0),
    ]


def test_cut_anywhere_is_an_error():
    data = encode_png(np.arange(12, dtype=np.uint8).reshape(3, 4), chunks=[(b"fcRP", b"head")])
    for length in range(len(data)):
        with pytest.raises(ContainerError):
            list(png_chunks(data[:length]))


def test_any_changed_bit_is_an_error():
    data = encode_png(np.arange(12, dtype=np.uint8).reshape(3, 4), chunks=[(b"fcRP", b"head")])
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ContainerError):
            list(png_chunks(bytes(changed)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (HEAD + DATA + END + b"\0", "1 bytes follow"),
        (DATA + HEAD + END, "IHDR is the first"),
        (HEAD + HEAD + DATA + END, "IHDR is the first"),
        (HEAD + DATA + chunk(b"IEND", b"x"), "must be empty"),
        (HEAD + DATA, "cut short"),
        (HEAD + chunk(b"a1cd") + DATA + END, "no chunk begins at byte 33"),
        (HEAD + struct.pack(">I", 2**31) + b"IDAT", "no chunk begins at byte 33"),
        (HEAD + DATA[:-4] + b"\0\0\0\0" + END, "IDAT at byte 33 fails its checksum"),
    ],
)
def test_malformed_files(body, message):
    with pytest.raises(ContainerError, match=message):
        list(png_chunks(SIGNATURE + body))


def test_read_chunk_from_paths_and_files(tmp_path):
    data = encode_png(
        np.zeros((500, 500, 3), np.uint8), chunks=[(b"aaAA", b"x" * 999), (b"fcRP", b"header")]
    )
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert read_chunk(path, b"fcRP") == b"header"
    assert read_chunk(str(path), b"fcRP", limit=6) == b"header"
    assert read_chunk(io.BytesIO(data), b"fcRP") == b"header"
    assert read_chunk(path, b"none") is None
    with pytest.raises(ContainerError, match="6 bytes; at most 5"):
        read_chunk(path, b"fcRP", limit=5)


def test_read_chunk_reads_no_further_than_the_pixels():
    late = SIGNATURE + HEAD + DATA + chunk(b"fcRP", b"late") + END
    assert read_chunk(io.BytesIO(late), b"fcRP") is None
    early = SIGNATURE + HEAD + chunk(b"fcRP", b"header") + b"anything"
    assert read_chunk(io.BytesIO(early), b"fcRP") == b"header"


def test_read_chunk_of_damaged_files(tmp_path):
    good = SIGNATURE + HEAD + chunk(b"fcRP", b"header")
    for length in range(8, len(good)):
        with pytest.raises(ContainerError):
            read_chunk(io.BytesIO(good[:length]), b"fcRP")
    with pytest.raises(ContainerError, match="checksum"):
        read_chunk(io.BytesIO(good.replace(b"header", b"Header")), b"fcRP")
    assert read_chunk(io.BytesIO(b"\xff\xd8\xff a photo"), b"fcRP") is None
    with pytest.raises(MediaError, match=r"gone\.png: No such file"):
        read_chunk(tmp_path / "gone.png", b"fcRP")
