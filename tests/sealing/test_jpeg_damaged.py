"""A sealed JPEG that was changed: an error of ours or the original, and never other bytes."""

import hashlib
import io
import struct

import numpy as np
import pytest
from PIL import Image
from support.jpeg_matrix import by_pillow
from support.jpeg_oddities import after_soi, exif, segment
from support.sealed_jpegs import KEY, opened, packets, photo, seal, segments, without
from support.second_reader.jpeg import Sealed
from support.second_reader.jpeg_segments import Refused

from facecrypt import (
    AuthenticationError,
    ContainerError,
    FacecryptError,
    NotSealedError,
    Region,
    SecretKey,
    encrypt_image,
    region_key,
)
from facecrypt.media import jpeg
from facecrypt.sealing import parts
from facecrypt.sealing.carriers.jpeg_private import Private
from facecrypt.sealing.carriers.jpeg_sealing import is_edited_jpeg
from facecrypt.sealing.content import Jpeg
from facecrypt.sealing.options import Seal
from facecrypt.sealing.payload import Payload
from facecrypt.sealing.wire import canonical

DATA = by_pillow("RGB", (40, 33), subsampling=2)
FACES = [Region(2, 2, 14, 14), Region(17, 3, 30, 14)]
SEALED = seal(DATA, FACES)
HEADER = opened(SEALED).header
FACE = region_key(HEADER, KEY, 1)


def outcome(changed, *holders, want):
    """The kind of error, or "same"."""
    try:
        given = opened(changed, *holders).given
    except FacecryptError as error:
        return type(error).__name__
    assert want(given)
    return "same"


def is_original(given):
    return given == DATA


ONE = np.asarray(Image.open(io.BytesIO(opened(SEALED, FACE).given)))


def is_that_face(given):
    return (np.asarray(Image.open(io.BytesIO(given))) == ONE).all()


def flips(mask):
    for at in range(len(SEALED)):
        yield SEALED[:at] + bytes([SEALED[at] ^ mask]) + SEALED[at + 1 :]


@pytest.mark.parametrize("mask", [1, 2, 16, 128, 255])
def test_any_flipped_byte_is_an_error_or_gives_the_original(mask):
    seen = [outcome(changed, want=is_original) for changed in flips(mask)]
    # Codes of no coefficient, and what fills the cells of the faces.
    assert seen.count("same") < 0.15 * len(seen)
    assert {"ContainerError", "AuthenticationError"} <= set(seen)


@pytest.mark.parametrize("mask", [1, 128])
def test_with_the_key_of_a_face_it_is_an_error_or_gives_that_face(mask):
    seen = [outcome(changed, FACE, want=is_that_face) for changed in flips(mask)]
    # The key of one face checks neither the other nor the private part.
    assert seen.count("same") < 0.5 * len(seen)


def test_cut_short_anywhere_it_is_an_error():
    for size in range(len(SEALED)):
        # Without EOI all is there.
        want = "same" if size >= len(SEALED) - 2 else None
        found = outcome(SEALED[:size], want=is_original)
        assert found == want or (found != "same" and not want), size
        outcome(SEALED[:size], FACE, want=is_that_face)


def test_bytes_added_after_the_end_change_nothing_or_are_an_error():
    for more in (b"\0", b"\xff\xd9", SEALED, DATA, b"\xff\xd8\xff"):
        outcome(SEALED + more, want=is_original)
        outcome(SEALED + more, FACE, want=is_that_face)


def in_small_packets(most=300):
    """The same payload in many APP11 segments."""
    start, [packet], rest = packets(SEALED)
    head, body = packet[12:20], packet[20:]
    pieces = [body[at : at + most] for at in range(0, len(body), most)]
    made = [
        struct.pack(">BBH2sHI", 0xFF, 0xEB, 18 + len(piece), b"JP", 1, place) + head + piece
        for place, piece in enumerate(pieces, 1)
    ]
    assert len(made) > 4
    return start, made, rest


