"""What is a video, and a payload at its end: boxes and elements written out by hand."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from facecrypt import ContainerError
from facecrypt.media.video import (
    append_payload,
    container_of,
    find_payload,
    is_video,
    output_suffix,
    public_chunks,
)

FTYP = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41"
MOOV = b"\0\0\0\x0cmoovabcd"
EBML = bytes.fromhex("1a45dfa3 93 4282 88") + b"matroska" + bytes.fromhex("4287 81 04 4285 81 02")
SEGMENT = bytes.fromhex("18538067")
INFO = bytes.fromhex("1549a966 84") + b"info"
CLUSTER = bytes.fromhex("1f43b675 8a e7 81 00 a3 85") + b"block"
PAYLOAD = b"jumbf" * 50


def segment(*elements: bytes, size: int | None = None) -> bytes:
    body = b"".join(elements)
    return SEGMENT + b"\x01" + (len(body) if size is None else size).to_bytes(7) + body


MKV = EBML + segment(INFO, CLUSTER)
MP4 = FTYP + MOOV


def sealed(public: bytes, payload: bytes = PAYLOAD) -> bytes:
    file = io.BytesIO(public)
    append_payload(file, len(payload), [payload[:7], payload[7:]])
    return file.getvalue()


def found(data: bytes) -> bytes | None:
    file = io.BytesIO(data)
    place = find_payload(file)
    return None if place is None else data[place.offset : place.offset + place.size]


def public_of(data: bytes) -> bytes:
    file = io.BytesIO(data)
    return b"".join(public_chunks(file, find_payload(file)))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypisom\0\0\2\0", "mp4"),
        (b"\0\0\0\x18ftypmp42\0\0\2\0", "mp4"),
        (b"\0\0\0\x18ftyp3gp5\0\0\2\0", "mp4"),
        (b"\0\0\0\x18ftypM4V \0\0\2\0", "mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0", "mov"),
        (b"\0\0\0\x08wide\0\0\x10\0mdat", "mov"),
        (EBML, "mkv"),
        (bytes.fromhex("1a45dfa3 9f 4286 81 01 4282 84") + b"webm", "webm"),
        (bytes.fromhex("1a45dfa3 01 00000000000012 4282 84") + b"webm", "webm"),
        (b"RIFF\x10\n\r\0AVI LIST", "avi"),
        ((b"G" + bytes(187)) * 5, "ts"),
        (bytes(4) + (b"G" + bytes(191)) * 5, "ts"),
        (b"\0\0\x01\xba\x44\0\4\0", "mpeg"),
        (b"FLV\x01\x05\0\0\0\x09", "flv"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "wmv"),
        (b"OggS" + bytes(24) + b"\x80theora", "ogv"),
        (b"DKIF\0\0 \0VP80", "ivf"),
    ],
)
def test_videos_are_known_by_their_first_bytes(head, kind):
    assert container_of(head) == kind
    assert is_video(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"RIFF",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
        b"\0\0\0\x1cftypavis\0\0\0\0avisavif",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
        b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
        b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42",
        b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ",
        b"RIFF\x10\0\0\0WEBPVP8X",
        b"OggS" + bytes(24) + b"\x01vorbis",
        b"G" * 100,
        b"\x1a\x45\xdf\xa3" + bytes(60),
    ],
)
def test_other_files_are_no_videos(head):
    assert container_of(head) is None
    assert not is_video(head)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"])
def test_animated_and_other_pictures_are_no_videos(kind):
    pictures = [Image.fromarray(np.full((16, 16, 3), v, np.uint8)) for v in (0, 99)]
    more = {"save_all": True, "append_images": pictures[1:]} if kind not in {"JPEG", "BMP"} else {}
    file = io.BytesIO()
    pictures[0].save(file, kind, **more)
    assert not is_video(file.getvalue()[:1024])


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (MP4, ".mp4"),
        (b"\0\0\0\x14ftypqt  ", ".mov"),
        (MKV, ".mkv"),
        (bytes.fromhex("1a45dfa3 9f 4282 84") + b"webm", ".webm"),
        (b"RIFF\x10\n\r\0AVI LIST", ".mp4"),
        ((b"G" + bytes(187)) * 5, ".mp4"),
    ],
)
def test_containers_that_cannot_hold_a_payload_become_mp4(head, suffix):
    assert output_suffix(head) == suffix


def test_payload_of_mp4_is_a_box_of_64_bits_at_the_end():
    head = b"\0\0\0\x01uuid" + struct.pack(">Q", 32 + len(PAYLOAD)) + b"facecrypt sealed"
    assert sealed(MP4) == MP4 + head + PAYLOAD


def test_payload_of_matroska_is_an_attachment_that_the_segment_counts_in():
    name = bytes.fromhex("466e 8d") + b"sealed.fcrypt"
    mime = bytes.fromhex("4660 97") + b"application/x-facecrypt"
    uid = bytes.fromhex("46ae 88") + b"fcrypted"
    data = bytes.fromhex("465c 01") + len(PAYLOAD).to_bytes(7) + PAYLOAD
    attached = name + mime + uid + data
    attached = bytes.fromhex("61a7 01") + len(attached).to_bytes(7) + attached
    whole = bytes.fromhex("1941a469 01") + len(attached).to_bytes(7) + attached
    assert sealed(MKV) == EBML + segment(INFO, CLUSTER, whole)


@pytest.mark.parametrize("public", [MP4, MKV], ids=["mp4", "mkv"])
@pytest.mark.parametrize("payload", [b"", PAYLOAD], ids=["empty", "some"])
def test_payload_is_found_and_the_public_file_is_what_it_was(public, payload):
    data = sealed(public, payload)
    assert found(data) == payload
    assert public_of(data) == public


@pytest.mark.parametrize("public", [MP4, MKV], ids=["mp4", "mkv"])
def test_where_it_was_written_is_where_it_is_found(public):
    file = io.BytesIO(public)
    place = append_payload(file, len(PAYLOAD), [PAYLOAD])
    assert find_payload(file) == place


@pytest.mark.parametrize("public", [MP4, MKV, b"", b"GIF89a", FTYP[:5]], ids=repr)
def test_without_a_payload_none_is_found(public):
    assert found(public) is None
    assert public_of(public) == public


def test_a_payload_is_not_searched_for_in_pictures_and_sound():
    inner = sealed(MP4)[len(MP4) :]
    assert found(FTYP + struct.pack(">I4s", 8 + len(inner), b"mdat") + inner) is None
    inner = sealed(MKV)[len(MKV) :]
    cluster = bytes.fromhex("1f43b675 01") + len(inner).to_bytes(7) + inner
    assert found(EBML + segment(INFO, cluster)) is None


def test_boxes_of_others_are_passed_over():
    other = b"\0\0\0\x20uuid" + b"someone elses bx" + bytes(8)
    large = struct.pack(">I4sQ", 1, b"free", 20) + b"free"
    short = b"\0\0\0\x0auuidxy"
    assert found(sealed(FTYP + other + large + short + MOOV)) == PAYLOAD
    assert found(sealed(MP4) + b"\0\0\0\x0cfreeabcd") == PAYLOAD
    assert public_of(sealed(MP4) + b"\0\0\0\x0cfreeabcd") == MP4 + b"\0\0\0\x0cfreeabcd"


def test_attachments_of_others_are_passed_over():
    font = bytes.fromhex("61a7 8d 466e 83") + b"ttf" + bytes.fromhex("465c 84") + b"font"
    attachments = bytes.fromhex("1941a469") + bytes([0x80 | len(font)]) + font
    assert found(sealed(EBML + segment(attachments, CLUSTER))) == PAYLOAD
    assert found(EBML + segment(attachments, CLUSTER)) is None


def test_live_recordings_have_sizes_that_are_unknown():
    unknown = b"\x01" + b"\xff" * 7
    cluster = bytes.fromhex("1f43b675") + unknown + bytes.fromhex("e7 81 00 a3 85") + b"block"
    live = EBML + SEGMENT + unknown + INFO + cluster
    data = sealed(live)
    assert found(data) == PAYLOAD
    assert public_of(data) == live == data[: len(live)]


ATTACHMENTS, ATTACHED, UNKNOWN = bytes.fromhex("1941a469"), bytes.fromhex("61a7"), b"\xff"
BEYOND = b"\x10" + (0x0FFFFFF).to_bytes(3)


@pytest.mark.parametrize(
    "one",
    [
        ATTACHMENTS + UNKNOWN,
        ATTACHMENTS + b"\x83" + ATTACHED + UNKNOWN,
        ATTACHMENTS + b"\x86" + ATTACHED + BEYOND,
    ],
    ids=["of unknown size", "in them one of unknown size", "in them one that claims the rest"],
)
def test_attachments_that_claim_what_follows_are_not_read_again_and_again(one):
    class Counted(io.BytesIO):
        reads = 0

        def read(self, *args):
            self.reads += 1
            return super().read(*args)

    file = Counted(EBML + segment(*[one] * 1_000))
    assert find_payload(file) is None
    # A thousand elements, with one in each, and the end of each; a million, each to the end.
    assert file.reads < 5_000


def test_elements_are_counted_wherever_they_lie(monkeypatch):
    monkeypatch.setattr("facecrypt.media.video.matroska.MAX_WALKED", 20)
    empty = bytes.fromhex("ec 80")
    one = ATTACHMENTS + b"\x90" + 8 * empty
    assert found(EBML + segment(one)) is None
    with pytest.raises(ContainerError, match="more than 20 elements"):
        found(EBML + segment(one, one, one))


@pytest.mark.parametrize("public", [MP4, MKV], ids=["mp4", "mkv"])
def test_a_second_payload_is_not_written(public):
    with pytest.raises(ContainerError, match="already"):
        sealed(sealed(public))


def test_two_payloads_are_refused():
    one = sealed(MP4)[len(MP4) :]
    with pytest.raises(ContainerError, match="two sealed parts"):
        found(MP4 + one + one)
    one = sealed(MKV)[len(MKV) :]
    with pytest.raises(ContainerError, match="two sealed parts"):
        found(EBML + segment(INFO, one, CLUSTER, one))


@pytest.mark.parametrize("public", [MP4, MKV], ids=["mp4", "mkv"])
@pytest.mark.parametrize("left", [0, 1, 249])
def test_a_payload_that_is_cut_off_is_refused(public, left):
    data = sealed(public)
    with pytest.raises(ContainerError, match=f"cut off after {left} of 250 bytes"):
        found(data[: len(data) - 250 + left])


@pytest.mark.parametrize(
    "public",
    [
        FTYP + b"\0\0\0\0mdatabc",
        FTYP + b"\0\0\0\x20moov",
        MP4 + b"tail",
        EBML + segment(INFO, size=99),
        MKV + INFO,
        b"",
    ],
    ids=["size 0", "cut off", "tail", "segment cut off", "behind the segment", "empty"],
)
def test_nothing_is_written_where_no_reader_would_find_it(public):
    with pytest.raises(ContainerError, match="write the video anew"):
        sealed(public)


def test_a_size_field_without_room_is_refused():
    small = EBML + SEGMENT + bytes([0x80 | len(INFO)]) + INFO
    with pytest.raises(ContainerError, match="no room"):
        sealed(small)
    assert sealed(small, b"")[:40].startswith(EBML)


def test_a_box_of_size_0_is_the_last():
    assert found(FTYP + b"\0\0\0\0mdat" + sealed(MP4)[len(MP4) :]) is None
    open_end = FTYP + b"\0\0\0\0uuid" + b"facecrypt sealed" + PAYLOAD
    assert found(open_end) == PAYLOAD


@pytest.mark.parametrize("public", [MP4, MKV], ids=["mp4", "mkv"])
@pytest.mark.parametrize("chunks", [[PAYLOAD, b"x"], [PAYLOAD[1:]], []], ids=["long", "short", "0"])
def test_another_size_than_announced_is_an_error(public, chunks):
    with pytest.raises(ValueError, match="announced"):
        append_payload(io.BytesIO(public), len(PAYLOAD), chunks)


@pytest.mark.parametrize("public", [MP4, MKV], ids=["mp4", "mkv"])
def test_every_flipped_bit_is_read_or_refused(public):
    data = sealed(public)
    for at in range(len(data)):
        for bit in range(8):
            broken = bytearray(data)
            broken[at] ^= 1 << bit
            try:
                found(bytes(broken))
                public_of(bytes(broken))
            except ContainerError:
                pass


@pytest.mark.parametrize("public", [MP4, MKV], ids=["mp4", "mkv"])
def test_more_than_4_gib_are_walked_over(public, tmp_path):
    path, size = tmp_path / "large", 5 << 30
    head = len(public)
    if public is MP4:
        front = public + struct.pack(">I4sQ", 1, b"mdat", 16 + size)
    else:
        void = b"\xec\x01" + size.to_bytes(7)
        front = EBML + segment(INFO, void, size=len(INFO) + len(void) + size)
    with path.open("w+b") as file:
        file.write(front)
        file.truncate(len(front) + size)
        place = append_payload(file, len(PAYLOAD), [PAYLOAD])
        assert place.offset > size + head
        assert find_payload(file) == place
        file.seek(place.offset)
        assert file.read() == PAYLOAD
