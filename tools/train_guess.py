"""Train facecrypt/models/guess.onnx and weigh.onnx, and measure them on other pictures.

    pip install 'facecrypt[learn]' scikit-image==0.26.0
    python tools/train_guess.py --plot docs/guess.png

Prints the tables of docs/guess.md. One thread, about eight minutes. The same machine, torch and
seed give the same bytes. --weigher trains weigh.onnx alone, --measure neither; --others FOLDER
measures on the pictures of a folder too.
"""

import argparse
import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from facecrypt.analysis.guess import guess, log_odds
from facecrypt.learning import weighing
from facecrypt.learning.confusion import Confusion, markdown
from facecrypt.learning.encrypted_or_not import export, train
from facecrypt.learning.judging import method_table, plot
from facecrypt.learning.synthetic import KINDS, synthetic, worn
from facecrypt.learning.three_features import ThreeFeatures, features
from facecrypt.learning.windows import (
    METHODS,
    SEALED,
    Source,
    Windows,
    draw_windows,
    encrypt_whole,
    split_sources,
)
from facecrypt.media import read_image
from facecrypt.models.sessions import MODELS, import_runtime, open_model
from facecrypt.regions import Region

# Sample pictures in the wheel of scikit-image 0.26.0 that are CC0 or in the public domain by its
# own documentation, and their sha256; the licences are in facecrypt/models/README.md.
TRAINING = {
    "brick.png": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    "camera.png": "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
    "cell.png": "8d23a7fb81f7cc877cd09f330357fc7f595651306e84e17252f6e0a1b3f61515",
    "chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "clock_motion.png": "f029226b28b642e80113d86622e9b215ee067a0966feaf5e60604a1e05733955",
    "grass.png": "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
    "horse.png": "c7fb60789fe394c485f842291ea3b21e50d140f39d6dcb5fb9917cc178225455",
    "hubble_deep_field.jpg": "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
    "microaneurysms.png": "a1e1be59aa447f8ce082f7fa809997ab369a2b137cb6c4202abc647c7ccf6456",
    "rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
}
HELD_OUT = {
    "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "gravel.png": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
    "retina.jpg": "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6",
    "text.png": "bd84aa3a6e3c9887850d45d606c96b2e59433fbef50338570b63c319e668e6d1",
}
MODEL, WEIGHER = MODELS / "guess.onnx", MODELS / "weigh.onnx"
SEED = 1
SIDE = 160
CROPS = 60  # of each sample picture
DRAWN = 100  # pictures of each kind, a fifth of them held out
BASELINE_WINDOWS = 6000
SEALED_SIDES = (32, 48, 64, 96, 128)


def samples(paths: Iterable[Path], count: int, rng: np.random.Generator) -> list[Source]:
    """Crops of picture files at several scales; half of them worn, some made gray."""
    sources = []
    for path in paths:
        whole = read_image(path).pixels
        whole = whole[..., :3] if whole.ndim == 3 else whole
        for _ in range(count):
            scale = max(1 / rng.choice([1, 1, 2, 3]), 64 / min(whole.shape[:2]))
            small = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            height, width = (min(SIDE, side) for side in small.shape[:2])
            y = int(rng.integers(small.shape[0] - height + 1))
            x = int(rng.integers(small.shape[1] - width + 1))
            crop = np.ascontiguousarray(small[y : y + height, x : x + width])
            gray = crop.ndim == 2 or rng.random() < 0.15
            if crop.ndim == 2:
                crop = np.repeat(crop[..., None], 3, axis=2)
            crop = worn(crop, rng) if rng.random() < 0.5 else crop
            crop = np.ascontiguousarray(crop[..., 1]) if gray else crop
            sources.append(Source(path.name, crop))
    return sources


def drawn(rng: np.random.Generator) -> list[Source]:
    """Generated pictures of all kinds; half of them worn."""
    sources = []
    for kind in KINDS:
        for number in range(DRAWN):
            picture = synthetic(kind, SIDE, rng)
            picture = worn(picture, rng) if rng.random() < 0.5 else picture
            sources.append(Source(f"{kind} {number}", picture))
    return sources


def of_scikit_image(listed: dict[str, str]) -> list[Path]:
    """Paths of its sample pictures, of which every byte is as listed."""
    folder = Path(find_spec("skimage").origin).parent / "data"
    for name, expected in listed.items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if digest != expected:
            raise SystemExit(f"{name} has sha256 {digest}, expected {expected}")
    return [folder / name for name in listed]


