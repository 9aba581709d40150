"""Which PNG encoder: speed, whether it holds the GIL, size, and speed of decoding.

    python -m bench.once.png FOLDER_OF_PHOTOS [--rounds 9]

prints a Markdown table. Three 1920x1080 pictures are made of the photos (pieces at native
size, one photo enlarged, one enlarged with sensor noise), each also with a square of noise
of 7 % of its area, which is what an encrypted face looks like. All encoders run in every
round, in another order each time; figures are medians, with the median absolute deviation
as a percentage. Encoders that are not installed (fpng, zlib-ng) are left out.
"""

import argparse
import importlib.util
import io
import random
import statistics
import struct
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from isal import isal_zlib
from PIL import Image

from bench.harness import median_and_mad
from bench.report import versions
from facecrypt.machine import processor
from facecrypt.media import read_image
from facecrypt.media.png import encode_png

PACKAGES = ("numpy", "opencv-python-headless", "pillow", "isal", "fpng", "zlib-ng")

WIDTH, HEIGHT = 1920, 1080


def pictures(folder):
    photos = [read_image(path).pixels for path in sorted(folder.glob("*.jpg"))]
    rng = np.random.default_rng(1)
    largest = max(photos, key=lambda photo: photo.size)
    enlarged = cv2.resize(largest, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    grain = np.clip(enlarged + rng.normal(0, 2, enlarged.shape), 0, 255).astype(np.uint8)
    plain = [mosaic(photos), enlarged, grain]
    return plain + [with_sealed_face(picture, rng) for picture in plain]


def mosaic(photos):
    """Columns of photos at native size; a photo that comes again is mirrored."""
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    small = sorted(photos, key=lambda photo: photo.size)[:-1] or photos
    x = number = 0
    while x < WIDTH:
        y = used = 0
        while y < HEIGHT:
            turn, index = divmod(number, len(small))
            photo = small[index][:: -1 if turn & 2 else 1, :: -1 if turn & 1 else 1]
            part = photo[: HEIGHT - y, : WIDTH - x]
            canvas[y : y + part.shape[0], x : x + part.shape[1]] = part
            y, used, number = y + part.shape[0], max(used, part.shape[1]), number + 1
        x += used
    return canvas


def with_sealed_face(picture, rng):
    picture = picture.copy()
    side = int((0.07 * HEIGHT * WIDTH) ** 0.5)
    picture[300 : 300 + side, 700 : 700 + side] = rng.integers(0, 256, (side, side, 3), np.uint8)
    return picture


def by_cv2(level, *options):
    settings = [cv2.IMWRITE_PNG_COMPRESSION, level, *options]
    return lambda rgb: cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), settings)[1]


def by_pillow(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG", compress_level=1)
    return file.getvalue()


def none(rows, out):
    out[:] = rows


def sub(rows, out):
    out[:, :3] = rows[:, :3]
    np.subtract(rows[:, 3:], rows[:, :-3], out=out[:, 3:])


def up(rows, out):
    out[0] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=out[1:])


def average(rows, out):
    left, above = np.zeros_like(rows), np.zeros_like(rows)
    left[:, 3:], above[1:] = rows[:, :-3], rows[:-1]
    half = left ^ above
    half >>= 1
    half += left & above
    np.subtract(rows, half, out=out)


FILTERS = (none, sub, up, average)


def by_filter(filtered, deflate):
    """One filter for all rows, in NumPy, and any deflate."""

    def encode(rgb):
        height, width = rgb.shape[:2]
        lines = np.empty((height, 1 + 3 * width), np.uint8)
        lines[:, 0] = FILTERS.index(filtered)
        filtered(rgb.reshape(height, -1), lines[:, 1:])
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        parts = [b"\x89PNG\r\n\x1a\n"]
        for kind, payload in ((b"IHDR", head), (b"IDAT", deflate(lines)), (b"IEND", b"")):
            crc = zlib.crc32(payload, zlib.crc32(kind))
            parts += [struct.pack(">I", len(payload)), kind, payload, struct.pack(">I", crc)]
        return b"".join(parts)

    return encode


def huffman_only(lines):
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    return packer.compress(lines) + packer.flush()


