"""What the attacks recover: the tables of docs/attacks.md.

    python -m bench.once.attacks [--keys 20] [--photos FOLDER]

prints Markdown. Pictures are 32 x 32 RGB tiles of examples/astronaut.png at half its size, and
of the pictures in FOLDER, shorter side 256. All is drawn from fixed seeds; only times vary.
"""

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from facecrypt import schemes
from facecrypt.analysis import psnr
from facecrypt.attacks import (
    algorithm1,
    chosen_plaintext,
    ciphertext_only,
    demonstrate,
    known_plaintext,
)
from facecrypt.attacks.dispatch import CHOSEN, open_with
from facecrypt.attacks.oracle import agreement
from facecrypt.attacks.shuffles import known_permutation
from facecrypt.media import read_image

EXAMPLE = Path(__file__).parents[2] / "examples" / "astronaut.png"
SIDE = 32
OPTIONS = {"etc": {"block": 4}}
UNSHUFFLED = ("pbe", "logistic-pixel")
PAIRS = {
    "pbe": (1, 2, 3, 8),
    "logistic-pixel": (2, 3, 8),
    "le": (1, 2, 3),
    "ele": (8, 16, 32),
    "block-shuffle": (1,),
    "cat-map": (1,),
    "combined-cat-map": (1, 2),
    "etc": (1, 2, 3),
    "chaos-blocks": (2,),
    "fiie": (1,),
}


def tiles_of(paths):
    """Photos reduced to a shorter side of 256, cut into tiles."""
    tiles = []
    for path in paths:
        photo = read_image(path).pixels
        if photo.ndim != 3 or photo.shape[2] != 3:
            continue
        scale = 256 / min(photo.shape[:2])
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for y in range(0, photo.shape[0] - SIDE + 1, SIDE):
            for x in range(0, photo.shape[1] - SIDE + 1, SIDE):
                tiles.append(photo[y : y + SIDE, x : x + SIDE])
    return np.stack(tiles)


def secret_oracle(name, shape, rng, **options):
    scheme = schemes.get(name)
    shuffle = options.pop("shuffle", True)
    secret = scheme.random_key(shape, rng, **options)
    if not shuffle:
        secret = replace(secret, order=None)
    return secret, lambda images: scheme.encrypt(images, secret)


def chosen_table(keys, photo):
    print("| scheme | chosen pictures | keys recovered whole | demonstrate, 512 x 512, s |")
    print("|---|---|---|---|")
    cases = [(name, {}, {}) for name in CHOSEN]
    cases += [("pbe", {"shuffle": False}, {}), ("logistic-pixel",) + ({"shuffle": False},) * 2]
    for name, key_options, options in cases:
        fits = {**OPTIONS.get(name, {}), **options}
        queries, whole = set(), 0
        for seed in range(keys):
            rng = np.random.default_rng(seed)
            shape = (SIDE, SIDE, 3)
            _, oracle = secret_oracle(name, shape, rng, **OPTIONS.get(name, {}), **key_options)
            found = chosen_plaintext(name, oracle, shape, **fits)
            fresh = rng.integers(0, 256, shape, np.uint8)
            whole += np.array_equal(open_with(name, oracle(fresh), found.key), fresh)
            queries.add(found.queries)
        took = "" if key_options else f"{statistics.median(shown_times(name, photo)):.2f}"
        label = f"{name}, no shuffle" if key_options else name
        print(f"| {label} | {'/'.join(map(str, queries))} | {whole}/{keys} | {took} |")


def shown_times(name, photo):
    for seed in range(3):
        start = time.perf_counter()
        shown = demonstrate(name, photo, np.random.default_rng(seed))
        yield time.perf_counter() - start
        assert shown.score == 1


def known_table(runs, tiles):
    print("| scheme | known photos | determined, % | a further photo opened, % | runs with all |")
    print("|---|---|---|---|---|")
    for count in (1, 2, 4, 8):
        print_permutation(count, runs, tiles)
    for name, counts in PAIRS.items():
        for shuffle in (True, False) if name in UNSHUFFLED else (None,):
            for count in counts if shuffle in (True, None) else (1,):
                print_known(name, count, shuffle, runs, tiles)


def print_known(name, count, shuffle, runs, tiles):
    options = dict(OPTIONS.get(name, {}))
    if shuffle is not None:
        options["shuffle"] = shuffle
    determined, opened = [], []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        chosen = tiles[rng.choice(len(tiles), count + 1, replace=False)]
        _, oracle = secret_oracle(name, chosen.shape[1:], rng, **options)
        ciphers = np.stack([oracle(tile) for tile in chosen])
        try:
            found = known_plaintext(name, chosen[:-1], ciphers[:-1], **options)
        except ValueError:  # the tiles are too flat for this attack
            determined.append(0)
            opened.append(0)
            continue
        determined.append(found.score)
        opened.append(agreement(open_with(name, ciphers[-1], found.key), chosen[-1]))
    print_row(f"{name}, no shuffle" if shuffle is False else name, count, determined, opened)


