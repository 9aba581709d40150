"""What a reader would refuse is refused when it is sealed, with a sentence that says so."""

import io
import os
import struct
import warnings
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms

from facecrypt import (
    AuthenticationError,
    ContainerError,
    Identity,
    KeyFormatError,
    MediaError,
    Passphrase,
    Region,
    SecretKey,
    decrypt_file,
    decrypt_image,
    encrypt_file,
    encrypt_image,
    verify,
)
from facecrypt.cli import main
from facecrypt.media import Picture, decode_image, read_image
from facecrypt.media.npy import read_arrays
from facecrypt.media.pictures import naming
from facecrypt.media.png import encode_png
from facecrypt.schemes import CatMapKey
from facecrypt.sealing import carriers
from facecrypt.sealing.carriers import SealedFile
from facecrypt.sealing.content import Pixels
from facecrypt.sealing.files import write_sealed
from facecrypt.sealing.header import Header
from facecrypt.sealing.in_memory import decode_file
from facecrypt.sealing.payload import Payload

KEY = SecretKey(bytes(range(32)))
SMALL = np.arange(300 * 256 * 3, dtype=np.uint32).astype(np.uint8).reshape(256, 300, 3)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


class NoDetector:
    def detect(self, image):
        raise AssertionError("the picture is to be refused before faces are looked for")


