"""Faces: MTCNN, its cascade, its presets."""

from facecrypt.detector.mtcnn import MTCNN, PRESETS, Detections, as_rgb

__all__ = [
    "MTCNN",
    "PRESETS",
    "Detections",
    "as_rgb",
]
