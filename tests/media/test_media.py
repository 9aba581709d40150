import io
import os
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, ImageOps
from support.png_files import DATA, END, SIGNATURE, by_cv2, chunk, pictures

from facecrypt.errors import MediaError
from facecrypt.files import atomic_write
from facecrypt.media.exif import clean_exif, orientation
from facecrypt.media.pictures import Picture, _check_pixels, decode_image, encode_image, read_image
from facecrypt.media.readers import Source

FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"
RNG = np.random.default_rng(3)
RGBA = RNG.integers(0, 256, (13, 21, 4), dtype=np.uint8)
RGB, GRAY = np.ascontiguousarray(RGBA[..., :3]), np.ascontiguousarray(RGBA[..., 3])
DEEP = RNG.integers(0, 65536, (13, 21, 4), dtype=np.uint16)


def save(picture, kind, **options):
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(
        file, kind, **options
    )
    return file.getvalue()


def smooth():
    """A picture without symmetry that survives lossy compression nearly unchanged."""
    y, x = np.mgrid[0:40, 0:56]
    return np.stack([x * 4, y * 5, (x + y) * 2], axis=-1).astype(np.uint8)


def tiff_block(order, directories, values=b""):
    """An EXIF block by hand: [(tag, type, count, 4 bytes)], each with its next pointer."""
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    for entries, following in directories:
        out += struct.pack(order + "H", len(entries))
        for tag, kind, count, value in entries:
            out += struct.pack(order + "HHI", tag, kind, count)
            out += value if isinstance(value, bytes) else struct.pack(order + "I", value)
        out += struct.pack(order + "I", following)
    return out + values


# ---------------------------------------------------------------- pixels


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (save(GRAY, "PNG"), GRAY),
        (save(RGB, "PNG"), RGB),
        (save(RGBA, "PNG"), RGBA),
        (save(DEEP[..., 0].copy(), "PNG"), DEEP[..., 0]),
        (save(GRAY, "TIFF"), GRAY),
        (save(RGB, "TIFF", compression="tiff_lzw"), RGB),
        (save(RGBA, "TIFF"), RGBA),
        (save(RGBA, "TIFF", compression="tiff_adobe_deflate"), RGBA),
        (save(DEEP[..., 0].copy(), "TIFF"), DEEP[..., 0]),
        (cv2.imencode(".png", DEEP[..., 2::-1])[1].tobytes(), DEEP[..., :3]),
        (cv2.imencode(".png", DEEP[..., [2, 1, 0, 3]])[1].tobytes(), DEEP),
        (cv2.imencode(".tiff", DEEP[..., 2::-1])[1].tobytes(), DEEP[..., :3]),
        (cv2.imencode(".tiff", DEEP[..., [2, 1, 0, 3]])[1].tobytes(), DEEP),
        (save(RGB, "WEBP", lossless=True), RGB),
        (save(RGBA, "WEBP", lossless=True, exact=True), RGBA),
        (save(RGB, "BMP"), RGB),
        (save(GRAY, "BMP"), GRAY),
        (save(GRAY, "GIF"), np.dstack([GRAY] * 3)),
        (save(RGB, "PPM"), RGB),
        (save(GRAY, "PPM"), GRAY),
        (cv2.imencode(".ppm", DEEP[..., 2::-1])[1].tobytes(), DEEP[..., :3]),
        (save(RGB, "JPEG2000"), RGB),
        (save(RGBA, "JPEG2000"), RGBA),
        (b"P2\n3 1\n1000\n1 2 1000\n", np.array([[66, 131, 65535]], np.uint16)),
        (save(Image.fromarray(GRAY > 99), "PNG"), np.where(GRAY > 99, 255, 0).astype(np.uint8)),
        (save(Image.fromarray(GRAY > 99), "TIFF"), np.where(GRAY > 99, 255, 0).astype(np.uint8)),
    ],
)
def test_lossless_files_give_the_pixels_that_went_in(data, expected):
    pixels = decode_image(data).pixels
    assert pixels.dtype == expected.dtype
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    np.testing.assert_array_equal(pixels, expected)


def png(depth, colour, row, *extra, width=4):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    return SIGNATURE + head + b"".join(extra) + chunk(b"IDAT", zlib.compress(b"\0" + row)) + END


