"""The format read by the book: a second implementation, which shares no code with facecrypt.

It follows docs/format.md with the primitives of ``cryptography``; logistic map, PNG and TIFF are
plain Python. It is slow, checks all there is, and is what the package is tested against. Sealed
JPEGs are read by :mod:`support.second_reader.jpeg`.
"""

from support.second_reader import original
from support.second_reader.carriers import chunk, png_chunk, sidecar, sidecar_path
from support.second_reader.header import canonical
from support.second_reader.payload import pack, unpack
from support.second_reader.picture import open_original, open_picture

__all__ = [
    "canonical",
    "chunk",
    "open_original",
    "open_picture",
    "original",
    "pack",
    "png_chunk",
    "sidecar",
    "sidecar_path",
    "unpack",
]
