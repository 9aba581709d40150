"""Train the table of schemes with the fast networks, as many as there is time for.

python tools/on_card/train_table.py DATA RUNS TABLE --seconds N [--simulate]

One process, which reads the data once. What matters most comes first; a run is begun only where the
longest so far would still end in time.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from facecrypt.learning.choices import recipe_for_network
from facecrypt.learning.data import load
from facecrypt.learning.encrypted import Encryption
from facecrypt.learning.evaluate import evaluate
from facecrypt.learning.runs import load_record, train
from facecrypt.learning.settings import Settings
from facecrypt.learning.table import run_folders, table

SIDE = 32
# Of small batches a card does each sooner than the host can name the next.
FILLED = {"batch": 512, "lr": 0.4}
# Each scheme behind what undoes most of it; then all with the same network; a second
# seed where the papers' differences are small.
RUNS = [
    ("plain", "fast", 0),
    ("le", "fast-tanaka", 0),
    ("ele", "fast-ele-adaptnet", 0),
    ("pbe", "fast-pixelwise", 0),
    ("logistic-pixel", "fast-pixelwise", 0),
    ("le", "fast-nibbles", 0),
    ("block-shuffle", "fast-tanaka", 0),
    ("combined-cat-map", "fast-tanaka", 0),
    ("etc", "fast-ele-adaptnet", 0),
    ("le", "fast", 0),
    ("ele", "fast", 0),
    ("pbe", "fast", 0),
    ("logistic-pixel", "fast", 0),
    ("block-shuffle", "fast", 0),
    ("combined-cat-map", "fast", 0),
    ("etc", "fast", 0),
    ("chaos-blocks", "fast", 0),
    ("fiie", "fast", 0),
    ("plain", "fast", 1),
    ("le", "fast-nibbles", 1),
    ("pbe", "fast-pixelwise", 1),
    ("logistic-pixel", "fast-pixelwise", 1),
    ("block-shuffle", "fast-tanaka", 1),
]


def main() -> int:
    """Train, test and write the table; 1 where a run was left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("runs", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--simulate", action="store_true", help="tiny networks, one epoch, no card")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    device = torch.device("cpu" if options.simulate else "cuda")
    whole = load(options.data, side=SIDE)
    pictures = whole.subset(100, 40, 0) if options.simulate else whole
    source = {"path": str(Path(options.data).resolve()), "side": SIDE}
    longest, left = 0.0, []
    for scheme, network, seed in RUNS:
        name = f"{scheme}, {network}, seed {seed}"
        if time.monotonic() + longest > end:
            left.append(name)
            continue
        began = time.monotonic()
        folder = options.runs / f"{network}-{seed}" / scheme
        settings = Settings(network, seed=seed, **(recipe_for_network(network)._asdict() | FILLED))
        if options.simulate:
            settings = replace(settings, size="tiny", epochs=1, batch=50)
        encryption = Encryption.from_seed(scheme, pictures.train.shape, seed)
        record = train(folder, pictures, encryption, settings, source=source, device=device)
        evaluate(folder, device=device, data=pictures)
        longest = max(longest, time.monotonic() - began)
        share = record.epochs[-1].test_accuracy
        print(f"{name}: {share:.1%}, {sum(one.seconds for one in record.epochs):.1f} s")
        options.table.write_text(table([load_record(one) for one in run_folders(options.runs)]))
    for name in left:
        print(f"no time left for {name}", file=sys.stderr)
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
