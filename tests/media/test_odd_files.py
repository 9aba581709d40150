"""Files at the edge of their formats: read exactly, or refused with the reason and a remedy."""

import base64
import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms
from support.png_files import DATA, END, HEAD, SIGNATURE, chunk

from facecrypt import MediaError, SecretKey, decrypt_file, encrypt_file
from facecrypt.media import decode_image, encode_image, jpeg2000
from facecrypt.media.avif import _boxes
from facecrypt.media.decoders import fence
from facecrypt.media.samples import full_range

KEY = SecretKey(bytes(range(32)))
SAMPLES = np.arange(13 * 21 * 3, dtype=np.uint32).astype(np.uint8).reshape(13, 21, 3)

# By imagecodecs: [[0, 1, 2, 4095], [2048, 1000, 4094, 16]] of 12 bits, and a gray wedge of 10.
JPEG_2000 = base64.b64decode(
    "/0//UQApAAAAAAAEAAAAAgAAAAAAAAAAAAAABAAAAAIAAAAAAAAAAAABCwEB/1IADAAAAAEAAAQEAAH/XAAEQGD/ZAAlAAFD"
    "cmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAAAeAAH/k9/gNAfCzdersCLLoCZ+RuH/2Q=="
)
AVIF = base64.b64decode(
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAA"
    "AAAAAAAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAAALAAAAChpaW5mAAAAAAABAAAAGmluZmUC"
    "AAAAAAEAAGF2MDFDb2xvcgAAAABqaXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAACAAAAAgAAAAQcGl4aQAAAAADCgoKAAAA"
    "DGF2MUOBIEAAAAAAE2NvbHJuY2x4AAIAAgAGgAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAANG1kYXQSAAoIOAi/bwICBpAy"
    "HhECI1KAAPIAAACQMy6Wq8e/BoZKAr3+tAE/hLrRFg=="
)


def saved(kind, **options):
    file = io.BytesIO()
    Image.fromarray(SAMPLES).save(file, kind, **options)
    return file.getvalue()


JPEG, PNG = saved("JPEG"), saved("PNG")


# ---------------------------------------------------------------- depths


def test_jpeg_2000_of_12_bits_fills_16():
    # round(v * 65535 / 4095), by hand.
    expected = [[0, 16, 32, 65535], [32776, 16004, 65519, 256]]
    pixels = decode_image(JPEG_2000).pixels
    assert pixels.dtype == np.uint16
    assert pixels.tolist() == expected
    assert (np.round(pixels * (4095 / 65535)) == [[0, 1, 2, 4095], [2048, 1000, 4094, 16]]).all()


@pytest.mark.parametrize(("depth", "message"), [(0x8B, "signed 12 bits"), (0x03, "of 4 bits")])
def test_jpeg_2000_of_other_samples_is_refused_by_name(depth, message):
    data = bytearray(JPEG_2000)
    assert data[42] == 11
    data[42] = depth
    with pytest.raises(MediaError, match=f"{message} bits is not read|{message} .*save it as PNG"):
        decode_image(bytes(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"P5\n4 1\n100\n\0\1\x32\x64", [0, 3, 128, 255]),
        (b"P2 4 1 100 0 1 50 100 ", [0, 3, 128, 255]),
        (b"P2 4 1 255 0 3 128 255", [0, 3, 128, 255]),
        (b"P5 # of a scanner\n2 1\n# white\n 1023 " + b"\0\1\3\xff", [64, 65535]),
        (b"P5\n3 1\n1\n\0\1\0", [0, 255, 0]),
        (b"P5\n2 1\n65535\n\1\2\3\4", [0x102, 0x304]),
    ],
)
def test_pnm_of_any_white_is_as_bright_as_pillow_shows_it(data, expected):
    pixels = decode_image(data).pixels
    assert pixels[0].tolist() == expected
    seen = np.asarray(Image.open(io.BytesIO(data)))
    assert np.abs(seen.astype(int) - pixels).max() <= 1


