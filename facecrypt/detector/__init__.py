"""Faces: what finds them; MTCNN, its cascade, its presets."""

from facecrypt.detector.mtcnn import MTCNN, PRESETS, Detections, as_rgb
from facecrypt.detector.protocol import Detector, default_detector
from facecrypt.detector.turned import Turned

__all__ = [
    "MTCNN",
    "PRESETS",
    "Detections",
    "Detector",
    "Turned",
    "as_rgb",
    "default_detector",
]
