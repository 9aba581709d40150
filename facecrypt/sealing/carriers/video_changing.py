"""A sealed video that gets another header: for other recipients, or with people forgotten."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import AuthenticationError
from facecrypt.files import named, prepared
from facecrypt.media.video import append_payload, public_chunks
from facecrypt.sealing.carriers.sidecar_names import (
    remember_rewritten,
    sidecar_path,
    sidecars_of,
)
from facecrypt.sealing.carriers.video_places import Found, find_videos, opened
from facecrypt.sealing.header import Header
from facecrypt.sealing.holding import Seen
from facecrypt.sealing.pairs import place_pair
from facecrypt.sealing.payload_file import PayloadCopy

__all__ = ["change_video"]


def change_video(
    path: Path, output: Path | None, change: Callable[[Header], Header], *, overwrite: bool
) -> Header:
    """Write a sealed video anew with another header, and without what that says is forgotten.

    Nothing is encrypted or encoded again. Of a video with a sidecar only that is written where
    there is no `output`.

    Raises
    ------
    ChangedMeanwhile
        Others wrote, while this was at work, what it was to replace.
    """
    seen = [] if output else list(map(Seen.of, (path, *sidecars_of(path))))
    found, header = _chosen(path, change)
    with opened(path) as public, opened(found.holder) as holder:
        payload = PayloadCopy(holder, found.payload, header)

        def write_public(file: BinaryIO, _: Path) -> None:
            _fill(file, public_chunks(public, found.place))

        def write_payload(file: BinaryIO, _: Path) -> None:
            _fill(file, payload.chunks())

        def check() -> None:
            for one in seen:
                one.check()

        def write_both(file: BinaryIO, place: Path) -> None:
            write_public(file, place)
            append_payload(file, payload.size, payload.chunks())

        if found.place is not None:
            replaced = output or path
            over = overwrite or output is None
            with prepared(replaced, write_both, overwrite=over, like=path) as written:
                named(written, None if output else check)
        elif output is not None:
            beside = sidecar_path(output, header)
            place_pair(
                output, write_public, write_payload, lambda: beside, overwrite=overwrite, like=path
            )
        else:
            holds = found.holder
            with prepared(holds, write_payload, overwrite=True, like=holds) as written:
                named(written, check)
            remember_rewritten(holds)
    return header


def _chosen(path: Path, change: Callable[[Header], Header]) -> tuple[Found, Header]:
    """Of several payloads beside a video the first that the change does not refuse."""
    *others, last = find_videos(path)
    for found in others:
        with suppress(AuthenticationError):
            return found, change(found.payload.header)
    return last, change(last.payload.header)


def _fill(file: BinaryIO, chunks: Iterable[bytes]) -> None:
    for chunk in chunks:
        file.write(chunk)
