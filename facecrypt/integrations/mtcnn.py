"""``MTCNN`` of ipazc's mtcnn 1.0.0, on onnxruntime instead of TensorFlow.

One line of a program changes::

    from facecrypt.integrations.mtcnn import MTCNN, load_image

The form of the results is that library's. The faces are facecrypt's: the networks are
the same, but mtcnn samples the picture and suppresses boxes in other ways, so boxes
differ by some pixels (docs/integrations.md has the figures).
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from facecrypt.detector import MTCNN as Detector
from facecrypt.detector.presets import checked
from facecrypt.files import PathLike
from facecrypt.integrations._pictures import as_uint8
from facecrypt.machine import cores
from facecrypt.media import decode_image, read_image

__all__ = ["MTCNN", "load_image"]

STAGES = ("face_detection_only", "face_and_landmarks_detection")
# Its names for the settings that both have, and its values.
SETTINGS = {
    "min_face_size": 20,
    "scale_factor": 0.709,
    "threshold_pnet": 0.6,
    "threshold_rnet": 0.7,
    "threshold_onet": 0.8,
}
POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
ORDER = ("nose", "mouth_right", "right_eye", "left_eye", "mouth_left")


class MTCNN:
    """A face detector with the interface of ``mtcnn.MTCNN``.

    Parameters
    ----------
    stages : {"face_and_landmarks_detection", "face_detection_only"}
        Without landmarks all three networks run too.
    device : str
        "CPU:0" or "GPU:0".

    Raises
    ------
    ValueError
        Others than these.
    BackendUnavailableError
        onnxruntime, or CUDA when a GPU is asked for, is missing.

    Examples
    --------
    >>> import numpy as np
    >>> MTCNN().detect_faces(np.zeros((64, 64, 3), np.uint8))
    []
    """

    def __init__(self, stages: str = STAGES[1], device: str = "CPU:0"):
        if stages not in STAGES:
            raise ValueError(f"stages must be one of {', '.join(STAGES)}, received {stages!r}")
        kinds = {"cpu": "cpu", "cpu:0": "cpu", "gpu": "cuda", "gpu:0": "cuda"}
        if device.lower() not in kinds:
            raise ValueError(f"device must be 'CPU:0' or 'GPU:0', received {device!r}")
        self.device = device
        self._landmarks = stages == STAGES[1]
        self._kind = kinds[device.lower()]
        self._detector: Detector | None = None
        self._detector_for(SETTINGS)

    def detect_faces(
        self,
        image: Any,
        fit_to_image: bool = True,
        limit_boundaries_landmarks: bool = False,
        box_format: str = "xywh",
        output_type: str = "json",
        postprocess: bool = True,
        batch_stack_justification: str = "center",
        **settings: float,
    ) -> "list[dict[str, Any]] | list[list[dict[str, Any]]] | np.ndarray":
        """Find the faces of a picture or of a list of pictures.

        Parameters
        ----------
        image : picture, or list of pictures
            A path, the bytes of a file, or an RGB array or tensor of numbers 0 to 255 as
            :func:`load_image` gives it. Sizes may differ.
        fit_to_image, limit_boundaries_landmarks : bool
            Whether boxes, and then landmarks too, are moved to the picture's edge where
            they reach outside.
        box_format : {"xywh", "xyxy"}
            Left, top, then width and height, or right and bottom.
        output_type : {"json", "numpy"}
        postprocess : bool
            False: as without ``fit_to_image``.
        batch_stack_justification : str
            For programs that give it. Pictures are not padded here.
        **settings : numbers
            ``min_face_size``, ``scale_factor``, ``threshold_pnet``, ``threshold_rnet``
            and ``threshold_onet``; by default 20, 0.709, 0.6, 0.7 and 0.8.

        Returns
        -------
        list of dict, for a list of pictures a list of such lists, best score first
            ``box`` (four int), ``confidence`` (float) and ``keypoints`` (``nose``,
            ``mouth_right``, ``right_eye``, ``left_eye``, ``mouth_left``: two int each;
            left is the observer's left).
        (N, 16) float64 array, for "numpy"
            Number of the picture, box, confidence, five ``x``, five ``y`` in the order left
            eye, right eye, nose, left and right corner of the mouth. Without landmarks
            (N, 6).

        Raises
        ------
        TypeError
            No picture; a setting that this has not.
        ValueError
            A format or setting out of range, an array of a wrong shape.
        MediaError
            A file that cannot be read.
        """
        _check(box_format, output_type, settings)
        pictures = image if isinstance(image, list) else [image]
        detector = self._detector_for({**SETTINGS, **settings})
        limits = {
            "fit": fit_to_image and postprocess,
            "fit_landmarks": limit_boundaries_landmarks,
        }

        def rows(number: int, picture: Any) -> np.ndarray:
            return _rows(detector, number, _pixels(picture), **limits)

        with ThreadPoolExecutor(cores()) as pool:
            found = list(pool.map(rows, range(len(pictures)), pictures))
        if not self._landmarks:
            found = [part[:, :6] for part in found]
        if box_format == "xywh":
            for part in found:
                part[:, 3:5] -= part[:, 1:3]
        if output_type == "numpy":
            return np.concatenate(found)
        faces = [[_face(row) for row in part] for part in found]
        return faces if isinstance(image, list) else faces[0]

    predict = detect_faces

    def _detector_for(self, settings: dict[str, float]) -> Detector:
        """The detector of the last call, where the settings are still the same."""
        size, factor, *thresholds = (settings[name] for name in SETTINGS)
        wanted = checked(size, thresholds, factor)
        detector = self._detector
        if detector is None or detector.settings != wanted:
            detector = self._detector = Detector(
                **wanted._asdict(), device=self._kind, brighten=False
            )
        return detector


def load_image(image: PathLike | bytes) -> np.ndarray:
    """Read a picture as RGB.

    Parameters
    ----------
    image : path, or the bytes of a file

    Returns
    -------
    (H, W, 3) uint8 array
        Upright, as its EXIF orientation says; mtcnn ignores that, and so misses faces.

    Raises
    ------
    MediaError
        It cannot be read.
    """
    pixels = decode_image(image).pixels if isinstance(image, bytes) else read_image(image).pixels
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels[:, :, :3]
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def _pixels(picture: Any) -> np.ndarray:
    is_file = isinstance(picture, (str, bytes, os.PathLike))
    return load_image(picture) if is_file else as_uint8(picture)


def _check(box_format: str, output_type: str, settings: dict[str, float]) -> None:
    if box_format not in ("xywh", "xyxy"):
        raise ValueError(f"box_format must be 'xywh' or 'xyxy', received {box_format!r}")
    if output_type not in ("json", "numpy"):
        raise ValueError(f"output_type must be 'json' or 'numpy', received {output_type!r}")
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise TypeError(f"settings are {', '.join(SETTINGS)}; received {', '.join(unknown)}")


def _rows(
    detector: Detector, number: int, pixels: np.ndarray, *, fit: bool, fit_landmarks: bool
) -> np.ndarray:
    """The faces of a picture as the rows of mtcnn's array, with corners."""
    boxes, scores, landmarks = detector.detect_raw(pixels)
    height, width = pixels.shape[:2]
    rows = np.empty((len(boxes), 16))
    rows[:, 0] = number
    rows[:, 1:5] = boxes
    # The first pixel is number 0 here, as for the landmarks, and 1 for the detector.
    rows[:, 1:3] -= 1
    rows[:, 5] = scores
    rows[:, 6:] = landmarks.transpose(0, 2, 1).reshape(-1, 10)
    if fit:
        rows[:, 1:5] = rows[:, 1:5].clip(0, [width - 1, height - 1] * 2)
    if fit and fit_landmarks:
        rows[:, 6:11] = rows[:, 6:11].clip(0, width - 1)
        rows[:, 11:] = rows[:, 11:].clip(0, height - 1)
    return rows


def _face(row: np.ndarray) -> dict[str, Any]:
    """A row as mtcnn's dictionary."""
    whole = np.rint(row).astype(int).tolist()
    face = {"box": whole[1:5], "confidence": float(row[5])}
    if len(row) > 6:
        points = dict(zip(POINTS, zip(whole[6:11], whole[11:], strict=True), strict=True))
        face["keypoints"] = {name: list(points[name]) for name in ORDER}
    return face
