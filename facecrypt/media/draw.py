"""Boxes and landmarks drawn into a picture, to look at what the detector found."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np

from facecrypt.regions import Region

__all__ = ["Followed", "draw_people", "draw_regions"]

# Frames of a person on a sheet, how many side by side, and pixels of each.
_SHOWN, _ACROSS, _CELL = 12, 4, 192
_YELLOW, _RED = (255, 220, 0), (255, 40, 40)


def draw_regions(image: np.ndarray, regions: Sequence[Region]) -> np.ndarray:
    """A copy of a picture with its regions outlined.

    Parameters
    ----------
    image : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array, uint8 or uint16

    Returns
    -------
    (H, W, 3) uint8 array
    """
    import cv2

    shown = image if image.dtype == np.uint8 else (image >> 8).astype(np.uint8)
    if shown.ndim == 2 or shown.shape[2] == 1:
        shown = np.repeat(shown.reshape(*shown.shape[:2], 1), 3, axis=2)
    shown = np.ascontiguousarray(shown[..., :3]).copy()
    thick = max(1, round(max(shown.shape[:2]) / 500))
    for region in regions:
        if region.shape == "ellipse":
            centre = ((region.x0 + region.x1) // 2, (region.y0 + region.y1) // 2)
            axes = (region.width // 2, region.height // 2)
            cv2.ellipse(shown, centre, axes, 0, 0, 360, _YELLOW, thick)
        else:
            corner = (region.x1 - 1, region.y1 - 1)
            cv2.rectangle(shown, (region.x0, region.y0), corner, _YELLOW, thick)
        for x, y in region.landmarks or ():
            cv2.circle(shown, (round(x), round(y)), 2 * thick, _RED, -1)
    return shown


class Followed(Protocol):
    """Of a person in a video the first frame, and a box for each frame from there."""

    @property
    def first(self) -> int: ...

    @property
    def boxes(self) -> np.ndarray: ...


def draw_people(
    frames: Iterable[np.ndarray], people: Sequence[Followed]
) -> Iterator[tuple[int, np.ndarray]]:
    """A sheet for each person, with what surrounds their box in frames spread over their time.

    Parameters
    ----------
    frames : iterable of (H, W, 3) uint8 arrays
    people : sequence of Track

    Yields
    ------
    int, (h, w, 3) uint8 array
        The number of the person and their sheet, as soon as the last of these frames has passed.
    """
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for number, person in enumerate(people):
        places = np.linspace(0, len(person.boxes) - 1, min(_SHOWN, len(person.boxes)))
        for place in np.round(places).astype(int):
            wanted[person.first + int(place)].append(number)
    left = {number: min(_SHOWN, len(person.boxes)) for number, person in enumerate(people)}
    cells: defaultdict[int, list[np.ndarray]] = defaultdict(list)
    for count, frame in enumerate(frames):
        for number in wanted.pop(count, ()):
            box = people[number].boxes[count - people[number].first]
            cells[number].append(_cell(frame, Region(*box.tolist())))
            if len(cells[number]) == left[number]:
                yield number, _sheet(cells.pop(number))


def _cell(frame: np.ndarray, box: Region) -> np.ndarray:
    """A square about a box, which is outlined; black where it leaves the frame."""
    import cv2

    side = 1.8 * max(box.width, box.height)
    scale = _CELL / side
    middle = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
    shift = _CELL / 2 - middle * scale
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    cell = cv2.warpAffine(np.ascontiguousarray(frame), matrix, (_CELL, _CELL))
    low = np.round(np.array([box.x0, box.y0]) * scale + shift).astype(int)
    high = np.round(np.array([box.x1, box.y1]) * scale + shift).astype(int)
    return cv2.rectangle(cell, low.tolist(), high.tolist(), _YELLOW, 2)


def _sheet(cells: Sequence[np.ndarray]) -> np.ndarray:
    rows = -(-len(cells) // _ACROSS)
    sheet = np.zeros((rows * _CELL, min(len(cells), _ACROSS) * _CELL, 3), np.uint8)
    for number, cell in enumerate(cells):
        row, column = divmod(number, _ACROSS)
        sheet[row * _CELL :, column * _CELL :][:_CELL, :_CELL] = cell
    return sheet
