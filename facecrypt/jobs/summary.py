"""What became of the pictures of a batch: one result for each, and their sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Result", "Summary"]


@dataclass(frozen=True)
class Result:
    """What became of one input.

    Parameters
    ----------
    source, output : Path
    regions : int
        How many regions the output has sealed, or had.
    skipped : bool
        The output was there already, from an earlier run.
    edited : bool
        Opened although the pixels outside the regions were edited.
    error : Exception, optional
        Why there is no output.
    sealed : bool
        The input, found in a folder, is itself a sealed picture: nothing was written.
    transcoded : bool
        A JPEG whose coding cannot be taken apart: its sealed form is coded anew, and larger.
    forgotten : tuple of int
        Numbers of regions that were erased for good: in the output they are gray.
    unerased : tuple of int
        Those of them whose encrypted face is still in the source.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_files
    >>> from facecrypt.media import encode_image
    >>> key, picture = SecretKey.generate(), encode_image(".png", np.zeros((32, 32), np.uint8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     photo, sealed = Path(folder, "a.png"), Path(folder, "sealed")
    ...     size = photo.write_bytes(picture)
    ...     summary = encrypt_files(photo, sealed, key, regions=[Region(0, 0, 16, 16)])
    >>> [result] = summary.results
    >>> result.output.name, result.regions, result.error
    ('a.png', 1, None)
    """

    source: Path
    output: Path
    regions: int = 0
    skipped: bool = False
    edited: bool = False
    error: Exception | None = None
    sealed: bool = False
    transcoded: bool = False
    forgotten: tuple[int, ...] = ()
    unerased: tuple[int, ...] = ()

    @property
    def bare(self) -> bool:
        """Whether there is an output without any region: nothing in it is encrypted."""
        return self.error is None and not self.sealed and self.regions == 0


@dataclass(frozen=True)
class Summary:
    """What became of all inputs.

    Parameters
    ----------
    results : tuple of Result, in the order of the inputs
    seconds : float
        Wall-clock time of the work.
    ignored : dict of str to int
        Suffixes of files in the folders that are not pictures, and how many there were; the
        path of each link to a folder, which was not followed, with a slash behind it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_files
    >>> from facecrypt.media import encode_image
    >>> key, picture = SecretKey.generate(), encode_image(".png", np.zeros((32, 32), np.uint8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     photos, sealed = Path(folder, "photos"), Path(folder, "sealed")
    ...     photos.mkdir()
    ...     for name, data in ("a.png", picture), ("b.png", picture[:50]), ("c.txt", b"notes"):
    ...         size = (photos / name).write_bytes(data)
    ...     summary = encrypt_files(photos, sealed, key, regions=[Region(0, 0, 16, 16)])
    >>> summary.done, [result.source.name for result in summary.failed], dict(summary.ignored)
    (1, ['b.png'], {'.txt': 1})
    """

    results: tuple[Result, ...]
    seconds: float
    ignored: Mapping[str, int]

    @property
    def failed(self) -> tuple[Result, ...]:
        """Results without an output, and why."""
        return tuple(result for result in self.results if result.error is not None)

    @property
    def skipped(self) -> int:
        """Pictures whose output was there already."""
        return sum(result.skipped for result in self.results)

    @property
    def done(self) -> int:
        """Pictures whose output this run wrote."""
        return len(self.results) - len(self.failed) - self.skipped - self.sealed

    @property
    def sealed(self) -> int:
        """Pictures of folders that are sealed themselves, and were passed over."""
        return sum(result.sealed for result in self.results)

    @property
    def transcoded(self) -> int:
        """JPEG files that were coded anew, for theirs could not be taken apart."""
        return sum(result.transcoded for result in self.results)

    @property
    def regions(self) -> int:
        """Regions of all outputs, those of earlier runs too."""
        return sum(result.regions for result in self.results)

    @property
    def bare(self) -> int:
        """Pictures that have an output without any region: nothing in them was encrypted."""
        return sum(result.bare for result in self.results)

    @property
    def images_per_second(self) -> float:
        """Pictures done in a second."""
        return self.done / self.seconds if self.seconds else 0.0