class Classifiers:
    """The guess, its network alone and the baseline: what each calls encrypted."""

    def __init__(self, training: Windows, rng: np.random.Generator):
        chosen = rng.permutation(len(training.pixels))[:BASELINE_WINDOWS]
        values = features(training.pixels[chosen])
        self.baseline = ThreeFeatures.fit(values, training.encrypted[chosen])

    def call(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.bool_]]:
        weighed = [
            log_odds(np.ascontiguousarray(part.transpose(0, 3, 1, 2))).ravel()
            for part in np.array_split(pixels, -(-len(pixels) // 256))
        ]
        baseline = self.baseline.probability(features(pixels))
        return {
            "guess": np.concatenate(weighed) > 0,
            "network alone": of_network(pixels) > 0,
            "three features": baseline > 0.5,
        }


def of_network(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Its log odds of windows."""
    session = open_model(import_runtime("measuring"), MODEL, ("logit",), "cpu")
    parts = np.array_split(pixels, -(-len(pixels) // 256))
    planes = (np.ascontiguousarray(part.transpose(0, 3, 1, 2), np.float32) for part in parts)
    return np.concatenate([session.run(["logit"], {"pixels": one})[0].ravel() for one in planes])


def measure(
    title: str, sources: list[Source], classifiers: Classifiers, picture: Path | None = None
) -> None:
    """Print what the classifiers call windows of pictures and of whole ciphers, and plot it."""
    rng = np.random.default_rng(SEED + 2)
    windows = draw_windows(sources, rng, plain=2 * len(METHODS), pure=True)
    called = classifiers.call(windows.pixels)
    matrices = {name: Confusion.of(windows.encrypted, guesses) for name, guesses in called.items()}
    print(f"\n## {title}: {len({source.name for source in sources})} pictures\n")
    print(markdown(matrices), method_table(windows, called), sep="\n\n")
    groups = np.array([source.name.split()[0] for source in sources])[windows.source]
    plain = {
        name: called["guess"][(groups == name) & ~windows.encrypted].mean()
        for name in np.unique(groups)
    }
    alarms = [f"{name} {share:.3f}" for name, share in plain.items() if share > 0.005]
    print("\nFalse alarms of the guess:", ", ".join(alarms[:20]) or "none")
    if picture:
        plot(picture, windows, called)


def measure_pictures(title: str, paths: list[Path]) -> None:
    """Print what guess() says of whole pictures, of their ciphers and of sealed squares."""
    rng = np.random.default_rng(SEED + 3)
    pictures = [fitted(read_image(path).pixels) for path in paths]
    plain = [guess(picture) for picture in pictures]
    print(f"\n## {title}: {len(paths)} whole pictures\n")
    print("| | called encrypted | mean probability |\n|---|---|---|")
    rows = {"plain": plain}
    for method in METHODS:
        rows[method] = [guess(encrypt_whole(picture, method, rng)) for picture in pictures]
    for name, guesses in rows.items():
        chances = np.array([found.probability for found in guesses])
        print(f"| {name} | {(chances > 0.5).sum()} of {len(chances)} | {chances.mean():.3f} |")
    print(f"\nRegions in plain pictures: {sum(len(found.regions) for found in plain)}")
    print("\n| sealed square | found, IoU > 0.5 | mean IoU | other regions |\n|---|---|---|---|")
    for side in SEALED_SIDES:
        fits = [picture for picture in pictures if min(picture.shape[:2]) > side]
        found = [sealed_square(picture, side, rng) for picture in fits for _ in range(4)]
        shares = np.array([share for share, _ in found])
        others = sum(other for _, other in found)
        print(
            f"| {side} | {(shares > 0.5).sum()} of {len(shares)} | {shares.mean():.2f} | {others} |"
        )


def fitted(picture: NDArray) -> NDArray[np.uint8]:
    """The largest square in the middle, of at most 512 pixels and a multiple of 16."""
    side = min(512, *(length // 16 * 16 for length in picture.shape[:2]))
    y, x = ((length - side) // 2 for length in picture.shape[:2])
    part = picture[y : y + side, x : x + side]
    return np.ascontiguousarray(part[..., :3] if part.ndim == 3 else part)


def sealed_square(picture: NDArray, side: int, rng: np.random.Generator) -> tuple[float, int]:
    """Seal a square somewhere: the IoU of the region that fits best, and how many others are."""
    y, x = (int(rng.integers(length - side + 1)) for length in picture.shape[:2])
    square = np.s_[y : y + side, x : x + side]
    out = picture.copy()
    out[square] = encrypt_whole(np.ascontiguousarray(picture[square]), SEALED[1], rng)
    truth = Region(x, y, x + side, y + side)
    found = [overlap(truth, region) for region in guess(out).regions]
    return max(found, default=0.0), sum(share == 0 for share in found)


def overlap(a: Region, b: Region) -> float:
    """Intersection over union of two boxes."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    shared = max(width, 0) * max(height, 0)
    return shared / (a.width * a.height + b.width * b.height - shared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="do not train: measure the models")
    parser.add_argument("--weigher", action="store_true", help="train the weigher alone")
    parser.add_argument("--plot", type=Path, help="PNG of the confusion matrices")
    parser.add_argument("--others", type=Path, action="append", default=[], help="more pictures")
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    held_out_files = of_scikit_image(HELD_OUT)
    training, held_out = split_sources(drawn(rng), 0.2, rng)
    training += samples(of_scikit_image(TRAINING), CROPS, rng)
    held_out += samples(held_out_files, CROPS // 3, rng)
    windows = draw_windows(training, rng)
    if not args.measure and not args.weigher:
        export(train(windows, epochs=args.epochs, seed=SEED), MODEL)
    if not args.measure:
        weigher = weighing.train(windows, of_network(windows.pixels), seed=SEED)
        weighing.export(weigher, WEIGHER)
    print(f"{len(windows.pixels)} windows of {len(training)} pictures for training")
    for path in MODEL, WEIGHER:
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
    classifiers = Classifiers(windows, rng)
    measure("Held out", held_out, classifiers, args.plot)
    measure_pictures("Held out", held_out_files)
    for other in args.others:
        paths = sorted(path for path in other.iterdir() if path.suffix in {".jpg", ".png"})
        sources = [Source(path.name, fitted(read_image(path).pixels)) for path in paths]
        # Of few pictures more windows each.
        measure(other.name, sources * max(1, 120 // len(sources)), classifiers)
        if min(source.picture.shape[0] for source in sources) > min(SEALED_SIDES):
            measure_pictures(other.name, paths)


if __name__ == "__main__":
    main()
