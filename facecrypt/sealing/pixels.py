"""Pixels that are sealed where they are: which bytes a region owns, and what all others hash to."""

import hashlib
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from facecrypt.errors import ContainerError
from facecrypt.regions import PIXEL, Claim, Grid, Region, claims
from facecrypt.sealing.ciphers import sealed_digest
from facecrypt.sealing.content import Pixels
from facecrypt.sealing.header import Header
from facecrypt.sealing.wire import canonical

__all__ = ["Sealed", "checked_image", "gather", "grid_of", "public_digest", "scatter"]


@dataclass(frozen=True)
class Sealed:
    """A sealed picture: pixels of which some are encrypted, and the header that says which.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array, uint8 or uint16
    header : Header

    Raises
    ------
    ContainerError
        Header and pixels differ in shape or dtype: the picture was resized or converted.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_image
    >>> photo, faces = np.zeros((48, 64, 3), np.uint8), [Region(8, 8, 40, 40)]
    >>> sealed = encrypt_image(photo, SecretKey.generate(), regions=faces)
    >>> sealed.edited
    False
    >>> sealed.image[0, 0] = 255
    >>> sealed.edited
    True
    """

    image: np.ndarray
    header: Header

    def __post_init__(self) -> None:
        found = (tuple(self.image.shape), self.image.dtype.name)
        expected = (self.header.shape, self.header.dtype)
        if found != expected:
            raise ContainerError(
                f"the header belongs to a picture of shape {expected[0]} and type {expected[1]}, "
                f"this one is {found[0]}, {found[1]}: it was resized or converted after sealing"
            )

    @property
    def edited(self) -> bool:
        """Whether the pixels outside the regions, or what is encrypted of a region, differ from
        what was sealed, or those of a forgotten region from gray and from what was encrypted
        there. No key is needed to tell."""
        return not (self.has_public() and self.has_sealed())

    @property
    def unerased(self) -> tuple[int, ...]:
        """Numbers of forgotten regions of which the encrypted face is still there: of a picture
        with a sidecar the header is written first, and whoever erases may be stopped."""
        return tuple(
            index
            for index, claim in self._forgotten()
            if not self._is_gray(claim) and self._is_encrypted(index, claim)
        )

    def has_public(self) -> bool:
        """Whether the pixels outside the regions are those that were sealed."""
        found = public_digest(self.image, self.header.regions, grid_of(self.header))
        return found == self.header.public_digest

    def has_sealed(self, opened: Container[int] = ()) -> bool:
        """Whether the encrypted pixels of all regions are those that were sealed, or gray in
        regions that were forgotten; those that were `opened` were compared then."""
        gone = self.header.forgotten_parts
        return all(
            (index in gone and self._is_gray(claim)) or self._is_encrypted(index, claim)
            for index, claim in self._claims()
            if index not in opened
        )

    def is_erased(self) -> bool:
        """Whether all samples of forgotten regions are in the middle of their range: gray."""
        return all(self._is_gray(claim) for _, claim in self._forgotten())

    def erased(self) -> Self:
        """The same picture with the pixels of forgotten regions gray."""
        image = self.image.copy()
        for _, claim in self._forgotten():
            crop = image[claim.y0 : claim.y1, claim.x0 : claim.x1]
            crop[... if claim.mask is None else claim.mask] = self._gray
        return replace(self, image=image)

    @property
    def _gray(self) -> int:
        return 1 << (8 * self.image.itemsize - 1)

    def _is_gray(self, claim: Claim) -> bool:
        return bool((_owned(self.image, claim) == self._gray).all())

    def _is_encrypted(self, index: int, claim: Claim) -> bool:
        return sealed_digest(gather(self.image, claim)) == self.header.digests[index]

    def _forgotten(self) -> Iterator[tuple[int, Claim]]:
        gone = self.header.forgotten_parts
        if gone:
            yield from ((index, claim) for index, claim in self._claims() if index in gone)

    def _claims(self) -> Iterator[tuple[int, Claim]]:
        header, (height, width) = self.header, self.image.shape[:2]
        return enumerate(claims(header.regions, height, width, grid_of(header)))


def grid_of(header: Header) -> Grid:
    """Of whose cells ellipses own the whole."""
    return header.content.grid if isinstance(header.content, Pixels) else PIXEL


def public_digest(image: np.ndarray, regions: Sequence[Region], grid: Grid) -> bytes:
    """SHA-256 of shape, dtype and pixels, those of the regions counted as zero.

    Samples of two bytes are hashed in little-endian order on every machine.
    """
    public = np.array(image, dtype=image.dtype.newbyteorder("<"), order="C")
    height, width = image.shape[:2]
    for claim in claims(regions, height, width, grid):
        # Zeroing the owned pixels of each region zeroes their union.
        crop = public[claim.y0 : claim.y1, claim.x0 : claim.x1]
        crop[... if claim.mask is None else claim.mask] = 0
    label = canonical({"dtype": image.dtype.name, "shape": list(image.shape)})
    digest = hashlib.sha256(b"facecrypt v2 public pixels" + label)
    digest.update(public.data)
    return digest.digest()


def checked_image(image: np.ndarray) -> np.ndarray:
    """The pixels in C order, if they are such as can be sealed; TypeError or ValueError if not."""
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"image must be a NumPy array of uint8 or uint16, received {type(image).__name__}; "
            "numpy.asarray makes one of Pillow's pictures, facecrypt.media.read_image of a file"
        )
    if image.dtype.name not in ("uint8", "uint16"):
        raise TypeError(
            f"image must be a NumPy array of uint8 or uint16, received {image.dtype}; "
            "scale and round other types yourself, so that nothing is lost unseen"
        )
    if image.ndim not in (2, 3) or image.size == 0 or image.shape[2:] not in ((), (1,), (3,), (4,)):
        raise ValueError(
            f"image must be (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) and not empty, "
            f"received shape {image.shape}"
        )
    return np.ascontiguousarray(image, dtype=image.dtype.newbyteorder("="))


def gather(image: np.ndarray, claim: Claim) -> np.ndarray:
    """A copy of the bytes a region owns: raster order, samples little-endian."""
    owned = _owned(image, claim)
    samples = np.array(owned, dtype=image.dtype.newbyteorder("<"), order="C")
    return samples.reshape(-1).view(np.uint8)


def _owned(image: np.ndarray, claim: Claim) -> np.ndarray:
    crop = image[claim.y0 : claim.y1, claim.x0 : claim.x1]
    return crop if claim.mask is None else crop[claim.mask]


def scatter(image: np.ndarray, claim: Claim, data: np.ndarray) -> None:
    crop = image[claim.y0 : claim.y1, claim.x0 : claim.x1]
    samples = data.view(image.dtype.newbyteorder("<"))
    if claim.mask is None:
        crop[...] = samples.reshape(crop.shape)
    else:
        crop[claim.mask] = samples.reshape(-1, *image.shape[2:])