def encoders():
    rle = (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)
    filtered = (*rle, cv2.IMWRITE_PNG_FILTER)
    found = {
        "cv2 level 1": by_cv2(1),
        "cv2 level 1, RLE": by_cv2(1, *rle),
        "cv2 level 1, RLE, SUB": by_cv2(1, *filtered, cv2.IMWRITE_PNG_FILTER_SUB),
        "cv2 level 1, RLE, UP": by_cv2(1, *filtered, cv2.IMWRITE_PNG_FILTER_UP),
        "cv2 level 1, RLE, AVG": by_cv2(1, *filtered, cv2.IMWRITE_PNG_FILTER_AVG),
        "Pillow level 1": by_pillow,
        "NumPy UP + zlib, Huffman only": by_filter(up, huffman_only),
        "NumPy UP + isal level 0": by_filter(up, lambda lines: isal_zlib.compress(lines, 0)),
        "NumPy UP + isal level 1": by_filter(up, lambda lines: isal_zlib.compress(lines, 1)),
        "NumPy SUB + isal level 1": by_filter(sub, lambda lines: isal_zlib.compress(lines, 1)),
        "NumPy AVG + isal level 1": by_filter(average, lambda lines: isal_zlib.compress(lines, 1)),
        "stored (zlib level 0)": by_filter(none, lambda lines: zlib.compress(lines, 0)),
        "**facecrypt.png** (UP + isal 1, in blocks)": encode_png,
    }
    if importlib.util.find_spec("zlib_ng"):
        from zlib_ng import zlib_ng

        found["NumPy UP + zlib-ng level 1"] = by_filter(up, lambda x: zlib_ng.compress(x, 1))
    if importlib.util.find_spec("fpng"):
        import fpng

        found["fpng"] = fpng.from_ndarray
    return found


def measure(codecs, images, rounds):
    raw = sum(image.nbytes for image in images) / 1e6
    tall = np.concatenate(images)
    rows = {name: {"one": [], "free": [], "decode": []} for name in codecs}
    with ThreadPoolExecutor(1) as pool:
        for number in range(rounds + 1):
            for name in random.Random(number).sample(list(codecs), len(codecs)):
                encode, row = codecs[name], rows[name]
                start = time.perf_counter()
                files = [encode(image) for image in images]
                one = raw / (time.perf_counter() - start)
                free = beside(pool, encode, tall)
                row["size"] = sum(len(file) for file in files) / raw / 1e6
                files = [np.frombuffer(file, np.uint8) for file in files]
                start = time.perf_counter()
                decoded = [cv2.imdecode(file, cv2.IMREAD_UNCHANGED) for file in files]
                decode = raw / (time.perf_counter() - start)
                if number == 0:  # warms up, and checks
                    pairs = zip(decoded, images, strict=True)
                    if not all(np.array_equal(bgr[..., ::-1], rgb) for bgr, rgb in pairs):
                        sys.exit(f"{name} changed the pixels")
                    continue
                row["one"].append(one)
                row["free"].append(free)
                row["decode"].append(decode)
    return rows


def beside(pool, encode, image):
    """CPU time that a busy Python thread gets for each second of CPU time of the encoder.

    Near 0 for an encoder that holds the GIL, whatever else runs on the machine; about 1 or
    more for one that does not. One tall picture: between two the thread would run anyway.
    """

    def work():
        start = time.thread_time()
        encode(image)
        return time.thread_time() - start

    job = pool.submit(work)
    start = time.thread_time()
    while not job.done():
        pass
    return (time.thread_time() - start) / job.result()


def figure(values):
    middle, spread = median_and_mad(values)
    return f"{middle:.0f} ±{100 * spread / middle:.0f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    codecs = encoders()
    rows = measure(codecs, pictures(arguments.folder), arguments.rounds)
    base = rows["cv2 level 1"]["one"]
    there = f"{processor()}, {versions(PACKAGES)}"
    print(f"{time.strftime('%Y-%m-%d')}, {there}, {arguments.rounds} rounds\n")
    print("| Encoder | MB/s | x | Python beside it | Size / raw | Decode MB/s (cv2) |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, row in sorted(rows.items(), key=lambda item: -statistics.median(item[1]["one"])):
        times = statistics.median(a / b for a, b in zip(row["one"], base, strict=True))
        print(
            f"| {name} | {figure(row['one'])} | {times:.1f} | {statistics.median(row['free']):.2f} "
            f"| {row['size']:.3f} | {figure(row['decode'])} |"
        )


if __name__ == "__main__":
    main()
