"""The command ``doctor``: what is installed, what of it works, and what to do about the rest."""

import hashlib
import platform
import re
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from facecrypt import _native, backends, chaos
from facecrypt._version import __version__
from facecrypt.cli.escapes import shown
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE, FAILED
from facecrypt.detector import MTCNN
from facecrypt.errors import BackendUnavailableError, FacecryptError
from facecrypt.media.video.encoding import CODECS
from facecrypt.media.video.library import load
from facecrypt.models.sessions import (
    MODELS,
    TELEMETRY,
    add_kernels,
    import_runtime,
    refuse_telemetry,
    runtime,
)

__all__ = [
    "Finding",
    "add_options",
    "distributions",
    "examine",
    "models",
    "run",
    "telemetry",
    "video",
]

# A row of a table in models/README.md; those of what the networks were made of have other names.
_DIGEST = re.compile(r"^\| (\w+\.onnx) \| ([0-9a-f]{64}) \|$", re.MULTILINE)
# Algorithm 2, mu = 3.99, d0 = 0.4, bytes 1 to 8: computed with Python floats.
_KNOWN_KEY, _KNOWN_BYTES = (3.99, 0.4), bytes.fromhex("bfb5960b42e84564")


@dataclass(frozen=True)
class _Rivals:
    """Distributions that write the same files, so that only one of them may be installed.

    If several are, the last of `names` is kept. `installs` maps a distribution to what to install
    instead of its name. `attribute` is missing from what `load` imports once another of them was
    removed.
    """

    what: str
    names: tuple[str, ...]
    load: Callable[[], ModuleType]
    attribute: str
    first: str
    installs: dict[str, str]