def test_pnm_of_colours():
    assert decode_image(b"P6\n1 1\n15\n\0\7\x0f").pixels.tolist() == [[[0, 119, 255]]]
    assert decode_image(b"P3 1 1 255 1 2 3").pixels.tolist() == [[[1, 2, 3]]]
    assert decode_image(b"P1 2 1 1 0").pixels.tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"P5\n2 1\n100\n\0\x65", "a sample of 101, and white is 100"),
        (b"P2\n2 1\n100\n0 101\n", "a sample of 101, and white is 100"),
        (b"P5\n2 1\n0\n\0\0", "header is damaged"),
        (b"P5\n2 1\n65536\n\0\0\0\0", "header is damaged"),
    ],
)
def test_pnm_that_contradicts_itself(data, message):
    with pytest.raises(MediaError, match=message):
        decode_image(data)


@pytest.mark.parametrize("top", [1, 3, 100, 254, 256, 1000, 4095, 65534])
def test_every_sample_comes_back_from_the_full_range(top):
    samples = np.arange(top + 1).astype(np.uint8 if top < 256 else np.uint16)
    scaled, white = full_range(samples, top), 255 if top < 256 else 65535
    assert (scaled[0], scaled[-1]) == (0, white)
    assert (np.floor(scaled.astype(float) * top / white + 0.5) == samples).all()


def test_an_avif_of_10_bits_is_not_cut_to_8():
    assert np.asarray(Image.open(io.BytesIO(AVIF))).dtype == np.uint8
    with pytest.raises(MediaError, match="an AVIF of 10 bits would be cut to 8; save it as PNG"):
        decode_image(AVIF)
    assert decode_image(saved("AVIF")).pixels.shape == SAMPLES.shape


# ---------------------------------------------------------------- refused, and why

WRONG_CRC = bytearray(chunk(b"tEXt", b"Comment\0hello"))
WRONG_CRC[-1] ^= 1
WHOLE_IN_A_VIEWER = "if a viewer or browser shows a damaged picture whole, save it anew"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a picture: the file is empty; get the picture anew"),
        (b"<!DOCTYPE html>\n<html>", "not a picture but a web page"),
        (b"\xef\xbb\xbf\n <HTML><body>", "not a picture but a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied', "not a picture but a web page"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http:', r"a drawing \(SVG\); export it as PNG"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "'git lfs pull'"),
        (b"%PDF-1.7\n", "a PDF; export"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "not a picture but a video"),
        (SIGNATURE + chunk(b"CgBI", b"P\0 \2") + HEAD + DATA + END, "Apple's own kind .*Preview"),
        (PNG[:-12], f"PNG file cut short at byte .*; {WHOLE_IN_A_VIEWER}"),
        (PNG[:33] + bytes(WRONG_CRC) + PNG[33:], f"chunk tEXt at byte 33 .*; {WHOLE_IN_A_VIEWER}"),
        (JPEG[:-2], f"JPEG ends without its end marker.*; {WHOLE_IN_A_VIEWER}"),
        (JPEG[: len(JPEG) * 3 // 4], f"JPEG ends without its end marker.*; {WHOLE_IN_A_VIEWER}"),
        (saved("WEBP")[:-40], WHOLE_IN_A_VIEWER),
        (saved("TIFF")[:-40], WHOLE_IN_A_VIEWER),
    ],
)
def test_the_reason_and_what_to_do(data, message):
    with pytest.raises(MediaError, match=message):
        decode_image(data)


def test_a_sealed_picture_is_not_to_be_saved_anew(tmp_path):
    Image.fromarray(SAMPLES).save(tmp_path / "a.png")
    encrypt_file(tmp_path / "a.png", tmp_path / "b.png", KEY, regions=[])
    data = (tmp_path / "b.png").read_bytes()
    at = data.index(b"IDAT")
    size = int.from_bytes(data[at - 4 : at], "big")
    stream = data[at + 4 : at + 4 + size - 9] + bytes(9)
    (tmp_path / "b.png").write_bytes(data[: at - 4] + chunk(b"IDAT", stream) + END)
    with pytest.raises(ValueError, match="damaged or cut short") as error:
        decrypt_file(tmp_path / "b.png", tmp_path / "c.png", KEY)
    assert "save it anew" not in str(error.value)


# ---------------------------------------------------------------- any error of a decoder


@pytest.mark.parametrize("error", [struct.error("no bytes"), IndexError(), SyntaxError("bad")])
def test_whatever_a_decoder_raises_is_an_error_of_ours(error, monkeypatch):
    gif = saved("GIF")

    def broken(*_):
        raise error

    monkeypatch.setattr("facecrypt.media.readers.frames", broken)
    with pytest.raises(MediaError, match=f"{type(error).__name__}") as caught:
        decode_image(gif)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), SystemExit()])