def print_permutation(count, runs, tiles):
    """One random permutation of all samples, as nobody's scheme but harder than any cat map."""
    determined, opened = [], []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        chosen = tiles[rng.choice(len(tiles), count + 1, replace=False)].reshape(count + 1, -1)
        ciphers = chosen[:, rng.permutation(chosen.shape[1])]
        as_pictures = (x[:-1].reshape(count, SIDE, SIDE, 3) for x in (chosen, ciphers))
        perm, score = known_permutation(*as_pictures)
        back = np.empty_like(chosen[-1])
        back[perm] = ciphers[-1]
        determined.append(score)
        opened.append(agreement(back, chosen[-1]))
    print_row("any permutation of samples", count, determined, opened)


def print_row(label, count, determined, opened):
    spread = (
        f"{100 * statistics.median(v):.2f} ({100 * min(v):.2f} - {100 * max(v):.2f})"
        for v in (determined, opened)
    )
    whole = sum(score == 1 for score in determined)
    print(f"| {label} | {count} | {' | '.join(spread)} | {whole}/{len(determined)} |")


def algorithm_1_figures(keys):
    print("\n| Algorithm 1 as printed on | share of the key's ones found, % |\n|---|---|")
    for name in UNSHUFFLED:
        shares = []
        for seed in range(keys):
            rng = np.random.default_rng(seed)
            secret, oracle = secret_oracle(name, (SIDE, SIDE, 3), rng, shuffle=False)
            ones = (secret.negate if name == "pbe" else secret.select).astype(bool)
            found = algorithm1(oracle, ones.shape)
            shares.append(100 * np.mean(found[ones]))
        print(f"| {name} | {min(shares):.2f} - {max(shares):.2f} |")


def ciphertext_only_figures(tiles):
    """Each tile under a key of its own; the best of the 48 pictures that "advanced" allows."""
    rng = np.random.default_rng(0)
    ciphers = np.stack([secret_oracle("pbe", tile.shape, rng)[1](tile) for tile in tiles])
    basic = ciphertext_only("pbe", ciphers, method="basic")
    folded = np.minimum(tiles, 255 - tiles)
    exact = np.array_equal(np.sort(basic, -1), np.sort(folded, -1))
    best = ciphertext_only("pbe", ciphers, first=tiles[:, 0, 0])
    rows = [("cipher", ciphers), ("basic", basic), ("advanced", best)]
    print(f"\nPBE, a key for each of {len(tiles)} tiles, ciphertext only. Basic is min(p, 255 - p)")
    print(f"up to the order of channels: {exact}.\n")
    print("| picture | mean PSNR to the plain, dB | pixels right, % |\n|---|---|---|")
    for label, pictures in rows:
        ratio = [min(psnr(a, b), 60) for a, b in zip(pictures, tiles, strict=True)]
        right = 100 * np.mean((pictures == tiles).all(-1))
        print(f"| {label} | {np.mean(ratio):.1f} | {right:.1f} |")


def byte_helpers_on_le(keys):
    """Chang and Case's idea for Tanaka's scheme: look for whole bytes 1, 2, 3 or 254, 253, 252."""
    shares = []
    for seed in range(keys):
        _, oracle = secret_oracle("le", (4, 4, 3), np.random.default_rng(seed))
        source, flip = np.zeros(48, int), np.zeros(48, np.uint8)
        for pixel in range(16):
            helper = np.zeros((16, 3), np.uint8)
            helper[pixel] = 1, 2, 3
            cipher = oracle(helper.reshape(4, 4, 3)).reshape(-1)
            for channel in range(3):
                for place in np.flatnonzero(np.minimum(cipher, 255 - cipher) == channel + 1):
                    source[place] = 3 * pixel + channel
                    flip[place] = 255 * (cipher[place] > 127)
        fresh = np.random.default_rng(seed + 1000).integers(0, 256, (4, 4, 3), np.uint8)
        back = np.zeros(48, np.uint8)
        back[source] = oracle(fresh).reshape(-1) ^ flip
        shares.append(100 * agreement(back, fresh))
    print(f"\n16 helper pictures that look for bytes, on le: {np.mean(shares):.1f} % of samples")


def diffusion(keys):
    print("\n| one changed sample changes | cipher samples, at most |\n|---|---|")
    for name in CHOSEN:
        most = 0
        for seed in range(keys):
            rng = np.random.default_rng(seed)
            _, oracle = secret_oracle(name, (SIDE, SIDE, 3), rng, **OPTIONS.get(name, {}))
            image = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
            other = image.copy()
            other[tuple(rng.integers(0, (SIDE, SIDE, 3)))] ^= rng.integers(1, 256, dtype=np.uint8)
            most = max(most, np.count_nonzero(oracle(image) != oracle(other)))
        print(f"| {name} | {most} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=20)
    parser.add_argument("--photos", type=Path)
    args = parser.parse_args()
    more = sorted(args.photos.iterdir()) if args.photos else []
    kinds = {".jpg", ".jpeg", ".png"}
    tiles = tiles_of([EXAMPLE, *(path for path in more if path.suffix.lower() in kinds)])
    print(f"{len(tiles)} tiles, {args.keys} keys\n")
    chosen_table(args.keys, read_image(EXAMPLE).pixels)
    print()
    known_table(args.keys, tiles)
    algorithm_1_figures(args.keys)
    ciphertext_only_figures(tiles)
    byte_helpers_on_le(args.keys)
    diffusion(args.keys)


if __name__ == "__main__":
    main()