PALETTE = chunk(b"PLTE", bytes(range(12)))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(8, 3, b"\3\1\0\2", PALETTE), [[9, 10, 11], [3, 4, 5], [0, 1, 2], [6, 7, 8]]),
        (
            png(8, 3, b"\0\1\2\3", PALETTE, chunk(b"tRNS", b"\0\x80")),
            [[0, 1, 2, 0], [3, 4, 5, 128], [6, 7, 8, 255], [9, 10, 11, 255]],
        ),
        (png(2, 0, b"\x1b"), [0, 85, 170, 255]),
        (png(8, 4, b"\1\2\3\4", width=2), [[1, 1, 1, 2], [3, 3, 3, 4]]),
        (
            png(16, 4, bytes(range(8)), width=2),
            [[1, 1, 1, 0x203], [0x405, 0x405, 0x405, 0x607]],
        ),
        (png(8, 2, bytes(6), chunk(b"tRNS", bytes(6)), width=2), [[0, 0, 0, 0]] * 2),
    ],
)
def test_png_colour_types(data, expected):
    assert decode_image(data).pixels[0].tolist() == expected


@pytest.mark.parametrize("mode", ["LA", "PA", "P"])
def test_tiff_modes_opencv_would_spoil(mode):
    picture = Image.fromarray(RGBA).convert(mode)
    pixels = decode_image(save(picture, "TIFF")).pixels
    expected = np.asarray(picture.convert("RGB" if mode == "P" else "RGBA"))
    np.testing.assert_array_equal(pixels, expected)


def test_a_gif_with_transparency_keeps_it():
    picture = Image.fromarray(GRAY // 32).convert("P")
    data = save(picture, "GIF", transparency=3)
    alpha = decode_image(data).pixels[..., 3]
    np.testing.assert_array_equal(alpha, np.where(GRAY // 32 == 3, 0, 255))


@pytest.mark.parametrize("kind", ["JPEG", "AVIF", "WEBP"])
def test_lossy_files_look_like_what_went_in(kind):
    pixels = decode_image(save(smooth(), kind, quality=95)).pixels
    assert np.abs(pixels.astype(int) - smooth()).mean() < 4


def test_adobe_cmyk_jpeg_becomes_rgb():
    data = save(Image.fromarray(smooth()).convert("CMYK"), "JPEG", quality=95)
    picture = decode_image(data)
    assert np.abs(picture.pixels.astype(int) - smooth()).mean() < 4
    start = data.index(b"\xff\xee")
    bare = data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4]) :]
    with pytest.raises(MediaError, match="CMYK"):
        decode_image(bare)


@pytest.mark.skipif(not FACES.is_dir(), reason="the pictures are not here")
def test_real_photos_are_read_as_pillow_reads_them():
    for path in FACES.glob("*.jpg"):
        expected = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
        pixels = read_image(path).pixels
        assert pixels.shape == expected.shape
        assert np.abs(pixels.astype(int) - expected).max() <= 3


# ---------------------------------------------------------------- orientation


def oriented(kind, turn):
    exif = Image.Exif()
    exif[0x112] = turn
    if kind == "TIFF16":
        return save(smooth()[..., 0].astype(np.uint16) * 257, "TIFF", tiffinfo={0x112: turn})
    if kind == "TIFF":
        return save(smooth(), kind, tiffinfo={0x112: turn})
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}, "AVIF": {"quality": 95}}
    return save(smooth(), kind, exif=exif, **options.get(kind, {}))


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "TIFF16", "AVIF"])
def test_orientation_is_applied_once(kind, turn):
    data = oriented(kind, turn)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    picture = decode_image(data, keep_metadata=True)
    assert picture.pixels.shape == expected.shape
    assert np.abs(picture.pixels.astype(int) - expected).max() <= 3
    assert orientation(picture.exif) == 1


def test_orientation_after_the_pixels_of_a_png():
    exif = tiff_block("<", [([(0x112, 3, 1, 3)], 0)])
    data = save(RGB, "PNG")[:-12] + chunk(b"eXIf", exif) + END
    np.testing.assert_array_equal(decode_image(data).pixels, RGB[::-1, ::-1])


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_senseless_orientation_is_none(value):
    assert orientation(tiff_block("<", [([(0x112, 3, 1, value)], 0)])) == 1


# ---------------------------------------------------------------- refusals


def frames(kind, **options):
    first, *rest = (Image.fromarray(RGB + number) for number in range(3))
    return save(first, kind, save_all=True, append_images=rest, **options)


