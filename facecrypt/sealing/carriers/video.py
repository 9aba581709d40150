"""Videos: faces filled in what is shown, and the original file sealed in it or beside it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from facecrypt.errors import ContainerError
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media.video import HEAD, is_video, output_suffix
from facecrypt.sealing.carriers.carrier import OpenedFile
from facecrypt.sealing.carriers.video_changing import change_video
from facecrypt.sealing.carriers.video_opening import check_video, holds_original, open_video
from facecrypt.sealing.carriers.video_parts import Original
from facecrypt.sealing.carriers.video_places import find_videos
from facecrypt.sealing.carriers.video_sealing import seal_video
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload_file import StoredPayload
from facecrypt.sealing.streams import plain_size

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
        return [found.payload.header for found in find_videos(path)]

    def find_payload(self, path: Path) -> StoredPayload:
        found = find_videos(path)
        if len(found) > 1:
            raise ContainerError(
                f"{path}: {len(found)} sidecars beside it fit, and only a key tells which is its "
                "own; open it, or seal the video again with --force"
            )
        return found[0].payload

    def seal(
        self, src: Path, dst: Path, recipients: Sequence[RecipientLike], options: Seal
    ) -> Header:
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
        return open_video(src, dst, identities, options, exact=exact)

    def check(self, src: Path, identities: Sequence[Unwraps | RegionKey]) -> OpenedFile:
        return check_video(src, identities)

    def check_opened(
        self, src: Path, dst: Path, identities: Sequence[Unwraps | RegionKey], options: Open
    ) -> OpenedFile:
        return holds_original(src, dst, identities, options)

    def is_edited(self, path: Path, header: Header) -> bool:
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
        return change_video(path, output, change, overwrite=overwrite)

    def is_of(self, output: Path, header: Header, source: Path) -> bool:
        there, found = output.stat(), source.stat()
        if abs(there.st_mtime_ns - found.st_mtime_ns) > _SECONDS * 10**9:
            return False
        if header.forgotten:
            return True  # with the original its size is gone
        private = self.find_payload(output).private[0]
        head = Original.of_suffix(source.suffix).head()
        return plain_size(private.size) == len(head) + found.st_size

    def is_beside(self, output: Path) -> bool:
        return find_videos(output)[0].place is None
