"""Faces: what finds them; MTCNN, its cascade, its presets."""

from facecrypt.detector.centerface import CenterFace
from facecrypt.detector.detections import Detections, as_rgb
from facecrypt.detector.mtcnn import MTCNN, PRESETS
from facecrypt.detector.protocol import Detector, default_detector
from facecrypt.detector.turned import AnyRotation, Turned

__all__ = [
    "MTCNN",
    "PRESETS",
    "AnyRotation",
    "CenterFace",
    "Detections",
    "Detector",
    "Turned",
    "as_rgb",
    "default_detector",
]
