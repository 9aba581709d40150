"""Lists of annotated faces: WIDER FACE's own, the shorter one of the MTCNN scripts, landmarks.

WIDER FACE (``wider_face_train_bbx_gt.txt``) has for each picture its path, the number of its
faces, and a line ``x y w h blur expression illumination invalid occlusion pose`` for each; a
picture without faces has one such line of zeros. ``anno_train.txt`` has one line a picture,
``path x1 y1 x2 y2 ...`` with ``x2 = x + w, y2 = y + h``. A list of landmarks has one line a face,
``path x1 y1 x2 y2`` and then ``x y`` of left eye, right eye, nose, left and right mouth corner.
"""

from collections.abc import Iterator
from itertools import chain
from math import isfinite
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from facecrypt.files import PathLike, atomic_write
from facecrypt.media import MAX_SIDE
from facecrypt.training.archives import open_list

__all__ = [
    "Annotation",
    "Counts",
    "Landmarks",
    "convert_annotations",
    "read_annotations",
    "read_landmarks",
    "read_wider",
]

_ROW = "x y w h blur expression illumination invalid occlusion pose"
_LINE = "path x1 y1 x2 y2 ..., a multiple of four whole numbers"


class Annotation(NamedTuple):
    """The faces of one picture.

    Attributes
    ----------
    path : str
        As in the list, relative to the folder of pictures.
    boxes : (N, 4) int32 array
        ``x1, y1, x2, y2``, half-open; never empty, may reach outside the picture.
    invalid : (N,) bool array
        WIDER FACE calls them unfit for training and tests. All False in the short list,
        which does not say.
    skipped : int
        Rows without width or height that are left out.
    """

    path: str
    boxes: NDArray[np.int32]
    invalid: NDArray[np.bool_]
    skipped: int = 0


class Landmarks(NamedTuple):
    """One face with its (4,) int32 box, as in :class:`Annotation`, and (5, 2) float32 points."""

    path: str
    box: NDArray[np.int32]
    points: NDArray[np.float32]


class Counts(NamedTuple):
    """What a list holds: pictures, those without faces, faces, rows left out."""

    pictures: int
    without_faces: int
    faces: int
    skipped: int


def convert_annotations(src: PathLike, dst: PathLike, *, overwrite: bool = False) -> Counts:
    """Write the list of WIDER FACE as ``anno_train.txt``.

    Parameters
    ----------
    src : path
        ``wider_face_train_bbx_gt.txt``.
    dst : path
        Whole or absent afterwards. A picture without faces is a line with its path alone.
    overwrite : bool
        Replace `dst` where it exists.

    Returns
    -------
    Counts

    Raises
    ------
    ValueError
        A line is malformed: the file, its number, what was expected.
    MediaError
        `src` cannot be read or `dst` not written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     gt, short = Path(name) / "gt.txt", Path(name) / "anno_train.txt"
    ...     _ = gt.write_text("a/1.jpg\\n1\\n449 330 122 149 0 0 0 0 0 0\\n")
    ...     print(convert_annotations(gt, short))
    ...     print(short.read_text(), end="")
    Counts(pictures=1, without_faces=0, faces=1, skipped=0)
    a/1.jpg 449 330 571 479
    """
    lines, empty, faces, skipped = [], 0, 0, 0
    for picture in read_wider(src):
        lines.append(" ".join([picture.path, *map(str, picture.boxes.ravel().tolist())]) + "\n")
        empty += not len(picture.boxes)
        faces += len(picture.boxes)
        skipped += picture.skipped
    atomic_write(dst, "".join(lines).encode(errors="surrogateescape"), overwrite=overwrite)
    return Counts(len(lines), empty, faces, skipped)


def read_annotations(path: PathLike, part: str | None = None) -> Iterator[Annotation]:
    """Read either list: a first line that is a path alone, and a second that is a whole number,
    are WIDER FACE's.

    Parameters
    ----------
    path : path
        The list, or WIDER FACE's ``wider_face_split.zip``.
    part : {"train", "val"}, optional
        Which of its lists.

    Raises
    ------
    ValueError, MediaError
        As :func:`convert_annotations`; while iterating.
    """
    lines = _lines(path, part)
    first = [line for _, line in zip(range(2), lines, strict=False)]
    lines = chain(first, lines)
    if len(first) == 2 and len(first[0].words) == 1 and first[1].count() is not None:
        return _wider(lines)
    return _short(lines)


