"""What a JPEG says of itself before its scans, and its coefficients."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from facecrypt import _jpeg

__all__ = ["Frame", "Segment", "cell_of", "parse", "read_coefficients"]


@dataclass(frozen=True)
class Segment:
    """An APPn or COM segment: its marker (0xE0 to 0xEF, 0xFE) and where the whole of it lies.

    ``data[offset : offset + length]`` begins with the marker's two bytes and its length field.
    """

    marker: int
    offset: int
    length: int


@dataclass(frozen=True)
class Frame:
    """The frame of a JPEG.

    Attributes
    ----------
    precision : int
        8 or 12 bits.
    width, height : int
        In pixels.
    components : tuple of (int, int, int)
        Of each its horizontal and vertical sampling factor and the number of its quantisation
        table, in the order of the frame. The factors of one component alone are 1.
    ids : tuple of int
        What the file calls its components.
    quant : tuple of bytes
        The tables that components use, by number; each is 64 big-endian 16-bit integers in
        zigzag order.
    progressive : bool
    segments : tuple of Segment
        All APPn and COM segments up to EOI, those between scans too.
    """

    precision: int
    width: int
    height: int
    components: tuple[tuple[int, int, int], ...]
    ids: tuple[int, ...]
    quant: tuple[bytes, ...]
    progressive: bool
    segments: tuple[Segment, ...]

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height in pixels of a cell, the unit of regions."""
        return cell_of(self.components)

    @property
    def grid(self) -> tuple[int, int]:
        """How many cells the picture is wide and high."""
        across, down = self.cell
        return -(-self.width // across), -(-self.height // down)


@cache
def cell_of(components: tuple[tuple[int, int, int], ...]) -> tuple[int, int]:
    """Width and height in pixels of the cells of a frame; components as of :class:`Frame`."""
    return 8 * max(h for h, _, _ in components), 8 * max(v for _, v, _ in components)


def parse(data: bytes) -> Frame:
    """Read all segments of a JPEG, without decoding its scans.

    Parameters
    ----------
    data : bytes-like

    Raises
    ------
    UnsupportedJpegError
        What the codec refuses and headers show: arithmetic or lossless coding, DNL, more than
        four components, a quantisation table redefined between scans, more than 2**28 pixels or
        100 scans; or what is no JPEG. :func:`cut` finds what is wrong inside the scans.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> data = cv2.imencode(".jpg", np.zeros((40, 100, 3), np.uint8))[1].tobytes()
    >>> frame = parse(data)
    >>> frame.components, frame.cell, frame.grid
    (((2, 2, 0), (1, 1, 1), (1, 1, 1)), (16, 16), (7, 3))
    """
    precision, width, height, components, ids, quant, progressive, segments = _jpeg.parse(data)
    return Frame(
        precision,
        width,
        height,
        tuple(components),
        tuple(ids),
        tuple(quant),
        progressive,
        tuple(Segment(*segment) for segment in segments),
    )


def read_coefficients(data: bytes) -> tuple[Frame, list[NDArray[np.int16]]]:
    """Decode the scans of a JPEG.

    Returns
    -------
    frame : Frame
    coefficients : list of ndarray
        Of each component an int16 array (rows of blocks, columns of blocks, 64), zigzag order,
        before dequantisation. Its blocks fill whole cells.

    Raises
    ------
    UnsupportedJpegError
        As :func:`parse`, and for damaged scans.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> data = cv2.imencode(".jpg", np.full((40, 100), 255, np.uint8))[1].tobytes()
    >>> frame, (gray,) = read_coefficients(data)
    >>> gray.shape, int(gray[0, 0, 0]) * frame.quant[0][1]
    ((5, 13, 64), 1016)
    """
    return parse(data), _jpeg.read_coefficients(data)
