"""Files that are no picture, or one of a format that is not read: what each is, and what to do."""

from collections.abc import Callable

from facecrypt.errors import MediaError

__all__ = ["Test", "begins", "brand", "is_refused_format", "refusal"]

Test = Callable[[bytes], bool]


def begins(*starts: bytes) -> Test:
    """Whether a file begins with one of these."""
    return lambda head: head.startswith(starts)


def brand(*brands: bytes) -> Test:
    """ISO base media file whose major or compatible brands hold one of these."""
    return lambda head: (
        head[4:8] == b"ftyp"
        and any(brand in head[8 : min(int.from_bytes(head[:4], "big"), 64)] for brand in brands)
    )


def refusal(head: bytes) -> MediaError:
    """What to say of a file that no reader takes.

    Parameters
    ----------
    head : bytes
        The first bytes of the file, 64 of them if there are.
    """
    for test, reason in (*_FORMATS, *_NO_PICTURES):
        if test(head):
            return MediaError(reason)
    return MediaError("not a picture facecrypt reads; save it as PNG, JPEG, WebP, AVIF or TIFF")


def is_refused_format(head: bytes) -> bool:
    """Whether a file is a picture nevertheless."""
    return any(test(head) for test, _ in _FORMATS)


# Those that are no TIFF: of Fujifilm, Olympus, Panasonic, Sigma, Canon (CRW), Minolta.
_CAMERA_RAW = (
    b"FUJIFILMCCD-RAW",
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"IIU\0",
    b"FOVb",
    b"II\x1a\0\0\0HEAPCCDR",
    b"\0MRM",
)

_FORMATS: tuple[tuple[Test, str], ...] = (
    (
        brand(b"heic", b"heix", b"hevc", b"mif1", b"msf1"),
        "HEIC is not read; convert it to PNG or JPEG first",
    ),
    (
        begins(b"\0\0\0\x0cJXL ", b"\xff\x0a"),
        "JPEG XL is not read; convert it to PNG first",
    ),
    (
        begins(b"v/1\x01", b"#?RADIANCE", b"#?RGBE", b"PF\n", b"Pf\n"),
        "floating-point samples cannot be sealed; tone-map the picture to 8 or 16 bits, as PNG",
    ),
    (
        lambda head: brand(b"crx ")(head) or head.startswith(_CAMERA_RAW),
        "camera raw files are not read; export the picture as PNG or TIFF",
    ),
    (begins(b"8BPS"), "PSD is not read; export the picture as PNG or TIFF"),
    (begins(b"II+\0", b"MM\0+"), "BigTIFF is not read; save the picture as classic TIFF or PNG"),
)


def _is_markup(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--", b"<svg"))


# In folders these are passed over; named, or with a suffix of pictures, they are met here.
_NO_PICTURES: tuple[tuple[Test, str], ...] = (
    (
        lambda head: not head,
        "not a picture: the file is empty; get the picture anew from where it came",
    ),
    (
        lambda head: b"<svg" in head.lower() and _is_markup(head),
        "not a picture of pixels but a drawing (SVG); export it as PNG",
    ),
    (
        _is_markup,
        "not a picture but a web page or other markup, as a failed download leaves it; "
        "download the picture itself",
    ),
    (
        begins(b"version https://git-lfs"),
        "not a picture but Git LFS's pointer to one; get the picture with 'git lfs pull'",
    ),
    (begins(b"%PDF-"), "not a picture but a PDF; export its pages as PNG"),
    (
        lambda head: head[4:8] == b"ftyp",
        "not a picture but a video or another file of its family; extract frames as PNG first",
    ),
)
