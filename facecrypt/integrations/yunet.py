"""``cv2.FaceDetectorYN`` without a model to download: its interface, with MTCNN behind it.

One line of a program changes: ``cv2.FaceDetectorYN.create(...)`` becomes
``FaceDetectorYN.create(...)`` after ::

    from facecrypt.integrations.yunet import FaceDetectorYN
"""

from collections.abc import Sequence
from typing import Self

import cv2
import numpy as np

from facecrypt.detector import MTCNN as Detector
from facecrypt.files import PathLike

__all__ = ["FaceDetectorYN"]

# O-Net passes on all above this, and the threshold that was set is applied later: the
# suppression before it goes from the best score down, so the faces are the same.
FLOOR = 0.05


class FaceDetectorYN:
    """A face detector with the interface of ``cv2.FaceDetectorYN``; :meth:`create` makes one.

    Notes
    -----
    The networks are MTCNN's, so the faces are not YuNet's: faces below 20 pixels and
    turned ones are missed, boxes are a little larger, scores of faces lie nearer to 1.

    Examples
    --------
    >>> import numpy as np
    >>> detector = FaceDetectorYN.create("", "", (64, 48))
    >>> detector.detect(np.zeros((48, 64, 3), np.uint8))
    (1, None)
    """

    def __init__(
        self,
        input_size: Sequence[int],
        score_threshold: float = 0.9,
        nms_threshold: float = 0.3,
        top_k: int = 5000,
    ):
        self._detector = Detector(thresholds=(0.6, 0.7, FLOOR), device="cpu")
        self.setInputSize(input_size)
        self.setScoreThreshold(score_threshold)
        self.setNMSThreshold(nms_threshold)
        self.setTopK(top_k)

    @classmethod
    def create(
        cls,
        model: PathLike,
        config: str,
        input_size: Sequence[int],
        score_threshold: float = 0.9,
        nms_threshold: float = 0.3,
        top_k: int = 5000,
        backend_id: int = 0,
        target_id: int = 0,
    ) -> Self:
        """Make a detector.

        Parameters
        ----------
        model, config : str
            For programs that give YuNet's. They are not opened: the models come with
            facecrypt.
        input_size : (width, height)
            Of the pictures to come.
        score_threshold : float
            Least score of a face, at least 0.05.
        nms_threshold : float
            Of two boxes that overlap by more (intersection over union) one goes.
        top_k : int
            How many of the best boxes are looked at.
        backend_id, target_id : int
            Only 0: onnxruntime on the CPU.

        Raises
        ------
        ValueError
            A number out of range.
        BackendUnavailableError
            onnxruntime is missing.
        """
        if backend_id or target_id:
            raise ValueError(
                f"backend_id and target_id must be 0, received {backend_id} and {target_id}; "
                "facecrypt.MTCNN(device='cuda') runs on a GPU"
            )
        return cls(input_size, score_threshold, nms_threshold, top_k)

    def detect(self, image: np.ndarray | None) -> tuple[int, np.ndarray | None]:
        """Find the faces of a picture.

        Parameters
        ----------
        image : (H, W, 3) uint8 array
            BGR, of the input size.

        Returns
        -------
        retval : int
            1; 0 for an empty picture or None.
        faces : (N, 15) float32 array, best score first; None without faces
            ``x, y, width, height``, then ``x, y`` of right eye, left eye, nose, right and
            left corner of the mouth, then the score. Right is the person's right: the eye
            further left in the picture.

        Raises
        ------
        TypeError
            Not an array of uint8.
        ValueError
            Not of the input size, or not of three channels.
        """
        if image is None or not np.size(image):
            return 0, None
        width, height = self._size
        if np.shape(image) != (height, width, 3):
            raise ValueError(
                f"image must be of shape {(height, width, 3)}, received {np.shape(image)}; "
                "call setInputSize((width, height)) when the size changes"
            )
        boxes, scores, landmarks = self._detector.detect_raw(np.asarray(image)[:, :, ::-1])
        # The detector's first pixel is number 1 in boxes.
        corners = boxes[:, :2] - 1
        boxes = np.hstack([corners, boxes[:, 2:] - corners])
        kept: Sequence[int] = ()
        if len(boxes):
            # OpenCV takes arrays here; its stub says sequences.
            kept = cv2.dnn.NMSBoxes(
                boxes.astype(np.float64),  # type: ignore[arg-type]
                scores,  # type: ignore[arg-type]
                self._score,
                self._nms,
                top_k=self._top_k,
            )
        if not len(kept):
            return 1, None
        # MTCNN's left is the observer's, so its first eye is the person's right one.
        return 1, np.hstack([boxes, landmarks.reshape(-1, 10), scores[:, None]])[kept]

    def setInputSize(self, input_size: Sequence[int]) -> None:
        """Say the (width, height) of the pictures to come."""
        width, height = (int(side) for side in input_size)
        if width < 1 or height < 1:
            raise ValueError(f"input_size must be (width, height), received {input_size}")
        self._size = width, height

    def getInputSize(self) -> tuple[int, int]:
        """(width, height)."""
        return self._size

    def setScoreThreshold(self, score_threshold: float) -> None:
        """Say how sure a face must be."""
        if not FLOOR <= score_threshold <= 1:
            raise ValueError(
                f"score_threshold must lie between {FLOOR} and 1, received {score_threshold}"
            )
        self._score = float(score_threshold)

    def getScoreThreshold(self) -> float:
        """How sure a face must be."""
        return self._score

    def setNMSThreshold(self, nms_threshold: float) -> None:
        """Say by how much two faces may overlap."""
        if not 0 <= nms_threshold <= 1:
            raise ValueError(f"nms_threshold must lie between 0 and 1, received {nms_threshold}")
        self._nms = float(nms_threshold)

    def getNMSThreshold(self) -> float:
        """By how much two faces may overlap."""
        return self._nms

    def setTopK(self, top_k: int) -> None:
        """Say how many of the best boxes are looked at."""
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, received {top_k}")
        self._top_k = int(top_k)

    def getTopK(self) -> int:
        """How many of the best boxes are looked at."""
        return self._top_k
