"""What is installed, what of it works, and what to do about the rest."""

import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from facecrypt import backends, chaos
from facecrypt._version import __version__
from facecrypt.errors import FacecryptError

__all__ = ["Finding", "examine"]

# One distribution of each group may be installed: they write the same files.
_ONNXRUNTIME = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino")
_OPENCV = tuple(
    f"opencv-{kind}python{head}" for kind in ("", "contrib-") for head in ("", "-headless")
)

# Algorithm 2, mu = 3.99, d0 = 0.4, bytes 1 to 8: computed with Python floats.
_KNOWN_KEY, _KNOWN_BYTES = (3.99, 0.4), bytes.fromhex("bfb5960b42e84564")


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    what : str
    ok : bool
    detail : str
        Version, or what is wrong.
    remedy : str
        What to do; empty where nothing need be done.
    needed : bool
        Whether facecrypt's main job fails without it.
    """

    what: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = True


def examine() -> list[Finding]:
    """Look at the installation. Runs the detector once; takes about a second."""
    return [
        Finding("facecrypt", True, __version__),
        Finding("python", True, f"{sys.version.split()[0]} on {platform.platform()}"),
        *_packages(),
        *_kernels(),
        *_one_of("OpenCV", _OPENCV, "opencv-python-headless"),
        *_one_of("onnxruntime", _ONNXRUNTIME, "facecrypt[cpu]"),
        *_detector(),
    ]


def _packages() -> Iterator[Finding]:
    for name in ("numpy", "cryptography", "pillow", "isal", "tqdm"):
        try:
            yield Finding(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed", f"pip install {name}")


def _kernels() -> Iterator[Finding]:
    for name, reason in backends.available().items():
        if reason is not None:
            yield Finding(f"backend {name}", False, reason, needed=name == "native")
            continue
        got = chaos.logistic_sequence(*_KNOWN_KEY, len(_KNOWN_BYTES), backend=name).tobytes()
        good = got == _KNOWN_BYTES
        detail = "computes the published bytes" if good else f"wrong bytes: {got.hex()}"
        remedy = "" if good else "do not use it; report this machine's processor and compiler"
        yield Finding(f"backend {name}", good, detail, remedy)


def _one_of(what: str, names: tuple[str, ...], install: str) -> Iterator[Finding]:
    found = []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    if not found:
        yield Finding(what, False, "not installed", f"pip install '{install}'")
    elif len(found) > 1:
        names_only = " ".join(entry.split()[0] for entry in found)
        keep = found[-1].split()[0]
        yield Finding(
            what,
            False,
            f"{' and '.join(found)} are installed over each other",
            f"pip uninstall -y {names_only} && pip install {keep}",
        )
    else:
        yield Finding(what, True, found[0])


def _detector() -> Iterator[Finding]:
    try:
        import onnxruntime

        from facecrypt.detector import MTCNN

        providers = onnxruntime.get_available_providers()
        detector = MTCNN()
        started = time.perf_counter()
        detector.detect(np.zeros((240, 320, 3), np.uint8))
        spent = (time.perf_counter() - started) * 1000
    except (ImportError, FacecryptError) as error:
        yield Finding("detector", False, str(error), "pip install 'facecrypt[cpu]'")
        return
    yield Finding("detector", True, f"320x240 in {spent:.0f} ms; providers {', '.join(providers)}")
    if "CUDAExecutionProvider" not in providers:
        yield Finding(
            "detector on CUDA",
            False,
            "this onnxruntime has no CUDA provider",
            "for an NVIDIA GPU: pip uninstall -y onnxruntime && pip install 'facecrypt[gpu]'",
            needed=False,
        )
