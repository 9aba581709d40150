"""Folders of photos, encrypted and decrypted, beside what others do to the same folder.

Stages, memory and what two workers gain in detail: ``python -m bench.once.pipeline``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.folders import FOLDERS
from bench.harness import Measured, Row, Spec
from bench.report import Gain, Goal, Table

__all__ = ["ROUNDS", "gains", "prepare", "rows", "specs", "tables"]

ROUNDS = {"tiny": 1, "quick": 3, "full": 5}
COUNTS = {"tiny": 2, "quick": 12, "full": 24}
WORKERS = {"1 worker": 1, "2 workers": 2}
DEFACE, OBVIOUS = "deface", "facenet-pytorch and a logistic loop"


def prepare(folder: Path, scale: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Photos of 800 x 600 with a face each."""
    from bench.once.pipeline import make_photos

    photos = folder / "photos"
    make_photos(photos, COUNTS[scale], 800, 600)
    return {"photos": str(photos), "folder": str(folder)}


def specs(isas: list[str], peers: str) -> list[Spec]:
    """A process for each way to go through the folder."""
    own = [Spec("bench.pipeline", part, one_core=n == 1) for part, n in WORKERS.items()]
    theirs = [
        Spec("bench.folders", part, one_core=threads == 1, python=peers)
        for part, (_, threads) in FOLDERS.items()
    ]
    return [Spec("bench.rivals", "machine"), *own, *theirs]


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """Encryption and decryption with so many workers."""
    from facecrypt import MTCNN, SecretKey, Summary, decrypt_files, encrypt_files
    from facecrypt.media import read_image

    photos, base, workers = Path(data["photos"]), Path(data["folder"]) / part, WORKERS[part]
    sealed, back = base / "sealed", base / "back"
    key, detector = SecretKey.generate(), MTCNN(device="cpu")
    count = len(list(photos.iterdir()))

    def checked(summary: Summary) -> int:
        assert not summary.failed, summary.failed[0].error
        regions = sum(result.regions for result in summary.results)
        assert regions, "no face in any photo"
        return regions

    def encrypt() -> int:
        return checked(
            encrypt_files(
                photos, sealed, key, detector=detector, workers=workers, resume=False,
                overwrite=True,
            )
        )  # fmt: skip

    def decrypt() -> int:
        return checked(decrypt_files(sealed, back, key, workers=workers, overwrite=True))

    def opened() -> int:
        regions = decrypt()
        for path in sorted(photos.iterdir()):
            same = read_image(path).pixels == read_image(back / path.name).pixels
            assert same.all(), f"{path.name} came back changed"
        return regions

    def row(name: str, run: Callable[[], int], prove: Callable[[], int]) -> Row:
        return Row(f"{name}, {part}", run, count, prove, "regions")

    # In this order: what is decrypted was encrypted by the proof of the first.
    return [row("encrypt", encrypt, encrypt), row("decrypt", decrypt, opened)]


def tables(found: Measured, isas: list[str]) -> list[Table]:
    """Ours and theirs in one table."""
    names = [f"{verb}, {part}" for verb in ("encrypt", "decrypt") for part in WORKERS]
    pairs = (("encrypt, 1 worker", "1 thread"), ("encrypt, 2 workers", "its own threads"))
    goals = [
        Goal(own, f"{peer}, {threads}", wanted, clock=clock)
        for (own, threads), clock in zip(pairs, ("cpu", "wall"), strict=True)
        for peer, wanted in ((DEFACE, 3.0), (OBVIOUS, 5.0))
    ]
    against = (f"{DEFACE}, 1 thread", f"{OBVIOUS}, 1 thread")
    return [Table("A folder of photos", "images/s", (*names, *FOLDERS), against, goals)]


def gains(found: Measured) -> list[Gain]:
    """Two workers against one."""
    pairs = [(f"{verb}, 1 worker", f"{verb}, 2 workers") for verb in ("encrypt", "decrypt")]
    gained = [Gain(one, two, None) for one, two in pairs]
    return [Gain("SHA-256", "SHA-256, 2 threads", None), *gained]