@pytest.mark.parametrize(
    "order", [lambda p: p, lambda p: p[::-1], lambda p: p[1:] + p[:1]], ids=["own", "back", "last"]
)
def test_packets_may_come_in_any_order(order):
    """Each says which place it has."""
    start, pieces, rest = in_small_packets()
    assert opened(start + b"".join(order(pieces)) + rest).given == DATA


CHANGES = {
    "no-first": lambda p: p[1:],
    "no-last": lambda p: p[:-1],
    "no-second": lambda p: p[:1] + p[2:],
    "one-twice": lambda p: [*p, p[1]],
    "all-twice": lambda p: p + p,
    "all-twice-as-another-box": lambda p: p + [one[:7] + b"\2" + one[8:] for one in p],
    "two-with-each-others-places": lambda p: [
        p[0], p[1][:8] + p[2][8:12] + p[1][12:], p[2][:8] + p[1][8:12] + p[2][12:], *p[3:],
    ],
    "another-length": lambda p: [p[0][:12] + b"\0\0\0\1" + p[0][16:], *p[1:]],
    "one-of-another-box": lambda p: [p[0], p[1][:7] + b"\2" + p[1][8:], *p[2:]],
    "places-from-0": lambda p: [
        one[:8] + struct.pack(">I", n) + one[12:] for n, one in enumerate(p)
    ],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_packets_missing_doubled_or_changed_are_an_error(change):
    start, pieces, rest = in_small_packets()
    with pytest.raises(ContainerError):
        opened(start + b"".join(change(pieces)) + rest)


def test_no_packet_is_a_picture_that_is_not_sealed():
    with pytest.raises(NotSealedError, match="a program re-saved it and dropped the header"):
        opened(without(SEALED, 0xEB))


def of_same_frame(seed):
    file = io.BytesIO()
    Image.fromarray(photo(40, 33, seed)).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (by_pillow("RGB", (40, 32), subsampling=2), "rotated, cropped or resized"),
        (by_pillow("RGB", (40, 33), subsampling=2, quality=30), "compressed again"),
        (by_pillow("RGB", (40, 33), subsampling=0), "compressed again"),
        (by_pillow("L", (40, 33)), "compressed again"),
        (of_same_frame(2), "were edited after sealing"),
    ],
    ids=["size", "quality", "sampling", "components", "pixels"],
)
def test_the_payload_of_another_picture_is_refused(other, why):
    start, pieces, _ = packets(SEALED)
    public = seal(other, FACES)
    mixed = start + b"".join(pieces) + packets(public)[2]
    for holders in ([], [FACE]):
        with pytest.raises((ContainerError, AuthenticationError), match=why):
            opened(mixed, *holders)


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        (np.fliplr, "was mirrored after sealing; undo it .*-flip horizontal"),
        (np.flipud, "was flipped upside down after sealing; undo it .*-flip vertical"),
        (lambda pixels: np.rot90(pixels, 2), "was turned upside down .*-rotate 180"),
        (lambda pixels: pixels // 2, "were edited after sealing"),
    ],
    ids=["mirrored", "flipped", "turned", "edited"],
)
def test_a_turned_picture_is_told_from_an_edited_one(turn, why):
    """By where its gray cells are; the column that the right edge cuts stays in its place."""

    def public(pixels, cell):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", subsampling=2)
        return seal(file.getvalue(), [Region(*cell, cell[0] + 16, cell[1] + 16)])

    place = np.zeros((48, 64), np.uint8)
    place[:16, 16:32] = 2
    y, x = (int(axis[0]) for axis in np.nonzero(turn(place)))
    start, pieces, _ = packets(public(photo(70, 48), (16, 0)))
    changed = packets(public(turn(photo(70, 48)), (x, y)))[2]
    with pytest.raises((ContainerError, AuthenticationError), match=why):
        opened(start + b"".join(pieces) + changed)


