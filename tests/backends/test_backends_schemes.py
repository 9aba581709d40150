"""The kernels of the schemes: what they compute, what they refuse, and what they never touch.

test_scheme_vectors.py runs this file again on every instruction set.
"""

import ctypes
import mmap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt import backends
from facecrypt.backends.operands import Blocks, Coupling, Gather, Pixels

BACKENDS = [name for name, missing in backends.available().items() if missing is None]
ORDERS = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]


@pytest.fixture(params=BACKENDS, scope="module")
def kernels(request):
    return backends.get(request.param)


def draw(rng, *shape):
    return rng.integers(0, 256, shape, dtype=np.uint8)


def canaried(shape, offset):
    """An array `offset` from an aligned address, and the memory around it."""
    size = int(np.prod(shape))
    memory = np.full(size + 320, 0xA5, np.uint8)
    start = -memory.ctypes.data % 64 + 64 + offset
    return memory[start : start + size].reshape(shape), memory


def untouched(view, memory):
    start = view.ctypes.data - memory.ctypes.data
    return (memory[:start] == 0xA5).all() and (memory[start + view.size :] == 0xA5).all()


def pixel_case(rng, count, size, channels, *, ordered):
    height, width = size
    data = draw(rng, count, height, width, channels)
    order = rng.integers(0, 6, (height, width)).astype(np.uint8) if ordered else None
    return data, Pixels(order, draw(rng, height, width, channels))


def gather_case(rng, count, items, length, *, masked):
    data = draw(rng, count, items, length)
    index = rng.integers(0, items, items).astype(np.int32)
    return data, Gather(index, draw(rng, items, length) if masked else None)


def block_case(rng, count, block, grid, *, nibbles, keys):
    data = draw(rng, count, grid[0] * block[0], grid[1] * block[1])
    entries = block[0] * block[1] * (2 if nibbles else 1)
    blocks = grid[0] * grid[1]
    return data, Blocks(
        block,
        nibbles,
        perm=rng.integers(0, entries, (keys, entries)).astype(np.int32),
        mask=rng.integers(0, 16 if nibbles else 256, (keys, entries)).astype(np.uint8),
        which=rng.integers(0, keys, blocks).astype(np.int32),
        source=rng.integers(0, blocks, blocks).astype(np.int32),
    )


def coupling_case(rng, shape, *, rounds=2, hidden=3):
    channels = shape[3]

    def signed(*shape):
        return rng.integers(-128, 128, shape).astype(np.int8)

    return draw(rng, *shape), Coupling(
        first=signed(rounds, hidden, channels, 3, 3),
        first_bias=signed(rounds, hidden),
        second=signed(rounds, channels, hidden, 3, 3),
        second_bias=draw(rng, rounds, channels),
    )


def run(kernels, name, data, operands, offset=0, *, threads=1):
    out, memory = canaried(data.shape, offset)
    before = data.copy()
    getattr(kernels, name)(data, out, operands, threads=threads)
    assert untouched(out, memory)
    assert (data == before).all()
    return out


def run_in_place(kernels, name, data, operands, offset):
    same, memory = canaried(data.shape, offset)
    same[:] = data
    getattr(kernels, name)(same, same, operands, threads=1)
    assert untouched(same, memory)
    return same


# ---- the definitions, in loops -----------------------------------------------------------------


def test_pixels_are_what_they_say(kernels):
    data, a = pixel_case(np.random.default_rng(1), 2, (3, 11), 3, ordered=True)
    out = run(kernels, "pixels", data, a)
    for n, y, x, j in np.ndindex(data.shape):
        source = ORDERS[a.order[y, x]][j]
        assert out[n, y, x, j] == data[n, y, x, source] ^ a.mask[y, x, j]
    data, a = pixel_case(np.random.default_rng(1), 2, (3, 11), 1, ordered=False)
    assert (run(kernels, "pixels", data, a) == data ^ a.mask).all()


