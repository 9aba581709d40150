"""Faces: what finds them; MTCNN, its cascade, its presets."""

from facecrypt.detector.mtcnn import MTCNN, PRESETS, Detections, as_rgb
from facecrypt.detector.protocol import Detector, default_detector

__all__ = [
    "MTCNN",
    "PRESETS",
    "Detections",
    "Detector",
    "as_rgb",
    "default_detector",
]