def single_pixels(count: int) -> list[Region]:
    return [Region(n % 300, n // 300, n % 300 + 1, n // 300 + 1) for n in range(count)]


def chunk(kind: bytes, payload: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(kind + payload))
    return struct.pack(">I", len(payload)) + kind + payload + crc


def test_more_regions_than_a_reader_takes():
    with pytest.raises(ContainerError, match=r"^65537 regions; at most 65536 may be in a header$"):
        encrypt_image(SMALL, KEY, regions=single_pixels(65_537))


def test_4096_regions_open_again():
    sealed = encrypt_image(SMALL, KEY, regions=single_pixels(4_096))
    assert (decrypt_image(sealed, KEY) == SMALL).all()


def test_20000_regions_open_again():
    sealed = encrypt_image(SMALL, KEY, regions=single_pixels(20_000))
    assert (decrypt_image(sealed, KEY) == SMALL).all()


def test_more_recipients_than_a_reader_takes():
    many = [Identity.generate().recipient for _ in range(4_097)]
    message = "^4097 recipients; at most 4096 may be in a header$"
    with pytest.raises(ContainerError, match=message):
        encrypt_image(SMALL, many, detector=NoDetector())


def test_a_header_larger_than_a_reader_takes():
    # 1,120 bytes of the KEM, 32 of the key and 16 of the tag are 1,560 in base64.
    stanza = Identity.generate(pq=True).recipient.wrap(bytes(32))
    with pytest.raises(ContainerError, match="bytes; at most 16777216 may be"):
        Header(
            Pixels((1, 1), "uint8"),
            cipher="aes-256-gcm",
            regions=(),
            commitments=(),
            tags=(),
            digests=(),
            stanzas=(stanza,) * 10_601,
            public_digest=bytes(32),
            mac=bytes(32),
        ).checked()


def test_3000_recipients_against_quantum_computers_open_again():
    many = [Identity.generate(pq=True).recipient] * 3_000
    sealed = encrypt_image(SMALL, [KEY, *many], regions=single_pixels(1))
    assert (decrypt_image(sealed, KEY) == SMALL).all()


def test_more_passphrases_than_a_reader_takes():
    with pytest.raises(ContainerError, match=r"^17 passphrases; at most 16 may be in a header$"):
        encrypt_image(
            SMALL, [Passphrase(f"horse {n}") for n in range(17)], regions=single_pixels(1)
        )


@pytest.mark.parametrize("shape", [(1, 1_000_001), (1_000_001, 1)])
def test_a_side_that_libpng_does_not_read(shape):
    image = np.zeros(shape, np.uint8)
    message = "at most 268435456 in all and 1000000 a side can be sealed"
    with pytest.raises(ContainerError, match=message):
        encrypt_image(image, KEY, detector=NoDetector())


def test_the_longest_side_opens_again(tmp_path):
    source, sealed, back = (tmp_path / name for name in ("a.ppm", "b.png", "c.png"))
    source.write_bytes(b"P6 1000000 1 255\n" + bytes(range(200)) * 15_000)
    encrypt_file(source, sealed, KEY, regions=[Region(0, 0, 8, 1)])
    decrypt_file(sealed, back, KEY)
    assert (read_image(back).pixels == read_image(source).pixels).all()
    source.write_bytes(b"P6 1000001 1 255\n" + bytes(3 * 1_000_001))
    with pytest.raises(MediaError, match="1000000 a side"):
        encrypt_file(source, tmp_path / "d.png", KEY, regions=[Region(0, 0, 8, 1)])


def test_boxes_of_many_times_the_picture():
    whole = Region(0, 0, 300, 256, shape="ellipse")
    sealed = encrypt_image(SMALL, KEY, regions=[whole] * 8)
    assert (decrypt_image(sealed, KEY) == SMALL).all()
    with pytest.raises(ContainerError, match="times the pixels of the picture; at most 8"):
        encrypt_image(SMALL, KEY, regions=[whole] * 9)


def test_a_tiff_that_would_not_be_read_again(tmp_path):
    # 89,478,485 is the limit of Pillow, which reads 8-bit RGBA from TIFF.
    source = tmp_path / "a.png"
    source.write_bytes(encode_png(np.zeros((9_000, 9_943, 4), np.uint8)))
    with pytest.raises(MediaError, match=r"a.png: at most 89478485 pixels of .* save the picture"):
        encrypt_file(source, tmp_path / "b.tif", KEY, detector=NoDetector(), sidecar=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]


def jpeg_with(profile: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(SMALL).save(buffer, "JPEG", icc_profile=profile)
    return buffer.getvalue()


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1, 8_100_000, 12_000_000])
def test_a_large_profile_does_not_keep_a_picture_from_opening(tmp_path, size):
    profile = bytearray(struct.pack(">I", size) + SRGB[4:] + bytes(size - len(SRGB)))
    # Its last tag reaches to its end.
    at = SRGB.index(b"chrm") + 8
    struct.pack_into(">I", profile, at, struct.unpack_from(">I", SRGB, at)[0] + size - len(SRGB))
    source, sealed, back = (tmp_path / name for name in ("a.jpg", "b.png", "c.png"))
    source.write_bytes(jpeg_with(profile))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encrypt_file(source, sealed, KEY, regions=[Region(0, 0, 8, 8)])
    decrypt_file(sealed, back, KEY)
    if size == 1 << 20:
        assert not caught
        assert read_image(back).icc == profile
    else:
        assert [str(warning.message) for warning in caught] == [
            f"{source}: the colour profile says it has {size} bytes; at most 1048576 are kept; "
            "it is left out"
        ]
        assert read_image(back).icc is None


def test_what_stands_behind_a_profile_is_left_out():
    assert decode_image(jpeg_with(SRGB + b"a face")).icc == SRGB


def test_a_png_may_carry_what_libpng_refuses_or_complains_of(capfd):
    png = encode_png(SMALL)
    text = chunk(b"zTXt", b"name\0\0" + zlib.compress(bytes(9_000_000)))
    odd = chunk(b"iCCP", b"name\0\0no profile") + chunk(b"gAMA", b"") + chunk(b"pHYs", b"\1")
    data = png[:33] + text + odd + chunk(b"teSt", bytes(8_100_000)) + png[33:]
    with pytest.warns(UserWarning, match="the colour profile is damaged"):
        assert (decode_image(data).pixels == SMALL).all()
    assert capfd.readouterr() == ("", "")


def test_pixels_of_a_png_are_those_before_any_other_chunk():
    png = encode_png(SMALL)
    idat = png[33:-12]
    with pytest.raises(MediaError, match="damaged"):
        decode_image(png[:33] + chunk(b"IDAT", idat[8:100]) + chunk(b"teSt", b"") + png[33:])


# ------------------------------------------------------------- read back before it has a name


def sealed_picture(image=SMALL, **options):
    return encrypt_image(image, KEY, regions=[Region(2, 2, 20, 12)], **options)


def write(path, sealed, *, sidecar=False):
    payload = Payload(sealed.header).to_bytes()
    place = None if sidecar else b"fcRP"
    plain = Picture(sealed.image)
    with naming(path):
        data = carriers.pixels.encode_pixels(sealed, plain, path.suffix, payload, place)
    file = SealedFile(sealed.header, data, payload if sidecar else None)
    write_sealed(path, file, overwrite=False)


@pytest.mark.parametrize("damage", ["pixel", "chunk", "cut", "short"])
def test_a_picture_that_would_not_open_gets_no_name(tmp_path, monkeypatch, damage):
    sealed = sealed_picture()
    own, other = (Payload(one.header).to_bytes() for one in (sealed, sealed_picture()))
    changed = sealed.image.copy()
    changed[-1, -1, -1] ^= 1
    encoded = {
        "pixel": encode_png(changed, chunks=[(b"fcRP", own)]),
        "chunk": encode_png(sealed.image, chunks=[(b"fcRP", other)]),
        "cut": encode_png(sealed.image, chunks=[(b"fcRP", own)])[:-40],
        "short": encode_png(sealed.image[:-1], chunks=[(b"fcRP", own)]),
    }[damage]
    monkeypatch.setattr(carriers.pixels, "encode_image", lambda *_, **__: encoded)
    with pytest.raises(MediaError, match=r"a.png: (the encoded|PNG file cut short)"):
        write(tmp_path / "a.png", sealed)
    assert not list(tmp_path.iterdir())


def test_a_tiff_that_would_not_open_leaves_no_sidecar(tmp_path, monkeypatch):
    sealed = sealed_picture()
    encode = carriers.pixels.encode_image
    monkeypatch.setattr(
        carriers.pixels,
        "encode_image",
        lambda suffix, image, **rest: encode(suffix, ~image, **rest),
    )
    with pytest.raises(MediaError, match=r"a.tif: the encoded picture is not what was"):
        write(tmp_path / "a.tif", sealed, sidecar=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (2_000, 3), (700, 900, 1), (90, 1_300, 4)])
