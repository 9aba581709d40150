"""What a caller asked for, in one object: public functions take keywords and make it once."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from facecrypt.detector import Detector, default_detector
from facecrypt.regions import SHAPES, Region
from facecrypt.sealing.header import CIPHERS

__all__ = ["GROW", "PADDINGS", "Open", "Seal"]

# Detected boxes end at brow and chin; what identifies a person does not.
GROW = 0.2
# To which lengths the sealed coefficients of a JPEG are filled up.
PADDINGS = ("padme", "double")


@dataclass(frozen=True, kw_only=True)
class Seal:
    """How to seal; the parameters of :func:`facecrypt.encrypt_file`.

    Raises
    ------
    TypeError
        A detector that cannot detect, or regions that are no sequence.
    ValueError
        A cipher, a shape or a margin that there is not.
    """

    regions: Sequence[Region] | None = None
    detector: Detector | None = None
    cipher: str = CIPHERS[0]
    grow: float = GROW
    shape: str = SHAPES[0]
    sidecar: bool = False
    keep_metadata: bool = False
    padding: str = PADDINGS[0]
    original: bool = True
    overwrite: bool = False
    backend: str = "auto"

    def __post_init__(self) -> None:
        if self.cipher not in CIPHERS:
            raise ValueError(
                f"cipher must be one of {', '.join(CIPHERS)}, received {self.cipher!r}"
            )
        detector = self.detector
        if detector is not None and (isinstance(detector, type) or not hasattr(detector, "detect")):
            name = detector.__name__ if isinstance(detector, type) else type(detector).__name__
            raise TypeError(
                "detector must be an object with a method detect(image) that returns Regions, such "
                f"as MTCNN(), received {'the class ' * isinstance(detector, type)}{name}"
            )
        if self.regions is not None and not isinstance(self.regions, Iterable):
            raise TypeError(_no_sequence("Region", self.regions))
        if self.padding not in PADDINGS:
            raise ValueError(
                f"padding must be one of {', '.join(PADDINGS)}, received {self.padding!r}"
            )
        Region(0, 0, 1, 1, shape=self.shape).grow(self.grow)  # refuses what it cannot be

    def request(self) -> bytes:
        """8 bytes that say how the sealing is asked for; they tell nothing of the picture.

        The first has flags: 1 where metadata are kept, 2 where lengths are doubled. The others
        are a digest of how faces are looked for, or zeros where regions are given and where the
        detector does not say what it is, having no ``fingerprint``.
        """
        flags = self.keep_metadata | (self.padding == "double") << 1
        return bytes([flags]) + self._search()

    def _search(self) -> bytes:
        name = None
        if self.regions is None:
            name = getattr(self.detector or default_detector(), "fingerprint", None)
        if name is None:
            return bytes(7)
        asked = {"detector": name, "grow": float(self.grow), "shape": self.shape}
        text = json.dumps(asked, sort_keys=True)
        return hashlib.sha256(b"facecrypt v2 request" + text.encode()).digest()[:7]


@dataclass(frozen=True, kw_only=True)
class Open:
    """How to open; the parameters of :func:`facecrypt.decrypt_file`.

    ``pristine`` refuses a file that holds anything its writer would not have written, harmless
    or not.
    """

    regions: Sequence[int] | None = None
    allow_edited: bool = False
    overwrite: bool = False
    backend: str = "auto"
    pristine: bool = False

    def __post_init__(self) -> None:
        if self.regions is not None and not isinstance(self.regions, Iterable):
            raise TypeError(_no_sequence("numbers", self.regions))


def _no_sequence(what: str, received: object) -> str:
    return f"regions must be a sequence of {what}, received {received!r}; put it in a list"