@pytest.mark.parametrize("length", [1, 2, 3, 24])
def test_gather_is_what_it_says(kernels, length):
    for masked in (True, False):
        data, a = gather_case(np.random.default_rng(2), 3, 50, length, masked=masked)
        out = run(kernels, "gather", data, a)
        for n, k, i in np.ndindex(data.shape):
            mask = a.mask[k, i] if masked else 0
            assert out[n, k, i] == data[n, a.source[k], i] ^ mask


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize("nibbles", [False, True])
def test_blocks_are_what_they_say(kernels, nibbles, count):
    rows, columns, down, across = 2, 6, 2, 3
    case = np.random.default_rng(3), count, (rows, columns), (down, across)
    data, a = block_case(*case, nibbles=nibbles, keys=2)
    out = run(kernels, "blocks", data, a)
    for block in range(down * across):
        source, k = a.source[block], a.which[block]
        top, left = source // across * rows, source % across * columns
        vector = data[-1, top : top + rows, left : left + columns].ravel().tolist()
        if nibbles:
            vector = [v % 16 for v in vector] + [v // 16 for v in vector]
        pairs = zip(a.perm[k].tolist(), a.mask[k].tolist(), strict=True)
        got = [vector[p] ^ m for p, m in pairs]
        if nibbles:
            got = [lo + 16 * hi for lo, hi in zip(got[:12], got[12:], strict=True)]
        top, left = block // across * rows, block % across * columns
        assert out[-1, top : top + rows, left : left + columns].ravel().tolist() == got


# ---- every way through the kernels -------------------------------------------------------------

SIDES = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48, 64, 65, 96])


def agree(name, data, operands, offset=0):
    results = [run(backends.get(b), name, data, operands, offset) for b in BACKENDS]
    assert all((result == results[0]).all() for result in results)
    threaded = run(backends.get("native"), name, data, operands, offset, threads=3)
    assert (threaded == results[0]).all()


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.tuples(
        st.sampled_from([0, 1, 3, 20]),
        st.tuples(SIDES, SIDES),
        st.tuples(st.integers(1, 4), st.integers(1, 5)),
    ),
    nibbles=st.booleans(),
    keys=st.integers(1, 3),
    seed=st.integers(0, 99),
    offset=st.sampled_from([0, 1, 13]),
    without=st.sampled_from([(), ("which",), ("source",), ("which", "source")]),
)
def test_blocks_agree(*, sizes, nibbles, keys, seed, offset, without):
    rng = np.random.default_rng(seed)
    data, a = block_case(rng, *sizes, nibbles=nibbles, keys=keys)
    agree("blocks", data, a._replace(**dict.fromkeys(without)), offset)


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize("sides", [(2, 6), (16, 48)])
def test_one_row_serves_all_blocks_and_they_stay(kernels, sides, count):
    data, a = block_case(np.random.default_rng(10), count, sides, (2, 3), nibbles=False, keys=2)
    blocks = np.arange(6, dtype=np.int32)
    for without, instead in (("which", 0 * blocks), ("source", blocks)):
        expected = run(kernels, "blocks", data, a._replace(**{without: instead}))
        assert (run(kernels, "blocks", data, a._replace(**{without: None})) == expected).all()


@pytest.mark.parametrize("nibbles", [False, True])
def test_the_largest_block(nibbles):
    agree(
        "blocks",
        *block_case(np.random.default_rng(4), 11, (64, 192), (1, 1), nibbles=nibbles, keys=1),
    )


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 99),
    count=st.integers(0, 5),
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    kind=st.sampled_from([(1, False), (3, False), (3, True)]),
    offset=st.sampled_from([0, 1, 13]),
)
def test_pixels_agree(seed, count, size, kind, offset):
    rng = np.random.default_rng(seed)
    data, a = pixel_case(rng, count, size, kind[0], ordered=kind[1])
    agree("pixels", data, a, offset)
    for backend in BACKENDS:
        same = run_in_place(backends.get(backend), "pixels", data, a, offset)
        assert (same == run(backends.get("reference"), "pixels", data, a)).all()


