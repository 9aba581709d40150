"""Persons laid over a public clip, which then shows them and no other."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from facecrypt.errors import MediaError
from facecrypt.files import PathLike
from facecrypt.media.video.encoding import Look, Recipe, look_of, recipe
from facecrypt.media.video.model import Clip, Placement, Public
from facecrypt.media.video.output import Output, muxer_of
from facecrypt.media.video.planes import Planes, converted
from facecrypt.media.video.source import Source

__all__ = ["lay_over"]


def lay_over(
    public: PathLike,
    clips: Sequence[Clip],
    target: PathLike,
    options: Public | None = None,
    *,
    named: PathLike | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Show persons on a public clip: decode it, lay their boxes over it and encode it anew.

    Parameters
    ----------
    public : path of the public clip
        It may hold a payload, which the result has not.
    clips : sequence of Clip
        In the order of their tracks: where boxes overlap, pixels belong to the first.
    target : path
        As for :func:`write_public`.
    options : Public, optional
        By default with crf 18.
    named : path, optional
        What errors call the target.
    progress : callable, optional
        Called with the number of frames done so far, after each.

    Returns
    -------
    int
        The number of frames.

    Raises
    ------
    MediaError
        The clips are not of this video, or cannot be decoded.
    BackendUnavailableError
        PyAV or the encoder is missing.
    """
    options = options or Public(crf=18)
    with Source(public) as opened:
        look, chosen = look_of(opened), recipe(opened, muxer_of(opened), options)
        shown = [_Shown(clip, chosen, look, opened) for clip in clips]
        output = Output(opened, target, chosen, look, options, named=named)
        with contextlib.ExitStack() as stack, output as out:
            for one in shown:
                stack.callback(one.close)

            def change(number: int, _: Any, planes: Planes) -> None:
                for one in reversed(shown):
                    one.lay(number, planes)

            number = out.write_all(change, progress)
            for one in shown:
                one.check_end(number)
    return number


class _Shown:
    """A person's clip, decoded in step with the public one; open only while it is needed."""

    def __init__(self, clip: Clip, chosen: Recipe, look: Look, public: Source) -> None:
        self._clip, self._chosen, self._look = clip, chosen, look
        self._stored = public.first.width, public.first.height
        self._done = 0
        self._source: Source | None = None
        self._frames: Iterator[Any] = iter(())

    def lay(self, number: int, planes: Planes) -> None:
        """Lay the box of one frame over it, if there is one."""
        placements = self._clip.placements
        if self._done == len(placements) or placements[self._done].frame != number:
            return
        if self._source is None:
            self._source = Source(self._clip.path)
            self._frames = self._source.frames()
        decoded = next(self._frames, None)
        if decoded is None:
            raise self._other(f"it has {self._done} frames for {len(placements)} places")
        place = placements[self._done]
        self._check(place, decoded)
        canvas = Planes(converted(decoded, self._chosen, self._look), self._chosen)
        area = (place.x, place.y, place.x + place.w, place.y + place.h)
        planes.paste(canvas, area, place.left, place.top)
        self._done += 1
        if self._done == len(placements):
            self.close()

    def check_end(self, frames: int) -> None:
        """Refuse a clip that goes on where the public one has ended."""
        if self._done < len(self._clip.placements):
            place = self._clip.placements[self._done].frame
            raise self._other(f"it has a place in frame {place}, and there are {frames}")

    def close(self) -> None:
        """Let go of the file."""
        if self._source is not None:
            self._source.container.close()

    def _check(self, place: Placement, decoded: Any) -> None:
        right, bottom = place.x + place.w, place.y + place.h
        # The area of a frame with an odd side ends on an even number.
        width, height = (side + side % 2 for side in self._stored)
        fits = (
            0 <= place.left <= place.x
            and 0 <= place.top <= place.y
            and place.w > 0
            and place.h > 0
            and right <= min(width, place.left + decoded.width)
            and bottom <= min(height, place.top + decoded.height)
        )
        if not fits or (place.x | place.y | place.left | place.top) % self._chosen.step:
            raise self._other(f"its place in frame {place.frame} lies outside the picture")

    def _other(self, why: str) -> MediaError:
        return MediaError(
            f"{self._clip.path}: this person's clip does not belong to the public one: {why}"
        )
