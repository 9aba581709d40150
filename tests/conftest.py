"""Options, pictures and keys that several test files share."""

import os

import numpy as np
import pytest
from hypothesis import settings

# Tests import onnxruntime themselves, before facecrypt could keep it from reporting to its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# Read by now: tests that start pytest again want none of what this run was given, such as a floor
# of coverage that a few files cannot reach.
os.environ.pop("PYTEST_ADDOPTS", None)

# How long an example takes is the load of the machine, and no property of the code.
settings.register_profile("facecrypt", deadline=None)
settings.load_profile("facecrypt")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow: run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """A smooth 48 x 64 RGB picture: neighbouring pixels are alike, as in a photo."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([4 * x, 5 * y, 2 * (x + y)], axis=-1).astype(np.uint8)
