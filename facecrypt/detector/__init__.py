"""Faces: what finds them; MTCNN, its cascade, its presets; people over time."""

from facecrypt.detector.centerface import CenterFace
from facecrypt.detector.detections import Detections, as_rgb
from facecrypt.detector.mtcnn import MTCNN, PRESETS
from facecrypt.detector.named import named_detector
from facecrypt.detector.protocol import Detector, default_detector
from facecrypt.detector.tracks import FaceTracker, Track, looking_in_turn, track_faces
from facecrypt.detector.turned import AnyRotation, Turned

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
