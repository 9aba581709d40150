"""Faces are erased from a sealed file for good; the others stay as they were."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facecrypt.files import PathLike
from facecrypt.keys import RegionKey, Unwraps
from facecrypt.media.pictures import naming
from facecrypt.regions import Region
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.carriers.pixels import decode_sealed, with_header
from facecrypt.sealing.content import Pixels
from facecrypt.sealing.copies import remove_copies_of
from facecrypt.sealing.header import Header
from facecrypt.sealing.images import Identities, identities_of
from facecrypt.sealing.parts import forgotten, not_whole, numbers, opens_whole, without_clip
from facecrypt.sealing.rewriting import change_file
from facecrypt.sealing.several import warn_of_others

__all__ = ["Forget", "forget_regions"]


def forget_regions(
    path: PathLike,
    identities: Identities,
    regions: Sequence[int],
    *,
    output: PathLike | None = None,
    overwrite: bool = False,
) -> Header:
    """Erase faces of a sealed file for good: no key opens them any more.

    What is encrypted of them is erased, and so are private parts, which may show any face: a
    thumbnail, or the file that was sealed. So a JPEG opens from now on as a picture with the other
    faces, and not to the bytes it was sealed of. The other faces, keys of regions and the picture
    id stay as they were. Copies of the file from before keep the face.

    Parameters
    ----------
    path : path of a sealed file
    identities : identity or iterable of identities
        One that opens the file whole.
    regions : sequence of int
        Numbers of the faces, as :func:`inspect` gives them. Those that were forgotten before
        may be among them.
    output : path, optional
        Write the file there. None: replace it, in one step.
    overwrite : bool
        Replace `output` if it exists.

    Returns
    -------
    Header
        Its ``forgotten`` lists what was erased.

    Raises
    ------
    AuthenticationError
        No identity opens the file whole, or its header was changed.
    TypeError
        `regions` is no sequence of integers.
    ValueError
        There is no region of that number, or it is of a video sealed without clips of people, of
        which nothing would open any more.
    MediaError
        It cannot be written; the file is as it was. Of several sidecars some may be changed: run
        it again.

    Warns
    -----
    UserWarning
        Another region holds what both cover, and may show a part of the face; or a run that was
        killed left something in the folder that may show it, and is not known for a copy of the
        file: those are removed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_file, verify
    >>> from facecrypt.media import encode_image
    >>> key, faces = SecretKey.generate(), [Region(0, 0, 8, 8), Region(16, 16, 32, 32)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, sealed = Path(folder, "plain.png"), Path(folder, "sealed.png")
    ...     size = plain.write_bytes(encode_image(".png", np.zeros((32, 32), np.uint8)))
    ...     header = encrypt_file(plain, sealed, key, regions=faces)
    ...     header = forget_regions(sealed, key, [1])
    ...     checked = verify(sealed, key)
    >>> checked.regions, checked.forgotten
    ((0,), (1,))
    """
    request = Forget(tuple(numbers(regions)))
    header = request.apply(path, identities_of(identities), output, overwrite=overwrite)
    remove_copies_of(Path(output or path), header)
    return header


@dataclass(frozen=True)
class Forget:
    """What is to be forgotten; the parameters of :func:`forget_regions`."""

    regions: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.regions:
            raise ValueError("expected numbers of regions to forget, received none")

    def apply(
        self,
        path: PathLike,
        identities: Sequence[Unwraps | RegionKey],
        output: PathLike | None,
        *,
        overwrite: bool = False,
    ) -> Header:
        """Change a file; as :func:`forget_regions`."""

        def change(header: Header) -> Header:
            if header.regions and without_clip(header) == frozenset(range(len(header.regions))):
                raise ValueError(
                    "the video was sealed without clips of people: to forget anybody would erase "
                    "the original, and nothing would open any more; decrypt it, seal it with clips "
                    "and forget people of that, or delete it"
                )
            changed = forgotten(header, identities, self.regions)
            self._warn_of_overlaps(path, changed)
            return changed

        header = change_file(path, output, change, overwrite=overwrite)
        if output is None:
            warn_of_others(Path(path), self.is_said)
        return header

    def is_said(self, header: Header) -> bool:
        """Whether a header says that all of it was forgotten, which anybody may have written."""
        return {*self.regions, *header.private} <= set(header.forgotten)

    def is_done(
        self, path: PathLike, header: Header, identities: Sequence[Unwraps | RegionKey]
    ) -> bool:
        """Whether all of it was forgotten: as the header of a file says, which anybody may have
        written, and as is found in the file.

        Of two files the header is written first: only the pixels tell that both were.

        Raises
        ------
        AuthenticationError
            The header says so, and no identity opens it whole, or it was changed.
        ContainerError
            The pixels are damaged.
        """
        if not self.is_said(header):
            return False
        if not opens_whole(header, identities):
            raise not_whole(header, identities)
        if not isinstance(header.content, Pixels):
            return True
        with naming(path):
            return with_header(decode_sealed(Source.read(path)), header).is_erased()

    def _warn_of_overlaps(self, path: PathLike, header: Header) -> None:
        """Pixels of several regions are the first one's; in a video's clips they are nobody's."""
        if header.content.streamed:
            return
        for index in self.regions:
            own = header.regions[index]
            for earlier, other in enumerate(header.regions[:index]):
                if earlier not in header.forgotten and _overlap(own, other):
                    warnings.warn(
                        f"{path}: region {earlier} holds what it and region {index} both cover, "
                        "and may show a part of the face; look, and forget it too if it does",
                        stacklevel=4,
                    )


def _overlap(one: Region, other: Region) -> bool:
    return (
        max(one.x0, other.x0) < min(one.x1, other.x1)
        and max(one.y0, other.y0) < min(one.y1, other.y1)
    )  # fmt: skip
