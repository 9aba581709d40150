"""Files under a scheme: pictures become PNG, arrays .npz, and the note goes along in both.

The note (:mod:`facecrypt.jobs.scheme_notes`) is the PNG chunk ``fcSC``, ancillary, private and not
safe to copy, or the array ``fcSC`` in the .npz. ``x.npy`` becomes ``x.npy.npz``, so that it comes
back as ``x.npy``.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.errors import (
    AuthenticationError,
    ContainerError,
    MediaError,
    NotSealedError,
)
from facecrypt.files import PathLike, already_exists, atomic_write
from facecrypt.jobs.boxes import regions_of
from facecrypt.jobs.inputs import PICTURE_SUFFIXES, Input, find_inputs, png_name
from facecrypt.jobs.pool import Progress, run_batch
from facecrypt.jobs.scheme_notes import MAX_NOTE_BYTES, Note, key_id
from facecrypt.jobs.summary import Result, Summary
from facecrypt.media import encode_image
from facecrypt.media.npy import (
    ARRAY_SUFFIXES,
    encode_arrays,
    images_name,
    is_array_file,
    read_arrays,
)
from facecrypt.media.pictures import naming
from facecrypt.media.png import png_chunks, read_chunk
from facecrypt.media.source import Chunks
from facecrypt.regions import Region, clip_given
from facecrypt.schemes import Key, Scheme
from facecrypt.schemes.pictures import picture_shape
from facecrypt.sealing.carriers import Source, find_payloads
from facecrypt.sealing.in_memory import SCHEME_CHUNK

__all__ = ["decrypt_files", "decrypted_name", "encrypt_files", "encrypted_name"]

_CIPHER_SUFFIXES = PICTURE_SUFFIXES | {".npz"}
_PLAIN_SUFFIXES = PICTURE_SUFFIXES | ARRAY_SUFFIXES


class _File(NamedTuple):
    """What was read: the pictures, and all that has to go along."""

    images: NDArray[Any]
    note: bytes | None
    icc: bytes | None = None
    name: str = ""
    others: Mapping[str, NDArray[Any]] = {}
    encrypted: bool = False
    colour: Chunks = ()


def encrypt_files(
    paths: PathLike | Sequence[PathLike],
    out_dir: PathLike,
    scheme: Scheme,
    key: Key,
    *,
    boxes: Mapping[str, Sequence[Region]] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Summary:
    """Encrypt files under one key of a scheme.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders and patterns. Pictures of 8 bits, gray or RGB; .npy files; .npz files with
        one array or one that is named ``images``, beside which the others stay as they are.
    out_dir : path
    scheme : Scheme
    key : Key
        For the shape of all of them, where the scheme has such keys.
    boxes : mapping of path to sequence of Region, optional
        For a scheme that takes regions, as in :func:`facecrypt.encrypt_files`; all pictures of a
        batch have the same.
    workers, progress : optional
        As in :func:`facecrypt.encrypt_files`.
    overwrite : bool
        Replace what exists. Otherwise ciphers of this scheme and key are skipped as done, and
        anything else is an error.

    Returns
    -------
    Summary
        One failed file does not stop the others.

    Raises
    ------
    ValueError
        Boxes are missing or not wanted, or outputs collide.
    MediaError
        There is no such input.

    Notes
    -----
    A file is in memory whole, some three times its size.
    """
    if scheme.takes_regions != (boxes is not None):
        raise ValueError(
            f"scheme {scheme.name!r} encrypts faces: say where, --boxes FILE as "
            "'facecrypt detect --json' prints it"
            if boxes is None
            else f"scheme {scheme.name!r} encrypts whole pictures and takes no boxes"
        )
    identity = key_id(key)

    def one(item: Input) -> Result:
        file = _read(item.source)
        if file.encrypted:
            # What it says about itself would be lost, and with it the way back.
            raise MediaError(f"{item.source}: is encrypted already; decrypt it first")
        regions = regions_of(item.source, item.relative, boxes)
        if regions is not None:
            regions = tuple(clip_given(regions, *picture_shape(file.images.shape)[:2]))
        if item.output.exists() and not overwrite:
            _check_finished(item.output, file, regions, scheme, key)
            return Result(item.source, item.output, skipped=True)
        cipher = scheme.encrypt(file.images, key, regions)
        note = Note(scheme.name, identity, file.images.shape, regions)
        _write(item, file, cipher, note.to_bytes(), overwrite=overwrite)
        return Result(item.source, item.output)

    find = partial(find_inputs, suffixes=_PLAIN_SUFFIXES, rename=encrypted_name)
    return run_batch(paths, out_dir, one, workers, progress, find=find)


def decrypt_files(
    paths: PathLike | Sequence[PathLike],
    out_dir: PathLike,
    scheme: Scheme,
    key: Key,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Summary:
    """Give back what :func:`encrypt_files` encrypted; outputs that exist are skipped as done.

    Returns
    -------
    Summary
        Errors in it: NotSealedError for what is no cipher, ValueError for one of another scheme,
        AuthenticationError for one under another key, ContainerError where note and pixels do not
        fit or the file is damaged.
    """
    identity = key_id(key)

    def one(item: Input) -> Result:
        plain, _ = _decrypted(item.source, scheme, key, identity)
        if item.output.exists() and not overwrite:
            if not _is_file(item.output, plain):
                raise already_exists(item.output, ", and is not this file decrypted")
            return Result(item.source, item.output, skipped=True)
        _write(item, plain, plain.images, None, overwrite=overwrite)
        return Result(item.source, item.output)

    find = partial(find_inputs, suffixes=_CIPHER_SUFFIXES, rename=decrypted_name)
    return run_batch(paths, out_dir, one, workers, progress, find=find)


def _decrypted(path: Path, scheme: Scheme, key: Key, identity: str) -> tuple[_File, Note]:
    """A cipher's plain pictures with all that goes along; errors as of `decrypt_files`."""
    file, note = _read_cipher(path)
    _check_key(path, note, scheme, identity)
    if (note.regions is not None) != scheme.takes_regions:
        raise ContainerError(f"{path}: what the cipher says about itself is damaged")
    if file.images.shape != _cipher_shape(scheme, key, note.shape):
        raise ContainerError(
            f"{path}: of the shape {file.images.shape}, which is not that of the "
            f"cipher of {note.shape}: it was cut, scaled or converted"
        )
    plain = scheme.decrypt(file.images, key, note.regions, shape=note.shape)
    return file._replace(images=plain), note


