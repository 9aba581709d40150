"""Figures of windows, beside their definitions and numbers worked out by hand."""

import numpy as np
import pytest

from facecrypt.analysis.structure import FIGURES, figures

# In the order of the columns, each of the smaller and the larger direction; then the last three.
NAMES = [
    *(
        f"{what} {block}"
        for block in (4, 8, 16)
        for what in ("contrast", "deviations", "deviation")
    ),
    *(f"lag {lag}" for lag in (2, 3, 4, 6, 8, 16)),
    "still",
    "change",
]


def named(planes):
    """Smaller and larger direction by name, and the last three, of a single window."""
    (values,) = figures(planes[None])[:, 0, 0]
    names = [name for name in NAMES if name != "change"]
    found = dict(zip(names, values[: 2 * len(names)].reshape(-1, 2).tolist(), strict=True))
    change, last = values[2 * len(names) :][:2].tolist(), values[2 * len(names) + 2 :].tolist()
    return found | {"change": change}, last


def of_blocks(side, border, inside):
    """Neighbours differ by `inside`, and by `border` where blocks meet, up and down in turns."""
    steps = np.array([border if x % side == 0 else inside for x in range(1, 32)])
    turns = np.where(steps == border, np.cumsum(steps == border) % 2, np.arange(31) % 2)
    line = np.concatenate([[0], np.cumsum(np.where(turns == 1, steps, -steps))])
    picture = 120 + np.add.outer(line, line)
    assert picture.min() >= 0
    assert picture.max() <= 255
    return np.repeat(picture[None].astype(np.uint8), 3, axis=0)


@pytest.mark.parametrize("side", [4, 8, 16])
def test_lines_between_blocks_stand_out(side):
    found, _ = named(of_blocks(side, 30, 2))
    # ln(30 + 1) less ln(2 + 1), of the lines beside it.
    assert found[f"contrast {side}"] == pytest.approx([np.log(31 / 3)] * 2, rel=1e-5)
    if side > 4:
        assert found[f"deviation {side}"] == pytest.approx([0, 0], abs=1e-4)
        assert found[f"deviations {side}"] == pytest.approx([np.log(31 / 3) / 0.1] * 2, rel=1e-3)
    other = 8 if side == 16 else 16
    assert abs(found[f"contrast {other}"][1]) <= np.log(31 / 3) + 1e-5


def test_a_border_is_compared_with_both_lines_beside_it():
    steps = np.array([(30, 6, *[2] * 5, 14)[x % 8] for x in range(1, 32)])
    line = np.concatenate([[0], np.cumsum(np.where(np.arange(31) // 8 % 2, -steps, steps))])
    planes = np.repeat(np.add.outer(line, line)[None].astype(np.uint8), 3, axis=0)
    found, _ = named(planes)
    # The line before differs by 14, the one behind by 6.
    expected = np.log(31) - (np.log(15) + np.log(7)) / 2
    assert found["contrast 8"] == pytest.approx([expected] * 2, rel=1e-5)


def test_blocks_in_one_direction_alone():
    planes = of_blocks(8, 30, 2)
    planes[:] = planes[:, :1]  # all rows the same: nothing changes from row to row
    found, _ = named(planes)
    assert found["contrast 8"] == pytest.approx([0, np.log(31 / 3)], abs=1e-4)
    assert found["still"] == pytest.approx([0, 1])
    assert figures(planes[None]).tolist() == figures(planes.swapaxes(1, 2)[None]).tolist()


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_by_their_definitions():
    planes = (noise(3, 32, 32) // np.array([1, 2, 4])[:, None, None]).astype(np.uint8)
    found, (variance, relation, entropy) = named(planes)
    wide = planes.astype(float)

    def apart(lag, axis):
        near, far = np.delete(wide, range(lag), axis), np.delete(wide, range(32 - lag, 32), axis)
        return np.abs(near - far).mean()

    for lag in (2, 3, 4, 6, 8, 16):
        ratios = [np.log((apart(1, axis) + 1) / (apart(lag, axis) + 1)) for axis in (1, 2)]
        assert found[f"lag {lag}"] == pytest.approx(sorted(ratios), abs=1e-5)
    changes = sorted(apart(1, axis) for axis in (1, 2))
    assert found["change"] == pytest.approx(np.log(np.array(changes) + 1), rel=1e-5)
    still = [(np.diff(planes, axis=axis) == 0).mean() for axis in (1, 2)]
    assert found["still"] == pytest.approx(sorted(still), abs=1e-6)
    expected = wide.var(axis=(1, 2)).mean()
    assert variance == pytest.approx(np.log(expected + 1), rel=1e-5)
    assert relation == pytest.approx(changes[0] ** 2 / (2 * (expected + 1)), rel=1e-4)
    share = np.bincount((planes >> 3).ravel(), minlength=32) / planes.size
    assert entropy == pytest.approx(-(share[share > 0] * np.log2(share[share > 0])).sum(), rel=1e-5)


def test_a_picture_is_its_windows():
    planes = noise(2, 3, 48, 64)
    planes[0, :, 20:30] //= 32
    whole = figures(planes)
    assert whole.shape == (2, 3, 5, FIGURES)
    for y in range(3):
        for x in range(5):
            part = np.ascontiguousarray(planes[:, :, 8 * y : 8 * y + 32, 8 * x : 8 * x + 32])
            np.testing.assert_allclose(whole[:, y, x], figures(part)[:, 0, 0], rtol=1e-5, atol=1e-6)


def test_shuffled_pixels_are_more_like_those_of_the_next_block():
    """The same order in all blocks of four: of a ramp, pixels four apart are the most alike."""
    ramp = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8)
    order = np.array([2, 0, 3, 1])
    place = (np.arange(32) // 4 * 4).reshape(-1, 4) + order
    shuffled = np.repeat(ramp[place.ravel()][:, place.ravel()][None], 3, axis=0)
    found, _ = named(shuffled)
    before, _ = named(np.repeat(ramp[None], 3, axis=0))
    # Steps within a block of 2, 3 and 2, and of 3 into the next, always 4 further: by hand.
    steps = [2, 3, 2, 5] * 8
    mean = sum(steps[:31]) / 31
    assert found["lag 4"] == pytest.approx([np.log((mean + 1) / 5)] * 2, rel=1e-5)
    assert before["lag 4"] == pytest.approx([np.log(2 / 5)] * 2, rel=1e-5)


def test_what_does_not_vary_has_figures():
    found, last = named(np.full((3, 32, 32), 9, np.uint8))
    assert found["contrast 8"] == [0, 0]
    assert found["still"] == [1, 1]
    assert last == [0, 0, 0]
