"""The classifier "encrypted or not": its data, its figures, its training, its way to ONNX."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")
onnx = pytest.importorskip("onnx", reason="needs facecrypt[learn]")

from facecrypt import schemes  # noqa: E402
from facecrypt.analysis.guess import EVIDENCE, probability_map  # noqa: E402
from facecrypt.learning import weighing  # noqa: E402
from facecrypt.learning.confusion import Confusion, markdown  # noqa: E402
from facecrypt.learning.encrypted_or_not import EncryptedOrNot, export, logits, train  # noqa: E402
from facecrypt.learning.judging import by_method, method_table, plot  # noqa: E402
from facecrypt.learning.synthetic import KINDS, synthetic, worn  # noqa: E402
from facecrypt.learning.three_features import ThreeFeatures, features  # noqa: E402
from facecrypt.learning.windows import (  # noqa: E402
    METHODS,
    PLAIN,
    SEALED,
    Source,
    Windows,
    conceal,
    draw_windows,
    encrypt_whole,
    split_sources,
)
from facecrypt.models.sessions import MODELS, import_runtime, open_model  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def rng(seed=0):
    return np.random.default_rng(seed)


def smooth(number: int, side: int = 64) -> Source:
    """A ramp that holds its own number in every pixel's lowest digit, base 16."""
    ramp = np.add.outer(np.arange(side), np.arange(side)) % 15 * 16
    return Source(f"picture {number}", (ramp + number).astype(np.uint8))


# ---- data ------------------------------------------------------------------------------------


def test_no_picture_is_in_training_and_test():
    pictures = [smooth(n)._replace(name=f"pair {n // 2}") for n in range(16)]
    left, right = split_sources(pictures, 0.25, rng())
    assert (len(left), len(right)) == (12, 4)
    assert not {s.name for s in left} & {s.name for s in right}
    windows = [draw_windows(part, rng(), plain=3, methods=[]).pixels for part in (left, right)]
    marks = [set(np.unique(pixels % 16).tolist()) for pixels in windows]
    assert not marks[0] & marks[1]
    assert marks[0] | marks[1] == set(range(16))


@pytest.mark.parametrize("part", [0.0, 0.01, 0.99, 1.0])
def test_a_split_leaves_nothing_empty(part):
    with pytest.raises(ValueError, match="leaves no picture"):
        split_sources([smooth(n) for n in range(4)], part, rng())


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 3)])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_encrypts_gray_and_colour(method, shape):
    picture = rng(3).integers(0, 256, shape, dtype=np.uint8)
    before = picture.copy()
    cipher = encrypt_whole(picture, method, rng(1), vary=True)
    assert cipher.shape == shape
    assert (cipher != picture).mean() > 0.3
    assert (picture == before).all()
    assert (encrypt_whole(picture, method, rng(1), vary=True) == cipher).all()


def test_methods_are_all_schemes_and_both_ciphers():
    assert set(METHODS) == {*schemes.names(), *SEALED}


def test_only_what_the_mask_names_is_encrypted():
    picture, kinds = rng(3).integers(0, 256, (100, 80, 3), dtype=np.uint8), set()
    for seed in range(20):
        out, mask = conceal(picture, "pbe", rng(seed))
        kinds.add(bool(mask.all()))
        if not mask.all():
            assert (out[~mask] == picture[~mask]).all()
            assert (out[mask] != picture[mask]).mean() > 0.3
    assert kinds == {True, False}


def test_labels_are_of_the_centre():
    """A white picture, a part of which is encrypted: noise in the centre and nowhere else."""
    source = Source("white", np.full((96, 96, 3), 255, np.uint8))
    windows = draw_windows([source], rng(), plain=5, each=60, methods=SEALED)
    noisy = (windows.pixels[:, 12:20, 12:20] < 255).mean(axis=(1, 2, 3)) > 0.5
    assert (noisy == windows.encrypted).all()
    assert 0.3 < windows.encrypted.mean() < 0.9
    edges = (windows.pixels < 255).mean(axis=(1, 2, 3))
    assert ((edges > 0.05) & (edges < 0.95)).mean() > 0.1
    assert (windows.method[:5] == -1).all()
    assert not windows.encrypted[:5].any()


def test_pure_windows_are_one_or_the_other():
    source = Source("white", np.full((96, 96, 3), 255, np.uint8))
    windows = draw_windows([source], rng(), plain=4, methods=["fiie"], pure=True)
    assert windows.encrypted.tolist() == [False] * 4 + [True] * 2
    assert (windows.pixels[:4] == 255).all()
    assert (windows.pixels[4:] == 255).mean() < 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_drawn_by_seed(kind):
    picture = synthetic(kind, 64, rng(4))
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
    assert (picture == synthetic(kind, 64, rng(4))).all()
    for seed in range(8):
        used = worn(picture, rng(seed))
        assert used.shape == picture.shape
        assert used.dtype == np.uint8


