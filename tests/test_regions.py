import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecrypt.regions import Grid, Region, claims


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


grids = st.integers(1, 16).flatmap(
    lambda side: st.builds(Grid, st.just(side), st.integers(0, side - 1), st.integers(0, side - 1))
)


def owned_by_hand(region, grid) -> set:
    """The pixels of a region by two plain loops: of an ellipse, all of the cells it touches."""
    x0, y0, x1, y1 = region.box
    w, h = x1 - x0, y1 - y0
    pixels = [(x, y) for y in range(y0, y1) for x in range(x0, x1)]
    if region.shape == "box":
        return set(pixels)
    touched = set()
    for x, y in pixels:
        dx, dy = 2 * (x - x0) + 1 - w, 2 * (y - y0) + 1 - h
        if (dx * h) ** 2 + (dy * w) ** 2 <= (w * h) ** 2:
            touched.add(((x - grid.x) // grid.side, (y - grid.y) // grid.side))
    return {
        (x, y)
        for x, y in pixels
        if ((x - grid.x) // grid.side, (y - grid.y) // grid.side) in touched
    }


def owned(claim) -> set:
    shape = claim.y1 - claim.y0, claim.x1 - claim.x0
    mask = np.ones(shape, bool) if claim.mask is None else claim.mask
    assert mask.shape == shape
    return {(claim.x0 + x, claim.y0 + y) for y, x in np.argwhere(mask).tolist()}


@given(st.lists(boxes, max_size=4), grids)
def test_an_ellipse_owns_whole_cells_of_its_box(regions, grid):
    free = {(x, y) for y in range(24) for x in range(32)}
    for region, claim in zip(regions, claims(regions, 24, 32, grid), strict=True):
        expected = owned_by_hand(region, grid) & free
        assert owned(claim) == expected
        free -= expected


def test_cells_of_an_ellipse_by_hand():
    disc = Region(0, 0, 12, 12, shape="ellipse")
    # Of pixel (3, 3) the centre is 2.5 * sqrt(2) = 3.5 from that of the disc: all cells are its.
    (whole,) = claims([disc], 12, 12, Grid(4, 0, 0))
    assert whole.mask.all()
    # That of pixel (1, 1) is 4.5 * sqrt(2) = 6.4 away, beyond the radius of 6.
    (cut,) = claims([disc], 12, 12, Grid(2, 0, 0))
    corners = ["..########..", "..########..", *["############"] * 8, *["..########.."] * 2]
    assert ["".join(".#"[int(own)] for own in row) for row in cut.mask] == corners


@given(boxes, grids)
def test_snapping_covers_the_region_with_the_fewest_whole_cells(region, grid):
    wide = region.snap(grid)
    side, x, y = grid
    for edge, origin in zip(wide.box, (x, y, x, y), strict=True):
        assert (edge - origin) % side == 0
    for inner, outer in zip(region.box[:2], wide.box[:2], strict=True):
        assert 0 <= inner - outer < side
    for inner, outer in zip(region.box[2:], wide.box[2:], strict=True):
        assert 0 <= outer - inner < side
    assert owned_by_hand(region, Grid(1, 0, 0)) <= owned_by_hand(wide, grid)
    if region.shape == "ellipse" and wide.shape == "box":
        rounded = Region(*wide.box, shape="ellipse")
        assert not owned_by_hand(region, Grid(1, 0, 0)) <= owned_by_hand(rounded, grid)


def test_an_ellipse_that_its_cells_would_not_cover_becomes_a_box():
    # Pixel (15, 15) is 34.5 * sqrt(2) = 48.8 from the centre of the small disc, of radius 50, and
    # 40.5 * sqrt(2) = 57.3 from that of the large one, of radius 56.
    face = Region(0, 0, 100, 100, shape="ellipse")
    assert face.snap(Grid(16, 0, 0)) == Region(0, 0, 112, 112)
    face = Region(6, 6, 106, 106, shape="ellipse")
    assert face.snap(Grid(16, 0, 0)) == Region(0, 0, 112, 112, shape="ellipse")
