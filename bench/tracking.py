"""Faces left to see, flicker and masked area on clips whose faces are known, beside deface.

``python -m bench.clips FOLDER`` makes the clips; then
``python -m bench.tracking FOLDER --peers PYTHON`` prints a table. PYTHON has deface. What deface
finds is kept beside each clip, for it takes minutes.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.clips import CLIPS, HELD_OUT
from bench.harness import ROOT
from bench.hidden import Hidden, Mask, judge

__all__ = ["Row", "deface_masks", "table"]

EVERY = (1, 3, 5, 8)
# deface's --mask-scale 1.3 moves each side out by 0.3.
DEFACE_GROWS, GROWS = 0.3, 0.2

Truth = Sequence[Sequence[Sequence[float]]]


class Row(NamedTuple):
    """A way to hide faces, on one clip: how well, and processor time a frame to find them."""

    name: str
    hidden: Hidden
    ms: float


def rows(clip: Path, peers: str | None) -> Iterator[Row]:
    """All ways on one clip."""
    truth = json.loads(clip.with_suffix(".json").read_text())
    if peers:
        masks, ms = deface_masks(clip, peers)
        yield Row("deface", judge(masks, truth), ms)
    yield _every_frame(clip, truth)
    for every in EVERY:
        yield _tracked(clip, truth, every)


def deface_masks(clip: Path, peers: str) -> tuple[list[Mask], float]:
    """What deface hides with its defaults, and its processor time a frame."""
    kept = clip.with_suffix(".deface.json")
    if not kept.exists():
        command = [peers, str(ROOT / "bench" / "video_peers.py"), str(clip)]
        kept.write_text(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    found = json.loads(kept.read_text())
    return [Mask(_grown(boxes, DEFACE_GROWS), ellipses=True) for boxes in found["boxes"]], found[
        "ms"
    ]


def _grown(boxes: Sequence[Sequence[float]], grow: float) -> list[list[float]]:
    edges = np.array([box[:4] for box in boxes], float).reshape(-1, 4)
    more = (edges[:, 2:] - edges[:, :2]) * grow
    return np.concatenate([edges[:, :2] - more, edges[:, 2:] + more], axis=1).tolist()


def _every_frame(clip: Path, truth: Truth) -> Row:
    from facecrypt.detector import MTCNN

    detector, masks, spent = MTCNN(device="cpu"), [], 0.0
    for frame in _frames(clip):
        started = time.process_time()
        found = detector.detect(frame)
        spent += time.process_time() - started
        masks.append(Mask(_grown([face.box for face in found], GROWS)))
    return Row("MTCNN, every frame alone", judge(masks, truth), spent / len(masks) * 1e3)


def _tracked(clip: Path, truth: Truth, every: int) -> Row:
    from facecrypt.detector import FaceTracker

    tracker, spent = FaceTracker(every=every, threads=1), 0.0
    for frame in _frames(clip):
        started = time.process_time()
        tracker.add(frame)
        spent += time.process_time() - started
    started = time.process_time()
    tracks = tracker.finish()
    spent += time.process_time() - started
    boxes: list[list[list[float]]] = [[] for _ in truth]
    for track in tracks:
        for number, box in enumerate(track.boxes.tolist(), track.first):
            boxes[number].append(box)
    hidden = judge([Mask(shown) for shown in boxes], truth)
    return Row(f"ours, every {every}", hidden, spent / len(truth) * 1e3)


def _frames(clip: Path) -> Iterator[np.ndarray]:
    import av

    with av.open(str(clip)) as file:
        for frame in file.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def table(found: dict[str, list[Row]]) -> str:
    """Markdown: a line for each way, a column for each clip, their sums and means last."""
    lines = [
        f"| exposed / flickers, area | {' | '.join(found)} | together | area | ms |",
        f"|{'---|' * (len(found) + 4)}",
        f"| faces, area | {_line([clip[0].hidden for clip in found.values()], truth=True)} | |",
    ]
    for same in zip(*found.values(), strict=True):
        ms = sum(row.ms for row in same) / len(same)
        lines.append(f"| {same[0].name} | {_line([row.hidden for row in same])} | {ms:.0f} |")
    return "\n".join(lines)


def _line(hidden: Sequence[Hidden], *, truth: bool = False) -> str:
    areas = [clip.true if truth else clip.area for clip in hidden]
    if truth:
        counts = [str(clip.faces) for clip in hidden]
        total = str(sum(clip.faces for clip in hidden))
    else:
        counts = [f"{clip.exposed} / {clip.flickers}" for clip in hidden]
        total = f"{sum(clip.exposed for clip in hidden)} / {sum(clip.flickers for clip in hidden)}"
    cells = [f"{count}, {area:.3f}" for count, area in zip(counts, areas, strict=True)]
    return " | ".join([*cells, total, f"{sum(areas) / len(areas):.3f}"])


def main() -> None:
    """Two tables: clips that settings were chosen on, and clips that they were not."""
    parser = argparse.ArgumentParser(prog="python -m bench.tracking", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter with deface 1.5.0")
    parser.add_argument("--held-out", action="store_true", help="these clips alone")
    chosen = parser.parse_args()
    for held in (True,) if chosen.held_out else (False, True):
        found = {}
        for name in CLIPS:
            clip = chosen.folder / f"{name.replace(' ', '-')}.mp4"
            if (name in HELD_OUT) == held and clip.exists():
                print(name, file=sys.stderr)
                found[name] = list(rows(clip, chosen.peers))
        print(f"## {'Held out' if held else 'Tuned on'}\n\n{table(found)}\n", flush=True)


if __name__ == "__main__":
    main()
