"""Small clips of single persons, written while the public part is."""

import contextlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from facecrypt.errors import Hint, MediaError
from facecrypt.limits import MAX_CLIPS_AT_ONCE
from facecrypt.media.video.areas import Canvas, Mapper
from facecrypt.media.video.encoding import Look, Recipe, add_video
from facecrypt.media.video.library import load, said_of
from facecrypt.media.video.model import Boxes, Clip, Placement, Placements
from facecrypt.media.video.planes import Area, Planes, new_frame
from facecrypt.media.video.source import Source
from facecrypt.media.video.spool import Spool, Stored

__all__ = ["Persons"]

_BLOCK = 1 << 20
_CROWD = Hint("leave clips out", "--no-tracks leaves them out")


class Persons:
    """A clip of each person who is asked for: what the public part hides of them, and no other.

    Every pixel that another person's box has first is filled, and so is all that lies in
    another's box alone.

    Parameters
    ----------
    source : Source
    targets : mapping of int to path or Spool
        Where the clip of each track goes.
    boxes : Boxes
    mapper : Mapper
    chosen : Recipe
        For clips, with the layout of the public part's samples.
    look : Look
    """

    def __init__(
        self,
        source: Source,
        targets: Mapping[int, Path | Spool],
        boxes: Boxes,
        mapper: Mapper,
        *,
        chosen: Recipe,
        look: Look,
    ) -> None:
        self._source, self._targets, self._chosen = source, targets, chosen
        self._look = replace(look, mastering="", light="")
        self._stored = source.first.width, source.first.height
        self._canvases = _canvases(boxes, mapper, targets)
        self._open: dict[int, _Writer] = {}
        self._kept: dict[int, Path | Stored] = {}
        self._placements = {track: Placements() for track in self._canvases}

    @property
    def clips(self) -> dict[int, Clip]:
        """What was written: nothing for tracks without a box."""
        return {
            track: Clip(self._kept[track], placements)
            for track, placements in self._placements.items()
        }

    def add(
        self, number: int, frame: Any, planes: Planes, areas: Sequence[tuple[int, Area]]
    ) -> None:
        """Take a frame before anything in it is filled."""
        for place, (track, area) in enumerate(areas):
            canvas = self._canvases.get(track)
            if canvas is None or (place and track in {other for other, _ in areas[:place]}):
                continue
            if track not in self._open:
                self._open[track] = self._begin(track, canvas, frame.pts)
            left, top = canvas.corner(area, self._stored)
            shown = self._cut(canvas, planes, areas, place, (left, top))
            shown.pts, shown.time_base = frame.pts, frame.time_base
            self._open[track].write(shown)
            x0, y0, x1, y1 = area
            self._placements[track].append(Placement(number, x0, y0, x1 - x0, y1 - y0, left, top))
            if canvas.last == number:
                self._kept[track] = self._open.pop(track).finish()

    def discard(self) -> None:
        """Remove all clips."""
        for writer in self._open.values():
            writer.close()
        for target in self._targets.values():
            if not isinstance(target, Spool):
                Path(target).unlink(missing_ok=True)

    def _begin(self, track: int, canvas: Canvas, start: int) -> "_Writer":
        if len(self._open) >= MAX_CLIPS_AT_ONCE:
            raise MediaError(
                f"{self._source.path}: more than {MAX_CLIPS_AT_ONCE} persons are in one frame, "
                "too many for a clip of each",
                hint=_CROWD,
            )
        return _Writer(self, self._source, self._targets[track], canvas, start)

    def _cut(
        self,
        canvas: Canvas,
        planes: Planes,
        areas: Sequence[tuple[int, Area]],
        place: int,
        corner: tuple[int, int],
    ) -> Any:
        """A frame of a clip: own pixels, public ones around them, and gray where others are."""
        left, top = corner
        frame = new_frame(self._chosen, self._look, (canvas.width, canvas.height))
        cut = Planes(frame, self._chosen)
        whole = (0, 0, canvas.width, canvas.height)
        cut.fill(whole)
        width, height = self._stored
        inside = (0, 0, min(canvas.width, width - left), min(canvas.height, height - top))
        cut.paste(planes, inside, -left, -top)
        own = _within(areas[place][1], corner, canvas)
        for _, area in areas[place + 1 :]:
            cut.fill(_within(area, corner, canvas))
        cut.paste(planes, own, -left, -top)
        for _, area in areas[:place]:
            cut.fill(_within(area, corner, canvas))
        return frame


class _Writer:
    """One clip that is being written; its times begin at 0."""

    def __init__(
        self,
        persons: Persons,
        source: Source,
        target: Path | Spool,
        canvas: Canvas,
        start: int,
    ) -> None:
        self._target, self._start = target, start
        self._named = gettempdir() if isinstance(target, Spool) else str(target)
        with self._said():
            self._file = target.begin() if isinstance(target, Spool) else None
            self._container = load().open(
                self._file or self._named,
                "w",
                format="mp4",
                container_options={"fflags": "+bitexact"},
            )
            self._stream = add_video(
                self._container,
                persons._chosen,
                persons._look,
                (canvas.width, canvas.height),
                rate=source.video.average_rate,
                base=source.video.time_base,
            )
            self._stream.codec_context.thread_count = 1
            if not source.turn.plain:
                self._stream.set_display_matrix(source.turn.matrix)

    def write(self, frame: Any) -> None:
        frame.pts -= self._start
        with self._said():
            self._container.mux(self._stream.encode(frame))

    def finish(self) -> Path | Stored:
        with self._said():
            self._container.mux(self._stream.encode(None))
            self._container.close()
            if not isinstance(self._target, Spool) or self._file is None:
                return Path(self._named)
            with self._file as file:
                file.seek(0)
                return self._target.keep(iter(lambda: file.read(_BLOCK), b""))

    def close(self) -> None:
        with contextlib.suppress(load().error.FFmpegError, OSError):
            self._container.close()
        if self._file is not None:
            self._file.close()

    def _said(self) -> contextlib.AbstractContextManager[None]:
        return said_of(self._named, "cannot be written")


def _canvases(boxes: Boxes, mapper: Mapper, targets: Container[int]) -> dict[int, Canvas]:
    found: dict[int, Canvas] = {}
    for number in range(len(boxes)):
        for track, area in mapper.areas(boxes[number]):
            if track in targets:
                found.setdefault(track, Canvas(number)).hold(area, number)
    return found


def _within(area: Area, corner: tuple[int, int], canvas: Canvas) -> Area:
    """An area of the frame as one of the canvas, empty where they do not meet."""
    (left, top), (x0, y0, x1, y1) = corner, area
    x0, x1 = (min(max(0, x - left), canvas.width) for x in (x0, x1))
    y0, y1 = (min(max(0, y - top), canvas.height) for y in (y0, y1))
    return x0, y0, x1, y1