@pytest.mark.parametrize("flat", [True, False])
def test_what_is_whole_is_written(tmp_path, kind, shape, flat):
    rng = np.random.default_rng(7)
    image = np.zeros(shape, kind) if flat else rng.integers(0, np.iinfo(kind).max, shape, kind)
    sealed = encrypt_image(image, KEY, regions=[])
    write(tmp_path / "a.png", sealed)
    write(tmp_path / "a.tif", sealed, sidecar=True)
    for name in ("a.png", "a.tif"):
        assert (decode_file(tmp_path / name, [KEY]).pixels == image).all()


def test_pictures_of_many_blocks_are_written(tmp_path):
    for image in (
        np.zeros((3_000, 4_000, 3), np.uint8),
        np.random.default_rng(8).integers(0, 65_536, (1_500, 2_000, 3), np.uint16),
    ):
        write(tmp_path / f"{image.itemsize}.png", encrypt_image(image, KEY, regions=[]))


# ------------------------------------------------------------------- what a hostile file costs


def costly(path, **cost):
    stanza = Passphrase("correct horse").wrap(bytes(32)) | cost
    header = Header(
        Pixels(SMALL.shape, "uint8"),
        cipher="aes-256-gcm",
        regions=(Region(0, 0, 1, 1),),
        commitments=(bytes(32),),
        tags=(bytes(16),),
        digests=(bytes(32),),
        stanzas=(stanza,),
        public_digest=bytes(32),
        mac=bytes(32),
    )
    path.write_bytes(encode_png(SMALL, chunks=[(b"fcRP", Payload(header).to_bytes())]))


@pytest.mark.parametrize("cost", [{"memory": 65_537}, {"time": 4}, {"lanes": 5}])
def test_a_costly_passphrase_is_tried_only_where_that_is_allowed(tmp_path, cost):
    costly(tmp_path / "a.png", **cost)
    with pytest.raises(ContainerError, match=r"the header asks for Argon2id of .*allow_costly="):
        verify(tmp_path / "a.png", Passphrase("correct horse"))
    with pytest.raises(AuthenticationError):
        verify(tmp_path / "a.png", Passphrase("correct horse", allow_costly=True))