def test_unknown_kind():
    with pytest.raises(ValueError, match="kind must be one of codes, flat"):
        synthetic("photo", 64, rng())


# ---- figures ---------------------------------------------------------------------------------


def test_confusion_by_hand():
    truth = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    called = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
    matrix = Confusion.of(truth, called)
    assert matrix == Confusion(tp=3, fn=1, fp=2, tn=4)
    assert matrix.accuracy == 0.7
    assert matrix.precision == 0.6
    assert matrix.recall == 0.75
    assert matrix.false_alarms == pytest.approx(1 / 3)
    assert matrix.f1 == pytest.approx(2 / 3)  # 2 * 0.6 * 0.75 / 1.35
    assert "| 3 | 1 | 2 | 4 | 0.700 | 0.600 | 0.750 | 0.667 |" in markdown({"it": matrix})


def test_confusion_of_nothing():
    matrix = Confusion.of([False], [False])
    assert matrix.accuracy == 1
    assert np.isnan([matrix.precision, matrix.recall, matrix.f1]).all()
    with pytest.raises(ValueError, match="one shape"):
        Confusion.of([True], [True, False])


def handmade() -> Windows:
    pbe, le = METHODS.index("pbe"), METHODS.index("le")
    return Windows(
        np.zeros((7, 32, 32, 3), np.uint8),
        np.array([1, 1, 1, 1, 0, 0, 0], bool),
        np.array([pbe, pbe, le, le, le, -1, -1]),
        np.zeros(7, np.int64),
    )


def test_parts_by_method(tmp_path):
    called = np.array([1, 1, 1, 0, 1, 0, 0], bool)
    parts = by_method(handmade(), called)
    assert parts == {"le": 0.5, "pbe": 1.0, PLAIN: pytest.approx(1 / 3)}
    table = method_table(handmade(), {"a": called, "b": ~called})
    assert table.splitlines()[2:] == [
        "| le | 0.500 | 0.500 |",
        "| pbe | 1.000 | 0.000 |",
        "| plain | 0.333 | 0.667 |",
    ]
    plot(tmp_path / "a.png", handmade(), {"a": called, "b": ~called})
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_three_features_by_hand():
    flat = np.zeros((16, 16, 1), np.uint8)
    every = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    values = features(np.stack([flat, every]))
    np.testing.assert_allclose(values[0], [0, np.log(256 * 255 + 1), 1])
    np.testing.assert_allclose(values[1], [8, 0, 1], atol=1e-12)


def test_three_features_tell_noise_from_ramps():
    noise = rng(1).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    ramps = np.stack([smooth(n % 16).picture[:32, :32, None].repeat(3, 2) for n in range(40)])
    values, truth = features(np.concatenate([noise, ramps])), np.arange(80) < 40
    model = ThreeFeatures.fit(values[::2], truth[::2])
    assert ((model.probability(values[1::2]) > 0.5) == truth[1::2]).all()
    with pytest.raises(ValueError, match="both kinds"):
        ThreeFeatures.fit(values[:10], truth[:10])


def test_three_features_are_logistic_regression():
    """Against the one-feature case whose maximum is known: log odds of the counts."""
    values = np.zeros((100, 3))
    values[:50, 0] = 1
    truth = np.r_[np.arange(50) < 40, np.arange(50) < 10]
    chance = ThreeFeatures.fit(values, truth).probability(values)
    assert chance[0] == pytest.approx(0.8, abs=1e-3)
    assert chance[99] == pytest.approx(0.2, abs=1e-3)


# ---- the network -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny():
    """A network after some seconds of training, and windows of pictures it has not seen."""
    torch.set_num_threads(1)
    kinds = ["fractal", "gradient", "leaves", "shapes"]
    sources = [Source(f"{k} {i}", synthetic(k, 96, rng(i))) for k in kinds for i in range(12)]
    left, right = split_sources(sources, 0.25, rng())
    methods = ["fiie", "le", SEALED[1]]
    net = train(draw_windows(left, rng(1), plain=6, each=2, methods=methods), epochs=8)
    return net, draw_windows(right, rng(2), plain=6, methods=methods, pure=True)


def test_a_little_training_separates(tiny):
    net, windows = tiny
    matrix = Confusion.of(windows.encrypted, logits(net, windows.pixels) > 0)
    assert matrix.accuracy > 0.9


def test_training_is_repeated_by_seed():
    windows = draw_windows([smooth(n) for n in range(4)], rng(), plain=8, methods=["fiie"])
    one, two = (logits(train(windows, epochs=1, seed=3), windows.pixels) for _ in range(2))
    assert (one == two).all()