def float_tiff():
    return save(RGB[..., 0].astype(np.float32), "TIFF")


SIGNED = {256: 9, 257: 9, 258: 16, 262: 1, 277: 1, 339: 2}


def patched(data, old, new):
    assert data.count(old) == 1
    return data.replace(old, new)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (frames("GIF"), "GIF file is animated"),
        (frames("PNG"), "PNG is animated"),
        (frames("WEBP", lossless=True), "WEBP file is animated"),
        (frames("AVIF"), "AVIF file is animated"),
        (frames("TIFF"), "several pages"),
        (float_tiff(), "32 bits, sample format 3: only unsigned integers"),
        (save(RGB[..., 0].astype(np.int32), "TIFF"), "sample format 2"),
        (
            tiff_block("<", [([(t, 3, 1, v) for t, v in SIGNED.items()], 0)]),
            "samples of 16 bits, sample format 2",
        ),
        (save(Image.fromarray(RGB).convert("CMYK"), "TIFF"), "CMYK colours are not read"),
        (tiff_block("<", [([(256, 3, 1, 9), (257, 3, 1, 9), (254, 4, 1, 1)], 0)]), "camera raw"),
        (tiff_block(">", [([(0x10F, 2, 4, b"abc\0")], 0)]), "gives no size"),
        (png(8, 0, b"\0\1\2\3", chunk(b"tRNS", b"\0\1")), "transparency would be lost"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC is not read"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL is not read"),
        (b"v/1\x01\x02\0\0\0", "floating-point"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
        (b"8BPS\0\1", "PSD is not read"),
        (b"", "not a picture"),
        (b"# a text\n", "not a picture"),
        (b"\xff\xd8\xff\xd9", "cut short"),
        (b"BM", "header is damaged"),
    ],
)
def test_what_would_not_be_exact_is_refused(data, message):
    with pytest.raises(MediaError, match=message):
        decode_image(data)


@pytest.mark.parametrize(
    ("number", "name"),
    [(50000, "Zstandard"), (34925, "LZMA"), (34712, "JPEG 2000"), (50002, "JPEG XL"), (6, "JPEG")],
)
def test_a_tiff_compression_that_is_not_read_is_no_damage(number, name):
    # OpenCV gives a black picture and no error where its libtiff lacks a codec.
    good = save(RGB, "TIFF")
    other = patched(
        good, struct.pack("<HHII", 259, 3, 1, 1), struct.pack("<HHII", 259, 3, 1, number)
    )
    with pytest.raises(MediaError, match=rf"{name} \({number}\) is not read; save") as error:
        decode_image(other)
    assert "damaged" not in str(error.value)


def test_planar_16_bit_tiff_is_refused():
    # OpenCV gives pixels for it, and wrong ones.
    good = cv2.imencode(".tiff", DEEP[..., 2::-1])[1].tobytes()
    planar = patched(good, struct.pack("<HHII", 284, 3, 1, 1), struct.pack("<HHII", 284, 3, 1, 2))
    with pytest.raises(MediaError, match="interleaved"):
        decode_image(planar)


def jpeg_of_size(width, height):
    data = save(smooth(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


@pytest.mark.parametrize(
    "data",
    [
        SIGNATURE
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2**17, 2**17, 8, 2, 0, 0, 0))
        + DATA
        + END,
        jpeg_of_size(65535, 65535),
        save(GRAY, "GIF")[:6] + b"\xff\xff\xff\xff" + save(GRAY, "GIF")[10:],
        tiff_block("<", [([(256, 4, 1, 2**16), (257, 4, 1, 2**16), (258, 3, 1, 8)], 0)]),
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 2**15, 2**15, 1, 24, *[0] * 6),
        b"P5\n100000 100000\n255\n",
        b"P5\n2000000 1\n255\n",
    ],
)
def test_huge_sizes_are_refused_by_the_header(data):
    with pytest.raises(MediaError, match="at most 268435456 in all and 1000000 a side"):
        decode_image(data)


def test_the_limit_of_pillow_holds_for_what_pillow_decodes():
    # 90 million pixels: Image.open warns, which would be an error here.
    large = Image.new("1", (10_000, 9_000))
    with pytest.raises(MediaError, match="at most 89478485 pixels of a bilevel"):
        decode_image(save(large, "TIFF", compression="group4"))
    assert decode_image(save(large, "PNG")).pixels.shape == (9_000, 10_000)


