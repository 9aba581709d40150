"""Photographs with known faces, and worsened copies of them."""

import hashlib
import json
from collections.abc import Callable, Iterator
from math import ceil, cos, radians, sin
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["CONDITIONS", "FACES", "Photo", "photos", "wider", "worsened"]

FACES = Path(__file__).parent / "faces.json"
# Larger photographs are shrunk: a face of 300 pixels is found however it is blurred.
LONGEST = 640
# The networks see no less of a face.
LEAST_FACE = 12

Image = NDArray[np.uint8]
Boxes = NDArray[np.float64]


class Photo(NamedTuple):
    """An RGB picture; boxes ``x0, y0, x1, y1`` of its faces, and of what may be one."""

    name: str
    pixels: Image
    faces: Boxes
    unsure: Boxes


def photos(folder: Path) -> Iterator[Photo]:
    """Those of faces.json that lie in a folder, as their authors published them."""
    from facecrypt.media import read_image

    for name, known in json.loads(FACES.read_text()).items():
        path = folder / name
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != known["sha256"]:
            continue
        pixels = read_image(path).pixels
        colour = np.stack([pixels] * 3, axis=2) if pixels.ndim == 2 else pixels[..., :3]
        boxes = (np.array(known[k], float).reshape(-1, 4) for k in ("faces", "unsure"))
        photo = Photo(name, np.ascontiguousarray(colour), *boxes)
        yield _shrunk(photo, min(1, LONGEST / max(pixels.shape[:2])))


def wider(split: Path, pictures: Path, count: int) -> Iterator[Photo]:
    """So many pictures of WIDER FACE, evenly from its list, out of its archives as downloaded.

    Faces marked invalid, and those that are less than 12 pixels wide or high in the picture as it
    is shown, count neither way.
    """
    from facecrypt.detector import as_rgb
    from facecrypt.training.archives import open_pictures
    from facecrypt.training.wider import read_annotations

    with open_pictures(pictures) as opened:
        listed = list(read_annotations(split, opened.part))
        places = np.linspace(0, len(listed) - 1, min(count, len(listed))).round().astype(int)
        for known in (listed[place] for place in places):
            pixels, boxes = as_rgb(opened.read(known.path)), known.boxes.astype(float)
            faces, unsure = boxes[~known.invalid], boxes[known.invalid]
            photo = Photo(known.path, np.ascontiguousarray(pixels), faces, unsure)
            yield _large(_shrunk(photo, min(1, LONGEST / max(pixels.shape[:2]))))


def _shrunk(photo: Photo, ratio: float) -> Photo:
    height, width = photo.pixels.shape[:2]
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    scale = np.tile(np.divide(size, (width, height)), 2)
    pixels = cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA)
    return Photo(photo.name, pixels, photo.faces * scale, photo.unsure * scale)


def _dark(brightness: float) -> Callable[[Photo], Photo]:
    return lambda photo: photo._replace(
        pixels=np.rint(photo.pixels * np.float32(brightness)).astype(np.uint8)
    )


def _blurred(sigma: float) -> Callable[[Photo], Photo]:
    return lambda photo: photo._replace(pixels=cv2.GaussianBlur(photo.pixels, (0, 0), sigma))


def _noisy(sigma: float) -> Callable[[Photo], Photo]:
    def worsen(photo: Photo) -> Photo:
        noise = np.random.default_rng(7).normal(0, sigma, photo.pixels.shape)
        return photo._replace(pixels=np.clip(photo.pixels + noise, 0, 255).astype(np.uint8))

    return worsen


def _compressed(quality: int) -> Callable[[Photo], Photo]:
    def worsen(photo: Photo) -> Photo:
        _, data = cv2.imencode(".jpg", photo.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return photo._replace(pixels=np.ascontiguousarray(decoded[..., ::-1]))

    return worsen


def _small(ratio: float) -> Callable[[Photo], Photo]:
    """Faces that become smaller than 12 pixels are no longer asked for."""
    return lambda photo: _large(_shrunk(photo, ratio))


def _large(photo: Photo) -> Photo:
    tiny = (photo.faces[:, 2:] - photo.faces[:, :2]).min(axis=1, initial=1e9) < LEAST_FACE
    unsure = np.concatenate([photo.unsure, photo.faces[tiny]])
    return photo._replace(faces=photo.faces[~tiny], unsure=unsure)


def _turned(degrees: float) -> Callable[[Photo], Photo]:
    """Clockwise, on a black canvas that holds all of it."""

    def worsen(photo: Photo) -> Photo:
        height, width = photo.pixels.shape[:2]
        c, s = cos(radians(degrees)), sin(radians(degrees))
        size = [ceil(abs(a * c) + abs(b * s) - 1e-9) for a, b in ((width, height), (height, width))]
        turn = np.array([[c, -s], [s, c]])
        shift = np.divide(size, 2) - turn @ (width / 2, height / 2)
        # Edges lie between pixels, whose middles OpenCV counts from 0.
        move = shift - 0.5 + turn @ (0.5, 0.5)
        pixels = cv2.warpAffine(photo.pixels, np.hstack([turn, move[:, None]]), size)

        def moved(boxes: Boxes) -> Boxes:
            middles = (boxes[:, :2] + boxes[:, 2:]) / 2 @ turn.T + shift
            sides = boxes[:, 2:] - boxes[:, :2]
            if degrees % 180 == 90:
                sides = sides[:, ::-1]
            return np.hstack([middles - sides / 2, middles + sides / 2])

        return Photo(photo.name, pixels, moved(photo.faces), moved(photo.unsure))

    return worsen


CONDITIONS: dict[str, Callable[[Photo], Photo]] = {
    "plain": lambda photo: photo,
    "a quarter of the light": _dark(0.25),
    "a tenth of the light": _dark(0.1),
    "blurred, sigma 2": _blurred(2),
    "blurred, sigma 4": _blurred(4),
    "noise, sigma 25": _noisy(25),
    "JPEG, quality 8": _compressed(8),
    "half the size": _small(0.5),
    "a third of the size": _small(1 / 3),
    "turned by 15 degrees": _turned(15),
    "turned by 30 degrees": _turned(30),
    "turned by 45 degrees": _turned(45),
    "turned by 90 degrees": _turned(90),
    "turned by 180 degrees": _turned(180),
}


def worsened(photo: Photo) -> Iterator[tuple[str, Photo]]:
    """A copy in every condition."""
    for name, worsen in CONDITIONS.items():
        yield name, worsen(photo)
