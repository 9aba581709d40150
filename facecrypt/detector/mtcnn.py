"""Find faces with MTCNN.

The networks and the cascade are those of facenet-pytorch 2.6.0, without torch: three
small ONNX files (``facecrypt/models``) run by onnxruntime, on the processor with our kernels.
"""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from facecrypt.detector.brightness import DARK, find_in_both
from facecrypt.detector.cascade import AreaSampler
from facecrypt.detector.centerface import CenterFace
from facecrypt.detector.detections import Detections, as_regions
from facecrypt.detector.joined import HINT, join
from facecrypt.detector.networks import OUTPUTS, load
from facecrypt.detector.presets import DEFAULT, PRESETS, checked, preset_settings
from facecrypt.detector.stages import Stages
from facecrypt.files import PathLike
from facecrypt.machine import cores
from facecrypt.models.sessions import MODELS
from facecrypt.regions import Region

__all__ = ["MTCNN", "PRESETS"]

# Pixels from which on several threads find the faces of a picture sooner than one.
LARGE = 1 << 19


class MTCNN:
    """A face detector.

    Parameters
    ----------
    min_face_size : float, default 20
        Side in pixels of the smallest face looked for; time grows with its inverse square.
    thresholds : three floats in (0, 1), default (0.6, 0.7, 0.7)
        Confidence wanted of P-, R- and O-Net.
    factor : float in (0, 1), default 0.709
        Ratio of one level of the picture pyramid to the one before.
    device : {"auto", "cpu", "cuda"}
        "auto" is CUDA where onnxruntime has it and it works, else the CPU.
    preset : {"fast", "recall"}, optional
        Sets all three parameters above. "fast" looks at fewer levels and candidates; "recall"
        has :class:`facecrypt.detector.CenterFace` look, too.
    brighten : bool, default True
        Look at a brighter copy of dark pictures as well, which facenet-pytorch does not. They
        take twice the time.
    threads : int, default 1
        How many look at one large picture together. Many pictures are done sooner by as many
        callers with one thread each.
    models : str or Path, optional
        A folder with other ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx``;
        ``facecrypt/models/README.md`` says what they take and give.

    Attributes
    ----------
    device : {"cpu", "cuda"}
        Where the networks run.
    settings : Settings
        ``min_face_size``, ``thresholds`` and ``factor``, wherever they came from.

    Raises
    ------
    TypeError, ValueError
        A parameter of the wrong type or out of range; a preset beside other parameters.
    BackendUnavailableError
        onnxruntime, or CUDA when asked for, is missing.
    ModelError
        A model file is missing or damaged.

    Notes
    -----
    The faces are those of facenet-pytorch 2.6.0 with the same parameters, and more in dark
    pictures unless ``brighten`` is False. Upright faces only: most that are turned by 90 degrees
    are missed, so apply the EXIF orientation first
    (:class:`facecrypt.detector.AnyRotation` looks at turned pictures, too).

    What the presets trade: faces found of 58, and boxes that are no face, in 30 photographs and
    worsened copies of them (``docs/howto/missed-faces.md`` has more); time is relative to the
    default, and for "recall" smallest in crowds.

    ========  ======  ===================  ================  ===========  ===========
    preset    plain   a tenth of light     blurred, sigma 4  180 degrees  time
    ========  ======  ===================  ================  ===========  ===========
    None      57, 4   57, 2                43, 1             20, 2        1.0
    "fast"    57, 0   57, 0                42, 0             20, 0        0.65
    "recall"  58, 0   58, 1                57, 0             41, 1        1.3 to 3.5
    ========  ======  ===================  ================  ===========  ===========

    One call uses one thread unless ``threads`` says more. An instance may be used by many
    threads at once, and pickled: its settings travel, the networks are opened again. Time grows
    with the pixels of the picture, memory with its width.

    Examples
    --------
    >>> import numpy as np
    >>> MTCNN(device="cpu").detect(np.zeros((64, 64, 3), np.uint8))
    []
    """

    def __init__(
        self,
        *,
        min_face_size: float = DEFAULT.min_face_size,
        thresholds: Sequence[float] = DEFAULT.thresholds,
        factor: float = DEFAULT.factor,
        device: str = "auto",
        preset: str | None = None,
        brighten: bool = True,
        threads: int = 1,
        models: PathLike | None = None,
    ):
        given = checked(min_face_size, thresholds, factor)
        self.settings = given if preset is None else preset_settings(preset, given)
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise ValueError(f"threads must be a whole number of at least 1, received {threads!r}")
        self._given = {
            **self.settings._asdict(),
            "device": device,
            "preset": preset,
            "brighten": brighten,
            "threads": threads,
        }
        self._models = None if models is None else Path(models)
        self._preset, self._brighten = preset, brighten
        self._stages = Stages(load(self._models, device), self.settings, threads)
        self._second = None
        if preset == "recall":
            self._second = CenterFace(threshold=HINT, device=device, brighten=False)

    @property
    def device(self) -> str:
        return self._stages.networks.device

    @property
    def preset(self) -> str | None:
        """As it was given."""
        return self._preset

    @cached_property
    def fingerprint(self) -> str:
        """What decides which faces are found: settings and models, as 16 hexadecimal digits.

        Two detectors with the same fingerprint find the same faces, up to the last bits of
        another device.
        """
        digest = hashlib.sha256(repr((*self.settings, self._brighten and DARK)).encode())
        for name in OUTPUTS:
            digest.update(((self._models or MODELS) / f"{name}.onnx").read_bytes())
        if self._second is not None:
            digest.update(self._second.fingerprint.encode())
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in self.settings._asdict().items())
        preset = "" if self._preset is None else f", preset={self._preset!r}"
        return f"MTCNN({settings}, device={self.device!r}{preset})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._given, self._models)

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
            Best score first. A region holds the whole pixels its face's box touches,
            clipped to the picture, and carries ``score`` and ``landmarks``.

        Raises
        ------
        TypeError, ValueError
            Not such an array, or one without pixels.
        TooManyFacesError
            More places look like faces than are looked at (``docs/security.md``, Bounds).
        """
        return as_regions(self.detect_raw(image), *image.shape[:2])

    def detect_batch(self, images: Iterable[np.ndarray]) -> list[list[Region]]:
        """Find the faces of many pictures, one thread a core.

        Parameters
        ----------
        images : iterable of arrays
            As :meth:`detect` takes them; sizes may differ.

        Returns
        -------
        list of list of Region
            What :meth:`detect` gives for each, in order.

        Raises
        ------
        ValueError
            One picture instead of many; else as :meth:`detect`.
        """
        if isinstance(images, np.ndarray) and images.ndim < 4:
            raise ValueError(
                f"images must be many, received one array of shape {images.shape}; detect takes "
                "one picture, and a stack of gray ones has a last axis of 1"
            )
        with ThreadPoolExecutor(cores()) as pool:
            return list(pool.map(self.detect, images))

    def detect_raw(self, image: np.ndarray) -> Detections:
        """Find the faces of one picture, as arrays of unrounded numbers.

        Parameters
        ----------
        image : array
            As :meth:`detect` takes it, with the same errors.

        Returns
        -------
        Detections
            The boxes of facenet-pytorch, to the letter: its corner ``x0`` counts the
            first pixel as 1, its landmarks count it as 0. Of the preset "recall", and of pictures
            that were brightened, those of more and other faces.
        """
        return find_in_both(image, self._look, brighten=self._brighten)

    def _look(self, image: np.ndarray) -> Detections:
        sampler = AreaSampler(image)
        large = image.shape[0] * image.shape[1] >= LARGE
        stages = self._stages if large else self._stages._replace(threads=1)
        squares = stages.refine(sampler, stages.propose(sampler))
        found = Detections(*stages.finish(sampler, squares))
        if self._second is None:
            return found
        theirs = self._second.detect_raw(image)
        return join(found, theirs, self._second.smallest(*image.shape[:2]))


def _restore(settings: dict[str, Any], models: Path | None) -> MTCNN:
    return MTCNN(**settings, models=models)
