"""A sealed video that gets another header: for other recipients, or with people forgotten."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from facecrypt.files import named, prepared
from facecrypt.media.video import append_payload, public_chunks
from facecrypt.sealing.carriers.sidecar_names import (
    remember_rewritten,
    sidecar_path,
    sidecars_of,
)
from facecrypt.sealing.carriers.video_places import Found, find_videos, opened
from facecrypt.sealing.header import Header
from facecrypt.sealing.holding import ChangedMeanwhile, Seen, check_names
from facecrypt.sealing.pairs import place_pair
from facecrypt.sealing.payload_file import PayloadCopy
from facecrypt.sealing.several import Change, changed_headers

__all__ = ["change_video"]


def change_video(path: Path, output: Path | None, change: Change, *, overwrite: bool) -> Header:
    """Write a sealed video anew with another header, and without what that says is forgotten.

    Nothing is encrypted or encoded again. Of a video with a sidecar only that is written where
    there is no `output`.

    Raises
    ------
    ChangedMeanwhile
        Others wrote, while this was at work, what it was to replace.
    """
    seen = {} if output else {one: Seen.of(one) for one in (path, *sidecars_of(path))}
    chosen = _chosen(path, change)
    found, header = chosen[0]
    if found.place is None and output is None:
        for one, _ in chosen:
            check_names(one.holder)
            if one.holder not in seen:  # it came since
                raise ChangedMeanwhile
        for one, changed in chosen:
            _replace_beside(one, changed, seen)
        return header
    with opened(path) as public, opened(found.holder) as holder:
        payload = PayloadCopy(holder, found.payload, header)

        def write_public(file: BinaryIO, _: Path) -> None:
            _fill(file, public_chunks(public, found.place))

        def write_payload(file: BinaryIO, _: Path) -> None:
            _fill(file, payload.chunks())

        def write_both(file: BinaryIO, place: Path) -> None:
            write_public(file, place)
            append_payload(file, payload.size, payload.chunks())

        if found.place is not None:
            replaced = output or path
            over = overwrite or output is None
            with prepared(replaced, write_both, overwrite=over, like=path) as written:
                named(written, None if output else lambda: _check(seen))
        else:
            assert output is not None
            beside = sidecar_path(output, header)
            place_pair(
                output, write_public, write_payload, lambda: beside, overwrite=overwrite, like=path
            )
    return header


def _replace_beside(found: Found, header: Header, seen: dict[Path, Seen]) -> None:
    holds = found.holder
    with opened(holds) as holder:
        payload = PayloadCopy(holder, found.payload, header)

        def write(file: BinaryIO, _: Path) -> None:
            _fill(file, payload.chunks())

        with prepared(holds, write, overwrite=True, like=holds) as written:
            named(written, lambda: _check(seen))
    del seen[holds]
    remember_rewritten(holds)


def _check(seen: Mapping[Path, Seen]) -> None:
    for one in seen.values():
        one.check()


def _chosen(path: Path, change: Change) -> list[tuple[Found, Header]]:
    """Of several payloads beside a video those that the change does not refuse."""
    found = find_videos(path)
    headers = changed_headers([one.payload.header for one in found], change)
    pairs = zip(found, headers, strict=True)
    return [(one, header) for one, header in pairs if header is not None]


def _fill(file: BinaryIO, chunks: Iterable[bytes]) -> None:
    for chunk in chunks:
        file.write(chunk)
