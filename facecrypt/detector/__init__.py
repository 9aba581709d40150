"""Faces: what finds them; MTCNN, its cascade, its presets; people over time."""

from typing import TYPE_CHECKING, Any

from facecrypt.detector.centerface import CenterFace
from facecrypt.detector.detections import Detections, as_rgb
from facecrypt.detector.mtcnn import MTCNN, PRESETS
from facecrypt.detector.named import named_detector
from facecrypt.detector.protocol import Detector, default_detector
from facecrypt.detector.turned import AnyRotation, Turned

if TYPE_CHECKING:
    from facecrypt.detector.tracks import FaceTracker, Track, looking_in_turn, track_faces

__all__ = [
    "MTCNN",
    "PRESETS",
    "AnyRotation",
    "CenterFace",
    "Detections",
    "Detector",
    "FaceTracker",
    "Track",
    "Turned",
    "as_rgb",
    "default_detector",
    "looking_in_turn",
    "named_detector",
    "track_faces",
]


def __getattr__(name: str) -> Any:
    # People over time are imported when somebody asks: pictures have none.
    if name in ("FaceTracker", "Track", "looking_in_turn", "track_faces"):
        from facecrypt.detector import tracks

        return getattr(tracks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