def test_pixels_of_many_strips():
    # More pixels than are prepared at once, and two threads at work in place.
    data, a = pixel_case(np.random.default_rng(5), 3, (97, 111), 3, ordered=True)
    agree("pixels", data, a)
    expected = run(backends.get("reference"), "pixels", data, a)
    for _ in range(20):
        same = data.copy()
        backends.get("native").pixels(same, same, a, threads=2)
        assert (same == expected).all()


@pytest.mark.parametrize("offset", [0, 1, 16, 63])
@pytest.mark.parametrize(("size", "channels"), [((8, 8), 3), ((96, 128), 3), ((16, 20), 1)])
def test_pixels_of_whole_lines_wherever_they_lie(size, channels, offset):
    # Pictures of a multiple of 64 bytes: their lines lie in all of them as in the first.
    case = pixel_case(np.random.default_rng(6), 4, size, channels, ordered=channels == 3)
    agree("pixels", *case, offset)
    same = run_in_place(backends.get("native"), "pixels", *case, offset)
    assert (same == run(backends.get("reference"), "pixels", *case)).all()


@pytest.mark.parametrize("size", [(32, 32), (31, 33), (512, 512)])
@pytest.mark.parametrize("ordered", [False, True])
def test_pixels_of_a_batch_beyond_the_caches(size, ordered):
    count = (17 << 20) // (3 * size[0] * size[1])
    data, a = pixel_case(np.random.default_rng(7), count, size, 3, ordered=ordered)
    expected = run(backends.get("reference"), "pixels", data, a)
    for offset, threads in ((0, 1), (16, 1), (1, 2)):
        assert (
            run(backends.get("native"), "pixels", data, a, offset, threads=threads) == expected
        ).all()


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 99),
    count=st.integers(0, 4),
    items=st.integers(1, 60),
    length=st.integers(1, 40),
    masked=st.booleans(),
)
def test_gather_agrees(seed, count, items, length, masked):
    agree("gather", *gather_case(np.random.default_rng(seed), count, items, length, masked=masked))


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 99),
    shape=st.tuples(
        st.integers(0, 3), st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 3])
    ),
    rounds=st.integers(1, 4),
    hidden=st.integers(1, 9),
)
def test_coupling_agrees_and_turns_back(seed, shape, rounds, hidden):
    data, a = coupling_case(np.random.default_rng(seed), shape, rounds=rounds, hidden=hidden)
    agree("coupling", data, a)
    for backend in BACKENDS:
        same = data.copy()
        backends.get(backend).coupling(same, same, a)
        backends.get(backend).coupling(same, same, a._replace(inverse=True))
        assert (same == data).all()


def turn_case(rng, count, rows, pixel, grid, *, spoil):
    """Blocks, turned or not, whose whole rows change places, and whole columns of bytes."""
    columns, keys = rows * pixel, 4
    samples = np.arange(rows * columns, dtype=np.int32).reshape(rows, rows, pixel)
    perm = [
        (samples.swapaxes(0, 1) if k % 2 else samples).reshape(rows, columns)[
            rng.permutation(rows)
        ][:, rng.permutation(columns)]
        for k in range(keys)
    ]
    if spoil == "entry":
        perm[-1][-1, [0, 1]] = perm[-1][-1, [1, 0]]
    if spoil == "row":
        perm[-1][0] = perm[-1][1]
    data, a = block_case(rng, count, (rows, columns), grid, nibbles=False, keys=keys)
    return data, a._replace(perm=np.array(perm).reshape(keys, -1))


@pytest.mark.parametrize("spoil", ["nothing", "entry", "row"])
@pytest.mark.parametrize(("rows", "pixel"), [(9, 2), (13, 1), (15, 3), (16, 3), (16, 4), (17, 3)])
def test_turned_blocks_agree(rows, pixel, spoil):
    agree("blocks", *turn_case(np.random.default_rng(3), 41, rows, pixel, (3, 3), spoil=spoil), 5)


