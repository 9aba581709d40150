"""Where the bytes go by which sealing makes a JPEG larger.

    python -m bench.once.jpeg_growth FOLDER_OR_FILE... [--least 2.0] [--area 0.05]

prints a Markdown table: of photos of at least that many megapixels, sealed with three boxes at
places that their names draw, each part of the growth in percent of the file, as medians. So the
parts need not add up to the whole. Files that are coded anew, or refused, are left out.
"""

import argparse
import json
import statistics
import warnings
from collections.abc import Mapping
from pathlib import Path

from bench.once.jpeg import photos
from bench.once.jpeg_corpus import SUFFIX, boxes, upright_size
from bench.report import versions
from facecrypt import Region, SecretKey
from facecrypt.errors import FacecryptError
from facecrypt.media.jpeg import cut
from facecrypt.media.jpeg.frame import Frame
from facecrypt.sealing.carriers import SealedFile, Source
from facecrypt.sealing.in_memory import encode
from facecrypt.sealing.options import Seal
from facecrypt.sealing.padding import padded_size

PACKAGES = ("numpy",)
KEY = SecretKey(bytes(32))


def seal(data: bytes, regions: list[Region], padding: str) -> SealedFile:
    return encode(Source(data), [KEY], Seal(regions=regions, padding=padding), suffix=SUFFIX)


def growth(data: bytes, frame: Frame, regions: list[Region]) -> dict[str, float]:
    """Percent of the file; nothing where it is not kept as it is."""
    sealed = seal(data, regions, "padme")
    header = sealed.header.to_bytes()
    about = json.loads(header)
    if about["coding"] != "exact":
        return {}
    cells = [region["cells"] for region in about["regions"]]
    parts, whole = cut(data, cells), cut(data, [])
    sizes = [len(region) for region in parts.regions]
    hidden = {(x, y) for x0, y0, x1, y1 in cells for x in range(x0, x1) for y in range(y0, y1)}
    blocks = sum(component[0] * component[1] for component in frame.components)
    gray = len(hidden) * blocks * (1 if frame.progressive else 2) / 8
    taken = len(whole.public) - len(parts.public)
    segments = sum(segment.length for segment in frame.segments)
    coded_anew = len(whole.public) - (len(data) - segments - len(parts.tail))
    grown = len(sealed.data) - len(data)
    explained = {
        "header: keys, hashes, quantisers": len(header),
        "lengths of parts rounded up, so that they tell less": sum(map(padded_size, sizes))
        - sum(sizes),
        "gray cells: 2 bits a block at the least, 1 in progressive ones": gray,
        "faces coded by themselves, above what they took in the file": sum(sizes) - taken - gray,
        "what is not hidden, coded anew": coded_anew,
    }
    added = {
        "the whole": grown,
        **explained,
        "metadata, from readable to encrypted": grown - sum(explained.values()),
        "the whole with `--padding double`": len(seal(data, regions, "double").data) - len(data),
    }
    return {name: 100 * size / len(data) for name, size in added.items()}


def table(found: Mapping[str, list[dict[str, float]]]) -> list[str]:
    counts = [f"{name}, {len(rows)}" for name, rows in found.items()]
    lines = [f"| percent of the file | {' | '.join(counts)} |", "|---|" + "---|" * len(counts)]
    for name in next(iter(found.values()))[0]:
        medians = (statistics.median(row[name] for row in rows) for rows in found.values())
        lines.append(f"| {name} | {' | '.join(f'{median:.2f}' for median in medians)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--least", type=float, default=2.0, help="megapixels")
    parser.add_argument("--area", type=float, default=0.05, help="part that the boxes cover")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    found: dict[str, list[dict[str, float]]] = {"all": [], "sequential": [], "progressive": []}
    for path, data, frame in photos(chosen.paths, chosen.least):
        try:
            row = growth(data, frame, boxes(path.name, *upright_size(data), chosen.area))
        except FacecryptError:
            continue
        if row:
            found["all"].append(row)
            found["progressive" if frame.progressive else "sequential"].append(row)
    if not found["all"]:
        raise SystemExit("none of them stays the JPEG it was; tools/fetch_jpegs.py fetches some")
    print(f"{versions(PACKAGES)}\n")
    print("\n".join(table({name: rows for name, rows in found.items() if rows})))


if __name__ == "__main__":
    main()
