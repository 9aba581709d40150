import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecrypt.regions import Region, claims


def test_grow_moves_each_side_by_the_ratio_of_its_length():
    assert Region(10, 20, 30, 60).grow(0.25).box == (5, 10, 35, 70)


def test_around_covers_a_box_of_real_numbers():
    assert Region.around(1.2, 2.0, 3.0, 4.1).box == (1, 2, 3, 5)


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        ((-5, -5, 5, 5), (0, 0, 5, 5)),
        ((5, 5, 99, 99), (5, 5, 20, 10)),
        ((20, 0, 30, 5), None),
        ((-9, 0, 0, 5), None),
    ],
)
def test_clip(box, clipped):
    region = Region(*box).clip(10, 20)
    assert (region and region.box) == clipped


@pytest.mark.parametrize("box", [(3, 0, 3, 5), (4, 0, 3, 5), (0, 5, 3, 5)])
def test_an_empty_box_is_refused(box):
    with pytest.raises(ValueError, match="half-open"):
        Region(*box)


def test_an_edge_that_is_not_an_integer_is_refused():
    with pytest.raises(TypeError, match=r"x1 must be an integer.*2\.5"):
        Region(0, 0, 2.5, 3)


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="'circle'"):
        Region(0, 0, 2, 3, shape="circle")


def test_ellipse_by_hand():
    rows = ["..#..", ".###.", "#####", "#####", "#####", ".###.", "..#.."]
    expected = np.array([[c == "#" for c in row] for row in rows])
    # 7 rows, 5 columns: row 1 has dy = 4 of 7, |dx| <= 5 * sqrt(1 - 16/49) = 4.1 -> 5 columns.
    expected[1] = expected[5] = True
    expected[0] = expected[6] = [False, True, True, True, False]
    assert (Region(0, 0, 5, 7, shape="ellipse").mask() == expected).all()


@given(st.integers(1, 60), st.integers(1, 60))
def test_ellipse_against_exact_fractions(width, height):
    mask = Region(0, 0, width, height, shape="ellipse").mask()
    for row in range(height):
        for column in range(width):
            dx, dy = 2 * column + 1 - width, 2 * row + 1 - height
            inside = (dx * height) ** 2 + (dy * width) ** 2 <= (width * height) ** 2
            assert mask[row, column] == inside


boxes = st.builds(
    lambda x, y, w, h, shape: Region(x, y, x + w, y + h, shape=shape),
    st.integers(0, 20),
    st.integers(0, 15),
    st.integers(1, 12),
    st.integers(1, 9),
    st.sampled_from(["box", "ellipse"]),
)


@given(st.lists(boxes, max_size=6))
def test_every_pixel_belongs_to_the_first_region_that_covers_it(regions):
    height, width = 24, 32
    owner = np.full((height, width), -1)
    for index in reversed(range(len(regions))):
        region = regions[index]
        crop = owner[region.y0 : region.y1, region.x0 : region.x1]
        crop[region.mask()] = index
    got = np.full((height, width), -1)
    for index, claim in enumerate(claims(regions, height, width)):
        crop = got[claim.y0 : claim.y1, claim.x0 : claim.x1]
        mine = np.ones(crop.shape, bool) if claim.mask is None else claim.mask
        assert (crop[mine] == -1).all()
        crop[mine] = index
    assert (got == owner).all()


def test_claims_refuse_a_region_outside_the_picture():
    with pytest.raises(ValueError, match=r"region 1 .* outside the 32x24 picture"):
        list(claims([Region(0, 0, 5, 5), Region(0, 0, 33, 5)], 24, 32))
