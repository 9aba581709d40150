"""The public part of a video: a normal clip in which every face is filled."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from facecrypt.errors import MediaError
from facecrypt.files import PathLike
from facecrypt.media.video.areas import Mapper
from facecrypt.media.video.encoding import for_clips, look_of, recipe
from facecrypt.media.video.model import Boxes, Public, Written
from facecrypt.media.video.output import Output, muxer_of
from facecrypt.media.video.persons import Persons
from facecrypt.media.video.planes import Area, Planes
from facecrypt.media.video.source import Source
from facecrypt.media.video.spool import Spool

__all__ = ["write_public"]


def write_public(
    source: PathLike,
    target: PathLike,
    boxes: Boxes,
    options: Public | None = None,
    *,
    clips: Mapping[int, Path | Spool] | None = None,
    clip_crf: int = 23,
    named: PathLike | None = None,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write the public part of a video, and a small clip of each person who is asked for.

    Faces are filled in the stored frames before anything is encoded, so no trace of them is in
    the result. Sound and text subtitles are copied. Times, rotation, the shape of pixels and the
    tags of colour and HDR stay. Metadata, places, data tracks, cover art, attachments, bitmap
    subtitles, closed captions and further video streams are left out.

    Parameters
    ----------
    source : path of the video
    target : path
        Written in place, and removed where writing fails: give a hidden name and rename it.
        The container is that of the source, or MP4, whatever the suffix: :func:`output_suffix`
        says which suffix belongs to it.
    boxes : Boxes
        Of every frame, upright; as many as :func:`read_frames` gave.
    options : Public, optional
    clips : mapping of int to path or Spool, optional
        Where the clip of each track goes: an mp4 with only that person's box of each frame.
        In a spool none has a name.
    clip_crf : int
        Quality of these clips.
    named : path, optional
        What errors call the target.
    progress : callable, optional
        Called with the number of frames done so far, after each.

    Returns
    -------
    Written

    Raises
    ------
    MediaError
        Not decodable, not as many frames as `boxes` has, beyond a limit, or no room on the disk.
    BackendUnavailableError
        PyAV or the encoder is missing.
    """
    options = options or Public()
    if options.fill not in {"solid", "mosaic"}:
        raise ValueError(f"fill is solid or mosaic, not {options.fill!r}")
    with Source(source) as opened:
        look, chosen = look_of(opened), recipe(opened, muxer_of(opened), options)
        mapper = Mapper(opened, chosen)
        small = for_clips(chosen, clip_crf, options.speed)
        persons = Persons(opened, clips or {}, boxes, mapper, chosen=small, look=look)
        hidden = _Hidden(opened, boxes, mapper, options)
        try:
            with Output(opened, target, chosen, look, options, named=named) as output:

                def change(number: int, frame: Any, planes: Planes) -> None:
                    areas = hidden.areas(number)
                    persons.add(number, frame, planes, areas)
                    hidden.fill(planes, areas)

                number = output.write_all(change, progress)
                hidden.check_end(number)
        except BaseException:
            persons.discard()
            raise
        return Written(
            frames=number,
            duration_ms=output.duration_ms,
            codec=chosen.codec,
            streams=output.fates,
            clips=persons.clips,
            notes=(_CUT,) if opened.cut else (),
        )


_CUT = "the file is cut off, and the public part ends with the last frames that are whole"


class _Hidden:
    """What is hidden in each frame, and how."""

    def __init__(self, source: Source, boxes: Boxes, mapper: Mapper, options: Public) -> None:
        self._source, self._boxes, self._mapper = source, boxes, mapper
        self._mosaic = options.fill == "mosaic"

    def areas(self, number: int) -> list[tuple[int, Area]]:
        """Give the areas of one frame with their tracks."""
        if number >= len(self._boxes):
            raise self._changed("more")
        return self._mapper.areas(self._boxes[number])

    def fill(self, planes: Planes, areas: Iterable[tuple[int, Area]]) -> None:
        """Hide them."""
        for _, area in areas:
            if self._mosaic:
                planes.mosaic(area)
            else:
                planes.fill(area)

    def check_end(self, number: int) -> None:
        """Refuse a video with fewer frames than faces were looked for in."""
        if number < len(self._boxes):
            raise self._changed(str(number))

    def _changed(self, now: str) -> MediaError:
        return MediaError(
            f"{self._source.path}: has {now} frames now, and had {len(self._boxes)} when faces "
            "were looked for; look for them anew"
        )
