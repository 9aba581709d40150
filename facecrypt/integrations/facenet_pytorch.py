"""``MTCNN`` and ``extract_face`` of facenet-pytorch 2.6.0, on onnxruntime.

One line of a program changes::

    from facecrypt.integrations.facenet_pytorch import MTCNN

Boxes, probabilities, points and crops are those of facenet-pytorch. torch is needed for
tensors only: to be given them, and for the crops, which are tensors.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from facecrypt.detector import MTCNN as Detector
from facecrypt.detector.presets import checked
from facecrypt.files import PathLike
from facecrypt.integrations._crops import (
    extract_face,
    fixed_image_standardization,
    import_torch,
    picture_size,
)
from facecrypt.integrations._pictures import as_uint8
from facecrypt.integrations._selection import NOTHING, one_face, order_of_faces
from facecrypt.machine import cores

if TYPE_CHECKING:
    import torch

__all__ = ["MTCNN", "extract_face", "fixed_image_standardization"]


class MTCNN:
    """A face detector and cropper with the interface of ``facenet_pytorch.MTCNN``.

    Parameters
    ----------
    image_size : int, default 160
        Side of a crop in pixels.
    margin : int, default 0
        Pixels of the crop, both sides together, that lie outside the face's box.
    min_face_size, thresholds, factor
        As :class:`facecrypt.MTCNN` has them.
    post_process : bool, default True
        Whether crops are standardised (:func:`fixed_image_standardization`).
    select_largest : bool, default True
        Whether the largest face comes first, rather than the most probable.
    selection_method : str, optional
        Which face is *the* face where ``keep_all`` is false: "largest", "probability",
        "largest_over_threshold" or "center_weighted_size"; by default what
        ``select_largest`` says.
    keep_all : bool, default False
        Whether calling gives the crops of all faces.
    device : str or torch.device, optional
        "cpu" (the default), "cuda" or "cuda:0".

    Raises
    ------
    ValueError, BackendUnavailableError
        As :class:`facecrypt.MTCNN`; another device.

    Notes
    -----
    Where facenet-pytorch 2.6.0 fails, this does not: batches of several sizes or with
    pictures without faces; pictures too small to hold a face, gray or transparent;
    arrays in "center_weighted_size". "largest_over_threshold" gives the probability and
    points that belong to its box. This is no ``torch.nn.Module``: it has ``to`` and
    ``eval`` of its methods.

    Examples
    --------
    >>> from PIL import Image
    >>> detector = MTCNN(keep_all=True)
    >>> detector.detect(Image.new("RGB", (160, 120)))
    (None, [None])
    """

    def __init__(
        self,
        image_size: int = 160,
        margin: int = 0,
        min_face_size: float = 20,
        thresholds: Sequence[float] = (0.6, 0.7, 0.7),
        factor: float = 0.709,
        post_process: bool = True,
        select_largest: bool = True,
        selection_method: str | None = None,
        keep_all: bool = False,
        device: "str | torch.device | None" = None,
    ):
        self.image_size = image_size
        self.margin = margin
        self.min_face_size = min_face_size
        self.thresholds = thresholds
        self.factor = factor
        self.post_process = post_process
        self.select_largest = select_largest
        self.selection_method = selection_method or ("largest" if select_largest else "probability")
        self.keep_all = keep_all
        self.to("cpu" if device is None else device)

    def to(self, device: "str | torch.device") -> Self:
        """Detect on another device from now on."""
        self.device = device
        kind, _, number = str(device).partition(":")
        if kind not in ("cpu", "cuda") or number not in ("", "0"):
            raise ValueError(
                f"device must be 'cpu', 'cuda' or 'cuda:0', received {str(device)!r}; "
                "CUDA_VISIBLE_DEVICES chooses among several cards"
            )
        self._kind = kind
        self._detector = self._open()
        return self

    def eval(self) -> Self:
        """Change nothing: this is never in training."""
        return self

    def _open(self) -> Detector:
        settings = checked(self.min_face_size, self.thresholds, self.factor)
        return Detector(**settings._asdict(), device=self._kind, brighten=False)

    def __call__(
        self, img: Any, save_path: Any = None, return_prob: bool = False
    ) -> "Any | tuple[Any, Any]":
        return self.forward(img, save_path, return_prob)

    def forward(
        self, img: Any, save_path: Any = None, return_prob: bool = False
    ) -> "Any | tuple[Any, Any]":
        """Crop the face, or with ``keep_all`` the faces, of a picture or a batch.

        Parameters
        ----------
        img : picture or batch
            As :meth:`detect` takes it.
        save_path : path, or a list of one for each picture, optional
            Where the crops go, not standardised; the second face to ``NAME_2.EXT``.
        return_prob : bool
            Also give the probabilities.

        Returns
        -------
        faces : (3, S, S) float32 tensor; (N, 3, S, S) with keep_all; None without faces
            For a batch a list of these.
        probs : float; (N,) array with keep_all; None without faces, [None] with keep_all
            For a batch an array of N x 1 or of arrays.

        """
        boxes, probs, points = self.detect(img, landmarks=True)
        if not self.keep_all:
            boxes, probs, points = self.select_boxes(
                boxes, probs, points, img, method=self.selection_method
            )
        faces = self.extract(img, boxes, save_path)
        return (faces, probs) if return_prob else faces

    def detect(self, img: Any, landmarks: bool = False) -> tuple[Any, ...]:
        """Find the faces of a picture or a batch.

        Parameters
        ----------
        img : picture, or list, tuple or 4-D array or tensor of pictures
            Pillow pictures; arrays and tensors (H, W), (H, W, 1), (H, W, 3) or
            (H, W, 4), RGB, of numbers 0 to 255 or of uint16. Sizes may differ.
        landmarks : bool
            Also give the points.

        Returns
        -------
        boxes : (N, 4) float64 array, or None without faces
            ``x0, y0, x1, y1``, unrounded, the first pixel being number 1.
        probs : (N,) float64 array, or [None]
        points : (N, 5, 2) float64 array, or None; only with ``landmarks``
            ``x, y`` of left eye, right eye, nose, left and right corner of the mouth, as
            the observer sees them.

        For a batch each of them is an array with one entry a picture: a numeric array
        where all pictures have as many faces, else one of objects.

        Raises
        ------
        TypeError, ValueError
            No such picture.
        """
        pictures, is_batch = _batch(img)
        self._follow_settings()
        with ThreadPoolExecutor(cores()) as pool:
            found = list(pool.map(self._faces, pictures))
        faces = _columns(found) if is_batch else found[0]
        return faces if landmarks else faces[:2]

    def _follow_settings(self) -> None:
        """facenet-pytorch reads its attributes at each call: they may have been changed."""
        if checked(self.min_face_size, self.thresholds, self.factor) != self._detector.settings:
            self._detector = self._open()

    def _faces(self, picture: Any) -> tuple[Any, Any, Any]:
        found = self._detector.detect_raw(as_uint8(picture))
        boxes, probs, points = (part.astype(np.float64) for part in found)
        if not len(boxes):
            return NOTHING
        if self.select_largest:
            order = order_of_faces(boxes, probs, picture_size(picture), "largest")
            boxes, probs, points = boxes[order], probs[order], points[order]
        return boxes, probs, points

    def select_boxes(
        self,
        all_boxes: Any,
        all_probs: Any,
        all_points: Any,
        imgs: Any,
        method: str = "probability",
        threshold: float = 0.9,
        center_weight: float = 2.0,
    ) -> tuple[Any, Any, Any]:
        """Pick one face of each picture.

        Parameters
        ----------
        all_boxes, all_probs, all_points
            As :meth:`detect` gives them for ``imgs``.
        imgs : picture or batch
        method, threshold, center_weight
            As :func:`facecrypt.integrations._selection.order_of_faces` has them.

        Returns
        -------
        boxes, probs, points : (1, 4) array, float and (1, 5, 2) array, or None each
            For a batch arrays of them, as in :meth:`detect`.
        """
        pictures, is_batch = _batch(imgs)
        found = (all_boxes, all_probs, all_points)
        chosen = [
            one_face(faces, picture_size(picture), method, threshold, center_weight)
            for picture, *faces in zip(
                pictures, *(found if is_batch else ([part] for part in found)), strict=True
            )
        ]
        if is_batch:
            return _columns(chosen)
        boxes, (prob,), points = chosen[0]
        return boxes, prob, points

    def extract(self, img: Any, batch_boxes: Any, save_path: Any) -> Any:
        """Crop the faces in given boxes; :meth:`forward` says what comes and what is saved.

        Raises
        ------
        ValueError
            Not one path for each picture.
        ValueError, BackendUnavailableError, MediaError
            As :func:`extract_face`.
        """
        pictures, is_batch = _batch(img)
        if not is_batch:
            batch_boxes = [batch_boxes]
        paths = [save_path] if isinstance(save_path, (str, os.PathLike)) else save_path
        if paths is None:
            paths = [None] * len(pictures)
        if not len(paths) == len(batch_boxes) == len(pictures):
            raise ValueError(
                "one path and one entry of boxes are wanted for each picture, received "
                f"{len(pictures)} pictures, {len(batch_boxes)} entries and {len(paths)} paths"
            )
        faces = [self._crops(*item) for item in zip(pictures, batch_boxes, paths, strict=True)]
        return faces if is_batch else faces[0]

    def _crops(self, picture: Any, boxes: Any, path: PathLike | None) -> Any:
        if boxes is None or not len(boxes):
            return None
        faces, own = [], path
        for i, box in enumerate(boxes if self.keep_all else boxes[:1]):
            if path is not None and i:
                own = Path(path).with_stem(f"{Path(path).stem}_{i + 1}")
            face = extract_face(picture, box, self.image_size, self.margin, own)
            faces.append(fixed_image_standardization(face) if self.post_process else face)
        return import_torch().stack(faces) if self.keep_all else faces[0]


def _batch(img: Any) -> tuple[Any, bool]:
    """The pictures of a batch, or a picture as a batch of one, and which it was."""
    is_batch = isinstance(img, (list, tuple)) or getattr(img, "ndim", 0) == 4
    return (img, True) if is_batch else ([img], False)


def _columns(faces: Sequence[Sequence[Any]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes, probabilities and points of several pictures, an array each."""
    boxes, probs, points = (_array([face[i] for face in faces]) for i in range(3))
    return boxes, probs, points


def _array(items: list[Any]) -> np.ndarray:
    shapes = {getattr(item, "shape", None) for item in items}
    return np.array(items, None if len(shapes) == 1 and None not in shapes else object)