@pytest.mark.parametrize(
    ("command", "rest"),
    [("verify", ()), ("decrypt", ("-o", "out")), ("region-key", ("--region", "0"))],
)
def test_allow_costly_on_the_command_line(tmp_path, monkeypatch, capsys, command, rest):
    costly(tmp_path / "a.png", time=4)
    monkeypatch.setenv("FACECRYPT_PASSPHRASE", "correct horse")
    monkeypatch.chdir(tmp_path)
    arguments = [command, "a.png", *rest, "-p"]
    assert main(arguments) == 3
    said = capsys.readouterr().err
    assert "the header asks for Argon2id of 65536 KiB, 4 passes" in said
    assert "facecrypt: hint: --allow-costly spends it" in said
    assert "allow_costly" not in said
    assert main([*arguments, "--allow-costly"]) == 3
    assert "the key does not open this picture" in capsys.readouterr().err


def test_what_all_passphrases_of_a_header_cost_together():
    one = Passphrase("correct horse").wrap(bytes(32))
    header = encrypt_image(SMALL, KEY, regions=[]).header
    # 1 GiB and 16 passes, the costliest, is all that a header may ask for.
    most = one | {"memory": 1 << 20, "time": 16}
    replace(header, stanzas=(most,)).checked()
    with pytest.raises(ContainerError, match="16973824 KiB times passes in all; at most 16777216"):
        replace(header, stanzas=(most, one)).checked()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"memory": 8 * 1024 - 1}, "memory is not an integer of 8192 to 1048576"),
        ({"salt": "\ud800"}, "salt is not 16 bytes in base64"),
        ({"wrapped": "\u00e9" * 88}, "wrapped is not 96 bytes in base64"),
        ({"wrapped": ""}, "wrapped is not 96 bytes in base64"),
    ],
)
def test_a_stanza_is_of_its_exact_form(fields, message):
    stanza = Passphrase("correct horse").wrap(bytes(32)) | fields
    header = encrypt_image(SMALL, KEY, regions=[]).header
    with pytest.raises(ContainerError, match=message):
        replace(header, stanzas=(stanza,)).checked()


@pytest.mark.parametrize("software", ["\x1b[2J", "\ud800", "caf\u00e9", "x" * 101, "a\n"])
def test_software_is_a_short_printable_word(software):
    header = encrypt_image(SMALL, KEY, regions=[]).header
    with pytest.raises(ContainerError, match="software is not printable ASCII of at most 100"):
        replace(header, software=software).checked()


@pytest.mark.parametrize("name", ["0" * 15, "0" * 17, "0" * 15 + "G", "\x1b" * 16, "0" * 15 + "A"])
def test_the_name_of_a_key_is_16_digits(name):
    header = encrypt_image(SMALL, KEY, regions=[]).header
    stanza = KEY.wrap(bytes(32)) | {"id": name}
    with pytest.raises(ContainerError, match="id is not 16 hexadecimal digits"):
        replace(header, stanzas=(stanza,)).checked()


