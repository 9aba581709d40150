"""Boxes as text: what ``facecrypt detect --json`` prints and ``encrypt --boxes`` reads.

One JSON object: the path of a picture below its folder -> a list of boxes, each
``[x0, y0, x1, y1]`` or an object with such a ``box``; or the path of a video -> what
:mod:`facecrypt.jobs.people` says. People edit these files, so nothing in them is guessed: a
wrong box leaves a face in the clear.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from facecrypt.detector import Track
from facecrypt.files import PathLike, read_small
from facecrypt.jobs.people import dump_tracks, read_tracks
from facecrypt.regions import Region

__all__ = ["Boxes", "Places", "dump_boxes", "load_boxes", "regions_of"]

# Of a picture regions; of a video people, or regions for all of its frames.
Places = Sequence[Region] | Sequence[Track]
# For every picture and video the same, or for each its own.
Boxes = Places | Mapping[str, Places]

MAX_BYTES = 1 << 30
_SHOWN = 40  # characters of what was found instead


def dump_boxes(found: Mapping[str, Places]) -> str:
    """Faces by picture, and people by video, as JSON; one line a picture, and one a person.

    Examples
    --------
    >>> print(dump_boxes({"a.jpg": [Region(1, 2, 3, 4, score=0.98)], "b.jpg": []}))
    {
    "a.jpg": [{"box": [1, 2, 3, 4], "score": 0.98}],
    "b.jpg": []
    }
    """
    lines = [f"{json.dumps(name)}: {_dump(places)}" for name, places in found.items()]
    return "\n".join(("{", ",\n".join(lines), "}"))


def _dump(places: Places) -> str:
    tracks = [place for place in places if isinstance(place, Track)]
    if tracks:
        return dump_tracks(tracks)
    return json.dumps([_fields(place) for place in places if isinstance(place, Region)])


def load_boxes(path: PathLike, *, shape: str = "box", grow: float = 0.0) -> dict[str, Places]:
    """Read boxes.

    Parameters
    ----------
    path : path of the JSON file
    shape : {"box", "ellipse"}
    grow : float
        How far each side moves out, as a part of the box's width or height.

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
            name: read_tracks(name, boxes, grow)
            if isinstance(boxes, dict)
            else [region.grow(grow) for region in _regions(name, boxes, shape)]
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


def _regions(name: str, boxes: Any, shape: str) -> Iterator[Region]:
    if not isinstance(boxes, list):
        raise TypeError(f"{name}: expected a list of boxes, received {_named(boxes)}")
    for number, box in enumerate(boxes):
        where = f"{name}, box {number}"
        edges = box.get("box") if isinstance(box, dict) else box
        if not isinstance(edges, list) or len(edges) != 4:
            raise TypeError(f"{where}: expected [x0, y0, x1, y1], received {_named(box)}")
        x0, y0, x1, y1 = edges
        try:
            yield Region(x0, y0, x1, y1, shape=shape)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{where}: {error}") from None


def _named(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _fields(face: Region) -> dict[str, Any]:
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


def regions_of(source: Path, relative: Path, regions: Boxes | None) -> Places | None:
    """Those of one picture; ValueError where a mapping lacks it."""
    if not isinstance(regions, Mapping):
        return regions
    # Never by the bare name: a/x.jpg must not get the boxes of b/x.jpg.
    for name in (relative.as_posix(), str(source)):
        if name in regions:
            return regions[name]
    raise ValueError(
        f"{source}: no boxes are given for {relative.as_posix()}; "
        "give an empty list where there is nothing to encrypt"
    )
