"""Small JPEGs of every kind there is a writer for: samplings, scans, tables, sizes, oddities.

`cases()` gives (name, bytes), the same ones on each call and machine with the same libraries.
Pillow makes most; where libjpeg-turbo's `cjpeg` and `jpegtran` are installed, they add samplings,
scan scripts and progressive files of transcoders. `support.jpeg_oddities` edits bytes by hand.
"""

import io
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from support.jpeg_oddities import many_corrections, oddities
from support.second_reader.jpeg_segments import parse

Case = tuple[str, bytes]

SAMPLINGS = {"444": 0, "422": 1, "420": 2}
SAVES = {
    "plain": {},
    "optimize": {"optimize": True},
    "progressive": {"progressive": True},
    "restart-1": {"restart_marker_rows": 1},
    "restart-1B": {"restart_marker_blocks": 1},
    "progressive-restart-1B": {"progressive": True, "restart_marker_blocks": 1},
    "coarse": {"quality": 1},
    "fine": {"quality": 100, "optimize": True},
    "fine-progressive": {"quality": 100, "progressive": True},
}
SIZES = ((1, 1), (8, 8), (16, 16), (17, 23), (40, 33))
# cjpeg's own syntax; luma first, a component without a pair has 1x1.
CJPEG_SAMPLINGS = (
    "1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "2x2,2x1,1x2", "2x2,2x1,1x1",
    "2x1,2x1,1x1", "1x1,2x2,1x1", "2x1,2x1,2x1", "3x2,1x2,1x1",
)  # fmt: skip
CJPEG_OPTIONS = {
    "plain": (),
    "optimize": ("-optimize",),
    "progressive": ("-progressive",),
    "restart-1": ("-restart", "1"),
    "restart-1B": ("-restart", "1B"),
    "progressive-restart-1B": ("-progressive", "-restart", "1B"),
}
SCRIPTS = {
    "one-by-one": "0; 1; 2;",
    "luma-then-chroma": "0; 1 2;",
    "chroma-first": "2; 0 1;",
    "spectral-only": "0 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;",
    "deep": "0: 0-0, 0, 2; 1 2: 0-0, 0, 1; 0: 1-20, 0, 3; 0: 21-63, 0, 3; 0: 1-63, 3, 2;"
    "0: 1-63, 2, 1; 0: 1-63, 1, 0; 1: 1-63, 0, 1; 2: 1-63, 0, 0; 1: 1-63, 1, 0;"
    "0: 0-0, 2, 1; 0: 0-0, 1, 0; 1 2: 0-0, 1, 0;",
    "unfinished": "0 1 2: 0-0, 0, 1; 0: 1-63, 0, 2; 1: 1-9, 0, 0; 0: 1-63, 2, 1;",
}


