"""Boxes as text: what ``facecrypt detect --json`` prints and ``encrypt --boxes`` reads.

One JSON object: the path of a picture below its folder -> a list of boxes, each
``[x0, y0, x1, y1]`` or an object with such a ``box``; of a video also with a ``track``, boxes of
some frames, ``[frame, x0, y0, x1, y1]``, between which the face moves straight. People edit these
files, so nothing in them is guessed: a wrong box leaves a face in the clear.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from facecrypt.files import PathLike, read_small
from facecrypt.regions import Grown, Region
from facecrypt.sealing.ways import Way

__all__ = ["Boxes", "Place", "dump_boxes", "load_boxes", "load_places", "regions_of"]

Place = Region | Way
Given = TypeVar("Given", Region, Place)
# For every picture the same, or for each its own.
Boxes = Sequence[Place] | Mapping[str, Sequence[Place]]

MAX_BYTES = 1 << 30
_SHOWN = 40  # characters of what was found instead


def dump_boxes(found: Mapping[str, Sequence[Place]]) -> str:
    """Faces by picture as JSON, one line a picture.

    Examples
    --------
    >>> print(dump_boxes({"a.jpg": [Region(1, 2, 3, 4, score=0.98)], "b.jpg": []}))
    {
    "a.jpg": [{"box": [1, 2, 3, 4], "score": 0.98}],
    "b.jpg": []
    }
    """
    lines = [
        f"{json.dumps(name)}: {json.dumps([_fields(face) for face in faces])}"
        for name, faces in found.items()
    ]
    return "\n".join(("{", ",\n".join(lines), "}"))


def load_boxes(path: PathLike, *, shape: str = "box", grow: float = 0.0) -> dict[str, list[Region]]:
    """Read boxes of pictures; errors as of :func:`load_places`, and of tracks."""
    found = load_places(path, shape=shape, grow=grow)
    for name, places in found.items():
        if any(isinstance(place, Way) for place in places):
            raise ValueError(f"{path}: {name}: a track is of a video, and pictures are wanted")
    return cast("dict[str, list[Region]]", found)


def load_places(path: PathLike, *, shape: str = "box", grow: float = 0.0) -> dict[str, list[Place]]:
    """Read boxes of pictures, and of videos boxes and tracks.

    Parameters
    ----------
    path : path of the JSON file
    shape : {"box", "ellipse"}
    grow : float
        How far each side moves out, as a part of the box's width or height. A box that lay
        wholly outside a picture before counts as outside.

    Raises
    ------
    MediaError
        The file cannot be read.
    ValueError
        It holds something else.
    """
    data = read_small(path, MAX_BYTES)
    try:
        listed = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unambiguous)
        return {
            name: [_grown(region, grow) for region in _regions(name, boxes, shape)]
            for name, boxes in _object(listed).items()
        }
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise ValueError(
            f"{path}: expected what 'facecrypt detect --json' prints, "
            f'{{"picture": [[x0, y0, x1, y1], …], …}}: {error}'
        ) from None


def _object(listed: Any) -> dict[str, Any]:
    if not isinstance(listed, dict):
        raise TypeError(f"expected an object, from picture to boxes, received {_named(listed)}")
    return listed


def _regions(name: str, boxes: Any, shape: str) -> Iterator[Place]:
    if not isinstance(boxes, list):
        raise TypeError(f"{name}: expected a list of boxes, received {_named(boxes)}")
    for number, box in enumerate(boxes):
        where = f"{name}, box {number}"
        if isinstance(box, dict) and {"box", "track"} <= box.keys():
            raise TypeError(f"{where}: expected a box or a track, received both; make two of it")
        if isinstance(box, dict) and "track" in box:
            yield _way(where, box["track"])
            continue
        edges = box.get("box") if isinstance(box, dict) else box
        if not isinstance(edges, list) or len(edges) != 4:
            raise TypeError(f"{where}: expected [x0, y0, x1, y1], received {_named(box)}")
        x0, y0, x1, y1 = edges
        try:
            yield Region(x0, y0, x1, y1, shape=shape)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{where}: {error}") from None


def _grown(place: Place, grow: float) -> Place:
    if not grow:
        return place
    if isinstance(place, Way):
        return place.grow(grow)
    x0, y0, x1, y1 = place.grow(grow).box
    return Grown(x0, y0, x1, y1, shape=place.shape, given=place.box)


def _way(where: str, keys: Any) -> Way:
    fine = isinstance(keys, list) and all(isinstance(key, list) and len(key) == 5 for key in keys)
    if not fine:
        raise TypeError(f"{where}: expected [[frame, x0, y0, x1, y1], …], received {_named(keys)}")
    try:
        return Way(tuple((key[0], key[1], key[2], key[3], key[4]) for key in keys))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{where}: {error}") from None


def _named(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _fields(face: Place) -> dict[str, Any]:
    if isinstance(face, Way):
        return {"track": [list(key) for key in face.keys]}
    fields: dict[str, Any] = {"box": list(face.box)}
    if face.score is not None:
        fields["score"] = round(face.score, 4)
    if face.landmarks is not None:
        fields["landmarks"] = [[round(x, 1), round(y, 1)] for x, y in face.landmarks]
    return fields


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # JSON's usual reading, the last one wins, would drop the boxes of the first.
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return result


def regions_of(
    source: Path, relative: Path, regions: Sequence[Given] | Mapping[str, Sequence[Given]] | None
) -> Sequence[Given] | None:
    """Those of one picture; ValueError where a mapping lacks it, or has two that it may be."""
    if not isinstance(regions, Mapping):
        return regions
    found = [name for name in dict.fromkeys(_names(source, relative)) if name in regions]
    if len(found) > 1:
        raise ValueError(
            f"{source}: boxes are given for {' and '.join(found)}, and it may be either; take "
            "those out that are of another picture"
        )
    if not found:
        raise ValueError(
            f"{source}: no boxes are given for {relative.as_posix()}; "
            "give an empty list where there is nothing to encrypt"
        )
    return regions[found[0]]


def _names(source: Path, relative: Path) -> Iterator[str]:
    """What a picture may be called: its path below any folder, but not the bare name of one that
    lies deeper, for a/x.jpg must not get the boxes of b/x.jpg."""
    yield relative.as_posix()
    # By the way it was named, and where links lead.
    for path in source.absolute(), source.resolve():
        for first in range(len(path.parts) - len(relative.parts) - 1, 0, -1):
            yield "/".join(path.parts[first:])
    yield str(source)
