"""Arrays in .npy and .npz files, and which of them holds the pictures."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.errors import MediaError
from facecrypt.files import PathLike, media_error

__all__ = [
    "ARRAY_SUFFIXES",
    "IMAGES",
    "check_members",
    "encode_arrays",
    "images_name",
    "is_array_file",
    "read_arrays",
]

ARRAY_SUFFIXES = frozenset((".npy", ".npz"))
IMAGES = "images"

# What is stored cannot be larger than its file; a few compressed bytes can claim to be terabytes.
_MAX_INFLATED = 1 << 32
_NAMED = 10


def is_array_file(path: PathLike) -> bool:
    """Whether the suffix is that of a file of arrays."""
    return Path(path).suffix.lower() in ARRAY_SUFFIXES


def read_arrays(path: PathLike) -> dict[str, NDArray[Any]]:
    """Read a file that NumPy's save, savez or savez_compressed wrote; nothing in it is executed.

    Parameters
    ----------
    path : path
        Of a .npy file, whose array is named :data:`IMAGES`, or a .npz file.

    Raises
    ------
    MediaError
        The file is missing or damaged, holds Python objects, or compressed arrays of more than
        4 GiB.
    """
    try:
        with Path(path).open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {IMAGES: loaded}
            check_members(loaded.zip)
            packed = [m for m in loaded.zip.infolist() if m.compress_type != zipfile.ZIP_STORED]
            if sum(member.file_size for member in packed) > _MAX_INFLATED:
                raise MediaError(
                    f"{path}: its compressed arrays have more than {_MAX_INFLATED} bytes; "
                    "save them with numpy.savez, which does not compress"
                )
            arrays = {name: loaded[name] for name in loaded.files}
    except MediaError:
        raise
    except OSError as error:
        raise media_error(path, error) from error
    except Exception as error:
        # NumPy and zipfile meet damage with whatever their parsing runs into, and NumPy's own
        # words for most of it propose to unpickle the file.
        raise MediaError(f"{path}: not a file of plain NumPy arrays, or damaged") from error
    if odd := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
        raise MediaError(f"{path}: {odd[0]} in it is no array")
    return arrays


def check_members(archive: zipfile.ZipFile) -> None:
    """Refuse members that lie on the same bytes: a few of them can ask for any memory.

    Raises
    ------
    ValueError
        Together they are larger than the file.
    """
    file = archive.fp
    size = file.seek(0, io.SEEK_END) if file else 0
    if sum(member.compress_size for member in archive.infolist()) > size:
        raise ValueError("its members overlap: together they are larger than the file")


def encode_arrays(suffix: str, arrays: Mapping[str, NDArray[Any]]) -> memoryview:
    """The bytes of a .npz file, uncompressed, or of a .npy file of the one array there is."""
    buffer = io.BytesIO()
    if suffix.lower() == ".npz":
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
    else:
        (array,) = arrays.values()
        np.save(buffer, array)
    return buffer.getbuffer()


def images_name(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Which array holds the pictures: the one named ``images``, or the only one.

    Raises
    ------
    ValueError
        That leaves it open; nothing is guessed, for a label array may look like gray pictures.

    Examples
    --------
    >>> images_name({"images": np.zeros((2, 4, 4, 3)), "labels": np.zeros(2)})
    'images'
    """
    if IMAGES in arrays:
        return IMAGES
    if len(arrays) != 1:
        names = ", ".join(sorted(arrays)[:_NAMED]) or "none"
        names += ", …" if len(arrays) > _NAMED else ""
        raise ValueError(
            f"holds {len(arrays)} arrays ({names}) and none is named {IMAGES!r}; "
            f"name the one with the pictures {IMAGES!r}, or save it alone"
        )
    return next(iter(arrays))
