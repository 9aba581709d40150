"""Samples of P-Net: facecrypt beside a script as they are published.

    python -m bench.once.samples [--rounds 9] [--pictures 24]
    python -m bench.once.samples --annotations wider_face_train_bbx_gt.txt --images images

prints a Markdown table. Without annotations the pictures are made: JPEG files of 1024x768 with
twelve faces each, about as many as WIDER FACE has, half of them large enough to be used. The
script is a plain rewrite of what the published ones do: a loop that draws a square, computes its
overlap with all faces in NumPy, resizes by OpenCV and writes a JPEG file and a line of text for
each sample. All rows run in every round, in another order each time, on the same pictures, into
fresh folders of the same disk; figures are medians, a ratio is the median of the ratios by round.
"""
# The published scripts draw by NumPy's old functions.
# ruff: noqa: NPY002

import argparse
import random
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from bench.report import versions
from facecrypt.machine import processor
from facecrypt.media import read_image
from facecrypt.training.overlap import crops
from facecrypt.training.prepare import prepare
from facecrypt.training.samples import pnet_samples
from facecrypt.training.wider import read_annotations

HEIGHT, WIDTH, FACES = 768, 1024, 12


def make_pictures(folder, count):
    """JPEG files with smooth parts and grain, 150 KB or so, and their annotations."""
    rng = np.random.default_rng(7)
    with (folder / "list.txt").open("w") as file:
        for number in range(count):
            coarse = rng.integers(0, 256, (24, 32, 3), np.uint8)
            picture = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
            picture = np.clip(picture + rng.normal(0, 5, picture.shape), 0, 255)
            cv2.imwrite(str(folder / f"{number}.jpg"), picture.astype(np.uint8))
            side = np.exp(rng.uniform(np.log(6), np.log(120), FACES)).astype(int)
            x, y = rng.integers(0, WIDTH - side), rng.integers(0, HEIGHT - side * 5 // 4)
            boxes = np.stack([x, y, x + side, y + side * 5 // 4], axis=1).ravel()
            file.write(f"{number}.jpg {' '.join(map(str, boxes))}\n")
    return folder / "list.txt"


def overlap(box, faces):
    area = (box[2] - box[0] + 1) * (box[3] - box[1] + 1)
    areas = (faces[:, 2] - faces[:, 0] + 1) * (faces[:, 3] - faces[:, 1] + 1)
    width = np.minimum(box[2], faces[:, 2]) - np.maximum(box[0], faces[:, 0]) + 1
    height = np.minimum(box[3], faces[:, 3]) - np.maximum(box[1], faces[:, 1]) + 1
    common = np.maximum(0, width) * np.maximum(0, height)
    return common / (area + areas - common)


class Script:
    """One picture after another, one square after another."""

    def __init__(self, folder):
        """`folder`: where to write; None: no files."""
        self.folder, self.counts = folder, {"positive": 0, "part": 0, "negative": 0}
        self.encodes = False
        self.files = {}
        if folder is not None:
            for kind in self.counts:
                (folder / kind).mkdir(parents=True)
                self.files[kind] = (folder / f"{kind}.txt").open("w")

    def close(self):
        for file in self.files.values():
            file.close()

    def keep(self, kind, image, box, label):
        x1, y1, x2, y2 = box
        resized = cv2.resize(image[y1:y2, x1:x2], (12, 12), interpolation=cv2.INTER_LINEAR)
        number = self.counts[kind]
        self.counts[kind] += 1
        if self.folder is not None:
            path = str(self.folder / kind / f"{number}.jpg")
            self.files[kind].write(f"{path} {label}\n")
            cv2.imwrite(path, resized)
        elif self.encodes:
            cv2.imencode(".jpg", resized)

    def picture(self, image, faces):
        height, width = image.shape[:2]
        kept = 0
        while kept < 50:
            side = np.random.randint(12, min(width, height) / 2)
            x, y = np.random.randint(0, width - side), np.random.randint(0, height - side)
            box = np.array([x, y, x + side, y + side])
            if not len(faces) or np.max(overlap(box, faces)) < 0.3:
                self.keep("negative", image, box, "0")
                kept += 1
        for face in faces:
            x1, y1, x2, y2 = face
            w, h = x2 - x1, y2 - y1
            if max(w, h) < 20 or x1 < 0 or y1 < 0:
                continue
            for _ in range(5):
                side = np.random.randint(12, min(width, height) / 2)
                x = max(0, x1 + np.random.randint(max(-side, -x1), w))
                y = max(0, y1 + np.random.randint(max(-side, -y1), h))
                box = np.array([x, y, x + side, y + side])
                if box[2] <= width and box[3] <= height and np.max(overlap(box, faces)) < 0.3:
                    self.keep("negative", image, box, "0")
            for _ in range(20):
                self.around(image, face, w, h)

    def around(self, image, face, w, h):
        side = np.random.randint(int(min(w, h) * 0.8), np.ceil(1.25 * max(w, h)))
        x = int(max(face[0] + w / 2 + np.random.uniform(-0.2, 0.2) * w - side / 2, 0))
        y = int(max(face[1] + h / 2 + np.random.uniform(-0.2, 0.2) * h - side / 2, 0))
        box = np.array([x, y, x + side, y + side])
        if box[2] > image.shape[1] or box[3] > image.shape[0]:
            return
        offsets = " ".join(f"{value:.2f}" for value in (face - box) / side)
        value = overlap(box, face[None])[0]
        if value >= 0.65:
            self.keep("positive", image, box, f"1 {offsets}")
        elif value >= 0.4:
            self.keep("part", image, box, f"-1 {offsets}")


def by_script(listed, images, out):
    np.random.seed(0)
    script = Script(out)
    for item in listed:
        script.picture(cv2.imread(str(images / item.path)), item.boxes)
    script.close()
    return sum(script.counts.values())


def without_files(listed, images):
    np.random.seed(0)
    script = Script(None)
    script.encodes = True
    for item in listed:
        script.picture(cv2.imread(str(images / item.path)), item.boxes)
    return sum(script.counts.values())


def by_us(source, images, out, **settings):
    return sum(prepare(source, images, out, size=12, **settings)[1:])


def decoded_by_script(decoded):
    np.random.seed(0)
    script = Script(None)
    for image, item in decoded:
        script.picture(image, item.boxes)
    return sum(script.counts.values())


def decoded_by_us(decoded):
    made = 0
    for number, (image, item) in enumerate(decoded):
        chosen = pnet_samples(image.shape[:2], item.boxes, np.random.default_rng([0, number]))
        made += sum(len(crops(image, boxes, 12)) for boxes, _ in chosen.values())
    return made


def rows(source, images, count, folder):
    listed = list(islice(read_annotations(source), count))
    short = folder / "short.txt"
    lines = [" ".join([item.path, *map(str, item.boxes.ravel())]) for item in listed]
    short.write_text("\n".join(lines) + "\n")
    decoded = [(read_image(images / item.path).pixels, item) for item in listed]
    return {
        "script": lambda out: by_script(listed, images, out),
        "script, JPEG encoded but no files": lambda out: without_files(listed, images),
        "facecrypt, 1 job": lambda out: by_us(short, images, out, jobs=1),
        "facecrypt, 2 jobs": lambda out: by_us(short, images, out, jobs=2),
        "facecrypt --jpeg, 1 job": lambda out: by_us(short, images, out, jobs=1, jpeg=True),
        "facecrypt --jpeg, 2 jobs": lambda out: by_us(short, images, out, jobs=2, jpeg=True),
        "script, pictures decoded, nothing written": lambda out: decoded_by_script(decoded),
        "facecrypt, pictures decoded, nothing written": lambda out: decoded_by_us(decoded),
        "decoding alone": lambda out: [read_image(images / item.path) for item in listed] and 0,
    }


def measure(ways, rounds, folder):
    times = {name: {"wall": [], "cpu": [], "samples": 0} for name in ways}
    for number in range(rounds + 1):
        for name in random.Random(number).sample(list(ways), len(ways)):
            with tempfile.TemporaryDirectory(dir=folder) as out:
                wall, cpu = time.perf_counter(), time.process_time()
                made = ways[name](Path(out) / "set")
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if number:  # the first round warms up
                times[name]["wall"].append(wall)
                times[name]["cpu"].append(cpu)
            times[name]["samples"] = made
    return times


def table(times, count):
    print("| Row | samples | ms a picture | CPU ms a picture | x, clock | x, CPU |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, row in times.items():
        base = times["script, pictures decoded, nothing written" if "decoded" in name else "script"]
        middle = [1000 / count * statistics.median(row[clock]) for clock in ("wall", "cpu")]
        times_as_fast = [
            statistics.median(b / a for a, b in zip(row[clock], base[clock], strict=True))
            for clock in ("wall", "cpu")
        ]
        print(
            f"| {name} | {row['samples']} | {middle[0]:.2f} | {middle[1]:.2f} "
            f"| {times_as_fast[0]:.1f} | {times_as_fast[1]:.1f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--annotations", type=Path)
    parser.add_argument("--images", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        source, images = given.annotations, given.images
        if source is None:
            source, images = make_pictures(Path(name), given.pictures), Path(name)
        names = ("numpy", "opencv-python-headless")
        print(f"{time.strftime('%Y-%m-%d')}, {processor()}, {versions(names)},")
        print(f"{given.pictures} pictures, {given.rounds} rounds\n")
        ways = rows(source, images, given.pictures, Path(name))
        table(measure(ways, given.rounds, Path(name)), given.pictures)


if __name__ == "__main__":
    main()
