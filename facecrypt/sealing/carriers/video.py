"""Videos: faces filled in what is shown, and the original file sealed in it or beside it.

What does the work is imported when there is a video: it would take a third of the time in which
facecrypt is imported, and most who import it have pictures.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media.video_kinds import HEAD, is_video, output_suffix
from facecrypt.sealing.carriers.carrier import OpenedFile
from facecrypt.sealing.carriers.sidecar_names import several_fit
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal

if TYPE_CHECKING:
    from facecrypt.sealing.payload_file import StoredPayload

__all__ = ["Video"]

# Coarser than this no file system keeps dates.
_SECONDS = 2


class Video:
    """The carrier of videos."""

    name = "video"
    suffixes: tuple[str, ...] = (".mp4", ".mov", ".mkv", ".webm")
    beside = False
    head = HEAD

    def claims(self, head: bytes) -> bool:
        return is_video(head)

    def sealed_suffix(self, head: bytes, suffix: str) -> str:
        return output_suffix(head)

    def find_headers(self, path: Path) -> list[Header]:
        from facecrypt.sealing.carriers.video_places import find_videos

        return [found.payload.header for found in find_videos(path)]

    def find_payload(self, path: Path) -> "StoredPayload":
        from facecrypt.sealing.carriers.video_places import find_videos

        found = find_videos(path)
        if len(found) > 1:
            raise several_fit(path, len(found), "video")
        return found[0].payload

    def seal(
        self, src: Path, dst: Path, recipients: Sequence[RecipientLike], options: Seal
    ) -> Header:
        from facecrypt.sealing.carriers.video_sealing import seal_video

        return seal_video(src, dst, recipients, options)

    def open(
        self,
        src: Path,
        dst: Path,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
        *,
        exact: bool,
    ) -> OpenedFile:
        from facecrypt.sealing.carriers.video_opening import open_video

        return open_video(src, dst, identities, options, exact=exact)

    def check(self, src: Path, identities: Sequence[Unwraps | RegionKey]) -> OpenedFile:
        from facecrypt.sealing.carriers.video_opening import check_video

        return check_video(src, identities)

    def check_opened(
        self, src: Path, dst: Path, identities: Sequence[Unwraps | RegionKey], options: Open
    ) -> OpenedFile:
        from facecrypt.sealing.carriers.video_opening import holds_original

        return holds_original(src, dst, identities, options)

    def is_edited(self, path: Path, header: Header) -> bool:
        from facecrypt.sealing.carriers.video_places import find_videos

        found = next(one for one in find_videos(path) if one.payload.header == header)
        return found.edited

    def change(
        self,
        path: Path,
        output: Path | None,
        change: Callable[[Header], Header],
        *,
        overwrite: bool,
    ) -> Header:
        from facecrypt.sealing.carriers.video_changing import change_video

        return change_video(path, output, change, overwrite=overwrite)

    def is_of(self, output: Path, header: Header, source: Path) -> bool:
        from facecrypt.sealing.carriers.video_parts import Original
        from facecrypt.sealing.streams import plain_size

        there, found = output.stat(), source.stat()
        if abs(there.st_mtime_ns - found.st_mtime_ns) > _SECONDS * 10**9:
            return False
        if header.forgotten:
            return True  # with the original its size is gone
        private = self.find_payload(output).private[0]
        head = Original.of_suffix(source.suffix).head()
        return plain_size(private.size) == len(head) + found.st_size

    def is_beside(self, output: Path) -> bool:
        from facecrypt.sealing.carriers.video_places import find_videos

        return find_videos(output)[0].place is None
