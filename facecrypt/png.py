"""The documented name of :mod:`facecrypt.media.png`."""

from facecrypt.media.png import encode_png, png_chunks, read_chunk

__all__ = ["encode_png", "png_chunks", "read_chunk"]
