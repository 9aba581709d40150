"""Picture files in, a report out: what ``facecrypt analyze`` does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from facecrypt.analysis.cases import Case, SchemeLike, study_scheme, study_sealing
from facecrypt.analysis.report import write_report
from facecrypt.detector import Detector
from facecrypt.errors import FacecryptError
from facecrypt.files import PathLike
from facecrypt.media import read_image
from facecrypt.regions import Region

__all__ = ["analyze_files"]


def analyze_files(
    paths: Iterable[PathLike],
    output: PathLike,
    *,
    scheme: SchemeLike | None = None,
    key: Any | Callable[[tuple[int, ...]], Any] = None,
    regions: Sequence[Region] | Callable[[PathLike], Sequence[Region] | None] | None = None,
    detector: Detector | None = None,
    overwrite: bool = False,
    on_error: Callable[[PathLike, Exception], None] | None = None,
) -> None:
    """Measure a cipher on picture files and write the report.

    Parameters
    ----------
    paths : iterable of paths
        Any pictures that :func:`facecrypt.media.read_image` reads.
    output : path of the HTML file
    scheme : optional
        None: the sealing format. Otherwise a scheme, which encrypts whole pictures, or with
        `regions` the box of each region as a picture of its own.
    key : optional
        For a scheme: its key, or a function from the shape of a picture to a key.
    regions : sequence of Region, optional
        Or a function from a path to them. None: the faces that are detected; for a scheme, the
        whole picture.
    detector : optional
        For the sealing format, as in :func:`facecrypt.encrypt_image`.
    overwrite : bool
        Replace an existing report.
    on_error : callable, optional
        Called with the path and the error of each picture that cannot be measured; the others
        are. None: the first error ends it.

    Raises
    ------
    MediaError
        A picture cannot be read, or the report not be written.
    BackendUnavailableError
        matplotlib is not installed.
    ValueError
        Nothing to measure: no pictures, no faces, no region inside.
    """

    def measured() -> Iterator[Case]:
        for path in paths:
            try:
                image, name = read_image(path).pixels, Path(path).name
                boxes = regions(path) if callable(regions) else regions
                if scheme is None:
                    yield study_sealing(image, boxes, detector=detector, name=name)
                    continue
                for title, part in _parts(image, name, boxes):
                    chosen = key(part.shape) if callable(key) else key
                    yield study_scheme(scheme, part, chosen, name=title)
            except (FacecryptError, TypeError, ValueError) as error:
                if on_error is None:
                    raise
                on_error(path, error)

    write_report(output, measured(), overwrite=overwrite)


def _parts(
    image: NDArray, name: str, regions: Sequence[Region] | None
) -> list[tuple[str, NDArray]]:
    if regions is None:
        return [(name, image)]
    boxes = [region.clip(*image.shape[:2]) for region in regions]
    parts = [
        (f"{name}, region {index}", image[box.y0 : box.y1, box.x0 : box.x1])
        for index, box in enumerate(boxes)
        if box is not None
    ]
    if not parts:
        raise ValueError(f"{name}: no region is inside the picture")
    return parts