def read_wider(path: PathLike) -> Iterator[Annotation]:
    """Read the list of WIDER FACE, a picture at a time.

    Raises
    ------
    ValueError, MediaError
        As :func:`convert_annotations`; while iterating.
    """
    return _wider(_lines(path))


def read_landmarks(path: PathLike) -> list[Landmarks]:
    """Read a list of faces with landmarks.

    Raises
    ------
    ValueError
        A line is malformed: the file, its number, what was expected.
    MediaError
        The file cannot be read.
    """
    faces = []
    for line in _lines(path):
        what = "path x1 y1 x2 y2 in whole numbers and then ten numbers x y of the landmarks"
        numbers = line.integers(line.words[1:5])
        points = line.numbers(line.words[5:])
        if numbers is None or points is None or (len(numbers), len(points)) != (4, 10):
            line.refuse(what)
        box = np.array(numbers, np.int32)
        if (box[2:] <= box[:2]).any():
            line.refuse("x1 < x2 and y1 < y2")
        faces.append(Landmarks(line.words[0], box, np.array(points, np.float32).reshape(5, 2)))
    return faces


class _Line(NamedTuple):
    """A line that is not blank, its number, and the file for messages."""

    file: str
    number: int
    words: list[str]

    def refuse(self, expected: str) -> NoReturn:
        text = " ".join(self.words)
        received = f"{text[:60]}..." if len(text) > 60 else text
        raise ValueError(
            f"{self.file}, line {self.number}: expected {expected}; received {received!r}; "
            "correct the line, or get the file anew"
        )

    def integers(self, words: list[str]) -> list[int] | None:
        """Whole numbers no larger than a picture may be; None where they are anything else."""
        try:
            numbers = [int(word) for word in words]
        except ValueError:
            return None
        return numbers if all(-MAX_SIDE <= number <= MAX_SIDE for number in numbers) else None

    def numbers(self, words: list[str]) -> list[float] | None:
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            return None
        return numbers if all(map(isfinite, numbers)) else None

    def count(self) -> int | None:
        numbers = self.integers(self.words)
        return numbers[0] if numbers and len(numbers) == 1 and numbers[0] >= 0 else None


def _lines(path: PathLike, part: str | None = None) -> Iterator[_Line]:
    with open_list(path, part) as (name, file):
        for number, text in enumerate(file, 1):
            if words := text.split():
                yield _Line(name, number, words)


def _wider(lines: Iterator[_Line]) -> Iterator[Annotation]:
    count = None
    for head in lines:
        # Some copies of the list lack the row of zeros that a picture without faces has.
        if count == 0 and head.words == ["0"] * 10:
            count = None
            continue
        if len(head.words) != 1:
            head.refuse("the path of a picture, without blanks")
        below = next(lines, head)
        count = None if below is head else below.count()
        if count is None:
            below.refuse("a path and, on the next line, the number of its faces")
        table = np.array([_row(next(lines, None), head) for _ in range(count)], np.int32)
        table = table.reshape(-1, 10)
        table = table[(table[:, 2] > 0) & (table[:, 3] > 0)]
        boxes = table[:, :4].copy()
        boxes[:, 2:] += boxes[:, :2]
        yield Annotation(head.words[0], boxes, table[:, 7] != 0, count - len(table))


def _row(line: _Line | None, head: _Line) -> list[int]:
    if line is None:
        head.refuse("as many rows as the number of faces says; the file ends before")
    numbers = line.integers(line.words)
    if numbers is None or len(numbers) != 10:
        line.refuse(f"ten whole numbers {_ROW}")
    x, y, w, h = numbers[:4]
    if min(w, h) < 0 or max(x + w, y + h) > MAX_SIDE:
        line.refuse(f"w and h of at least 0, x + w and y + h of at most {MAX_SIDE}")
    return numbers


def _short(lines: Iterator[_Line]) -> Iterator[Annotation]:
    for line in lines:
        numbers = line.integers(line.words[1:])
        if numbers is None or len(numbers) % 4:
            line.refuse(_LINE)
        boxes = np.array(numbers, np.int32).reshape(-1, 4)
        if (boxes[:, 2:] <= boxes[:, :2]).any():
            line.refuse("x1 < x2 and y1 < y2; boxes are corners, not x y w h")
        yield Annotation(line.words[0], boxes, np.zeros(len(boxes), np.bool_))
