"""What deface finds in each frame of a clip; runs where deface is installed, not facecrypt.

``python bench/video_peers.py CLIP`` prints JSON: the boxes of every frame, and the milliseconds
of processor time that a frame took to search.
"""

import json
import sys
import time
from pathlib import Path

import imageio
from deface.centerface import CenterFace


def main() -> None:
    """Search the clip whose path is given, with deface's defaults."""
    # CenterFace says on standard output where it runs.
    out, sys.stdout = sys.stdout, sys.stderr
    network, boxes, spent = CenterFace(in_shape=None, backend="auto"), [], 0.0
    for frame in imageio.get_reader(Path(sys.argv[1]), "ffmpeg"):
        started = time.process_time()
        found, _ = network(frame, threshold=0.2)
        spent += time.process_time() - started
        boxes.append([[round(float(edge), 2) for edge in row[:4]] for row in found])
    json.dump({"boxes": boxes, "ms": spent / len(boxes) * 1e3}, out)


if __name__ == "__main__":
    main()