@pytest.mark.parametrize("turn", [1, 6])
def test_tiled_tiff(turn):
    pixels = RNG.integers(0, 256, (16, 32), dtype=np.uint8)
    at = 8 + 2 + 12 * 11 + 4
    tags = {256: 32, 257: 16, 258: 8, 259: 1, 262: 1, 274: turn, 277: 1, 322: 16, 323: 16}
    entries = [(tag, 3, 1, value) for tag, value in tags.items()]
    entries += [(324, 4, 2, at), (325, 4, 2, at + 8)]
    tiles = pixels[:, :16].tobytes() + pixels[:, 16:].tobytes()
    offsets = struct.pack("<4I", at + 16, at + 16 + 256, 256, 256)
    data = tiff_block("<", [(entries, 0)], offsets + tiles)
    expected = pixels if turn == 1 else np.rot90(pixels, -1)
    np.testing.assert_array_equal(decode_image(data).pixels, expected)


@pytest.mark.parametrize(
    "data",
    [
        save(smooth(), "JPEG"),
        save(smooth(), "JPEG", progressive=True),
        save(GRAY, "JPEG"),
        save(smooth(), "PNG"),
        save(smooth(), "TIFF"),
        save(smooth(), "TIFF", compression="tiff_lzw"),
        save(smooth(), "WEBP"),
        save(smooth(), "WEBP", lossless=True),
        save(smooth(), "AVIF"),
        save(smooth(), "BMP"),
        save(smooth(), "PPM"),
        save(smooth(), "JPEG2000"),
    ],
)
def test_files_cut_short_are_refused(data):
    decode_image(data)
    for length in {*range(0, len(data), 1 + len(data) // 300), *range(len(data) - 9, len(data))}:
        with pytest.raises(MediaError):
            decode_image(data[:length])


def test_a_real_photo_cut_in_half_is_refused():
    noisy = np.clip(np.kron(smooth(), np.ones((9, 9, 1))) + RNG.normal(0, 9, (360, 504, 3)), 0, 255)
    data = save(noisy.astype(np.uint8), "JPEG", quality=95)
    with pytest.raises(MediaError, match="cut short"):
        decode_image(data[: len(data) // 2])


@pytest.mark.parametrize("end", [b"\0", b"a second picture \xff\xd8\xff"])
def test_bytes_after_the_end_are_passed_over(end):
    for data in (save(RGB, "PNG"), save(RGB, "WEBP", lossless=True), save(RGB, "BMP")):
        np.testing.assert_array_equal(decode_image(data + end).pixels, RGB)


SEEDS = [
    oriented("JPEG", 6),
    oriented("PNG", 6),
    oriented("WEBP", 6),
    oriented("TIFF", 6),
    oriented("AVIF", 6),
    save(GRAY, "GIF"),
    save(RGB, "BMP"),
    save(RGB, "PPM"),
]


@pytest.mark.filterwarnings("ignore:the decoder says", "ignore:the colour profile")
@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_files_give_pixels_or_media_error(data, changes):
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    try:
        picture = decode_image(bytes(damaged), keep_metadata=True)
    except MediaError:
        return
    assert picture.pixels.dtype in (np.uint8, np.uint16)


def test_a_header_that_contradicts_the_pixels():
    header = Source(4, 3, lambda: None)
    _check_pixels(np.zeros((3, 4), np.uint16), header)
    with pytest.raises(MediaError, match="the header says 4x3 pixels, the data 5x3"):
        _check_pixels(np.zeros((3, 5, 3), np.uint8), header)
    with pytest.raises(MediaError, match="type int16 cannot be sealed"):
        _check_pixels(np.zeros((3, 4), np.int16), header)


def test_errors_name_the_file(tmp_path):
    (tmp_path / "notes.png").write_bytes(b"text")
    for name, message in (
        ("notes.png", "not a picture"),
        ("gone.png", "No such file"),
        (".", "Is a directory"),
    ):
        with pytest.raises(MediaError, match=message) as error:
            read_image(tmp_path / name)
        assert str(tmp_path / name) in str(error.value)


def test_opencv_is_silent_and_its_log_level_kept(capfd):
    log = cv2.utils.logging if hasattr(cv2.utils, "logging") else cv2
    log.setLogLevel(4)
    cut = save(smooth(), "JPEG2000")[:-200]
    try:
        with ThreadPoolExecutor(8) as pool:
            for failure in [pool.submit(decode_image, cut) for _ in range(200)]:
                assert isinstance(failure.exception(), MediaError)
        assert log.getLogLevel() == 4
    finally:
        log.setLogLevel(3)
    assert capfd.readouterr().err == ""


# ---------------------------------------------------------------- metadata


THUMBNAIL = save(np.full((8, 8, 3), 200, np.uint8), "JPEG")


def camera_exif(order):
    """What a camera writes, with a small picture in every place that can hold one."""
    at = 8 + (2 + 12 * 7 + 4) + (2 + 12 * 6 + 4) + (2 + 12 * 3 + 4) + (2 + 12 * 2 + 4)
    size = len(THUMBNAIL)
    exif_at = 8 + 2 + 12 * 7 + 4
    one_at = exif_at + 2 + 12 * 6 + 4
    gps_at = one_at + 2 + 12 * 3 + 4
    text = b"2026:01:02 03:04:05\0"
    short = struct.pack(order + "HH", 6, 0)
    main = [
        (0x10F, 2, 4, b"Cam\0"),
        (0x112, 3, 1, short),
        (0x13B, 2, size, at),  # a picture where the artist's name belongs
        (0x8769, 4, 1, exif_at),
        (0x8825, 4, 1, gps_at),
        (0xC614, 2, 4, b"abc\0"),  # a private tag, short
        (0xC6D3, 7, size, at + size),  # a private preview tag
    ]
    exif = [
        (0x9003, 2, 20, at + 6 * size),
        (0x927C, 7, size, at + 2 * size),  # MakerNote
        (0x9214, 3, 2, short),  # the subject's place before the picture is turned
        (0xA300, 7, 4, b"tiny"),  # harmless, and not on the list
        (0x9286, 7, size, at + 3 * size),  # UserComment
        (0x920A, 7, size, at + 4 * size),  # a picture where the focal length belongs
    ]
    one = [(0x103, 3, 1, short), (0x201, 4, 1, at + 5 * size), (0x202, 4, 1, size)]
    gps = [(1, 2, 2, b"N\0\0\0"), (2, 5, 3, at + 6 * size + 20)]
    degrees = struct.pack(order + "6I", 48, 1, 30, 1, 0, 1)
    directories = [(main, one_at), (exif, 0), (one, 0), (gps, 0)]
    return tiff_block(order, directories, 6 * THUMBNAIL + text + degrees)


def with_exif(kind, block):
    if kind == "PNG":
        data = save(smooth(), "PNG")
        return data[:33] + chunk(b"eXIf", block) + data[33:]
    return save(smooth(), kind, exif=b"Exif\0\0" + block)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_thumbnail_survives_and_the_rest_does(kind, order, suffix):
    source = with_exif(kind, camera_exif(order))
    assert THUMBNAIL in source[2:]
    # The oracle: Pillow finds the thumbnail that the camera wrote.
    assert Image.open(io.BytesIO(source)).getexif().get_ifd(ExifTags.IFD.IFD1)[0x202] == len(
        THUMBNAIL
    )
    picture = decode_image(source, keep_metadata=True)
    written = encode_image(suffix, picture.pixels, exif=picture.exif)
    assert b"\xff\xd8\xff" not in written
    assert b"\xff\xdb" not in picture.exif
    seen = Image.open(io.BytesIO(written))
    exif = seen.getexif()
    assert (exif[0x10F], exif[0x112]) == ("Cam", 1)
    assert 0xC614 not in exif
    assert not exif.get_ifd(ExifTags.IFD.IFD1)
    assert dict(exif.get_ifd(0x8769)) == {0x9003: "2026:01:02 03:04:05"}
    assert dict(exif.get_ifd(0x8825)) == {1: "N", 2: (48.0, 30.0, 0.0)}
    assert 0x13B not in exif
    np.testing.assert_array_equal(np.asarray(seen), picture.pixels)


def test_owner_serial_numbers_and_descriptions_are_not_kept():
    exif = Image.Exif()
    texts = {0x10E: "at home", 0x10F: "Cam", 0x13B: "A. Artist", 0x8298: "(c) me"}
    for tag, text in texts.items():
        exif[tag] = text
    exif[0x8769] = {
        0x9003: "2026:01:02 03:04:05",
        0xA430: "Owner",
        0xA431: "body 1",
        0xA434: "a lens",
        0xA435: "lens 2",
    }
    exif[0x8825] = {1: "N", 2: (48.0, 30.0, 0.0)}
    picture = decode_image(save(smooth(), "JPEG", exif=exif), keep_metadata=True)
    seen = Image.open(io.BytesIO(encode_image(".png", picture.pixels, exif=picture.exif))).getexif()
    kept = {tag: seen[tag] for tag in texts if tag in seen}
    assert kept == {0x10F: "Cam", 0x13B: "A. Artist", 0x8298: "(c) me"}
    assert dict(seen.get_ifd(0x8769)) == {0x9003: "2026:01:02 03:04:05", 0xA434: "a lens"}
    assert dict(seen.get_ifd(0x8825)) == {1: "N", 2: (48.0, 30.0, 0.0)}


def test_metadata_is_kept_only_when_asked_for():
    source = with_exif("JPEG", camera_exif("<"))
    assert decode_image(source).exif is None
    assert b"Cam" not in encode_image(".png", decode_image(source).pixels)


def test_tiff_metadata_is_kept_without_the_tags_of_the_picture():
    source = save(smooth(), "TIFF", tiffinfo={0x10F: "Cam", 700: b"<xmp>face</xmp>", 37724: b"8"})
    picture = decode_image(source, keep_metadata=True)
    exif = Image.Exif()
    exif.load(picture.exif)
    assert dict(exif) == {0x10F: "Cam", 0x112: 1}


def test_previews_and_xmp_of_a_phone_picture_are_dropped():
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + THUMBNAIL
    head = save(smooth(), "JPEG")
    app = b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
        for marker, body in ((0xE1, xmp), (0xE2, b"MPF\0" + THUMBNAIL), (0xED, THUMBNAIL))
    )
    source = head[:2] + app + head[2:] + THUMBNAIL
    picture = decode_image(source, keep_metadata=True)
    assert picture.exif is None
    assert picture.pixels.shape == smooth().shape
    assert b"\xff\xd8\xff" not in encode_image(".png", picture.pixels)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("block", [b"", b"II*\0", b"II*\0\xff\xff\0\0", b"garbage" * 9])
def test_damaged_exif_does_not_stop_the_pixels(kind, block):
    data = with_exif(kind, block) if block or kind != "WEBP" else save(smooth(), "WEBP")
    picture = decode_image(data, keep_metadata=True)
    assert picture.pixels.shape == smooth().shape
    assert picture.exif is None


@settings(deadline=None)
@given(st.sampled_from("<>"), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255))))
def test_damaged_exif_gives_a_sound_block_or_none(order, changes):
    block = bytearray(camera_exif(order))
    for at, value in changes:
        block[at] = value
    assert 1 <= orientation(bytes(block)) <= 8
    cleaned = clean_exif(bytes(block))
    if cleaned is not None:
        exif = Image.Exif()
        exif.load(cleaned)
        assert exif[0x112] == 1
        assert b"\xff\xd8\xff" not in cleaned


