"""People over time: which boxes hide each of them in each frame of a video."""

from facecrypt.detector.tracks.looking import looking_in_turn
from facecrypt.detector.tracks.track import Track
from facecrypt.detector.tracks.tracker import FaceTracker, track_faces

__all__ = ["FaceTracker", "Track", "looking_in_turn", "track_faces"]