_RIVALS = (
    _Rivals(
        "OpenCV",
        tuple(
            f"opencv-{kind}python{head}" for kind in ("", "contrib-") for head in ("", "-headless")
        ),
        partial(import_module, "cv2"),
        "imdecode",
        "opencv-python-headless",
        {},
    ),
    _Rivals(
        "onnxruntime",
        ("onnxruntime", "onnxruntime-openvino", "onnxruntime-directml", "onnxruntime-gpu"),
        runtime,
        "InferenceSession",
        "facecrypt[cpu]",
        {"onnxruntime-gpu": "facecrypt[gpu]"},
    ),
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    what : str
    detail : str
        Version, or what is wrong.
    remedy : str
        What to do; empty where nothing need be done.
    ok : bool
    needed : bool
        Whether facecrypt's main job fails without it.
    """

    what: str
    detail: str
    remedy: str = ""
    _: KW_ONLY
    ok: bool
    needed: bool = True


def examine() -> list[Finding]:
    """Look at the installation. Runs the detector once; takes about a second."""
    return [
        Finding("facecrypt", __version__, ok=True),
        Finding("python", f"{sys.version.split()[0]} on {platform.platform()}", ok=True),
        *_packages(),
        *_kernels(),
        telemetry(),
        *distributions(),
        models(),
        *_detectors(),
        video(),
    ]


def telemetry() -> Finding:
    """Whether onnxruntime reports to its makers; facecrypt switches that off where it can."""
    obstacle = refuse_telemetry()
    if not obstacle:
        return Finding("telemetry", "off; onnxruntime reports nothing to its makers", ok=True)
    return Finding(
        "telemetry",
        f"on: {obstacle}; builds of onnxruntime that have it report to Microsoft",
        f"set {TELEMETRY}=1 in the environment before Python starts",
        ok=False,
    )


def distributions() -> list[Finding]:
    """Look at the distributions of OpenCV and of onnxruntime: one of each, and whole.

    Each has several that write the same files. Installed over each other, the one that came last
    works, often not the wanted one; when one is removed, it takes the files of the other with it.
    """
    return [_one_of(rivals) for rivals in _RIVALS]


def models(folder: Path = MODELS) -> Finding:
    """Whether the networks are those that the package ships, by the digests in its README."""
    remedy = "pip install --force-reinstall --no-deps facecrypt, or copy them anew"
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except OSError as error:
        detail = f"README.md, which has their digests: {error.strerror}"
        return Finding("networks", detail, remedy, ok=False)
    wanted = dict(_DIGEST.findall(text))
    wrong = [trouble for name in wanted if (trouble := _wrong(folder / name, wanted[name]))]
    if wrong or not wanted:
        detail = "; ".join(wrong) or "README.md has no digests of them"
        return Finding("networks", detail, remedy, ok=False)
    return Finding("networks", f"{', '.join(wanted)} are as shipped", ok=True)


def _wrong(path: Path, digest: str) -> str:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"{path.name}: {error.strerror}"
    return "" if found == digest else f"{path.name} is damaged, or another network"


def _packages() -> Iterator[Finding]:
    for name in ("numpy", "cryptography", "pillow", "isal", "tqdm"):
        try:
            yield Finding(name, metadata.version(name), ok=True)
        except metadata.PackageNotFoundError:
            yield Finding(name, "not installed", f"pip install {name}", ok=False)


def _kernels() -> Iterator[Finding]:
    for name, reason in backends.available().items():
        if reason is not None:
            yield Finding(f"backend {name}", reason, ok=False, needed=name == "native")
            continue
        got = chaos.logistic_sequence(*_KNOWN_KEY, len(_KNOWN_BYTES), backend=name).tobytes()
        good = got == _KNOWN_BYTES
        detail = "computes the published bytes" if good else f"wrong bytes: {got.hex()}"
        remedy = "" if good else "do not use it; report this machine's processor and compiler"
        yield Finding(f"backend {name}", detail, remedy, ok=good)


def _one_of(rivals: _Rivals) -> Finding:
    found = {}
    for name in rivals.names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if not found:
        return Finding(rivals.what, "not installed", f"pip install '{rivals.first}'", ok=False)
    versions = " and ".join(f"{name} {version}" for name, version in found.items())
    last = list(found)[-1]
    install = rivals.installs.get(last, last)
    if len(found) > 1:
        trouble = f"{versions} are installed over each other"
    else:
        try:
            if hasattr(rivals.load(), rivals.attribute):
                return Finding(rivals.what, versions, ok=True)
            trouble = f"{versions} is installed, but files of it are missing"
        except ImportError as error:  # on servers: libGL, which OpenCV with windows needs
            trouble, install = f"{versions} does not load: {error}", rivals.first
    remedy = f"pip uninstall -y {' '.join(found)} && pip install '{install}'"
    return Finding(rivals.what, trouble, remedy, ok=False)


def _detectors() -> Iterator[Finding]:
    try:
        onnxruntime = import_runtime("finding faces")
        providers = onnxruntime.get_available_providers()
        detail = f"{_timed('cpu')}; providers {', '.join(providers)}"
        yield Finding("detector", detail, ok=True)
        yield _network_kernels(onnxruntime)
    except (ImportError, FacecryptError) as error:
        yield Finding("detector", str(error), ok=False)
        return
    try:
        yield Finding("detector on CUDA", _timed("cuda"), ok=True, needed=False)
    except BackendUnavailableError as error:
        remedy = ""
        if "CUDAExecutionProvider" not in providers and sys.platform != "darwin":
            remedy = (
                "for an NVIDIA GPU: pip uninstall -y onnxruntime && pip install 'facecrypt[gpu]'"
            )
        yield Finding("detector on CUDA", str(error), remedy, ok=False, needed=False)


def video() -> Finding:
    """Whether videos can be read and written, and by which encoders."""
    try:
        av = load()
    except BackendUnavailableError as error:
        return Finding("video", str(error), ok=False, needed=False)
    have = [codec for codec, name in CODECS.items() if name in av.codecs_available]
    detail = f"PyAV {av.__version__}, FFmpeg {av.ffmpeg_version_info}; writes {', '.join(have)}"
    if "h264" in have:
        return Finding("video", detail, ok=True, needed=False)
    remedy = "pip install -U --force-reinstall av, whose wheels write h264"
    return Finding("video", detail, remedy, ok=False, needed=False)


def _network_kernels(onnxruntime: Any) -> Finding:
    what, obstacle = "kernels in onnxruntime", add_kernels(onnxruntime.SessionOptions())
    if not obstacle:
        return Finding(what, f"P-, R- and O-Net, {_native.isa()}", ok=True, needed=False)
    detail = f"{obstacle}; the detector runs without them, in almost twice the time"
    remedy = "pip install -U onnxruntime"
    return Finding(what, detail, remedy, ok=False, needed=False)


def _timed(device: str) -> str:
    """How long a picture takes, once the first has made the device ready."""
    detector, picture = MTCNN(device=device), np.zeros((240, 320, 3), np.uint8)
    detector.detect(picture)
    started = time.perf_counter()
    detector.detect(picture)
    return f"320x240 in {(time.perf_counter() - started) * 1000:.1f} ms"


def add_options(sub: ArgumentParser) -> None:
    """It has none but those of every command."""
    add_examples(sub, "facecrypt doctor")


def run(args: Namespace) -> int:
    findings = examine()
    # Where it is to be quiet, it says what has to be mended.
    for finding in [one for one in findings if not args.quiet or (one.needed and not one.ok)]:
        mark = "ok  " if finding.ok else "FAIL" if finding.needed else "none"
        print(f"{mark}  {finding.what}: {shown(finding.detail)}")
        if finding.remedy:
            print(f"      {finding.remedy}")
    return DONE if all(finding.ok or not finding.needed for finding in findings) else FAILED
