import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facecrypt import Region, analysis
from facecrypt.analysis import (
    adjacent_correlation,
    chi_square,
    chi_square_test,
    difference_bounds,
    entropy,
    expected_entropy,
    histogram,
    mse,
    npcr,
    psnr,
    region_mask,
    ssim,
    uaci,
)
from facecrypt.analysis.samples import chi_square_tail

DTYPES = [np.uint8, np.uint16]
ONE_PICTURE = [histogram, entropy, chi_square, chi_square_test]
TWO_PICTURES = [npcr, uaci, mse, psnr]


def pictures(dtype=None, min_side=1):
    return hnp.arrays(
        dtype or st.sampled_from(DTYPES),
        hnp.array_shapes(min_dims=2, max_dims=3, min_side=min_side, max_side=16),
    )


@st.composite
def pairs(draw, min_side=1):
    first = draw(pictures(min_side=min_side))
    return first, draw(hnp.arrays(first.dtype, first.shape))


def noise(shape, seed=0, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


# --- one picture, by hand


@pytest.mark.parametrize("dtype", DTYPES)
def test_histogram_counts_every_value(dtype):
    counts = histogram(np.array([[3, 0], [3, np.iinfo(dtype).max]], dtype))
    assert counts.size == np.iinfo(dtype).max + 1
    assert (counts[0], counts[3], counts[-1], counts.sum()) == (1, 2, 1, 4)


def test_histogram_of_more_samples_than_are_counted_at_a_time():
    # 2**18 samples are counted at a time: two chunks and the rest.
    picture = np.zeros(2 * 2**18 + 5, np.uint8)
    picture[-3:] = 200
    counts = histogram(picture)
    assert (counts[0], counts[200]) == (2**19 + 2, 3)


@pytest.mark.parametrize(
    ("values", "bits"),
    [([7, 7, 7], 0), ([1, 2], 1), ([0, 0, 1, 255], 1.5), (list(range(256)), 8)],
)
def test_entropy_by_hand(values, bits):
    assert entropy(np.array(values, np.uint8)) == bits


def test_entropy_of_wide_samples_reaches_16_bits():
    assert entropy(np.arange(65536, dtype=np.uint16)) == 16


def test_expected_entropy_by_hand():
    # Two samples of K values differ, 1 bit, but for one time in K.
    assert expected_entropy(2) == pytest.approx(255 / 256, abs=1e-12)
    # Three samples of 2 values: all equal 1/4 of the time, else split 2 and 1.
    split = 2 / 3 * np.log2(3 / 2) + 1 / 3 * np.log2(3)
    assert expected_entropy(3, 2) == pytest.approx(0.75 * split, abs=1e-12)
    assert expected_entropy(1, 256) == 0


def test_expected_entropy_of_many_samples_misses_by_miller_and_madow():
    # Miller 1955: (K - 1) / (2 N ln 2) bits.
    short = 8 - expected_entropy(512 * 512 * 3)
    assert short == pytest.approx(255 / (2 * 512 * 512 * 3 * np.log(2)), rel=1e-3)


def test_chi_square_by_hand():
    # 256 samples of which 128 are 0 and 128 are 1: 2 * 127**2 + 254.
    assert chi_square(np.repeat(np.uint8([0, 1]), 128)) == 2 * 127**2 + 254
    assert chi_square(np.tile(np.arange(256, dtype=np.uint8), 3)) == 0


@pytest.mark.parametrize(
    ("statistic", "freedom", "p_value"),
    # Tables of the distribution: 5 % points, and one of 0.1 %.
    [
        (3.841459, 1, 0.05),
        (7.814728, 3, 0.05),
        (11.0705, 5, 0.05),
        (20.5150, 5, 0.001),
        (293.2478, 255, 0.05),
        (0.0, 255, 1.0),
        (1e9, 255, 0.0),
    ],
)
def test_chi_square_tail_against_tables(statistic, freedom, p_value):
    assert chi_square_tail(statistic, freedom) == pytest.approx(p_value, rel=1e-4, abs=1e-300)


def test_chi_square_tail_against_scipy():
    stats = pytest.importorskip("scipy.stats")
    for freedom in (255, 65535):
        for factor in (0.9, 0.99, 1.0, 1.01, 1.1, 1.5):
            expected = stats.chi2.sf(factor * freedom, freedom)
            assert chi_square_tail(factor * freedom, freedom) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_critical_value_of_chi_square_against_scipy(dtype):
    stats = pytest.importorskip("scipy.stats")
    critical = chi_square_test(np.zeros(9, dtype)).critical
    assert critical == pytest.approx(stats.chi2.isf(0.05, np.iinfo(dtype).max), abs=1e-2)


def test_chi_square_test_tells_noise_from_a_ramp():
    assert chi_square_test(noise(50_000)).p_value > 0.01
    assert chi_square_test(np.arange(50_000, dtype=np.uint16).astype(np.uint8)).p_value > 0.999
    assert chi_square_test((noise(50_000) // 2).astype(np.uint8)).p_value == 0


def test_correlation_by_hand():
    # Pairs (1, 2), (2, 4), (3, 3), (4, 1): deviations -1.5 -0.5 0.5 1.5 and -0.5 1.5 0.5 -1.5;
    # products 0.75 - 0.75 + 0.25 - 2.25 = -2 over 5.
    columns = np.array([[1, 2], [2, 4], [3, 3], [4, 1]], np.uint8)
    assert adjacent_correlation(columns, "h") == pytest.approx(-0.4, abs=1e-15)
    assert adjacent_correlation(columns.T, "v") == pytest.approx(-0.4, abs=1e-15)


def test_diagonals_by_hand():
    picture = np.array([[0, 9, 1], [5, 0, 7], [8, 4, 0]], np.uint8)
    # Below right: (0,0) (9,7) (5,4) (0,0); below left: (9,5) (1,0) (0,8) (7,4).
    right = np.array([[0, 9, 5, 0], [0, 7, 4, 0]])
    left = np.array([[9, 1, 0, 7], [5, 0, 8, 4]])
    assert adjacent_correlation(picture, "d") == pytest.approx(np.corrcoef(right)[0, 1], abs=1e-15)
    assert adjacent_correlation(picture, "a") == pytest.approx(np.corrcoef(left)[0, 1], abs=1e-15)


@pytest.mark.parametrize("direction", ["h", "v", "d", "a"])
def test_correlation_is_nan_where_there_is_nothing_to_correlate(direction):
    assert np.isnan(adjacent_correlation(np.full((4, 4), 9, np.uint8), direction))
    assert np.isnan(adjacent_correlation(np.array([[3]], np.uint8), direction))


def test_correlation_does_not_overflow_on_wide_samples():
    picture = np.full((600, 600), 65535, np.uint16)
    picture[:, ::2] = 65534
    assert adjacent_correlation(picture, "h") == pytest.approx(-1, abs=1e-12)


@pytest.mark.parametrize("direction", ["h", "v", "d", "a"])
def test_correlation_under_a_mask_takes_pairs_with_both_pixels_inside(direction):
    picture = noise((20, 30), 3)
    mask = region_mask([Region(4, 5, 17, 16)], 20, 30)
    crop = picture[5:16, 4:17]
    assert adjacent_correlation(picture, direction, mask=mask) == pytest.approx(
        adjacent_correlation(crop, direction), abs=1e-12
    )


@given(pictures(), st.sampled_from("hvda"))
def test_correlation_lies_between_minus_one_and_one(picture, direction):
    value = adjacent_correlation(picture.reshape(picture.shape[0], -1), direction)
    assert np.isnan(value) or -1 <= value <= 1


@given(pictures())
def test_one_picture_in_another_order_measures_the_same(picture):
    shuffled = np.random.default_rng(0).permutation(picture.reshape(-1))
    assert entropy(shuffled) == entropy(picture)
    assert chi_square(shuffled) == chi_square(picture)


@given(pictures())
def test_entropy_is_bounded_by_samples_and_levels(picture):
    assert 0 <= entropy(picture) <= min(np.log2(picture.size), 8 * picture.itemsize) + 1e-9


# --- two pictures, by hand


def test_npcr_and_uaci_by_hand():
    first, second = np.uint8([[5, 250, 7, 0]]), np.uint8([[250, 5, 7, 1]])
    assert npcr(first, second) == 75
    # |5 - 250| is 245 both ways, not 11: (245 + 245 + 0 + 1) / (4 * 255).
    assert uaci(first, second) == pytest.approx(100 * 491 / 1020, abs=1e-12)


def test_uaci_of_wide_samples_by_hand():
    assert uaci(np.uint16([0, 65535]), np.uint16([65535, 65535])) == 50


# Wu, Noonan and Agaian 2011, tables I and II, for gray pictures of 256, 512 and 1024 squared.
@pytest.mark.parametrize(
    ("side", "alpha", "npcr_low", "uaci_low", "uaci_high"),
    [
        (256, 0.05, 99.5693, 33.2824, 33.6447),
        (256, 0.01, 99.5527, 33.2255, 33.7016),
        (256, 0.001, 99.5341, 33.1594, 33.7677),
        (512, 0.05, 99.5893, 33.3730, 33.5541),
        (512, 0.01, 99.5810, 33.3445, 33.5826),
        (512, 0.001, 99.5717, 33.3115, 33.6156),
        (1024, 0.05, 99.5994, 33.4183, 33.5088),
    ],
)
def test_critical_values_of_the_literature(side, alpha, npcr_low, uaci_low, uaci_high):
    bounds = difference_bounds(side * side, alpha=alpha)
    assert bounds.npcr_low == pytest.approx(npcr_low, abs=6e-5)
    assert bounds.uaci_low == pytest.approx(uaci_low, abs=6e-5)
    assert bounds.uaci_high == pytest.approx(uaci_high, abs=6e-5)


def test_critical_values_of_coins_by_hand():
    # Two bits differ half of the time: 100 pairs of coins deviate by 5 %.
    bounds = difference_bounds(100, levels=2)
    assert (bounds.npcr_mean, bounds.uaci_mean) == (50, 50)
    assert bounds.npcr_low == pytest.approx(50 - 5 * 1.644854, abs=1e-5)
    assert bounds.uaci_low == pytest.approx(50 - 5 * 1.959964, abs=1e-5)
    assert bounds.uaci_high == pytest.approx(50 + 5 * 1.959964, abs=1e-5)


def test_ideals_of_npcr_and_uaci():
    byte, word = difference_bounds(100), difference_bounds(100, 65536)
    assert byte.npcr_mean == 99.609375
    assert byte.uaci_mean == pytest.approx(33.463542, abs=1e-6)
    # 65535/65536, and 65537 / (3 * 65536)
    assert word.npcr_mean == pytest.approx(99.998474, abs=1e-6)
    assert word.uaci_mean == pytest.approx(33.333842, abs=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_unrelated_noise_meets_the_ideals(dtype):
    first, second = noise((512, 512), 1, dtype), noise((512, 512), 2, dtype)
    bounds = difference_bounds(first.size, np.iinfo(dtype).max + 1, alpha=1e-4)
    assert npcr(first, second) > bounds.npcr_low
    assert bounds.uaci_low < uaci(first, second) < bounds.uaci_high


def test_mse_and_psnr_by_hand():
    first, second = np.uint8([0, 10, 20, 255]), np.uint8([0, 13, 16, 255])
    assert mse(first, second) == 6.25
    # 10 log10(65025 / 6.25)
    assert psnr(first, second) == pytest.approx(40.17200, abs=1e-5)
    assert psnr(np.uint16([0]), np.uint16([65535])) == 0
    assert psnr(first, first) == float("inf")


@given(pairs())
def test_two_pictures_measure_the_same_both_ways_round(pair):
    first, second = pair
    for measure in TWO_PICTURES:
        assert measure(first, second) == measure(second, first)
    assert 0 <= uaci(first, second) <= npcr(first, second) <= 100
    assert (mse(first, second) == 0) == np.array_equal(first, second)


@settings(max_examples=25)
@given(pairs(min_side=11))
def test_ssim_is_symmetric_and_at_most_one(pair):
    first, second = pair
    assert ssim(first, first) == pytest.approx(1, abs=1e-9)
    assert ssim(first, second) == pytest.approx(ssim(second, first), abs=1e-9)
    assert ssim(first, second) <= 1 + 1e-9


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(40, 53), (40, 53, 3)])
def test_against_scikit_image(dtype, shape):
    metrics = pytest.importorskip("skimage.metrics")
    top = int(np.iinfo(dtype).max)
    first = noise(shape, 5, dtype)
    second = (first // 2 + noise(shape, 6, dtype) // 2).astype(dtype)
    expected = metrics.structural_similarity(
        first,
        second,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=top,
        channel_axis=-1 if len(shape) == 3 else None,
    )
    assert ssim(first, second) == pytest.approx(expected, abs=1e-9)
    expected = metrics.peak_signal_noise_ratio(first, second, data_range=top)
    assert psnr(first, second) == pytest.approx(expected, abs=1e-9)
    assert mse(first, second) == pytest.approx(metrics.mean_squared_error(first, second))
    measure = pytest.importorskip("skimage.measure")
    assert entropy(first) == pytest.approx(measure.shannon_entropy(first))


def test_ssim_of_constants_by_hand():
    # Without variance only the luminance term is left: (2xy + c1) / (x^2 + y^2 + c1).
    first, second = np.full((12, 12), 100, np.uint8), np.full((12, 12), 150, np.uint8)
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    assert ssim(first, second) == pytest.approx(expected, abs=1e-9)


def test_ssim_under_a_mask_takes_windows_inside():
    first, second = noise((40, 50, 3), 7), noise((40, 50, 3), 8)
    mask = region_mask([Region(6, 8, 36, 30)], 40, 50)
    crop = np.s_[8:30, 6:36]
    assert ssim(first, second, mask=mask) == pytest.approx(
        ssim(first[crop], second[crop]), abs=1e-12
    )
    small = region_mask([Region(6, 8, 16, 30)], 40, 50)
    assert np.isnan(ssim(first, second, mask=small))


# --- masks and refusals


@pytest.mark.parametrize("measure", ONE_PICTURE)
def test_a_mask_leaves_the_rest_out_of_one_picture(measure):
    picture = noise((30, 40, 3), 9)
    mask = region_mask([Region(3, 4, 21, 17), Region(10, 10, 35, 28, "ellipse")], 30, 40)
    inside = picture[mask]
    picture[~mask] = 77
    assert np.array_equal(measure(picture, mask=mask), measure(inside))


@pytest.mark.parametrize("measure", TWO_PICTURES)
def test_a_mask_leaves_the_rest_out_of_two_pictures(measure):
    first, second = noise((30, 40, 3), 9), noise((30, 40, 3), 10)
    mask = region_mask([Region(3, 4, 21, 17)], 30, 40)
    inside = first[4:17, 3:21], second[4:17, 3:21]
    assert measure(first, second, mask=mask) == measure(*inside)


def test_region_mask_is_the_clipped_union():
    mask = region_mask([Region(-3, -3, 2, 2), Region(1, 0, 4, 1), Region(90, 90, 99, 99)], 3, 5)
    rows = ["#### ", "##   ", "     "]
    assert mask.tolist() == [[c == "#" for c in row] for row in rows]


@pytest.mark.parametrize("measure", [*ONE_PICTURE, adjacent_correlation])
def test_one_picture_that_cannot_be_measured_is_refused(measure):
    with pytest.raises(TypeError, match="received float64"):
        measure(np.zeros((3, 3)))
    with pytest.raises(TypeError, match="received list"):
        measure([[1, 2]])
    with pytest.raises(ValueError, match="empty"):
        measure(np.zeros((0, 3), np.uint8))
    with pytest.raises(ValueError, match="empty"):
        measure(np.zeros((3, 3), np.uint8), mask=np.zeros((3, 3), bool))
    with pytest.raises(ValueError, match=r"mask of shape \(2, 3\)"):
        measure(np.zeros((3, 3), np.uint8), mask=np.ones((2, 3), bool))
    with pytest.raises(TypeError, match=r"mask must be .* uint8"):
        measure(np.zeros((3, 3), np.uint8), mask=np.ones((3, 3), np.uint8))


@pytest.mark.parametrize("measure", [*TWO_PICTURES, ssim])
def test_two_pictures_that_do_not_fit_are_refused(measure):
    with pytest.raises(ValueError, match="one shape and dtype"):
        measure(np.zeros((12, 12), np.uint8), np.zeros((12, 13), np.uint8))
    with pytest.raises(ValueError, match="one shape and dtype"):
        measure(np.zeros((12, 12), np.uint8), np.zeros((12, 12), np.uint16))


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="one channel"):
        adjacent_correlation(np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="direction must be one of h, v, d, a"):
        adjacent_correlation(np.zeros((3, 3), np.uint8), "x")
    with pytest.raises(ValueError, match="at least 11x11"):
        ssim(np.zeros((10, 20), np.uint8), np.zeros((10, 20), np.uint8))
    with pytest.raises(ValueError, match="alpha"):
        difference_bounds(9, alpha=1.5)
    with pytest.raises(ValueError, match="at least 1 sample"):
        expected_entropy(0)


def test_measures_edit_nothing():
    first, second = noise((20, 20), 1), noise((20, 20), 2)
    first.flags.writeable = second.flags.writeable = False
    for measure in ONE_PICTURE:
        measure(first)
    for measure in [*TWO_PICTURES, ssim]:
        measure(first, second)
    adjacent_correlation(first)


def test_every_public_name_is_there():
    assert all(hasattr(analysis, name) for name in analysis.__all__)