def test_arithmetic_coding_of_a_sealed_picture_is_named():
    """No decoder is needed to see it: its frame says so."""
    at = next(start for marker, start, _ in segments(SEALED) if marker == 0xC0)
    changed = SEALED[: at + 1] + b"\xc9" + SEALED[at + 2 :]
    with pytest.raises(ContainerError, match=r"recoded with arithmetic coding .* jpegtran -copy"):
        opened(changed)


def test_an_edited_picture_gives_its_faces_where_that_is_asked_for():
    start, pieces, _ = packets(SEALED)
    mixed = start + b"".join(pieces) + packets(seal(of_same_frame(2), FACES))[2]
    result = opened(mixed, allow_edited=True)
    assert result.edited
    got, want = (np.asarray(Image.open(io.BytesIO(d))) for d in (result.given, DATA))
    assert (got[2:14, 2:14] == want[2:14, 2:14]).all()
    assert (got[20:] != want[20:]).any()


def painted(index):
    """A face of somebody else in the empty cells of a sealed one, as anybody can put it there."""
    start, pieces, _ = packets(SEALED)
    cells = [HEADER.content.cells(face) for face in FACES]
    other = jpeg.cut(of_same_frame(5), cells)
    return start + b"".join(pieces) + jpeg.place(SEALED, cells, {index: other.regions[index]})


@pytest.mark.parametrize("index", [0, 1])
def test_what_is_painted_into_a_sealed_cell_is_an_edit(index):
    changed = painted(index)
    shown, before = (np.asarray(Image.open(io.BytesIO(d))) for d in (changed, SEALED))
    assert (shown != before).any()
    for holders, options in (([FACE], {}), ([], {"regions": [0]}), ([], {"pristine": True})):
        with pytest.raises(AuthenticationError, match="the public pixels were edited"):
            opened(changed, *holders, **options)
    assert is_edited_jpeg(changed, HEADER)
    assert not is_edited_jpeg(SEALED, HEADER)
    # The original has nothing of it, and proves to be the original.
    assert opened(changed).given == DATA
    with pytest.raises(Refused, match="something in a sealed cell"):
        Sealed(changed)


def test_what_is_painted_into_the_cells_of_others_is_left_out():
    result = opened(painted(0), FACE, allow_edited=True)
    assert result.edited
    assert is_that_face(result.given)


def test_other_quantisers_are_refused():
    at = next(start for marker, start, _ in segments(SEALED) if marker == 0xDB)
    changed = SEALED[: at + 5] + bytes([SEALED[at + 5] ^ 3]) + SEALED[at + 6 :]
    for holders in ([], [FACE]):
        with pytest.raises(ContainerError, match="compressed again"):
            opened(changed, *holders)


def test_a_changed_orientation_gives_the_original_and_no_single_face():
    changed = SEALED[:2] + exif(6) + SEALED[2:]
    assert opened(changed).given == DATA
    for holders, options in (([FACE], {}), ([], {"regions": [0]})):
        with pytest.raises(AuthenticationError, match="edited"):
            opened(changed, *holders, **options)


ADOBE = b"Adobe\0\x64\0\0\0\0"


def in_rgb(adobe=None):
    """A JPEG of red, green and blue, as its Adobe segment says, or else the names of components."""
    file = io.BytesIO()
    Image.fromarray(photo(40, 33)).save(file, "JPEG", keep_rgb=True)
    bare = without(file.getvalue(), 0xEE)
    return bare if adobe is None else after_soi(bare, segment(0xEE, ADOBE + bytes([adobe])))


def renamed(data):
    """Without JFIF, its components called R, G and B: libjpeg then takes them for that."""
    data = without(data, 0xE0)
    frame = next(start for marker, start, _ in segments(data) if marker == 0xC0)
    scan = next(start for marker, start, _ in segments(data) if marker == 0xDA)
    out = bytearray(data)
    out[frame + 10 : frame + 19 : 3] = out[scan + 5 : scan + 11 : 2] = b"RGB"
    return bytes(out)