def test_onnx_gives_what_torch_gives(tiny, tmp_path):
    net, windows = tiny
    path = tmp_path / "net.onnx"
    export(net, path)
    session = open_model(import_runtime("a test"), path, ("logit",), "cpu")
    pixels = windows.pixels.transpose(0, 3, 1, 2).astype(np.float32)
    got = session.run(["logit"], {"pixels": pixels})[0]
    assert got.shape == (len(pixels), 1, 1, 1)
    np.testing.assert_allclose(got.ravel(), logits(net, windows.pixels), rtol=1e-5, atol=1e-4)
    chances = 1 / (1 + np.exp([-got.ravel(), -logits(net, windows.pixels)]))
    np.testing.assert_allclose(chances[0], chances[1], atol=1e-5)


def test_a_whole_picture_is_its_windows(tiny):
    """Each 8 x 8 cell gets what the network says of the 32 x 32 pixels around it."""
    net, _ = tiny
    picture = rng(7).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    picture[20:50] //= 32
    with torch.inference_mode():
        planes = torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32))
        whole = net(planes)[0, 0].numpy()
    cut = [picture[y : y + 32, x : x + 32] for y in range(0, 33, 8) for x in range(0, 49, 8)]
    np.testing.assert_allclose(whole.ravel(), logits(net, np.stack(cut)), rtol=1e-4, atol=1e-4)


# ---- weighing --------------------------------------------------------------------------------


def test_a_weigher_learns_from_figures_what_the_network_does_not_say():
    """Shuffled blocks of ramps, of which the network says nothing."""
    windows = draw_windows([smooth(n) for n in range(40)], rng(), plain=12, each=6, methods=["etc"])
    silent = np.zeros(len(windows.pixels), np.float32)
    weigher = weighing.train(windows, silent, epochs=20)
    again = weighing.train(windows, silent, epochs=20)
    given = torch.from_numpy(weighing.rows(windows.pixels, silent))
    with torch.inference_mode():
        said = weigher(given).numpy().ravel()
        assert (said == again(given).numpy().ravel()).all()
    assert Confusion.of(windows.encrypted, said > 0).accuracy > 0.9


def test_a_weigher_in_onnx_gives_what_torch_gives(tmp_path):
    random = rng(2)
    mean, spread = random.normal(size=(2, EVIDENCE)).astype(np.float32)
    weigher = weighing.Weigher(mean, np.abs(spread) + np.float32(0.1)).eval()
    path = tmp_path / "weigher.onnx"
    weighing.export(weigher, path)
    session = open_model(import_runtime("a test"), path, ("logit",), "cpu", takes="figures")
    values = 5 * random.normal(size=(40, EVIDENCE)).astype(np.float32)
    got = session.run(["logit"], {"figures": values})[0]
    with torch.inference_mode():
        np.testing.assert_allclose(got, weigher(torch.from_numpy(values)).numpy(), atol=1e-4)
    # Beyond six deviations nothing changes.
    far = session.run(["logit"], {"figures": values + np.float32(1e4)})[0]
    np.testing.assert_array_equal(far, far[:1].repeat(40, axis=0))


def test_the_shipped_weigher_is_of_these_figures():
    graph = onnx.load(MODELS / "weigh.onnx").graph
    shapes = [tuple(tensor.dims) for tensor in graph.initializer]
    ones = np.ones(EVIDENCE, np.float32)
    sizes = [tuple(p.shape) for p in weighing.Weigher(ones, ones).parameters()]
    assert shapes == [ones.shape, ones.shape, (), (), *sizes]


def test_the_shipped_models_know_moved_blocks_of_unseen_drawings():
    """Each of these the network alone took for plain, or half of them."""
    kinds = ["fractal", "leaves", "text"]
    sources = [Source(k, synthetic(k, 96, rng(99))) for k in kinds]
    for source in sources:
        for method in ("etc", "block-shuffle"):
            assert probability_map(encrypt_whole(source.picture, method, rng(1))).mean() > 0.5


def test_the_shipped_model_is_of_this_network():
    graph = onnx.load(MODELS / "guess.onnx").graph
    shapes = [tuple(tensor.dims) for tensor in graph.initializer]
    assert shapes == [tuple(p.shape) for p in EncryptedOrNot().parameters()]
    assert (MODELS / "guess.onnx").stat().st_size < 200_000


def test_the_shipped_model_knows_unseen_drawings_from_their_ciphers():
    kinds = ["fractal", "leaves", "screen", "text"]
    sources = [Source(k, synthetic(k, 96, rng(99))) for k in kinds]
    for source in sources:
        assert probability_map(source.picture).mean() < 0.2
        for method in ("ele", *SEALED):
            assert probability_map(encrypt_whole(source.picture, method, rng(1))).mean() > 0.9
