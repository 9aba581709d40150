"""Pictures that are sealed in their pixels come back as the files they were, byte for byte."""

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from support import second_reader
from support.command_line import command
from support.sealed_jpegs import photo, save

from facecrypt import (
    Identity,
    MediaError,
    Region,
    SecretKey,
    decrypt_file,
    decrypt_files,
    encrypt_file,
    encrypt_files,
    inspect,
    region_key,
    verify,
)
from facecrypt.errors import ContainerError
from facecrypt.integrations.batch_encryptor import BatchEncryptor
from facecrypt.limits import MAX_HEADER_BYTES
from facecrypt.media import decode_image
from facecrypt.media.png import encode_png, replace_chunk
from facecrypt.sealing import carriers
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.carriers.originals import pack, unpack
from facecrypt.sealing.finding import read_payload
from facecrypt.sealing.in_memory import decode, encode
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import Payload

KEY = SecretKey(bytes(range(32)))
FACES = [Region(20, 20, 60, 60), Region(90, 30, 120, 70)]


def saved(pixels, kind, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def wild_png() -> bytes:
    """With text, an unknown chunk, another way of filtering, and bytes behind the end."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "a name", zip=True)
    text.add(b"abCd", b"private", after_idat=True)
    return saved(photo(), "PNG", pnginfo=text, compress_level=9) + b"behind the end"


EXIF = Image.Exif()
EXIF[0x010E] = "a description of the face"
GRAY, RGBA = photo()[..., 1].copy(), np.dstack([photo(), photo()[..., 0]])
DEEP = photo()[..., 0].astype(np.uint16) * 257 + 3
PALETTE = io.BytesIO()
Image.fromarray(photo()).quantize(16).save(PALETTE, "BMP")
PALETTE = PALETTE.getvalue()
FILES = {
    "a.png": wild_png(),
    "b.webp": saved(photo(), "WEBP", lossless=True, exif=EXIF),
    "c.webp": saved(photo(), "WEBP", quality=50),
    "d.bmp": saved(photo(157, 120), "BMP"),  # rows of 471 bytes, and one between them
    "e.tif": saved(photo(), "TIFF", description="a description"),
    "f.tiff": saved(photo(), "TIFF", compression="tiff_lzw"),
    "g.gif": saved(photo(), "GIF", comment="a comment"),
    "h.ppm": b"P6\n# a comment\n160 120 255\n" + photo().tobytes(),
    "i.pgm": b"P5 160 120 65535\n" + DEEP.byteswap().tobytes(),
    "j.jp2": saved(photo(), "JPEG2000", irreversible=False),
    "k.bmp": saved(GRAY, "BMP"),
    "l.tif": saved(RGBA, "TIFF"),
    "m.pbm": b"P4 160 120\n" + bytes(range(256))[:240] * 10,
    "o.bmp": PALETTE,
    "p.bmp": b"BM"
    + struct.pack("<IHHIIiiHHIIiiII", 57654, 0, 0, 54, 40, 160, -120, 1, 24, *[0] * 6)
    + photo()[..., ::-1].tobytes(),  # the first row comes first
}
FILES["n.tif"] = (
    b"MM\0*"
    + struct.pack(">IH", 8, 9)
    + b"".join(
        struct.pack(">HHII", tag, kind, 1, value << 16 if kind == 3 else value)
        for tag, kind, value in (
            (256, 3, 160),
            (257, 3, 120),
            (258, 3, 16),
            (259, 3, 1),
            (262, 3, 1),
            (273, 4, 200),
            (277, 3, 1),
            (278, 3, 120),
            (279, 4, 160 * 120 * 2),
        )
    )
    + bytes(200 - 8 - 2 - 9 * 12)
    + DEEP.byteswap().tobytes()
    + b"more"
)
# How the private part holds them: as they are, deflated, without their rows.
MODES = {
    0: "a.png b.webp c.webp f.tiff g.gif j.jp2",
    1: "m.pbm o.bmp",
    2: "d.bmp e.tif h.ppm i.pgm k.bmp l.tif n.tif p.bmp",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for name, data in FILES.items():
        (tmp_path / "in" / name).write_bytes(data)
    KEY.save(tmp_path / "k")
    return tmp_path


def contents(folder) -> dict:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".fcrypt"}


@pytest.mark.parametrize("sidecar", [False, True])
def test_a_folder_comes_back_byte_for_byte_and_name_for_name(folder, sidecar):
    job = {"regions": FACES, "sidecar": sidecar}
    assert not encrypt_files("in", "sealed", KEY, **job).failed
    assert encrypt_files("in", "sealed", KEY, **job).skipped == len(FILES)
    assert len(contents(folder / "sealed")) == len(FILES)
    for _ in range(2):
        done = decrypt_files("sealed", "back", KEY)
        assert not done.failed
    assert done.skipped == len(FILES)
    assert contents(folder / "back") == FILES


@pytest.mark.parametrize("name", FILES)
def test_the_second_reader_gives_the_same_file(folder, name):
    header = encrypt_file(f"in/{name}", "a.png", KEY, regions=FACES)
    assert header.content.original == f".{name.partition('.')[2]}"
    carrier, text = second_reader.png_chunk, (folder / "k").read_text().splitlines()[-1]
    assert second_reader.open_original(folder / "a.png", carrier, text) == FILES[name]
    verify("a.png", KEY)
    shown = decode_image(FILES[name]).pixels
    assert (decode_image((folder / "a.png").read_bytes()).pixels != shown).any()


@pytest.mark.parametrize("mode", MODES)
def test_the_private_part_is_as_small_as_its_kind_allows(mode):
    for name in MODES[mode].split():
        text = pack(FILES[name], decode_image(FILES[name]).pixels)
        assert text[0] == mode, name
        assert len(text) < {0: len(FILES[name]) + 10, 1: len(FILES[name]), 2: 1_200}[mode], name


def test_names_are_those_of_the_files_where_several_shared_one(folder):
    for name in ("a.png", "a.webp", "a.bmp"):
        (folder / "in" / name).write_bytes(FILES[next(n for n in FILES if n.endswith(name[1:]))])
    encrypt_files("in", "sealed", KEY, regions=FACES)
    assert {"a.png.png", "a.webp.png", "a.bmp.png"} <= contents(folder / "sealed").keys()
    decrypt_files("sealed", "back", KEY)
    assert contents(folder / "back") == contents(folder / "in")
    # With one face they are PNG, and would be three of one name.
    decrypt_files(list(folder.glob("sealed/a.*")), "one", KEY, regions=[0])
    assert contents(folder / "one").keys() == {"a.png.png", "a.webp.png", "a.bmp.png"}


def test_a_header_that_names_an_original_which_is_not_there(folder):
    encrypt_file("in/b.webp", "s.png", KEY, regions=FACES, original=False)
    payload = read_payload("s.png")
    content = replace(payload.header.content, original=".webp")
    changed = Payload(replace(payload.header, content=content)).to_bytes()
    data = replace_chunk((folder / "s.png").read_bytes(), b"fcRP", changed)
    with pytest.raises(ContainerError, match="another kind of picture, or damaged"):
        decode(Source(data), [KEY])


def test_what_a_file_is_its_content_says(folder):
    (folder / "x.png").write_bytes(FILES["c.webp"])
    (folder / "y.JPEG").write_bytes(save(folder / "z.jpg"))
    for name, suffix in (("x.png", ".webp"), ("y.JPEG", ".jpeg")):
        assert encrypt_file(name, "s.png", KEY, regions=FACES).content.original == suffix
        decrypt_file("s.png", f"back{suffix}", KEY)
        assert (folder / f"back{suffix}").read_bytes() == (folder / name).read_bytes()
        (folder / "s.png").unlink()


def test_only_the_file_itself_has_the_suffix_of_its_kind(folder):
    encrypt_file("in/b.webp", "s.png", KEY, regions=FACES)
    plain = decode_image(FILES["b.webp"]).pixels
    for suffix in (".png", ".tif"):
        decrypt_file("s.png", f"pixels{suffix}", KEY)
        assert (decode_image((folder / f"pixels{suffix}").read_bytes()).pixels == plain).all()
    for suffix, holder, options in (
        (".jpg", KEY, {}),
        (".webp", region_key(inspect("s.png"), KEY, 0), {}),
        (".webp", KEY, {"regions": [0]}),
    ):
        with pytest.raises(MediaError, match="was sealed as pixels"):
            decrypt_file("s.png", f"x{suffix}", holder, **options)
    with pytest.raises(MediaError, match=r"name it .png, or .webp for the file that was sealed"):
        decrypt_file("s.png", "x.gif", KEY)


def test_one_face_of_many_files_is_png(folder):
    encrypt_files("in/b.webp", "sealed", KEY, regions=FACES)
    one = region_key(inspect("sealed/b.png"), KEY, 1)
    for holder, options in ((one, {}), (KEY, {"regions": [1]}), ([one, KEY], {"regions": [1]})):
        [result] = decrypt_files("sealed", "back", holder, **options, overwrite=True).results
        assert result.output.name == "b.png"
    # Of a second key that does not fit nothing is known before.
    [result] = decrypt_files("sealed", "back", [one, SecretKey.generate()], overwrite=True).results
    assert result.output.name == "b.png"
    assert contents(folder / "back").keys() == {"b.png"}
    opened = decode_image((folder / "back/b.png").read_bytes()).pixels
    plain = decode_image(FILES["b.webp"]).pixels
    assert (opened[32:64, 96:112] == plain[32:64, 96:112]).all()
    assert (opened[32:48, 32:48] != plain[32:48, 32:48]).any()


def test_an_edited_picture_gives_pixels(folder):
    encrypt_files("in/b.webp", "sealed", KEY, regions=FACES)
    path = folder / "sealed/b.png"
    sealed = decode_image(path.read_bytes()).pixels
    sealed[0, 0] ^= 1
    payload = read_payload(path).to_bytes()
    path.write_bytes(encode_png(sealed, chunks=[(b"fcRP", payload)]))
    assert "edited" in str(decrypt_files("sealed", "back", KEY).failed[0].error)
    [result] = decrypt_files("sealed", "back", KEY, allow_edited=True).results
    assert (result.output.name, result.edited) == ("b.png", True)


def test_without_the_original_pixels_come_back(folder):
    with_it = encode(Source(FILES["a.png"]), [KEY], Seal(regions=FACES))
    without = encode(Source(FILES["a.png"]), [KEY], Seal(regions=FACES, original=False))
    assert without.header.private == ()
    assert len(with_it.data) > len(without.data) + len(FILES["a.png"])
    opened = decode(Source(without.data), [KEY])
    assert opened.original is None
    assert (opened.pixels == decode_image(FILES["a.png"]).pixels).all()
    assert b"Author" not in opened.encode(".png")


def test_the_command_line(folder):
    assert command("encrypt", "in/b.webp", "-o", "s", "-k", "k", "--whole").code == 0
    said = command("inspect", "s/b.png").out
    assert "\nprivate   original  .webp  " in said
    again = command("encrypt", "in/b.webp", "-o", "s", "-k", "k", "--whole", "--no-original")
    assert "sealed with other options" in " ".join(again.err)
    assert command("verify", "s/b.png", "-k", "k").code == 0
    assert command("decrypt", "s", "-o", "back", "-k", "k").code == 0
    assert (folder / "back/b.webp").read_bytes() == FILES["b.webp"]
    assert command("encrypt", "in/b.webp", "-o", "t", "-k", "k", "--no-original").code == 0
    assert inspect("t/b.png").private == ()


def test_what_does_not_come_back_is_not_sealed(monkeypatch):
    monkeypatch.setattr(
        carriers.pixels, "pack", lambda data, pixels: pack(data[:-1] + b"?", pixels)
    )
    with pytest.raises(MediaError, match="the encoded original is not what was to be written"):
        encode(Source(FILES["a.png"]), [KEY], Seal(regions=FACES))


def test_a_file_that_does_not_fit_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(carriers.pixels, "MAX_PAYLOAD_BYTES", MAX_HEADER_BYTES + 1_000)
    with pytest.raises(MediaError, match=r"do not fit into a sealed picture.*--no-original"):
        encode(Source(FILES["a.png"]), [KEY], Seal(regions=FACES))
    encode(Source(FILES["a.png"]), [KEY], Seal(regions=FACES, original=False))
    encode(Source(FILES["d.bmp"]), [KEY], Seal(regions=FACES))


@pytest.mark.parametrize("original", [True, False])
def test_batches_of_other_programs(original):
    def whole_picture():
        return FixedDetector(Region(0, 0, 160, 120))

    alice = Identity.generate()
    encryptor = BatchEncryptor(alice.recipient, detector=whole_picture, original=original)
    rows = encryptor({"path": ["a.webp"], "bytes": [FILES["b.webp"]]})
    opened = decode(Source(rows["bytes"][0]), [alice])
    assert (rows["name"][0], rows["error"][0]) == ("a.webp.png", "")
    assert opened.original == (FILES["b.webp"] if original else None)


class FixedDetector:
    def __init__(self, *regions):
        self.regions = list(regions)

    def detect(self, image):
        return self.regions


def test_lengths_tell_little(folder):
    # 3 to 4 % are between two lengths of this size, and powers of two with --padding double.
    exponent = 11
    step = 1 << exponent - exponent.bit_length()
    for padding, fits in (("padme", lambda n: n % step == 0), ("double", lambda n: not n & n - 1)):
        sealed = encode(Source(FILES["c.webp"]), [KEY], Seal(regions=FACES, padding=padding))
        (folder / "s.png").write_bytes(sealed.data)
        [part] = read_payload("s.png").private
        assert len(part) > len(FILES["c.webp"])
        assert fits(len(part)), (padding, len(part))
    assert 1 << exponent <= len(FILES["c.webp"]) < 2 << exponent


def test_a_younger_source_is_sealed_anew(folder):
    encrypt_files("in/a.png", "sealed", KEY, regions=FACES)
    # The same pixels with other text.
    (folder / "in/a.png").write_bytes(saved(photo(), "PNG"))
    [failed] = encrypt_files("in/a.png", "sealed", KEY, regions=FACES).failed
    assert "sealed from another picture" in str(failed.error)


PIXELS = photo(20, 10)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        bytes(8),
        b"\3" + bytes(60),
        b"\0" + struct.pack(">Q", 5) + b"four",
        b"\1" + struct.pack(">Q", 5) + b"not deflate",
        b"\1" + struct.pack(">Q", 1 << 40) + zlib.compress(b"", wbits=-15),
        b"\1" + struct.pack(">Q", 99) + zlib.compress(bytes(100), wbits=-15),
        b"\1" + struct.pack(">Q", 101) + zlib.compress(bytes(100), wbits=-15),
        b"\2" + struct.pack(">Q", 700),
        # Of the file 100 bytes lie around the rows: but not so many before them, or between.
        b"\2" + struct.pack(">QBQI", 700, 0, 101, 0) + zlib.compress(bytes(100), wbits=-15),
        b"\2" + struct.pack(">QBQI", 700, 0, 92, 1) + zlib.compress(bytes(100), wbits=-15),
        b"\2" + struct.pack(">QBQI", 700, 0, 0, 2**32 - 1) + zlib.compress(bytes(9), wbits=-15),
        b"\2" + struct.pack(">QBQI", 700, 8, 0, 0) + zlib.compress(bytes(100), wbits=-15),
        b"\2" + struct.pack(">QBQI", 599, 0, 0, 0) + zlib.compress(b"", wbits=-15),
        b"\2" + struct.pack(">QBQI", 1 << 40, 0, 0, 0) + zlib.compress(b"", wbits=-15),
    ],
)
def test_a_malformed_part_is_refused(text):
    with pytest.raises(ContainerError, match="the private part with the original is damaged"):
        unpack(text, PIXELS)


def test_a_part_that_inflates_without_end_costs_no_more_than_its_picture():
    bomb = zlib.compress(bytes(1 << 26), wbits=-15)
    with pytest.raises(ContainerError, match="damaged"):
        unpack(b"\1" + struct.pack(">Q", 1 << 26) + bomb, PIXELS)
    size = PIXELS.nbytes + (1 << 26)
    with pytest.raises(ContainerError, match="damaged"):
        unpack(b"\2" + struct.pack(">QBQI", size, 0, 0, 0) + bomb, PIXELS)


@given(
    st.sampled_from([(), (1,), (3,), (4,)]),
    st.sampled_from([np.uint8, np.uint16]),
    st.tuples(st.integers(1, 5), st.integers(1, 7)),
    st.integers(0, 2**32),
    st.sampled_from([b"BM", b"P6", b"II*\0", b"MM\0*", b""]),
)
def test_any_file_around_any_pixels_comes_back(channels, dtype, size, seed, head):
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max + 1
    pixels = rng.integers(0, top, (*size, *channels), dtype)
    height = size[0]
    rows = pixels[::-1] if head == b"BM" else pixels
    if head == b"BM" and channels in ((3,), (4,)):
        rows = rows[..., [2, 1, 0, 3][: channels[0]]]
    order = "<" if head in (b"II*\0", b"BM") else ">"
    lines = np.ascontiguousarray(rows, rows.dtype.newbyteorder(order)).reshape(height, -1)
    lines = lines.view(np.uint8)
    gap = -lines.shape[1] % 4 if head == b"BM" else 0
    body = b"".join(row.tobytes() + rng.bytes(gap) for row in lines)
    first = int(rng.integers(14, 40))
    start = (head + rng.bytes(10 - len(head)) + struct.pack("<I", first)).ljust(first, b"\1")
    data = start + body + (rng.bytes(int(rng.integers(0, 9))) if head != b"P6" else b"")
    for file in (data, data[:-1], data[1:], rng.bytes(50), b""):
        text = pack(file, pixels)
        assert unpack(text, pixels) == unpack(text + bytes(99), pixels) == file
        samples = [row.astype(row.dtype.newbyteorder("<")).tobytes() for row in pixels]
        step = channels[0] if channels else 1, pixels.itemsize
        assert second_reader.original.unpack(text, samples, step) == file
    if head and height * lines.shape[1] > 30:
        assert pack(data, pixels)[0] == 2


def test_only_whole_opening_gives_the_file():
    sealed = encode(Source(FILES["c.webp"]), [KEY], Seal(regions=FACES))
    assert decode(Source(sealed.data), [KEY]).original == FILES["c.webp"]
    assert decode(Source(sealed.data), [KEY], Open(regions=[0, 1])).original is None
