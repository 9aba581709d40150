"""Where the checkout is, and the data for experiments that may lie beside it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
SHARED_FACES = SHARED / "faces"
