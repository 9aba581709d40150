"""Which files are videos, told by their first bytes, and what they become."""

import re

__all__ = [
    "DEMUXERS",
    "HEAD",
    "MUXERS",
    "VIDEO_SUFFIXES",
    "container_of",
    "is_video",
    "output_suffix",
]

# How much of a file tells what it is: MPEG-TS is known by the repetition of a byte.
HEAD = 1024

# What of FFmpeg reads each container. It never chooses itself, for among its own choices are
# playlists, which name other files.
DEMUXERS = {
    "mp4": "mov",
    "mov": "mov",
    "mkv": "matroska",
    "webm": "matroska",
    "avi": "avi",
    "ts": "mpegts",
    "mpeg": "mpeg",
    "flv": "flv",
    "wmv": "asf",
    "ogv": "ogg",
    "mxf": "mxf",
    "ivf": "ivf",
}
# These go out as they came; all others become mp4.
MUXERS = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}

# Not .ts: source code is called so, too, and the content tells.
VIDEO_SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".qt",
        ".mkv",
        ".webm",
        ".avi",
        ".mts",
        ".m2ts",
        ".mpg",
        ".mpeg",
        ".wmv",
        ".flv",
        ".ogv",
        ".mxf",
        ".ivf",
        ".3gp",
    ]
)

# Of ISO/IEC 14496-12 files that are no videos: pictures, raw photographs, and sound alone.
_OTHER_BRANDS = {
    *(b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
    *(b"jpeg", b"jpgs", b"jp2 ", b"jpx ", b"jxl ", b"crx ", b"M4A ", b"M4B ", b"M4P "),
}
_OLD_QUICKTIME = {b"moov", b"mdat", b"wide", b"pnot"}
_EBML = b"\x1a\x45\xdf\xa3"
_STARTS = tuple(
    (re.compile(start, re.DOTALL), kind)
    for start, kind in (
        (rb"RIFF....AVI ", "avi"),
        (rb"FLV\x01", "flv"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "wmv"),
        (rb"\x00\x00\x01\xba", "mpeg"),
        (rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01", "mxf"),
        (rb"DKIF\x00\x00", "ivf"),
        # Ogg may hold sound alone.
        (rb"OggS.*?(\x80theora|\x01video\x00\x00\x00)", "ogv"),
    )
)


def container_of(head: bytes) -> str | None:
    """Name the container of a video by the first :data:`HEAD` bytes of a file.

    Parameters
    ----------
    head : bytes

    Returns
    -------
    str or None
        ``mp4``, ``mov``, ``mkv``, ``webm``, ``avi``, ``ts``, ``mpeg``, ``flv``, ``wmv``, ``ogv``,
        ``mxf`` or ``ivf``; None for pictures, animated ones among them, and for all else.

    Examples
    --------
    >>> container_of(b"\\0\\0\\0\\x14ftypqt  \\0\\0\\0\\0qt  ")
    'mov'
    >>> container_of(b"\\0\\0\\0\\x14ftypavis\\0\\0\\0\\0avis") is None
    True
    """
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12])
    if head[4:8] in _OLD_QUICKTIME:
        return "mov"
    if head.startswith(_EBML):
        return _of_doctype(head)
    if _is_transport_stream(head):
        return "ts"
    return next((kind for start, kind in _STARTS if start.match(head)), None)


def is_video(head: bytes) -> bool:
    """Tell by its first :data:`HEAD` bytes whether a file is a video."""
    return container_of(head) is not None


def output_suffix(head: bytes) -> str:
    """Give the suffix that the public part of a video has.

    Parameters
    ----------
    head : bytes
        The first :data:`HEAD` bytes of the source.

    Returns
    -------
    str
        ``.mp4``, ``.mov``, ``.mkv`` or ``.webm``.

    Examples
    --------
    >>> output_suffix(b"RIFF\\0\\0\\0\\0AVI LIST")
    '.mp4'
    """
    kind = container_of(head)
    return f".{kind}" if kind in MUXERS else ".mp4"


def _of_brand(brand: bytes) -> str | None:
    if brand in _OTHER_BRANDS:
        return None
    return "mov" if brand == b"qt  " else "mp4"


def _of_doctype(head: bytes) -> str | None:
    found = re.search(rb"\x42\x82[\x80-\x8f](matroska|webm)", head)
    if found is None:
        return None
    return "mkv" if found[1] == b"matroska" else "webm"


def _is_transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes, or of 192 with a time before each, as cameras write them."""
    return any(
        len(head) > start + 4 * step and all(head[start + step * k] == 0x47 for k in range(5))
        for start, step in ((0, 188), (4, 192))
    )
