"""Faces: what finds them; MTCNN, its cascade, its presets; people over time."""

from facecrypt.detector.mtcnn import MTCNN, PRESETS, Detections, as_rgb
from facecrypt.detector.protocol import Detector, default_detector
from facecrypt.detector.tracks import FaceTracker, Track, track_faces
from facecrypt.detector.turned import Turned

__all__ = [
    "MTCNN",
    "PRESETS",
    "Detections",
    "Detector",
    "FaceTracker",
    "Track",
    "Turned",
    "as_rgb",
    "default_detector",
    "track_faces",
]