def encrypted_name(source: Path, name: Path) -> Path:
    """``x.jpg`` -> ``x.png``; ``x.npz`` -> ``x.npz``; ``x.npy`` -> ``x.npy.npz``."""
    if not is_array_file(name):
        return png_name(source, name)
    return name if name.suffix.lower() == ".npz" else name.with_name(name.name + ".npz")


def decrypted_name(source: Path, name: Path) -> Path:
    """``x.png`` -> ``x.png``; ``x.npz`` -> ``x.npz``; ``x.npy.npz`` -> ``x.npy``."""
    if not is_array_file(name):
        return png_name(source, name)
    return name.with_suffix("") if name.stem.lower().endswith(".npy") else name


def _read(path: Path) -> _File:
    if is_array_file(path):
        return _read_arrays(path)
    source = Source.read(path)
    note = read_chunk(BytesIO(source.data), SCHEME_CHUNK, limit=MAX_NOTE_BYTES)
    with naming(path):
        picture = source.decode()
    sealed = find_payloads(BytesIO(source.data), path) is not None
    encrypted = sealed or note is not None
    return _File(picture.pixels, note, picture.icc, encrypted=encrypted, colour=picture.colour)


def _read_arrays(path: Path) -> _File:
    arrays = read_arrays(path)
    note = arrays.pop(SCHEME_CHUNK.decode(), None)
    name = images_name(arrays)
    images = arrays.pop(name)
    data = None if note is None else note.tobytes()
    return _File(images, data, name=name, others=arrays, encrypted=note is not None)


def _read_cipher(path: Path) -> tuple[_File, Note]:
    if is_array_file(path):
        file = _read_arrays(path)
        return file, _parse(path, file.note)
    source = Source.read(path)
    data = read_chunk(BytesIO(source.data), SCHEME_CHUNK, limit=MAX_NOTE_BYTES)
    note = _parse(path, data)
    # The walk refuses what a decoder forgives: wrong checksums, a tail after the end.
    deque(png_chunks(source.data), maxlen=0)
    with naming(path):
        picture = source.decode()
    file = _File(picture.pixels, data, picture.icc, encrypted=True, colour=picture.colour)
    return file, note


def _parse(path: Path, note: bytes | None) -> Note:
    if note is None:
        raise NotSealedError(
            f"{path}: is no cipher of 'facecrypt scheme'. Either it never was one, or a program "
            "re-saved it and dropped what it said about itself"
        )
    return Note.from_bytes(note)


def _check_key(path: Path, note: Note, scheme: Scheme, identity: str) -> None:
    if note.scheme != scheme.name:
        raise ValueError(
            f"{path}: a cipher of scheme {note.scheme!r}, not of {scheme.name!r}; "
            f"'facecrypt scheme {note.scheme} decrypt' opens it"
        )
    if note.key != identity:
        raise AuthenticationError(
            f"{path}: encrypted under another key of scheme {scheme.name!r} than the one given"
        )


def _cipher_shape(scheme: Scheme, key: Key, shape: tuple[int, ...]) -> tuple[int, ...]:
    height, width, _ = picture_shape(shape)
    rows = max(len(shape) - 3, 0)
    return *shape[:rows], *scheme.padded(key, height, width), *shape[rows + 2 :]


def _check_finished(
    output: Path, file: _File, regions: tuple[Region, ...] | None, scheme: Scheme, key: Key
) -> None:
    """MediaError where an output is not the cipher of this file under this key."""
    try:
        plain, note = _decrypted(output, scheme, key, key_id(key))
    except (AuthenticationError, MediaError, ValueError):
        raise already_exists(output, ", and not as a cipher of this scheme and key") from None
    if note.regions != regions or not _same(plain, file):
        raise already_exists(output, ", and as the cipher of another file")


def _is_file(path: Path, file: _File) -> bool:
    try:
        return _same(_read(path), file)
    except (MediaError, ContainerError, ValueError):
        return False


def _same(one: _File, other: _File) -> bool:
    if one.name != other.name or one.others.keys() != other.others.keys():
        return False
    pairs = [(one.images, other.images)]
    pairs += [(array, other.others[name]) for name, array in one.others.items()]
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


def _write(
    item: Input, file: _File, images: NDArray[Any], note: bytes | None, *, overwrite: bool
) -> None:
    data: bytes | memoryview
    path = item.output
    if is_array_file(path):
        own = {} if note is None else {SCHEME_CHUNK.decode(): np.frombuffer(note, np.uint8)}
        data = encode_arrays(path.suffix, {file.name: images, **file.others, **own})
    else:
        chunks = () if note is None else ((SCHEME_CHUNK, note),)
        data = encode_image(".png", images, icc=file.icc, colour=file.colour, chunks=chunks)
    atomic_write(path, data, overwrite=overwrite, like=item.source)
