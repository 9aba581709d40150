"""An opened video: what is decoded of it, and what is refused.

Both passes read frames here, so that what faces were looked for in is what is written. A frame
that cannot be decoded ends the work, unless nothing is sent after it: then the file is cut off, and
the video ends with what came before.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from facecrypt.errors import ContainerError, MediaError
from facecrypt.files import PathLike, refuse_special
from facecrypt.limits import MAX_FRAMES, MAX_SIDE, MAX_STREAMS, MAX_VIDEO_PIXELS
from facecrypt.media.video.ending import ends_early
from facecrypt.media.video.library import load, said_of
from facecrypt.media.video.mp4_samples import claimed_samples
from facecrypt.media.video.spool import Stored
from facecrypt.media.video.turning import Turn, turn_of
from facecrypt.media.video_kinds import DEMUXERS, HEAD, container_of

__all__ = ["Source", "is_picture"]

# Broadcasts and rolling files are cut anywhere: what comes before their first whole picture is
# decoded by nobody.
_CUT_ANYWHERE = {"ts", "mpeg"}


class Source:
    """A video file, opened; use it as a context.

    Parameters
    ----------
    path : path of the file, or Stored

    Attributes
    ----------
    kind : str
        Its container, as :func:`facecrypt.media.video.container_of` names it.
    container, video
        PyAV's container, and its stream of pictures.
    first
        The first frame, decoded apart from the others.
    turn : Turn
    width, height : int
        Of the upright picture.
    cut : bool
        Whether the file turned out to be cut off, once all frames were given.
    """

    def __init__(self, path: PathLike | Stored) -> None:
        if not isinstance(path, Stored):
            refuse_special(path)
            path = Path(path)
        self.path, self.cut = path, False
        self.kind = _kind(self.path)
        if self.kind in {"mp4", "mov"}:
            _check_samples(self.path)
        self.container = self._open()
        try:
            self.video = self._stream(self.container)
            self.first = self._first()
            self.turn: Turn = turn_of(self.first)
            self.width, self.height = self.turn.size(self.first.width, self.first.height)
        except BaseException:
            self.container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.container.close()

    def frames(self) -> Iterator[Any]:
        """Decode the frames that are shown, in the order in which they are shown."""
        return self.items(())

    def items(self, others: Sequence[Any]) -> Iterator[Any]:
        """Give decoded frames, and between them the packets of other streams, as they come.

        Parameters
        ----------
        others : sequence of PyAV streams
        """
        number, started, failed = 0, self.kind not in _CUT_ANYWHERE, -1
        av = load()
        stored = _StoredTimes() if self.kind == "avi" else None
        for packet in self._packets(others):
            if packet.stream.index != self.video.index:
                yield packet
                continue
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                failed = number if started and failed < 0 else failed
                continue
            started = started or packet.is_keyframe
            # At the end, without data, come those that waited to be shown: an end that is cut off
            # leaves out what was sent after them.
            if failed >= 0 and packet.size:
                raise self._broken(failed)
            if stored is not None:
                stored.take(packet)
            for frame in frames:
                self._check(frame, number)
                if stored is not None:
                    frame.pts = stored.earliest()
                yield frame
                number += 1
        self.cut = failed >= 0 or self._ends_early()

    def _ends_early(self) -> bool:
        with said_of(str(self.path), "cannot be read on"), self.path.open("rb") as file:
            return ends_early(file, self.kind)

    def _packets(self, others: Sequence[Any]) -> Iterator[Any]:
        packets = self.container.demux([self.video, *others])
        while True:
            try:
                with said_of(str(self.path), "cannot be read on"):
                    packet = next(packets, None)
            except IndexError:
                raise MediaError(
                    f"{self.path}: has packets of a stream that it does not tell of; get an "
                    "undamaged copy, or remux it, as with ffmpeg -c copy"
                ) from None
            if packet is None:
                return
            yield packet

    def _check(self, frame: Any, number: int) -> None:
        if number >= MAX_FRAMES:
            raise MediaError(f"{self.path}: has more than {MAX_FRAMES} frames; cut it into parts")
        size, first = (frame.width, frame.height), (self.first.width, self.first.height)
        if size != first:
            raise MediaError(
                f"{self.path}: frame {number} is {size[0]}x{size[1]}, those before it are "
                f"{first[0]}x{first[1]}; scale all to one size first, as with ffmpeg -vf scale"
            )
        # Not its side data: PyAV ties them and the frame together until the next collection.
        if frame.rotation != self.first.rotation:
            raise MediaError(
                f"{self.path}: from frame {number} on the picture is turned otherwise; "
                "cut the video there"
            )

    def _broken(self, number: int) -> MediaError:
        return MediaError(
            f"{self.path}: frame {number} cannot be decoded, so no face can be found in it; "
            "get an undamaged copy, or repair this one, as with ffmpeg -err_detect ignore_err"
        )

    def _open(self) -> Any:
        av = load()
        with said_of(str(self.path), "cannot be opened as a video"):
            file = self.path.open("rb") if isinstance(self.path, Stored) else str(self.path)
            return av.open(file, format=DEMUXERS[self.kind], metadata_errors="replace")

    def _stream(self, container: Any) -> Any:
        if len(container.streams) > MAX_STREAMS:
            raise MediaError(
                f"{self.path}: has {len(container.streams)} streams, "
                f"more than the {MAX_STREAMS} that are read; leave some out first"
            )
        for stream in container.streams.video:
            if not is_picture(stream):
                _check_size(self.path, stream)
                # Several threads repair damage now like this and now like that.
                stream.codec_context.thread_count = 1
                return stream
        raise MediaError(f"{self.path}: has no video stream; there are no faces to hide in sound")

    def _first(self) -> Any:
        with self._open() as container, said_of(str(self.path), "cannot be decoded"):
            av, stream = load(), self._stream(container)
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    continue
                if frames:
                    return frames[0]
        raise MediaError(
            f"{self.path}: has no frame that can be decoded; check it with ffplay, and get the "
            "whole file"
        )


class _StoredTimes:
    """The times of packets, from which shown frames take theirs, each the earliest that is left.

    AVI numbers frames as they are stored. Those of H.264 that others are made from are stored
    before these, and the number of a frame says nothing of when it is shown.
    """

    def __init__(self) -> None:
        self._times: list[int] = []

    def take(self, packet: Any) -> None:
        time = packet.dts if packet.pts is None else packet.pts
        if packet.size and time is not None:
            heappush(self._times, time)

    def earliest(self) -> int | None:
        return heappop(self._times) if self._times else None


def is_picture(stream: Any) -> bool:
    """Whether what PyAV counts as video is cover art or another single picture."""
    flags = type(stream.disposition)
    pictures = flags.attached_pic | flags.still_image | flags.timed_thumbnails
    return bool(stream.disposition & pictures)


def _kind(path: Path | Stored) -> str:
    with said_of(str(path), "cannot be read"), path.open("rb") as file:
        kind = container_of(file.read(HEAD))
    if kind is None:
        raise MediaError(
            f"{path}: no video that facecrypt reads; it reads MP4, QuickTime, Matroska, WebM, "
            "AVI, MPEG, FLV, WMV, Ogg, MXF and IVF"
        )
    return kind


def _check_samples(path: Path | Stored) -> None:
    try:
        with said_of(str(path), "cannot be read"), path.open("rb") as file:
            claimed = claimed_samples(file)
    except ContainerError as error:
        raise MediaError(f"{path}: {error.message}") from error
    if claimed > MAX_FRAMES:
        raise MediaError(
            f"{path}: claims {claimed} samples of one size, more than the {MAX_FRAMES} that are "
            "read; it is damaged, or wants to be remuxed, as with ffmpeg -c copy"
        )


def _check_size(path: Path | Stored, stream: Any) -> None:
    context = stream.codec_context
    if context is None:
        raise MediaError(f"{path}: its video is of a codec that FFmpeg does not know")
    width, height = context.width, context.height
    if max(width, height) > MAX_SIDE or width * height > MAX_VIDEO_PIXELS:
        raise MediaError(
            f"{path}: frames of {width}x{height} are more than the {MAX_VIDEO_PIXELS} pixels "
            "that are read; scale it down first"
        )