def picture(mode: str, width: int, height: int) -> Image.Image:
    """Flat parts, edges and noise, so that runs of every length occur."""
    rng = np.random.default_rng([width, height])
    bands = len(mode) if mode != "L" else 1
    y, x = np.mgrid[:height, :width]
    phases = np.arange(bands)
    wave = 128 + 90 * np.sin(x[..., None] / 5 + phases) * np.cos(y[..., None] / (3 + phases))
    noise = rng.normal(0, 30, (height, width, bands)) * ((x // 12 + y // 12) % 2 > 0)[..., None]
    pixels = np.clip(wave + noise, 0, 255).astype(np.uint8)
    return Image.frombytes(mode, (width, height), pixels.tobytes())


def by_pillow(mode: str, size: tuple[int, int], **options) -> bytes:
    file = io.BytesIO()
    picture(mode, *size).save(file, "JPEG", **options)
    return file.getvalue()


def cases() -> Iterator[Case]:
    """Every case: name, and the bytes of the file."""
    yield from _pillow_cases()
    if shutil.which("cjpeg") and shutil.which("jpegtran"):
        yield from _cjpeg_cases()
        yield from _jpegtran_cases()
    for name, data in (
        ("420", by_pillow("RGB", (50, 35), subsampling=2)),
        ("420-progressive", by_pillow("RGB", (50, 35), subsampling=2, progressive=True)),
        ("420-restart", by_pillow("RGB", (50, 35), subsampling=2, restart_marker_blocks=2)),
        ("gray", by_pillow("L", (50, 35))),
    ):
        yield from ((f"odd-{name}-{what}", made) for what, made in oddities(data))


def _pillow_cases() -> Iterator[Case]:
    for (save, options), size in itertools.product(SAVES.items(), SIZES):
        label = f"{save}-{size[0]}x{size[1]}"
        yield f"gray-{label}", by_pillow("L", size, **options)
        yield f"cmyk-{label}", by_pillow("CMYK", size, **options)
        yield f"rgb-{label}", by_pillow("RGB", size, keep_rgb=True, **options)
        for sampling, number in SAMPLINGS.items():
            yield f"ycc-{sampling}-{label}", by_pillow("RGB", size, subsampling=number, **options)
    for side in range(1, 41):
        size = (side, 1 + side * 7 % 40)
        for save in ("plain", "progressive"):
            label = f"{save}-{size[0]}x{size[1]}"
            yield f"dummies-420-{label}", by_pillow("RGB", size, subsampling=2, **SAVES[save])
            yield f"dummies-422-{label}", by_pillow("RGB", size[::-1], subsampling=1, **SAVES[save])

    # More than 0x7FFF blocks of nothing: the longest EOB run, and what comes after it.
    file = io.BytesIO()
    Image.new("L", (1456, 1456), 90).save(file, "JPEG", progressive=True)
    yield "odd-longest-eob-run", file.getvalue()


def _run(*command: str, data: bytes) -> bytes:
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def _pnm(mode: str, size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    picture(mode, *size).save(file, "PPM")
    return file.getvalue()


def _scripts(folder: Path) -> dict[str, str]:
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
    return {name: str(folder / name) for name in SCRIPTS}


def _cjpeg_cases() -> Iterator[Case]:
    sizes = itertools.cycle(((17, 23), (40, 33), (9, 70), (33, 1)))
    for sampling, (label, options) in itertools.product(CJPEG_SAMPLINGS, CJPEG_OPTIONS.items()):
        size = next(sizes)
        name = f"cjpeg-{sampling.replace(',', '_')}-{label}-{size[0]}x{size[1]}"
        yield name, _run("cjpeg", "-sample", sampling, *options, data=_pnm("RGB", size))
    for sampling, (label, options) in itertools.product(("2x2", "1x3"), CJPEG_OPTIONS.items()):
        size = next(sizes)
        name = f"cjpeg-gray-{sampling}-{label}-{size[0]}x{size[1]}"
        yield name, _run("cjpeg", "-sample", sampling, *options, data=_pnm("L", size))
    with tempfile.TemporaryDirectory() as folder:
        for script, path in _scripts(Path(folder)).items():
            for sampling in ("1x1", "2x2", "2x1"):
                more = ("-restart", "2B") if sampling == "2x1" else ()
                made = _run(
                    "cjpeg", "-sample", sampling, "-scans", path, *more, data=_pnm("RGB", (43, 37))
                )
                yield f"cjpeg-{sampling}-script-{script}", made


def _jpegtran_cases() -> Iterator[Case]:
    """What a transcoder makes of files with dummy blocks."""
    for number in SAMPLINGS.values():
        data = by_pillow("RGB", (43, 37), subsampling=number)
        for label, options in CJPEG_OPTIONS.items():
            yield f"jpegtran-{number}-{label}", _run("jpegtran", *options, data=data)
        yield f"jpegtran-{number}-gray", _run("jpegtran", "-grayscale", data=data)
        yield f"jpegtran-{number}-turned", _run("jpegtran", "-rotate", "90", data=data)
    # libjpeg writes an EOB run once more than 937 correction bits wait: 937, 1000; then 938.
    counts = [63] * 14 + [55, 63] + [63] * 14 + [56]
    full = many_corrections(by_pillow("L", (300, 200)), counts)
    yield "odd-corrections-by-libjpeg", _run("jpegtran", "-progressive", data=full)
    large = by_pillow("RGB", (600, 400), quality=20)
    yield "jpegtran-long-runs", _run("jpegtran", "-progressive", data=large)


def refused_cases() -> Iterator[tuple[str, bytes, bool]]:
    """JPEGs whose bytes no coder of Huffman scans can give back; and whether Pillow reads them."""
    data = by_pillow("RGB", (50, 35), subsampling=2)
    if shutil.which("cjpeg") and shutil.which("jpegtran"):
        yield "arithmetic", _run("jpegtran", "-arithmetic", data=data), True
        with tempfile.TemporaryDirectory() as folder:
            script = _scripts(Path(folder))["one-by-one"]
            three = _run("cjpeg", "-scans", script, data=_pnm("RGB", (50, 35)))
        quantiser = b"\xff\xdb\0\x43\0" + bytes(range(1, 65))
        second = three.rindex(b"\xff\xda")
        yield "quantiser-redefined", three[:second] + quantiser + three[second:], True
    restarts = by_pillow("RGB", (50, 35), subsampling=2, restart_marker_blocks=2)
    at = restarts.index(b"\xff\xd2")
    yield "restart-missing", restarts[:at] + restarts[at + 2 :], True
    yield "restart-misnumbered", restarts[:at] + b"\xff\xd5" + restarts[at + 2 :], True
    scan = parse(data).scans[0]
    yield "truncated", data[: (scan.start + scan.end) // 2], False
    start = data.rindex(b"\xff\xda", 0, scan.start)
    yield "scanned-twice", data[:-2] + data[start:], False
    height = data.index(b"\xff\xc0") + 5
    lines = b"\xff\xdc\0\4" + data[height : height + 2]
    yield "dnl", data[:height] + b"\0\0" + data[height + 2 : -2] + lines + data[-2:], False
    yield (
        "two-frames",
        data[: height - 5] + data[height - 5 : height + 14] + data[height - 5 :],
        False,
    )
    yield "no-scan", data[:start] + data[-2:], False