def test_many_pictures_on_all_processors():
    rng = np.random.default_rng(6)
    for name, (data, a) in {
        "pixels": pixel_case(rng, 600, (32, 32), 3, ordered=True),
        "gather": gather_case(rng, 600, 1024, 3, masked=True),
        "blocks": block_case(rng, 600, (4, 12), (8, 8), nibbles=True, keys=64),
    }.items():
        results = [run(backends.get(b), name, data, a, threads=None) for b in BACKENDS]
        assert (results[0] == results[1]).all()


@pytest.fixture
def guarded():
    """Memory that ends where the next page may not be touched: to read on is to crash."""
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 17 * page)
    whole = np.frombuffer(memory, np.uint8)
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    last = ctypes.c_void_p(whole.ctypes.data + 16 * page)
    assert protect(last, ctypes.c_size_t(page), 0) == 0

    def place(data):
        edge = whole[16 * page - data.size : 16 * page]
        edge[:] = data.ravel()
        return edge.reshape(data.shape)

    yield place
    protect(last, ctypes.c_size_t(page), mmap.PROT_READ | mmap.PROT_WRITE)


@pytest.mark.skipif(not hasattr(mmap, "PROT_READ"), reason="needs mprotect")
@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("pixels", pixel_case(np.random.default_rng(1), 3, (9, 11), 3, ordered=True)),
        ("gather", gather_case(np.random.default_rng(1), 3, 50, 3, masked=True)),
        ("gather", gather_case(np.random.default_rng(1), 3, 50, 3, masked=False)),
        ("gather", gather_case(np.random.default_rng(1), 3, 50, 12, masked=True)),
        *(
            ("blocks", block_case(np.random.default_rng(1), 9, block, (2, 3), nibbles=n, keys=k))
            for block in [(2, 6), (4, 12), (4, 4), (3, 5), (8, 24), (8, 8), (16, 48), (3, 100)]
            for n in (False, True)
            for k in (1, 2)
        ),
        ("blocks", turn_case(np.random.default_rng(1), 9, 15, 3, (2, 3), spoil="nothing")),
    ],
)
def test_nothing_is_read_behind_the_end(guarded, name, case):
    data, a = case
    edge = guarded(data)
    out, expected = np.empty_like(data), np.empty_like(data)
    getattr(backends.get("native"), name)(edge, out, a, threads=1)
    getattr(backends.get("reference"), name)(data, expected, a)
    assert (out == expected).all()


# ---- what they refuse ----------------------------------------------------------------------------


def cases():
    rng = np.random.default_rng(7)
    return {
        "pixels": pixel_case(rng, 2, (3, 5), 3, ordered=True),
        "gather": gather_case(rng, 2, 6, 3, masked=True),
        "blocks": block_case(rng, 2, (2, 6), (2, 2), nibbles=True, keys=2),
        "coupling": coupling_case(rng, (2, 3, 5, 3)),
    }


ARRAYS = [
    (name, argument)
    for name, (_, operands) in cases().items()
    for argument, value in operands._asdict().items()
    if isinstance(value, np.ndarray)
]


@pytest.mark.parametrize(("name", "argument"), ARRAYS)
def test_arrays_of_the_wrong_kind(kernels, name, argument):
    data, a = cases()[name]
    good = getattr(a, argument)
    out = np.empty_like(data)
    with pytest.raises(TypeError, match=f"{argument} must"):
        getattr(kernels, name)(data, out, a._replace(**{argument: good.astype(np.float64)}))
    longer = np.concatenate([good, good])[:-1]
    with pytest.raises(ValueError, match=r"must have (the shape|2 dim)"):
        getattr(kernels, name)(data, out, a._replace(**{argument: longer}))
    doubled = np.repeat(good, 2, axis=-1)[..., ::2]
    if not doubled.flags.c_contiguous:
        with pytest.raises(ValueError, match=f"{argument} must be C-contiguous"):
            getattr(kernels, name)(data, out, a._replace(**{argument: doubled}))


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("pixels", "order", 6),
        ("gather", "source", 6),
        ("gather", "source", -1),
        ("blocks", "perm", 24),
        ("blocks", "perm", -1),
        ("blocks", "mask", 16),
        ("blocks", "which", 2),
        ("blocks", "which", -1),
        ("blocks", "source", 4),
        ("blocks", "source", -(2**31)),
    ],
)
def test_indices_out_of_range(kernels, name, argument, value):
    data, a = cases()[name]
    bad = getattr(a, argument).copy()
    bad.flat[-1] = value
    with pytest.raises(ValueError, match=rf"{argument} must be in 0\.\.\d+, received"):
        getattr(kernels, name)(data, np.empty_like(data), a._replace(**{argument: bad}))