def test_what_is_no_word_about_the_file_comes_through(error):
    with pytest.raises(type(error)), fence():
        raise error


def test_opencv_without_memory_is_no_damage(monkeypatch):
    import cv2

    def full(*_):
        failure = cv2.error("Failed to allocate 9 bytes")
        failure.code, failure.err = cv2.Error.StsNoMem, "Failed to allocate 9 bytes"
        raise failure

    monkeypatch.setattr(cv2, "imdecode", full)
    with pytest.raises(MemoryError, match="Failed to allocate"):
        decode_image(JPEG)


# ---------------------------------------------------------------- colours

CICP = (b"cICP", bytes((9, 16, 0, 1)))
MDCV = (b"mDCV", bytes(range(24)))
CLLI = (b"cLLI", bytes(range(8)))
SRGB = (b"sRGB", b"\1")
GAMA = (b"gAMA", struct.pack(">I", 100_000))
CHRM = (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
ALL = (CICP, MDCV, CLLI, SRGB, GAMA, CHRM)


def with_chunks(*chunks):
    return PNG[:33] + b"".join(chunk(*each) for each in chunks) + PNG[33:]


def chunks_of(data):
    found, at = [], 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def test_what_a_png_says_of_its_colours_goes_along_and_comes_back(tmp_path):
    (tmp_path / "a.png").write_bytes(with_chunks(*reversed(ALL), (b"tEXt", b"Author\0me")))
    # Without the original, which would come back with its own order and texts.
    encrypt_file(tmp_path / "a.png", tmp_path / "b.png", KEY, regions=[], original=False)
    decrypt_file(tmp_path / "b.png", tmp_path / "c.png", KEY)
    for name, own in (("b", [b"fcRP"]), ("c", [])):
        chunks = chunks_of((tmp_path / f"{name}.png").read_bytes())
        assert chunks[1:7] == list(ALL)
        assert [kind for kind, _ in chunks[7:]] == [*own, b"IDAT", b"IEND"]
    # The oracle: Pillow reads them where they are.
    with Image.open(tmp_path / "c.png") as seen:
        info = seen.info
    assert (info["gamma"], info["srgb"]) == (1.0, 1)


@pytest.mark.parametrize(
    "chunk_",
    [
        (b"cICP", bytes((9, 16, 1, 1))),
        (b"cICP", bytes((9, 16, 0, 2))),
        (b"cICP", bytes(3)),
        (b"sRGB", b"\4"),
        (b"gAMA", bytes(4)),
        (b"gAMA", b"\xff\xff\xff\xff"),
        (b"cHRM", bytes(31)),
        (b"mDCV", b"face" * 100),
        (b"cLLI", b""),
    ],
)
def test_senseless_colour_chunks_are_left_out_and_not_written(chunk_):
    assert decode_image(with_chunks(chunk_)).colour == ()
    with pytest.raises(ValueError, match="colour chunks of PNG"):
        encode_image(".png", SAMPLES, colour=[chunk_])


def test_only_colour_chunks_before_the_pixels_count_and_of_two_the_first():
    late = PNG[:-12] + chunk(*GAMA) + END
    assert decode_image(late).colour == ()
    other = (b"gAMA", struct.pack(">I", 45455))
    assert decode_image(with_chunks(GAMA, other)).colour == (GAMA,)
    for wrong in ([GAMA, other], [(b"tEXt", b"a\0b")]):
        with pytest.raises(ValueError, match="colour chunks of PNG"):
            encode_image(".png", SAMPLES, colour=wrong)


def avif(*colr, **options):
    """A picture by Pillow, the code of whose colours is replaced."""
    data = saved("AVIF", **options)
    assert data.count(b"colrnclx") == 1
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HHHB", *colr) + data[at + 7 :]


@pytest.mark.parametrize(
    ("colr", "expected"),
    [
        ((1, 13, 6, 0x80), ()),
        ((2, 2, 6, 0x80), ()),
        ((1, 1, 6, 0x80), ()),
        ((12, 13, 6, 0x80), ((b"cICP", bytes((12, 13, 0, 1))),)),
        ((9, 16, 6, 0x80), ((b"cICP", bytes((9, 16, 0, 1))),)),
        ((1, 8, 6, 0x80), ((b"cICP", bytes((1, 8, 0, 1))),)),
        ((12, 2, 6, 0x80), ()),
    ],
)
def test_what_an_avif_says_of_its_colours_goes_along(colr, expected):
    assert decode_image(avif(*colr)).colour == expected


def test_a_profile_in_an_avif_counts_alone():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = decode_image(avif(12, 13, 6, 0x80, icc_profile=srgb))
    assert (picture.icc, picture.colour) == (srgb, ())


@pytest.mark.parametrize("colour", [[CICP], [GAMA], [CHRM]])
def test_tiff_says_that_it_has_no_place_for_them(colour):
    with pytest.warns(UserWarning, match="TIFF has no place for .*; write .png"):
        encode_image(".tif", SAMPLES, colour=colour)


PLAIN = [
    [],
    [SRGB, GAMA],
    [(b"cICP", bytes((1, 13, 0, 1)))],
    # The values of sRGB, as most programs write them.
    [
        (b"gAMA", bytes.fromhex("0000b18f")),
        (
            b"cHRM",
            bytes.fromhex(
                "00007a26 00008084 0000fa00 000080e8 00007530 0000ea60 00003a98 00001770"
            ),
        ),
    ],
]


@pytest.mark.parametrize("colour", PLAIN)
@pytest.mark.filterwarnings("error")
def test_nothing_is_lost_where_the_chunks_say_srgb(colour):
    assert encode_image(".tif", SAMPLES, colour=colour)[:2] == b"II"


# ---------------------------------------------------------------- what else a file holds


def app(marker, body):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def index_of_pictures(*kinds):
    """An MP index of a primary picture and others (CIPA DC-007, section 5.2.3)."""
    entries = b"".join(struct.pack(">IIIHH", kind, 99, 0, 0, 0) for kind in (0x030000, *kinds))
    table = struct.pack(">HHHII", 1, 0xB002, 7, len(entries), 8 + 2 + 12 + 4) + bytes(4)
    return app(0xE2, b"MPF\0" + b"MM\0*" + struct.pack(">I", 8) + table + entries)


XMP = b'http://ns.adobe.com/xap/1.0/\0<x xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"/>'
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(4000)


@pytest.mark.parametrize(
    ("segments", "trailer", "expected"),
    [
        (b"", b"", ()),
        (b"", bytes(500), ()),
        (b"", VIDEO, ("a video (motion photo)",)),
        (b"", JPEG, ("another picture",)),
        (index_of_pictures(0x010001, 0x010002), JPEG + JPEG, ()),
        (index_of_pictures(0x020002, 0x010001), JPEG + JPEG, ("another picture",)),
        (index_of_pictures(0x020002, 0x020002), JPEG + JPEG, ("2 pictures",)),
        (app(0xE1, XMP) + index_of_pictures(0), JPEG, ("a gain map (Ultra HDR)",)),
        (app(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"), JPEG, ("a gain map (Ultra HDR)",)),
        (
            app(0xE1, XMP),
            JPEG + VIDEO,
            ("a gain map (Ultra HDR)", "a video (motion photo)"),
        ),
        (app(0xE2, b"MPF\0garbage"), JPEG, ()),
    ],
)
def test_what_a_jpeg_holds_beside_its_picture(segments, trailer, expected):
    picture = decode_image(JPEG[:2] + segments + JPEG[2:] + trailer)
    assert picture.left_out == expected


def test_pillow_writes_two_pictures_and_sealing_says_that_one_is_left_out(tmp_path):
    other = Image.fromarray(SAMPLES[::-1].copy())
    Image.fromarray(SAMPLES).save(tmp_path / "a.mpo", save_all=True, append_images=[other])
    with pytest.warns(UserWarning, match="left out") as caught:
        encrypt_file(tmp_path / "a.mpo", tmp_path / "b.png", KEY, regions=[])
    said = [str(each.message) for each in caught]
    assert said == [
        f"{tmp_path / 'a.mpo'}: only the first picture goes along; left out: another picture"
    ]


def test_an_end_marker_in_a_thumbnail_is_not_the_end_of_the_picture():
    inner = app(0xE1, b"Exif\0\0" + JPEG)
    assert decode_image(JPEG[:2] + inner + JPEG[2:]).left_out == ()
    with pytest.raises(MediaError, match="ends without its end marker"):
        decode_image(JPEG[:2] + inner + JPEG[2:-2])


@pytest.mark.filterwarnings("ignore:the decoder says")
@pytest.mark.parametrize("stray", [b"\0", b"ab\xff\0c", b"\xff"])
def test_stray_bytes_before_a_marker_of_a_jpeg_are_passed_over(stray):
    at = JPEG.index(b"\xff\xdb")
    odd = decode_image(JPEG[:at] + stray + JPEG[at:])
    np.testing.assert_array_equal(odd.pixels, decode_image(JPEG).pixels)


def test_boxes_of_an_avif_in_one_another_are_not_looked_at_again_and_again():
    """Only a few lead to what is asked: each more would hand all within it through its own walk."""
    inner = struct.pack(">I4s", 8, b"free") * 1_000
    for _ in range(300):
        inner = struct.pack(">I4s", 8 + len(inner), b"ipco") + inner
    assert len(list(_boxes(memoryview(inner)))) == 1
    properties = struct.pack(">I4s", 12, b"av1C") + b"\x81\0\x60\0"
    for kind in b"ipco", b"iprp":
        properties = struct.pack(">I4s", 8 + len(properties), kind) + properties
    meta = struct.pack(">I4sI", 12 + len(properties), b"meta", 0) + properties
    kinds = [kind for kind, _ in _boxes(memoryview(inner + meta))]
    assert kinds == [b"ipco", b"meta", b"iprp", b"ipco", b"av1C"]


@pytest.mark.parametrize(("options", "blocks"), [({}, 2), ({"codeblock_size": (4, 4)}, 656)])
@pytest.mark.parametrize("tiles", [{}, {"tile_size": (32, 32)}])
def test_code_blocks_of_jpeg_2000_are_counted_before_they_are_made(
    monkeypatch, options, blocks, tiles
):
    file = io.BytesIO()
    Image.fromarray(np.resize(SAMPLES, (70, 50, 3))).save(file, "JPEG2000", **options, **tiles)
    monkeypatch.setattr(jpeg2000, "_MAX_BLOCKS", blocks + 1)
    decode_image(file.getvalue())
    monkeypatch.setattr(jpeg2000, "_MAX_BLOCKS", blocks)
    with pytest.raises(MediaError, match=f"with {blocks} code blocks is not read"):
        decode_image(file.getvalue())


CODING = "ff52 000c 00 00000100 01 00 00 00 00"
OF_COMPONENT = "ff53 0009 00 00 01 00 00 00 00"


@pytest.mark.parametrize("segment", [CODING, OF_COMPONENT])
def test_code_blocks_are_counted_in_the_headers_of_tiles_too(monkeypatch, segment):
    file = io.BytesIO()
    Image.fromarray(np.resize(SAMPLES, (70, 50, 3))).save(file, "JPEG2000")
    data, more = bytearray(file.getvalue()), bytes.fromhex(segment)
    monkeypatch.setattr(jpeg2000, "_MAX_BLOCKS", 10)
    jpeg2000.check_whole(bytes(data))
    tile = data.index(b"\xff\x90")
    (length,) = struct.unpack_from(">I", data, tile + 6)
    struct.pack_into(">I", data, tile + 6, length + len(more))
    data[tile + 12 : tile + 12] = more
    with pytest.raises(MediaError, match="with 656 code blocks"):
        jpeg2000.check_whole(bytes(data))


def test_headers_of_tiles_are_walked_once_each(monkeypatch):
    """Where none is followed by data, no walk goes on into the tiles behind it."""
    size = struct.pack(">HH8IH", 41, 0, 8 * 500, 8, 0, 0, 8, 8, 0, 0, 1) + b"\x07\1\1"
    tiles = [b"\xff\x90\0\x0a" + struct.pack(">HIBB", n, 12, 0, 1) for n in range(500)]
    data, calls, segment = b"\xff\x4f\xff\x51" + size + b"".join(tiles), [], jpeg2000._segment
    monkeypatch.setattr(jpeg2000, "_segment", lambda *args: calls.append(0) or segment(*args))
    jpeg2000.check_whole(data + b"\xff\xd9")
    assert len(calls) == 502  # the size, twice, and each tile
