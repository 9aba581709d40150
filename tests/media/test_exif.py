"""EXIF blocks made to cost memory."""

import struct

from support.memory import traced

from facecrypt.media.exif import clean_exif, first_directory, orientation


def many_tags_over_the_same_bytes(count=5_000):
    """Each of the tags claims the whole block but its head."""
    size = 8 + 2 + 12 * count + 4
    tags = b"".join(struct.pack("<HHII", 0x8000 + n, 7, size - 8, 8) for n in range(count))
    return b"II*\0" + struct.pack("<IH", 8, count) + tags + bytes(4)


def test_tags_over_the_same_bytes_take_memory_for_none_of_them():
    block = many_tags_over_the_same_bytes()
    with traced() as peak:
        entries, _ = first_directory(block)
        assert orientation(block) == 1
        assert clean_exif(block) is None
    assert len(entries) == 5_000
    # Copied, they were 300 MB.
    assert 0 < peak.bytes < 10 << 20


def test_a_text_that_is_too_long_is_left_out_before_it_is_read():
    kept, dropped = b"x" * 1023 + b"\0", b"x" * 1024 + b"\0"
    for text, found in ((kept, True), (dropped, False)):
        block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x10F, 2, len(text), 26, 0) + text
        cleaned = clean_exif(block)
        assert (cleaned is not None and text in cleaned) == found
