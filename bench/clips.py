"""Clips with known faces: cameras that move over photographs, and faces that walk past.

``python -m bench.clips FOLDER --photos DIR`` writes each clip as H.264 with a tone in AAC, and
beside it the boxes of its faces in every frame. DIR holds the photographs; a clip whose
photograph is not there is left out. ``astronaut.png`` is in ``examples``, ``t1.jpg`` in the
wheel of insightface.

The boxes of a photograph's faces are the mean of those that MTCNN and CenterFace give, looked at
by eye; the matrix that moves the photograph moves them too. Nobody tunes anything on the clips
in ``HELD_OUT``.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.harness import ROOT

__all__ = [
    "CLIPS",
    "FACES",
    "HELD_OUT",
    "SIZE",
    "Face",
    "Photos",
    "Shot",
    "View",
    "Walk",
    "Walker",
    "frames_of",
    "write_clip",
]

SIZE, RATE = (960, 540), 25
# A face counts where this much of it is seen, and no side is below so many pixels.
SEEN, SMALLEST = 0.6, 20
SUBFRAMES, NOISE, SHUTTER = 3, 3.0, 0.5

Box = tuple[float, float, float, float]
FACES: dict[str, list[Box]] = {
    "astronaut.png": [(181, 60, 269, 175)],
    "t1.jpg": [
        *((905, 60, 1014, 204), (58, 264, 166, 396), (743, 345, 844, 478)),
        *((270, 150, 374, 269), (464, 265, 571, 411), (1133, 272, 1229, 398)),
    ],
    "2007_007763.jpg": [
        *((202, 92, 230, 130), (101, 194, 129, 231), (300, 80, 334, 126), (165, 115, 191, 151)),
        *((318, 230, 357, 281), (185, 213, 213, 250), (391, 83, 432, 138)),
    ],
    "2008_001009.jpg": [(134, 196, 213, 306), (151, 74, 216, 163)],
    "2008_001322.jpg": [(106, 145, 176, 242), (354, 144, 442, 256), (233, 206, 295, 287)],
    "2008_002079.jpg": [
        *((34, 184, 79, 241), (444, 162, 490, 225), (350, 135, 380, 172)),
        *((59, 126, 95, 172), (412, 161, 445, 204), (123, 131, 153, 170)),
    ],
    "Tom_Cruise_avp_2014_4.jpg": [(75, 177, 495, 719)],
    "bald_guys.jpg": [
        *((62, 664, 222, 870), (1455, 1317, 1574, 1475), (1648, 682, 1742, 809)),
        *((328, 421, 458, 602), (1076, 1252, 1253, 1506), (1122, 1052, 1250, 1227)),
        *((52, 958, 194, 1146), (567, 390, 736, 627), (1799, 1285, 1940, 1485)),
        *((872, 61, 1034, 287), (762, 1191, 936, 1438), (339, 28, 445, 171)),
        *((389, 756, 610, 1064), (61, 339, 219, 562), (1467, 48, 1724, 414)),
        *((355, 1198, 554, 1475), (65, 1254, 241, 1498), (766, 773, 944, 1019)),
        *((1833, 414, 1929, 552), (1060, 706, 1238, 960), (336, 224, 441, 357)),
        *((872, 363, 1039, 586), (550, 59, 733, 309), (66, 25, 233, 266)),
    ],
    # Without faces; both are in the wheel of scikit-image.
    "motorcycle_left.png": [],
    "coffee.png": [],
}


class Face(NamedTuple):
    """Where a face is in one frame of a clip; `person` keeps its number within a shot."""

    person: int
    x0: float
    y0: float
    x1: float
    y1: float


class View(NamedTuple):
    """Where a camera looks: a point of the photograph, its enlargement, degrees it is turned."""

    x: float
    y: float
    zoom: float
    turn: float = 0.0


@dataclass(frozen=True)
class Shot:
    """A camera that goes from one view of a photograph to another.

    Parameters
    ----------
    photo : str
    frames : int
    start, end : View
    shake : float
        Pixels of the frame; `speed` is how fast it shakes.
    bar : (float, float), optional
        A bar that passes: its width as a part of the frame's, and how often it passes.
    dim : float
        How dark it gets in the middle of the shot; 0 leaves the light as it is.
    """

    photo: str
    frames: int
    start: View
    end: View
    shake: float = 0.0
    speed: float = 1.0
    bar: tuple[float, float] | None = None
    dim: float = 0.0


class Walker(NamedTuple):
    """A face that crosses the frame on a line, from one frame number to another."""

    photo: str
    face: int
    height: float
    start: tuple[float, float]
    end: tuple[float, float]
    first: int
    last: int


@dataclass(frozen=True)
class Walk:
    """Faces that walk past a photograph without faces; later ones cover earlier ones."""

    photo: str
    frames: int
    walkers: tuple[Walker, ...]


Part = Shot | Walk

CLIPS: dict[str, list[Part]] = {
    "crowd": [
        Shot("bald_guys.jpg", 130, View(500, 350, 0.8), View(1400, 1150, 0.55), 3.0, 1.0),
    ],
    "street": [
        Shot("2008_002079.jpg", 130, View(110, 190, 2.2), View(400, 190, 2.4, 3), 9.0, 2.0),
    ],
    "bar": [
        Shot("t1.jpg", 130, View(600, 350, 0.8), View(680, 330, 0.95, -2), 2.0, 0.7, (0.18, 2), 0.7)
    ],
    "walk": [
        Walk(
            "motorcycle_left.png",
            150,
            (
                Walker("t1.jpg", 4, 110, (-60, 260), (1020, 220), 10, 80),
                Walker("t1.jpg", 0, 130, (1020, 240), (-60, 300), 25, 75),
                Walker("bald_guys.jpg", 7, 80, (200, 590), (500, 200), 30, 90),
                Walker("2008_002079.jpg", 4, 60, (900, 150), (-40, 130), 100, 145),
            ),
        )
    ],
    "cuts": [
        Shot("t1.jpg", 33, View(400, 300, 1.2), View(500, 320, 1.3), 2.0),
        Shot("2008_002079.jpg", 22, View(380, 190, 2.5), View(390, 190, 2.3), 3.0),
        Shot("bald_guys.jpg", 37, View(600, 500, 0.9), View(900, 500, 0.9), 2.0),
        Walk("coffee.png", 18, ()),
        Shot("t1.jpg", 29, View(950, 300, 1.3, 5), View(1000, 250, 1.5, -5), 4.0),
    ],
    "held pan": [
        Shot("2007_007763.jpg", 130, View(120, 170, 2.4), View(390, 160, 2.1, -3), 8.0, 1.7),
    ],
    "held bar": [
        Shot(
            *("2008_001322.jpg", 130, View(230, 200, 2.0), View(290, 190, 2.4, 3), 3.0, 0.8),
            bar=(0.22, 1.7),
            dim=0.75,
        )
    ],
    "held walk": [
        Walk(
            "coffee.png",
            150,
            (
                Walker("astronaut.png", 0, 120, (1030, 300), (-70, 200), 5, 85),
                Walker("2008_001322.jpg", 1, 100, (-60, 250), (1020, 300), 15, 70),
                Walker("2008_001009.jpg", 0, 90, (480, 640), (520, -80), 40, 100),
                Walker("2007_007763.jpg", 4, 60, (-40, 420), (1000, 380), 105, 148),
            ),
        )
    ],
    "held cuts": [
        Shot("astronaut.png", 27, View(230, 130, 2.2), View(250, 160, 2.0, 3), 3.0),
        Shot("2007_007763.jpg", 31, View(320, 170, 2.3), View(220, 170, 2.1), 3.0, 1.5),
        Walk("motorcycle_left.png", 16, ()),
        Shot("2008_001009.jpg", 28, View(180, 200, 2.0, -4), View(180, 180, 2.3, 4), 4.0),
        Shot("2008_001322.jpg", 28, View(300, 200, 2.6), View(200, 200, 2.6), 3.0),
    ],
    "held near": [
        Shot(
            *("Tom_Cruise_avp_2014_4.jpg", 60, View(280, 430, 0.9), View(300, 470, 0.55), 5.0),
        ),
        Shot("2008_001009.jpg", 70, View(330, 180, 1.6), View(60, 200, 1.9, 4), 6.0, 1.5),
    ],
}
HELD_OUT = tuple(name for name in CLIPS if name.startswith("held"))


def frames_of(parts: Sequence[Part], load: Callable[[str], np.ndarray]) -> Iterator:
    """Frames of a clip, and the faces in each; `load` gives a photograph by name, in RGB."""
    persons = 0
    noise = _noise()
    for part in parts:
        drawn = _shot(part, load) if isinstance(part, Shot) else _walk(part, load)
        for number, (frame, faces) in enumerate(drawn):
            grain = np.roll(noise[number % len(noise)], number * 37, axis=1)
            kept = [face._replace(person=face.person + persons) for face in faces]
            yield np.clip(frame + grain, 0, 255).astype(np.uint8), kept
        persons += 100


def _noise() -> list[np.ndarray]:
    random = np.random.default_rng(3)
    shape = (SIZE[1], SIZE[0], 3)
    return [random.normal(0, NOISE, shape).astype(np.float32) for _ in range(4)]


def _shot(shot: Shot, load: Callable[[str], np.ndarray]) -> Iterator:
    import cv2

    photo = load(shot.photo)
    for number in range(shot.frames):
        total = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
        for sub in range(SUBFRAMES):
            matrix = _matrix(shot, number + SHUTTER * sub / SUBFRAMES)
            total += cv2.warpAffine(photo, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE)
        part = number / shot.frames
        frame = total / SUBFRAMES * (1 - shot.dim * np.sin(np.pi * part) ** 2)
        bar = _bar(shot, part)
        frame[:, bar[0] : bar[1]] = (60, 70, 50)
        matrix = _matrix(shot, number + SHUTTER / 2)
        faces = (_moved(box, matrix) for box in FACES[shot.photo])
        yield frame, [Face(i, *seen) for i, box in enumerate(faces) if (seen := _seen(box, bar))]


def _matrix(shot: Shot, frame: float) -> np.ndarray:
    import cv2

    part = frame / shot.frames
    eased = part * part * (3 - 2 * part)
    x, y, zoom, turn = (a + (b - a) * eased for a, b in zip(shot.start, shot.end, strict=True))
    matrix = cv2.getRotationMatrix2D((x, y), turn, zoom)
    beat = frame * shot.speed
    waves = ((0.31, 0.0, 1.0), (0.77, 1.0, 0.6), (1.73, 2.0, 0.3))
    for axis, (point, middle) in enumerate(((x, SIZE[0] / 2), (y, SIZE[1] / 2))):
        shake = sum(size * np.sin(beat * pace + phase + axis) for pace, phase, size in waves)
        matrix[axis, 2] += middle - point + shot.shake * shake
    return matrix


def _bar(shot: Shot, part: float) -> tuple[int, int]:
    if shot.bar is None:
        return 0, 0
    width, times = shot.bar
    left = ((part * times) % 1 * (1 + width) - width) * SIZE[0]
    return max(0, int(left)), max(0, int(left + width * SIZE[0]))


def _moved(box: Box, matrix: np.ndarray) -> Box:
    x0, y0, x1, y1 = box
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) @ matrix[:, :2].T + matrix[:, 2]
    return (*corners.min(0), *corners.max(0))


def _seen(box: Box, bar: tuple[int, int]) -> Box | None:
    """What of a face lies in the frame, or None where too little of it is seen."""
    x0, y0, x1, y1 = box
    if min(x1 - x0, y1 - y0) < SMALLEST:
        return None
    left, top, right, bottom = max(0, x0), max(0, y0), min(SIZE[0], x1), min(SIZE[1], y1)
    covered = max(0, min(right, bar[1]) - max(left, bar[0]))
    area = max(0, right - left - covered) * max(0, bottom - top)
    if area < SEEN * (x1 - x0) * (y1 - y0):
        return None
    return tuple(round(float(edge), 1) for edge in (left, top, right, bottom))


def _walk(walk: Walk, load: Callable[[str], np.ndarray]) -> Iterator:
    import cv2

    ground = cv2.resize(load(walk.photo), SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    cut = [_cut_out(walker, load(walker.photo)) for walker in walk.walkers]
    for number in range(walk.frames):
        frame = ground.copy()
        boxes: list[tuple[int, Box]] = []
        for person, (walker, (piece, mask, inner)) in enumerate(
            zip(walk.walkers, cut, strict=True)
        ):
            if not walker.first <= number <= walker.last:
                continue
            x, y = _place(walker, number)
            matrix = np.array([[1, 0, x - piece.shape[1] / 2], [0, 1, y - piece.shape[0] / 2]])
            _lay(frame, piece, mask, matrix)
            box = _moved(inner, matrix)
            boxes = [(other, below) for other, below in boxes if not _hides(box, below)]
            boxes.append((person, box))
        yield frame, [Face(i, *seen) for i, box in boxes if (seen := _seen(box, (0, 0)))]


def _place(walker: Walker, number: float) -> tuple[float, float]:
    part = (number - walker.first) / (walker.last - walker.first)
    (x0, y0), (x1, y1) = walker.start, walker.end
    # Steps lift and sink a head.
    return x0 + (x1 - x0) * part, y0 + (y1 - y0) * part + 5 * np.sin(number * 0.7)


def _cut_out(walker: Walker, photo: np.ndarray) -> tuple[np.ndarray, np.ndarray, Box]:
    """A head as large as wanted, its soft oval mask, and the box of the face within."""
    import cv2

    x0, y0, x1, y1 = FACES[walker.photo][walker.face]
    across, down = 0.45 * (x1 - x0), 0.4 * (y1 - y0)
    left, top = max(0, int(x0 - across)), max(0, int(y0 - down))
    piece = photo[top : int(y1 + down), left : int(x1 + across)]
    scale = walker.height / (y1 - y0)
    sides = round(piece.shape[1] * scale), round(piece.shape[0] * scale)
    piece = cv2.resize(piece, sides, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    mask = np.zeros(piece.shape[:2], np.float32)
    middle, half = (sides[0] // 2, sides[1] // 2), (round(sides[0] * 0.46), round(sides[1] * 0.46))
    cv2.ellipse(mask, middle, half, 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 3)
    edges = ((x0 - left) * scale, (y0 - top) * scale, (x1 - left) * scale, (y1 - top) * scale)
    return piece.astype(np.float32), mask, edges


def _lay(frame: np.ndarray, piece: np.ndarray, mask: np.ndarray, matrix: np.ndarray) -> None:
    import cv2

    laid, through = cv2.warpAffine(piece, matrix, SIZE), cv2.warpAffine(mask, matrix, SIZE)
    frame += through[..., None] * (laid - frame)


def _hides(above: Box, below: Box) -> bool:
    """Whether more of a face is covered than may be for it to count."""
    width = min(above[2], below[2]) - max(above[0], below[0])
    height = min(above[3], below[3]) - max(above[1], below[1])
    area = (below[2] - below[0]) * (below[3] - below[1])
    return max(0, width) * max(0, height) > (1 - SEEN) * area


def write_clip(
    path: Path, frames: Iterator, rate: int = RATE, size: tuple[int, int] = SIZE
) -> list[list[Face]]:
    """Write H.264 and a tone in AAC; give back the faces of each frame."""
    import av

    truth = []
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate, options={"preset": "medium", "crf": "20"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        sound = file.add_stream("aac", 48000, layout="stereo")
        for frame, faces in frames:
            truth.append(faces)
            file.mux(video.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        file.mux(video.encode(None))
        for part in _tone(round(len(truth) / rate * 48000)):
            file.mux(sound.encode(part))
        file.mux(sound.encode(None))
    return truth


def _tone(samples: int) -> Iterator:
    import av

    wave = (0.2 * np.sin(2 * np.pi * 440 * np.arange(samples) / 48000)).astype(np.float32)
    for first in range(0, samples, 1024):
        both = np.ascontiguousarray(np.stack([wave[first : first + 1024]] * 2))
        frame = av.AudioFrame.from_ndarray(both, "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, first, Fraction(1, 48000)
        yield frame


def main() -> None:
    """Write all clips for which there are photographs."""
    parser = argparse.ArgumentParser(prog="python -m bench.clips", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path, nargs="*", default=[], metavar="DIR")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    load = Photos([*chosen.photos, ROOT / "examples"])
    for name, parts in CLIPS.items():
        path = chosen.folder / f"{name.replace(' ', '-')}.mp4"
        try:
            truth = write_clip(path, frames_of(parts, load))
        except FileNotFoundError as error:
            path.unlink(missing_ok=True)
            print(f"{name}: left out, {error}")
            continue
        path.with_suffix(".json").write_text(json.dumps(truth))
        print(f"{name}: {len(truth)} frames, {sum(map(len, truth))} faces")


class Photos:
    """Photographs by name, from the first folder that has them."""

    def __init__(self, folders: Sequence[Path]):
        self._folders = folders

    def __call__(self, name: str) -> np.ndarray:
        import cv2

        for path in (folder / name for folder in self._folders):
            if path.is_file():
                return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        raise FileNotFoundError(f"no folder of --photos has {name}")


if __name__ == "__main__":
    main()