@pytest.mark.parametrize("name", list(cases()))
def test_pictures_of_the_wrong_kind(kernels, name):
    data, a = cases()[name]
    kernel = getattr(kernels, name)
    with pytest.raises(TypeError, match="data must"):
        kernel(data.astype(np.int16), np.empty_like(data), a)
    with pytest.raises(TypeError, match="out must"):
        kernel(data, np.empty(data.shape), a)
    with pytest.raises(ValueError, match=r"data must have . dimensions"):
        kernel(data.ravel(), np.empty_like(data).ravel(), a)
    with pytest.raises(ValueError, match="out must"):
        kernel(data, np.empty((4, *data.shape[1:]), np.uint8), a)
    with pytest.raises(ValueError, match="out must"):
        kernel(data, np.empty(data.shape, np.uint8)[..., ::-1], a)
    frozen = np.empty_like(data)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match=r"out must be .*writable"):
        kernel(data, frozen, a)
    memory = np.zeros((3, *data.shape[1:]), np.uint8)
    with pytest.raises(ValueError, match="out overlaps data"):
        kernel(memory[:2], memory[1:], a)
    if name in ("gather", "blocks"):
        with pytest.raises(ValueError, match="out overlaps data"):
            kernel(data, data, a)


@pytest.mark.parametrize(("name", "argument"), ARRAYS)
def test_operands_within_out(kernels, name, argument):
    """What was checked would change while it is read: an index in ``out`` leads anywhere."""
    data, a = cases()[name]
    good = getattr(a, argument)
    count = -(-(good.nbytes + 4) // data[0].size)  # pictures, for out to have room
    data = np.repeat(data[:1], count, axis=0)
    out = np.zeros_like(data)
    place = out.reshape(-1)[4 : 4 + good.nbytes].view(good.dtype).reshape(good.shape)
    place[...] = good
    with pytest.raises(ValueError, match=f"out overlaps {argument}; pass another array"):
        getattr(kernels, name)(data, out, a._replace(**{argument: place}))
    if name in ("pixels", "coupling"):
        with pytest.raises(ValueError, match=f"out overlaps {argument}"):
            getattr(kernels, name)(out, out, a._replace(**{argument: place}))


@pytest.mark.parametrize("name", list(cases()))
def test_operands_are_no_dict(kernels, name):
    data, a = cases()[name]
    with pytest.raises(TypeError, match=r"operands must be of .*\.operands, received dict"):
        getattr(kernels, name)(data, np.empty_like(data), a._asdict())


@pytest.mark.parametrize("name", list(cases()))
def test_operands_beside_out_will_do(kernels, name):
    data, a = cases()[name]
    sizes = [data.size, *(-(-x.nbytes // 4) * 4 for x in a if isinstance(x, np.ndarray))]
    pieces = iter(np.split(np.zeros(sum(sizes) + 3, np.uint8), np.cumsum(sizes)))
    out, beside = next(pieces).reshape(data.shape), {}
    for argument, good in a._asdict().items():
        if isinstance(good, np.ndarray):
            beside[argument] = next(pieces)[: good.nbytes].view(good.dtype).reshape(good.shape)
            beside[argument][...] = good
    getattr(kernels, name)(data, out, a._replace(**beside))
    assert (out == run(kernels, name, data, a)).all()


@pytest.mark.parametrize("block", [(0, 6), (2, 0), (3, 6), (2, 5), (-2, 6)])
def test_blocks_that_do_not_fit(kernels, block):
    data, a = cases()["blocks"]
    with pytest.raises(ValueError, match="are no whole blocks of"):
        kernels.blocks(data, np.empty_like(data), a._replace(block=block))


def test_blocks_that_are_too_large(kernels):
    data, a = block_case(np.random.default_rng(8), 1, (64, 193), (1, 1), nibbles=False, keys=1)
    with pytest.raises(ValueError, match="a block has at most 12288 bytes"):
        kernels.blocks(data, np.empty_like(data), a)


def test_blocks_need_a_key(kernels):
    data, a = cases()["blocks"]
    a = a._replace(perm=a.perm[:0], mask=a.mask[:0], which=None)
    with pytest.raises(ValueError, match="number of rows of perm must be at least 1, received 0"):
        kernels.blocks(data, np.empty_like(data), a)


def test_orders_need_three_channels(kernels):
    data, a = pixel_case(np.random.default_rng(9), 1, (2, 2), 1, ordered=True)
    with pytest.raises(ValueError, match="order needs 3 channels, received 1"):
        kernels.pixels(data, np.empty_like(data), a)


@pytest.mark.parametrize("name", list(cases()))
def test_threads_are_counted(kernels, name):
    data, a = cases()[name]
    with pytest.raises(ValueError, match="threads must be at least 1, received 0"):
        getattr(kernels, name)(data, np.empty_like(data), a, threads=0)


# ---- another size --------------------------------------------------------------------------------


def test_fit_is_what_it_says(kernels):
    data = draw(np.random.default_rng(11), 2, 4, 5, 3)
    for view in (data, data.transpose(0, 2, 1, 3), data[:, ::-1, 1::2]):
        before = view.copy()
        _, height, width, _ = view.shape
        for size in ((1, 1), (height, width), (7, 3), (3, 7), (8, 9)):
            out, memory = canaried((2, *size, 3), 5)
            kernels.fit(view, out)
            for y, x in np.ndindex(size):
                assert (out[:, y, x] == view[:, min(y, height - 1), min(x, width - 1)]).all()
            assert untouched(out, memory)
            assert (view == before).all()


def test_fit_takes_a_picture_alone(kernels):
    picture, out = np.array([[1, 2], [3, 4]], np.uint8), np.empty((1, 3, 1, 1), np.uint8)
    kernels.fit(picture, out)
    assert out.ravel().tolist() == [1, 3, 3]
    kernels.fit(picture[::-1, :, None], out)
    assert out.ravel().tolist() == [3, 1, 1]


def test_fit_refuses(kernels):
    data, out = np.zeros((2, 3, 4, 3), np.uint8), np.zeros((2, 5, 5, 3), np.uint8)
    with pytest.raises(TypeError, match="data must be an array of uint8, received int16"):
        kernels.fit(data.astype(np.int16), out)
    with pytest.raises(TypeError, match="out must be an array of uint8, received float32"):
        kernels.fit(data, out.astype(np.float32))
    with pytest.raises(ValueError, match="data must have 2, 3 or 4 dimensions"):
        kernels.fit(data[0, 0, 0], out)
    for other in (out[:1], out[..., :1], out[0]):
        with pytest.raises(ValueError, match=r"out must have the shape of \(2, 3, 4, 3\) but"):
            kernels.fit(data, other)
    with pytest.raises(ValueError, match="out must be C-contiguous"):
        kernels.fit(data, out[:, ::2])
    with pytest.raises(ValueError, match="data must have a pixel to repeat"):
        kernels.fit(data[:, :0], out)
    with pytest.raises(ValueError, match="out overlaps data"):
        kernels.fit(out[:, :3], out)
    out.flags.writeable = False
    with pytest.raises(ValueError, match=r"out must be .*writable"):
        kernels.fit(data, out)