def progressive(scans: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(SMALL[..., 0]).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * (scans - data.count(b"\xff\xda") + 1) + b"\xff\xd9"


@pytest.mark.filterwarnings("ignore:the decoder says")
def test_a_jpeg_of_many_scans():
    assert decode_image(progressive(100)).pixels.shape == (256, 300)
    with pytest.raises(MediaError, match="the JPEG has 101 scans; at most 100 are read"):
        decode_image(progressive(101))


def test_the_larger_a_jpeg_the_fewer_scans():
    data = bytearray(progressive(33))
    at = data.index(b"\xff\xc2") + 5
    data[at : at + 4] = struct.pack(">HH", 11_585, 11_585)
    # 32 times 2^27 pixels are 2^32.
    with pytest.raises(MediaError, match="has 33 scans; at most 32 are read of 134212225 pixels"):
        decode_image(bytes(data))


@pytest.mark.filterwarnings("ignore:the decoder says")
def test_scans_are_those_of_the_picture_and_not_of_what_stands_behind_it():
    data = progressive(10)
    pixels = decode_image(data).pixels
    comment = b"\xff\xfe" + struct.pack(">H", 402) + b"\xff\xda" * 200
    for other in (data + b"\xff\xda" * 500, data[:2] + comment + data[2:]):
        assert (decode_image(other).pixels == pixels).all()
    hidden = progressive(101).replace(b"\xff\xda", b"\xff\xfe\0\4\xff\xd9\xff\xda")
    with pytest.raises(MediaError, match="the JPEG has 101 scans"):
        decode_image(hidden)


def test_a_jpeg_of_too_few_bytes_for_its_blocks():
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "JPEG", progressive=True)
    data = bytearray(buffer.getvalue())
    at = data.index(b"\xff\xc2") + 5
    data[at : at + 4] = struct.pack(">HH", 16_384, 16_384)
    with pytest.raises(MediaError, match="bytes for 268435456 pixels, fewer than a bit for each"):
        decode_image(bytes(data))


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_smallest_honest_jpeg_is_read(mode, options):
    buffer = io.BytesIO()
    Image.new(mode, (4_096, 4_096)).save(buffer, "JPEG", **options)
    assert decode_image(buffer.getvalue()).pixels.shape[:2] == (4_096, 4_096)


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("options", [{}, {"tile_size": (64, 64)}, {"quality_layers": [30, 10]}])
def test_a_jpeg_2000_file_is_whole(bare, options):
    buffer = io.BytesIO()
    Image.fromarray(SMALL).save(buffer, "JPEG2000", no_jp2=bare, **options)
    data = buffer.getvalue()
    assert decode_image(data).pixels.shape == SMALL.shape
    for cut in (len(data) - 1, len(data) - 100, len(data) // 2, data.index(b"\xff\x90"), 120):
        with pytest.raises(MediaError, match="damaged"):
            decode_image(data[:cut])


def test_the_tiles_of_a_jpeg_2000_file_are_all_there():
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "JPEG2000", no_jp2=True)
    data = bytearray(buffer.getvalue())
    struct.pack_into(">II", data, 8, 16_384, 16_384)
    with pytest.raises(MediaError, match="cut short: 1 of 65536 tiles are there; get an intact"):
        decode_image(bytes(data))


def test_a_damaged_gif_is_our_error():
    buffer = io.BytesIO()
    Image.fromarray(SMALL).save(buffer, "GIF")
    data = buffer.getvalue()
    at = data.index(b"\x2c\0\0\0\0")
    for cut in range(at - 2, at + 12):
        with pytest.raises(MediaError):
            decode_image(data[:cut])
        with pytest.raises(MediaError):
            decode_image(data[:cut] + b"\x21\xff\x0bNETSCAPE2.0\x01")


def overlapping(path):
    """A .npz of 50 entries that all are the same megabyte."""
    np.savez(path, **{"a00": np.zeros(1 << 20, np.uint8)})
    raw = path.read_bytes()
    directory = raw.index(b"PK\1\2")
    entry = raw[directory : raw.index(b"PK\5\6")]
    entries = b"".join(entry.replace(b"a00", b"a%02d" % n) for n in range(50))
    end = struct.pack("<HHHHIIH", 0, 0, 50, 50, len(entries), directory, 0)
    path.write_bytes(raw[:directory] + entries + b"PK\5\6" + end)


def test_overlapping_members_of_a_file_of_arrays(tmp_path):
    overlapping(tmp_path / "a.npz")
    with pytest.raises(MediaError, match="not a file of plain NumPy arrays, or damaged") as caught:
        read_arrays(tmp_path / "a.npz")
    assert "overlap" in str(caught.value.__cause__)
    with pytest.raises(KeyFormatError, match="its members overlap"):
        CatMapKey.load(tmp_path / "a.npz")


def test_a_key_is_read_once_so_that_it_can_come_from_a_pipe(tmp_path):
    KEY.save(tmp_path / "key")
    reader, writer = os.pipe()
    try:
        os.write(writer, (tmp_path / "key").read_bytes())
    finally:
        os.close(writer)
    try:
        assert SecretKey.load(f"/dev/fd/{reader}").id == KEY.id
    finally:
        os.close(reader)
