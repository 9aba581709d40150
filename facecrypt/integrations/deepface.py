"""facecrypt as a detector backend of DeepFace 0.0.103.

>>> register()                                                             # doctest: +SKIP
>>> DeepFace.extract_faces("img.jpg", detector_backend="facecrypt")        # doctest: +SKIP
"""

from typing import Any

from deepface.models.Detector import Detector, FacialAreaRegion
from deepface.modules import modeling
from numpy.typing import NDArray

from facecrypt.detector import MTCNN
from facecrypt.errors import BackendUnavailableError
from facecrypt.regions import Region

__all__ = ["FacecryptClient", "register"]


class FacecryptClient(Detector):
    """What DeepFace makes for ``detector_backend="facecrypt"``."""

    def __init__(self) -> None:
        self.model = MTCNN()

    def detect_faces(self, img: NDArray[Any]) -> list[FacialAreaRegion]:
        """Find the faces of a picture.

        Parameters
        ----------
        img : (H, W, 3) uint8 array
            BGR, as DeepFace loads it.

        Returns
        -------
        list of FacialAreaRegion
            Best score first; whole pixels inside the picture. Left is the person's left.
        """
        return [_area(region) for region in self.model.detect(img[:, :, ::-1])]


def register() -> None:
    """Let ``detector_backend="facecrypt"`` work in all functions of DeepFace.

    Raises
    ------
    BackendUnavailableError
        This version of DeepFace keeps its detectors in another way.
    """
    try:
        detectors = modeling.AVAILABLE_MODELS["face_detector"]
        # The table is internal to DeepFace, which has no public way to add a detector.
        detectors["facecrypt"] = {modeling.ANY: f"{__name__}.{FacecryptClient.__name__}"}
    except (AttributeError, KeyError) as error:
        raise BackendUnavailableError(
            "this DeepFace has no table of detectors to add one to: pip install deepface==0.0.103"
        ) from error


def _area(region: Region) -> FacialAreaRegion:
    assert region.landmarks is not None  # what MTCNN finds has them
    # MTCNN's left is the observer's.
    right_eye, left_eye, nose, mouth_right, mouth_left = (
        (round(x), round(y)) for x, y in region.landmarks
    )
    return FacialAreaRegion(
        x=region.x0,
        y=region.y0,
        w=region.width,
        h=region.height,
        left_eye=left_eye,
        right_eye=right_eye,
        confidence=region.score,
        nose=nose,
        mouth_right=mouth_right,
        mouth_left=mouth_left,
    )