@given(st.binary(max_size=200))
def test_any_bytes_may_pose_as_exif(block):
    for head in (b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        assert 1 <= orientation(head + block) <= 8
        clean_exif(head + block)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_the_colour_profile_is_kept(kind, suffix):
    picture = decode_image(save(smooth(), kind, icc_profile=SRGB))
    written = encode_image(suffix, picture.pixels, icc=picture.icc)
    assert Image.open(io.BytesIO(written)).info["icc_profile"] == SRGB


def test_a_long_profile_is_joined_from_its_jpeg_segments():
    profile = bytearray((len(SRGB) + 150_000).to_bytes(4, "big") + SRGB[4:] + bytes(150_000))
    # Its last tag is made to reach over them.
    at = SRGB.index(b"chrm") + 8
    struct.pack_into(">I", profile, at, struct.unpack_from(">I", SRGB, at)[0] + 150_000)
    profile = bytes(profile)
    assert decode_image(save(smooth(), "JPEG", icc_profile=profile)).icc == profile


def test_a_profile_of_other_colours_is_dropped():
    assert decode_image(save(GRAY, "PNG", icc_profile=SRGB)).icc is None
    cmyk = Image.fromarray(smooth()).convert("CMYK")
    profile = SRGB[:16] + b"CMYK" + SRGB[20:]
    assert decode_image(save(cmyk, "JPEG", icc_profile=profile)).icc is None


def test_a_damaged_or_huge_profile_does_not_stop_the_pixels():
    huge = (2**20 + 1).to_bytes(4, "big") + SRGB[4:] + bytes(2**24)
    for packed, why in (
        (b"not zlib", "is damaged"),
        (zlib.compress(SRGB[:-1]), "is damaged"),
        (zlib.compress(huge), "says it has 1048577 bytes; at most 1048576 are kept"),
    ):
        data = save(RGB, "PNG")
        data = data[:33] + chunk(b"iCCP", b"name\0\0" + packed) + data[33:]
        with pytest.warns(UserWarning, match=f"^the colour profile {why}; it is left out"):
            picture = decode_image(data)
        assert picture.icc is None
        np.testing.assert_array_equal(picture.pixels, RGB)


# ---------------------------------------------------------------- writing


@settings(deadline=None)
@given(pictures(), st.sampled_from([".png", ".tif", ".TIFF"]))
def test_written_pictures_are_read_back(pixels, suffix):
    expected = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    back = decode_image(encode_image(suffix, pixels)).pixels
    assert back.dtype == pixels.dtype
    np.testing.assert_array_equal(back, expected)


@settings(deadline=None)
@given(pictures())
def test_others_read_the_tiff_files(pixels):
    data = encode_image(".tif", pixels)
    expected = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    if pixels.dtype == np.uint16:
        np.testing.assert_array_equal(by_cv2(data), expected)
    else:
        picture = Image.open(io.BytesIO(data))
        assert picture.mode in ("L", "RGB", "RGBA")
        # ExtraSamples 2: alpha that the colours are not multiplied by.
        assert picture.tag_v2.get(338) == ((2,) if picture.mode == "RGBA" else None)
        np.testing.assert_array_equal(np.asarray(picture), expected)


def test_big_endian_tiff_follows_its_exif():
    exif = clean_exif(camera_exif(">"))
    data = encode_image(".tif", DEEP, exif=exif, icc=SRGB)
    assert data[:2] == b"MM"
    np.testing.assert_array_equal(by_cv2(data), DEEP)
    assert decode_image(data).icc == SRGB


@pytest.mark.parametrize(
    ("suffix", "message"),
    [
        (".jpg", r"JPEG \(\.jpg\) is lossy and would destroy the sealed pixels; write \.png"),
        (".JPEG", "JPEG .* lossy"),
        (".webp", "WebP .* lossy"),
        (".xyz", "'.xyz' is not a format facecrypt writes"),
        ("", "'' is not a format"),
    ],
)
def test_lossy_and_unknown_formats_are_refused(suffix, message):
    with pytest.raises(MediaError, match=message):
        encode_image(suffix, RGB)


def test_a_tiff_takes_no_chunks():
    with pytest.raises(ValueError, match="sidecar"):
        encode_image(".tif", RGB, chunks=[(b"fcRP", b"")])
    with pytest.raises(TypeError, match="received float64"):
        encode_image(".tif", np.zeros((2, 2)))


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or os.geteuid():
        pytest.skip("only root may mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_and_a_read_only_one(small_disk):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    with pytest.raises(MediaError, match=r"sealed\.png: no space left"):
        atomic_write(small_disk / "sealed.png", encode_image(".png", noise))
    assert list(small_disk.iterdir()) == []
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(MediaError, match=r"sealed\.png: the file system is read-only"):
        atomic_write(small_disk / "sealed.png", encode_image(".png", RGB))


def test_importing_loads_no_codec():
    code = (
        "import sys, facecrypt.media; "
        "print([m for m in ('cv2', 'PIL', 'isal') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_a_picture_is_frozen():
    picture = Picture(RGB)
    assert (picture.icc, picture.exif) == (None, None)
    with pytest.raises(AttributeError):
        picture.icc = b""


def test_of_an_orientation_that_is_given_twice_the_first_counts():
    # As Chromium, Pillow, OpenCV and libvips read it.
    entries = [struct.pack("<HHIHH", 274, 3, 1, turn, 0) for turn in (6, 1)]
    block = b"II*\0" + struct.pack("<IH", 8, 2) + b"".join(entries) + bytes(4)
    assert orientation(block) == 6
