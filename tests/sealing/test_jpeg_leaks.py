"""No copy of a face is left in the public part, wherever cameras and programs put previews."""

import hashlib
import io
import struct

import pytest
from PIL import Image, ImageCms
from support.jpegs import segment
from support.sealed_jpegs import KEY, opened, photo, seal, segments, without

from facecrypt import Region, encrypt_file, region_key

FACE = Region(40, 24, 88, 72)
TEXTS = [b"Eileen", b"Owner P", b"SERIAL12", b"Comment P"]


def preview(name: str) -> bytes:
    """A small JPEG of the face; a comment tells which it is."""
    file = io.BytesIO()
    Image.fromarray(photo()[24:72, 40:88]).resize((24, 24)).save(file, "JPEG")
    return file.getvalue()[:-2] + segment(0xFE, mark(name)) + b"\xff\xd9"


def mark(name: str) -> bytes:
    return hashlib.md5(name.encode()).digest()


def directory(entries, start, following=0):
    """A TIFF directory, low byte first, whose values lie behind it."""
    sizes = {2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
    out, values = struct.pack("<H", len(entries)), b""
    behind = start + 2 + 12 * len(entries) + 4
    for tag, kind, data in entries:
        out += struct.pack("<HHI", tag, kind, len(data) // sizes[kind])
        if len(data) <= 4:
            out += data.ljust(4, b"\0")
        else:
            out += struct.pack("<I", behind + len(values))
            values += data + bytes(len(data) % 2)
    return out + struct.pack("<I", following) + values


def exif() -> bytes:
    """With a preview in every place there is, and with dates and place beside them."""
    short, long = (lambda n: struct.pack("<H", n)), (lambda n: struct.pack("<I", n))
    place = {"exif": 0, "gps": 0, "sub": 0, "ifd1": 0}
    out = b""
    for _ in range(2):  # The first time to learn where each lies.
        out, at = b"II*\0" + long(8), 8

        def put(name, entries, following=0):
            nonlocal out
            place[name] = len(out)
            out += directory(entries, len(out), following)

        put(
            "ifd0",
            [
                (0x10E, 2, b"Portrait of Eileen\0"),
                (0x10F, 2, b"Camera maker\0"),
                (0x112, 3, short(1)),
                (0x14A, 4, long(place["sub"])),
                (0x2BC, 7, preview("xmp in EXIF")),
                (0x83BB, 7, preview("IPTC in EXIF")),
                (0x8649, 7, preview("8BIM in EXIF")),
                (0x8769, 4, long(place["exif"])),
                (0x8825, 4, long(place["gps"])),
                (0xC4A5, 7, preview("print image matching")),
            ],
            place["ifd1"],
        )
        put(
            "exif",
            [
                (0x9003, 2, b"2024:05:06 07:08:09\0"),
                (0x927C, 7, preview("maker note")),
                (0x9286, 7, b"ASCII\0\0\0Comment P" + preview("user comment")),
                (0xA430, 2, b"Owner Person\0"),
                (0xA431, 2, b"SERIAL1234567\0"),
                (0xA460, 7, preview("composite image")),
            ],
        )
        put("gps", [(1, 2, b"N\0"), (0x1B, 7, b"ASCII\0\0\0" + preview("GPS method"))])
        put("sub", [(0x103, 3, short(6)), (0x201, 7, preview("sub-directory"))])
        thumbnail, at = preview("IFD1"), len(out) + 2 + 3 * 12 + 4
        sizes = (0x201, 4, long(at)), (0x202, 4, long(len(thumbnail)))
        put("ifd1", [(0x103, 3, short(6)), *sizes])
        out += thumbnail + preview("gap of EXIF")
    return b"Exif\0\0" + out


def profile() -> bytes:
    """An ICC profile with a private tag, and bytes beyond its size."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (count,) = struct.unpack_from(">I", plain, 128)
    rows = [struct.unpack_from(">4sII", plain, 132 + 12 * n) for n in range(count)]
    body, extra = plain[132 + 12 * count :], preview("private tag of ICC")
    rows = [(name, offset + 12, size) for name, offset, size in rows]
    rows.append((b"face", 132 + 12 * (count + 1) + len(body), len(extra)))
    table = b"".join(struct.pack(">4sII", *row) for row in rows)
    data = plain[:128] + struct.pack(">I", count + 1) + table + body + extra
    return struct.pack(">I", len(data)) + data[4:] + preview("beyond ICC")


JFIF = b"JFIF\0\1\2\0\0\1\0\1\2\2" + bytes(12)
PARTS = {
    "JFIF thumbnail": segment(0xE0, JFIF[:12] + b"\4\4" + mark("JFIF thumbnail") * 3),
    "JFXX": segment(0xE0, b"JFXX\0\x10" + preview("JFXX")),
    "EXIF": segment(0xE1, exif()),
    "second EXIF": segment(0xE1, b"Exif\0\0" + preview("second EXIF")),
    "XMP": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x Name='Eileen'>" + preview("XMP")),
    "XMP extension": segment(
        0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + preview("XMP extension")
    ),
    "ICC": segment(0xE2, b"ICC_PROFILE\0\1\1" + profile()),
    "MPF": segment(0xE2, b"MPF\0" + preview("MPF")),
    "FPXR": segment(0xE2, b"FPXR\0" + preview("FPXR")),
    "gain map": segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + preview("gain map")),
    "APP3": segment(0xE3, b"Meta\0\0" + preview("APP3")),
    "C2PA": segment(0xEB, b"JP\0\7\0\0\0\1\0\0\0\0jumb" + preview("C2PA")),
    "Ducky": segment(0xEC, b"Ducky" + preview("Ducky")),
    "8BIM": segment(0xED, b"Photoshop 3.0\x008BIM\x04\x0c\0\0" + preview("8BIM")),
    "Adobe": segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + mark("Adobe")),
    "APP15": segment(0xEF, preview("APP15")),
    "COM": segment(0xFE, preview("COM")),
}
AFTER = b"".join(
    preview(name) for name in ("second picture", "gain map picture", "trailer")
) + b"\0\0\0\x18ftypmp42" + preview("motion video")  # fmt: skip
MARKS = {
    name: mark(name)
    for name in (
        *PARTS, "IFD1", "maker note", "user comment", "xmp in EXIF", "IPTC in EXIF", "8BIM in EXIF",
        "print image matching", "composite image", "GPS method", "sub-directory", "gap of EXIF",
        "private tag of ICC", "beyond ICC", "second picture", "gain map picture", "trailer",
        "motion video", "between scans",
    )
    if name not in ("EXIF", "ICC")
}  # fmt: skip


@pytest.fixture(scope="module", params=[False, True], ids=["sequential", "progressive"])
def planted(request) -> bytes:
    file = io.BytesIO()
    Image.fromarray(photo()).save(file, "JPEG", quality=88, progressive=request.param)
    data = file.getvalue()
    data = data[:2] + b"".join(PARTS.values()) + data[2:]
    between = segment(0xED, preview("between scans"))
    # Before the last scan, or, where there is one scan, before it.
    last = data.rindex(b"\xff\xda")
    data = data[:last] + between + data[last:] + AFTER
    assert all(mark in data for mark in MARKS.values())
    assert all(text in data for text in TEXTS)
    return data


def check_public(data: bytes, *, payload: bool) -> None:
    outside = without(data, 0xEB)
    assert not [name for name, known in MARKS.items() if known in data]
    assert not [text for text in TEXTS if text in data]
    assert b"\xff\xd8\xff" not in outside[1:]
    assert outside.endswith(b"\xff\xd9")
    assert outside.count(b"\xff\xd9") == 1
    found = [marker for marker, _, _ in segments(data)]
    assert found.count(0xEB) == payload
    assert set(found) <= {0xE0, 0xE1, 0xE2, 0xEB, 0xEE, 0xDB, 0xC0, 0xC2, 0xC4, 0xDD, 0xDA}
    Image.open(io.BytesIO(data)).load()


@pytest.mark.filterwarnings("ignore:.*colour profile")
@pytest.mark.parametrize("keep", [False, True])
def test_nothing_of_the_face_is_in_the_public_part(planted, keep):
    sealed = seal(planted, [FACE], keep_metadata=keep)
    check_public(sealed, payload=True)
    assert b"ICC_PROFILE" in sealed
    assert (b"2024:05:06" in sealed) == keep
    assert b"Camera maker" in sealed or not keep
    assert opened(sealed).given == planted


@pytest.mark.filterwarnings("ignore:.*colour profile")
@pytest.mark.parametrize("keep", [False, True])
def test_nor_is_it_with_one_face_opened(planted, keep):
    """Previews show all faces, those that stay sealed too."""
    sealed = seal(planted, [FACE, Region(100, 80, 120, 100)], keep_metadata=keep)
    header = opened(sealed).header
    for holders, options in (([region_key(header, KEY, 1)], {}), ([], {"regions": [1]})):
        check_public(opened(sealed, *holders, **options).given, payload=False)


@pytest.mark.filterwarnings("ignore:.*colour profile", "ignore:.*goes along")
def test_nor_is_it_beside_a_sidecar(planted, tmp_path):
    (tmp_path / "a.jpg").write_bytes(planted)
    encrypt_file(tmp_path / "a.jpg", tmp_path / "b.jpg", KEY, regions=[FACE], sidecar=True)
    check_public((tmp_path / "b.jpg").read_bytes(), payload=False)
    [beside] = tmp_path.glob("*.fcrypt")
    assert not [name for name, known in MARKS.items() if known in beside.read_bytes()]


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("keep", [False, True])
def test_nor_is_it_in_a_picture_that_was_coded_anew(planted, keep, tmp_path):
    # A scan of the same coefficients again: no codec takes it apart, and decoders show it.
    [*_, (_, start, _)] = segments(planted)
    end = planted.index(AFTER) - 2
    twice = planted[:end] + planted[start:]
    (tmp_path / "a.jpg").write_bytes(twice)
    header = encrypt_file(
        tmp_path / "a.jpg", tmp_path / "b.jpg", KEY, regions=[FACE], keep_metadata=keep
    )
    assert not header.content.exact
    check_public((tmp_path / "b.jpg").read_bytes(), payload=True)
    assert opened((tmp_path / "b.jpg").read_bytes()).given == twice