def before_scan(data, *more):
    at = next(start for marker, start, _ in segments(data) if marker == 0xDA)
    return data[:at] + b"".join(more) + data[at:]


JFIF = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")


@pytest.mark.parametrize(
    ("original", "change"),
    [
        (DATA, renamed),
        (in_rgb(), lambda sealed: after_soi(sealed, JFIF)),
        (in_rgb(0), lambda sealed: after_soi(sealed, JFIF)),
        (in_rgb(1), lambda sealed: after_soi(sealed, segment(0xEE, ADOBE + b"\0"))),
        (in_rgb(1), lambda sealed: before_scan(sealed, segment(0xEE, ADOBE + b"\0"))),
        (DATA, lambda sealed: after_soi(sealed, exif(1), exif(6))),
        (DATA, lambda sealed: before_scan(after_soi(sealed, exif(1)), exif(3))),
    ],
)
def test_other_colours_and_turns_are_edits(original, change):
    sealed = seal(original, FACES)
    changed = change(sealed)
    for options in ({"pristine": True}, {"regions": [0]}):
        with pytest.raises(AuthenticationError, match="the colour coding"):
            opened(changed, **options)
    assert opened(changed).given == original
    assert opened(sealed, pristine=True).given == original


def test_of_two_adobe_segments_the_last_counts():
    """It does for libjpeg, so that the sealed file shows what the original did."""
    original = after_soi(in_rgb(0), segment(0xEE, ADOBE + b"\1"))
    shown = [np.asarray(Image.open(io.BytesIO(d))) for d in (original, seal(original, FACES[:1]))]
    assert (shown[0][20:] == shown[1][20:]).all()


def test_another_key_opens_nothing():
    for other in (SecretKey.generate(), region_key(opened(seal(DATA, FACES)).header, KEY, 1)):
        with pytest.raises(AuthenticationError):
            opened(SEALED, other)


def by_hand(private=("original",), original=None):
    """Sealed by who has the key and means harm; `original` is the plaintext of the private part."""
    frame = jpeg.parse(DATA)
    content = Jpeg(frame.precision, frame.width, frame.height, frame.components, frame.quant)
    digest = hashlib.sha256(b"facecrypt v2 public coefficients" + canonical(content.frame()))
    cut = jpeg.cut(DATA, [(0, 0, 1, 1)], digest.update)
    sealer = parts.start(
        content,
        [Region(0, 0, 16, 16)],
        [KEY],
        Seal(regions=[]),
        public_digest=digest.digest(),
        private=private,
    )
    if original is None:
        pieces = cut.recipe, cut.skeleton, cut.dummies, cut.tail
        original = Private(hashlib.sha256(DATA).digest(), len(DATA), *pieces).to_bytes()
    plain = [*cut.regions, *[original] * len(private)]
    header, sealed = sealer.seal(np.frombuffer(bytearray(text), np.uint8) for text in plain)
    payload = Payload(header, sealed[:1], sealed[1:]).to_bytes()
    return b"\xff\xd8" + jpeg.packets(payload) + cut.public


def test_what_the_key_holder_made_wrongly_is_an_error_of_ours():
    assert opened(by_hand()).given == DATA
    for wrong in (
        b"",
        b"\0",
        bytes(60),
        b"\xff" * 100,
        Private(bytes(32), 1, b"", b"", b"", b"").to_bytes(),
    ):
        with pytest.raises(FacecryptError):
            opened(by_hand(original=wrong))
    with pytest.raises(ContainerError, match="another kind of picture, or damaged"):
        opened(by_hand(private=()))


def test_a_header_of_pixels_in_a_jpeg_is_an_error_of_ours():
    sealed = encrypt_image(photo(40, 33), KEY, regions=FACES)
    start, _, rest = packets(SEALED)
    with pytest.raises(ContainerError, match="another kind of picture"):
        opened(start + jpeg.packets(Payload(sealed.header).to_bytes()) + rest)
