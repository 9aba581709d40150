"""People of a video as JSON: a few boxes of each, between which the others lie on straight lines.

``{"tracks": [{"keyframes": [{"frame": 12, "box": [x0, y0, x1, y1]}, …]}, …]}``. People edit it:
delete tracks and keyframes, add some, drag boxes.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from facecrypt.detector import Track
from facecrypt.regions import Region

__all__ = ["dump_tracks", "read_tracks"]

# Keyframes are no further apart than the second, and boxes in between are off by no more than the
# first, of their mean side; keyframes are larger by as much, so that no face sticks out.
_OFF, _APART = 0.06, 250
# Frames of a day at 60 a second; each has a box in memory.
_MOST = 24 * 3600 * 60


def dump_tracks(tracks: Sequence[Track]) -> str:
    """A line for each track.

    Examples
    --------
    >>> boxes = np.array([[10, 10, 20, 20], [12, 10, 22, 20], [14, 10, 24, 20]], np.int32)
    >>> print(dump_tracks([Track(5, boxes, np.array([True, False, True]))]))
    {"tracks": [
    {"keyframes": [{"frame": 5, "box": [9, 9, 21, 21]}, {"frame": 7, "box": [13, 9, 25, 21]}]}
    ]}
    """
    lines = [json.dumps({"keyframes": _keyframes(track)}) for track in tracks]
    return "\n".join(('{"tracks": [', ",\n".join(lines), "]}"))


def _keyframes(track: Track) -> list[dict[str, Any]]:
    boxes = track.boxes.astype(float)
    off = max(1, int(_OFF * (boxes[:, 2:] - boxes[:, :2]).mean()))
    larger = boxes + np.array((-off, -off, off, off))
    larger[:, :2] = np.maximum(larger[:, :2], 0)
    kept, last = [0], len(boxes) - 1
    while kept[-1] < last:
        start = end = kept[-1]
        while end < min(last, start + _APART) and _straight(boxes, start, end + 1, off):
            end += 1
        kept.append(end)
    return [
        {"frame": track.first + number, "box": [int(edge) for edge in larger[number]]}
        for number in kept
    ]


def _straight(boxes: np.ndarray, start: int, end: int, off: float) -> bool:
    """Whether the boxes between two lie near the lines from one to the other."""
    part = np.linspace(0, 1, end - start + 1)[:, None]
    line = boxes[start] + part * (boxes[end] - boxes[start])
    return bool(np.abs(line - boxes[start : end + 1]).max() <= off)


def read_tracks(name: str, value: Any, grow: float) -> list[Track]:
    """What :func:`dump_tracks` wrote, each side of each box moved out by a part of it.

    Parameters
    ----------
    name : str
        Of the video, for errors.
    value : what JSON gives for it
    grow : float

    Raises
    ------
    TypeError, ValueError
        It is something else.
    """
    tracks = value.get("tracks")
    if not isinstance(tracks, list) or len(value) > 1:
        raise TypeError(f'{name}: expected {{"tracks": [{{"keyframes": […]}}, …]}}')
    return [_track(f"{name}, track {number}", track, grow) for number, track in enumerate(tracks)]


def _track(where: str, track: Any, grow: float) -> Track:
    keyframes = track.get("keyframes") if isinstance(track, dict) else None
    if not isinstance(keyframes, list) or not keyframes:
        raise TypeError(f'{where}: expected {{"keyframes": [{{"frame": 0, "box": […]}}, …]}}')
    numbers, boxes = zip(*(_keyframe(where, keyframe) for keyframe in keyframes), strict=True)
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise ValueError(f"{where}: keyframes must be in the order of their frames, each once")
    edges = np.array(boxes, float)
    more = (edges[:, 2:] - edges[:, :2]) * grow
    edges = np.concatenate([edges[:, :2] - more, edges[:, 2:] + more], axis=1)
    frames = np.arange(numbers[0], numbers[-1] + 1)
    lines = np.stack([np.interp(frames, numbers, edge) for edge in edges.T], axis=1)
    whole = np.concatenate([np.floor(lines[:, :2]), np.ceil(lines[:, 2:])], axis=1)
    return Track(numbers[0], whole.astype(np.int32), np.isin(frames, numbers))


def _keyframe(where: str, keyframe: Any) -> tuple[int, tuple[int, int, int, int]]:
    found = keyframe if isinstance(keyframe, dict) else {}
    number, box = found.get("frame"), found.get("box")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < _MOST:
        raise ValueError(f"{where}: a frame must be a number from 0 on, received {number!r}")
    if not isinstance(box, list) or len(box) != 4:
        raise TypeError(f"{where}, frame {number}: expected a box [x0, y0, x1, y1]")
    try:
        return number, Region(*box).box
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}, frame {number}: {error}") from None
