"""The page that opens sealed files, beside Python.

``PYTHONPATH=tests python -m bench.once.opener``: both open the same file in turn, the page in
Chromium from the press of the button to what it offers.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from support.browser import browsing
from support.opener_page import Opener

from facecrypt import Passphrase, Region, SecretKey, decrypt_file, encrypt_file

ROUNDS = 5
ASTRONAUT = Path("examples/astronaut.png")
FACES = [Region(1500, 300, 2300, 1400), Region(100, 1800, 700, 2600)]
CASES = {
    "JPEG of 12 megapixels": (".jpg", False),
    "PNG of 12 megapixels": (".png", False),
    "JPEG of 12 megapixels, passphrase": (".jpg", True),
}


def photo() -> np.ndarray:
    """12 megapixels with the noise of a camera."""
    large = cv2.resize(cv2.imread(str(ASTRONAUT)), (4000, 3000), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(7).normal(0, 4, large.shape)
    return np.clip(large + noise, 0, 255).astype(np.uint8)


def measure(folder: Path, suffix: str, *, phrase: bool) -> tuple[float, float, int]:
    """Seconds of the page and of Python, and the size of the sealed file."""
    plain, sealed, out = (folder / f"{name}{suffix}" for name in ("plain", "sealed", "out"))
    cv2.imwrite(str(plain), photo(), [cv2.IMWRITE_JPEG_QUALITY, 92])
    key = Passphrase("correct horse") if phrase else SecretKey.generate()
    encrypt_file(plain, sealed, [key], regions=FACES)
    here, there = [], []
    (folder / "browser").mkdir()
    with browsing(folder / "browser") as browser:
        for _ in range(ROUNDS):
            opener = Opener(browser)
            opener.choose(sealed)
            if isinstance(key, SecretKey):
                key.save(folder / "key.txt", overwrite=True)
                opener.give(folder / "key.txt")
            else:
                opener.say("correct horse")
            start = time.perf_counter()
            opener.open()
            here.append(time.perf_counter() - start)
            assert opener.saved(sealed.name) == plain.read_bytes()
            holder = Passphrase("correct horse") if phrase else key
            start = time.perf_counter()
            decrypt_file(sealed, out, holder, overwrite=True)
            there.append(time.perf_counter() - start)
    return median(here), median(there), sealed.stat().st_size


def main() -> None:
    for name, (suffix, phrase) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            here, there, size = measure(Path(folder), suffix, phrase=phrase)
        print(
            f"| {name}, {size / 1e6:.1f} MB | {here:.2f} s, {here / there:.1f}x | {there:.2f} s |"
        )


if __name__ == "__main__":
    main()
