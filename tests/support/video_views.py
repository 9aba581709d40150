"""What a player would show of a video: PyAV alone, nothing of what is tested."""

from fractions import Fraction
from pathlib import Path

import numpy as np


def streams(container) -> list:
    """The pictures of a container without cover art."""
    return [one for one in container.streams.video if not int(one.disposition) & 0x400]


def shown(path: Path) -> list[np.ndarray]:
    """Every frame, upright, as RGB; mirrored ones come as they are stored."""
    import av

    with av.open(str(path)) as container:
        return [
            np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
            for frame in container.decode(streams(container)[0])
        ]


def planes(path: Path, turn: int = 0) -> list[list[np.ndarray]]:
    """Luma and colour of every frame of 8 bits as they are stored, turned anticlockwise."""
    import av

    with av.open(str(path)) as container:
        return [
            [
                np.rot90(
                    np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width],
                    turn // 90,
                ).copy()
                for plane in frame.planes
            ]
            for frame in container.decode(video=0)
        ]


def times(path: Path) -> list[Fraction]:
    """When every frame is shown, in seconds."""
    import av

    with av.open(str(path)) as container:
        stream = streams(container)[0]
        return [frame.pts * stream.time_base for frame in container.decode(stream)]


def heard(path: Path) -> np.ndarray:
    """All samples of the first sound."""
    import av

    with av.open(str(path)) as container:
        return np.concatenate([one.to_ndarray()[0] for one in container.decode(audio=0)])


def kinds(path: Path) -> list[str]:
    """The streams in their order, as in ``video h264``; cover art is named."""
    import av

    with av.open(str(path)) as container:
        return [
            f"{'cover' if int(one.disposition) & 0x400 else one.type} "
            f"{one.codec_context.codec.canonical_name if one.codec_context else one.name}"
            for one in container.streams
        ]


def complaints(path: Path) -> list[str]:
    """What FFmpeg warns of when it reads and decodes all of a file."""
    import av

    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as logs, av.open(str(path)) as container:
            for packet in container.demux():
                if packet.stream.type in {"video", "audio", "subtitle"}:
                    packet.decode()
        return [f"{name}: {text.strip()}" for level, name, text in logs if level <= 24]
    finally:
        av.logging.set_level(None)
