"""Short clips: a camera that moves over a photograph, with a tone."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from facecrypt.media import read_image
from support.places import ROOT

__all__ = ["write_clip"]

PHOTO = ROOT / "examples" / "astronaut.png"


def write_clip(
    path: Path, frames: int = 24, *, size=(320, 240), photo: Path = PHOTO, sound: bool = True
) -> Path:
    """H.264, in WebM VP9 and in AVI MPEG-4, at 12 frames a second."""
    pixels = read_image(photo).pixels
    web = path.suffix.lower() == ".webm"
    codec = {".webm": "libvpx-vp9", ".avi": "mpeg4"}.get(path.suffix.lower(), "libx264")
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=12)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        if codec != "mpeg4":
            fast = {"cpu-used": "8", "deadline": "realtime"}
            video.options = fast if web else {"preset": "fast"}
        audio = out.add_stream("libopus" if web else "aac", rate=48_000) if sound else None
        for number in range(frames):
            x, y = 2 * number % 150, number % 80
            shot = np.ascontiguousarray(pixels[y : y + size[1], x : x + size[0]])
            out.mux(video.encode(av.VideoFrame.from_ndarray(shot, "rgb24")))
        if audio is not None:
            wave = 0.2 * np.sin(np.arange(frames * 4000) * 2 * np.pi * 440 / 48_000)
            for start in range(0, len(wave) - 959, 960):
                part = wave[None, start : start + 960].astype(np.float32)
                sound_frame = av.AudioFrame.from_ndarray(part, "fltp", "mono")
                sound_frame.rate, sound_frame.pts = 48_000, start
                sound_frame.time_base = Fraction(1, 48_000)
                out.mux(audio.encode(sound_frame))
            out.mux(audio.encode())
        out.mux(video.encode())
    return path
