"""The networks for encrypted pictures: sizes, numerics by hand, what they can undo."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt.schemes.ele import Ele, EleKey

torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")

from torch.nn import functional  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from facecrypt.learning.encrypted import Encryption  # noqa: E402
from facecrypt.learning.networks import NETWORKS, build, penalty  # noqa: E402
from facecrypt.learning.networks.ele_adaptation import (  # noqa: E402
    EleAdaptNet,
    l1_minus_l2,
    total_variation,
)
from facecrypt.learning.networks.fast import Whitening  # noqa: E402
from facecrypt.learning.networks.nibble_adaptation import NibbleAdaptation  # noqa: E402
from facecrypt.learning.networks.pixel_adaptation import PixelAdaptation  # noqa: E402
from facecrypt.learning.networks.pyramidnet import PyramidNet  # noqa: E402
from facecrypt.learning.networks.shakedrop import (  # noqa: E402
    Scaled,
    ShakeDrop,
    linear_decay,
)
from facecrypt.learning.networks.tanaka import Tanaka  # noqa: E402
from facecrypt.learning.scale import scaled  # noqa: E402


@pytest.fixture(autouse=True)
def seeded():
    # One thread: the networks are too small for more, which wait for each other on a busy machine.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    yield
    torch.set_num_threads(threads)


def count(model) -> int:
    return sum(weights.numel() for weights in model.parameters())


def batch(pictures: int):
    return torch.randn(pictures, 3, 16, 16), torch.arange(pictures) % 10


def tiny(name: str):
    return build(name, classes=10, size="tiny", side=16)


def loss_of(model, pictures, labels):
    return functional.cross_entropy(model(pictures), labels) + penalty(model)


# ---- by name ---------------------------------------------------------------------------------


def test_names():
    assert " ".join(NETWORKS) == (
        "resnet18 pyramidnet tanaka ele-adaptnet fast fast-tanaka fast-ele-adaptnet "
        "fast-pixelwise fast-nibbles"
    )


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("side", "block"), [(32, 4), (48, 8)])
def test_pictures_to_logits(name, side, block):
    model = build(name, classes=7, size="tiny", side=side, block=block)
    assert model(torch.zeros(2, 3, side, side)).shape == (2, 7)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"name": "vgg"},
            "no network 'vgg'; there are resnet18, pyramidnet, tanaka, ele-adaptnet, fast, ",
        ),
        ({"size": "small"}, "size must be full or tiny, received 'small'"),
        ({"classes": 0}, "classes must be positive, received 0"),
        ({"block": 5}, "side must be a multiple of 5 for this network, received 32"),
        ({"side": 4}, "side must be 8 or more for this network, received 4"),
        ({"name": "pyramidnet", "side": 30}, "multiple of 4 for this network, received 30"),
        ({"name": "fast", "side": 12}, "multiple of 8 for this network, received 12"),
    ],
)
def test_what_cannot_be_built(wrong, message):
    options = {"name": "tanaka", "classes": 10, "size": "tiny", **wrong}
    with pytest.raises(ValueError, match=message):
        build(**options)


# ---- parameters ------------------------------------------------------------------------------

# By hand, parameters and multiply-adds of convolutions and products for one picture:
# ResNet-18: stem 1,856; stages 147,968 + 525,568 + 2,099,712 + 8,393,728; classifier 5,130.
#   1024 x 1,728; 1024 x 147,456; 256 x 524,288; 64 x 2,097,152; 16 x 8,388,608; 5,120.
# PyramidNet-110, alpha 270: channels 16, 21, ..., 286; a unit from a to b channels has
#   2 a + 9 a b + 2 b + 9 b b + 2 b; stem 464, last normalisation 572, classifier 2,870.
#   1024 x 432; 9 (a b + b b) times 1024, 256 or 64; 2,860. The package imgclsmob counts
#   28,485,477 parameters too; Han et al. print 28.3 M.
# Tanaka: adaptation 29,990; stages 99,680 + 397,504 + 1,587,584; classifier 136,714.
#   64 x 29,184; three times 101,449,728; 16 x 136,192.
# ELE: PyramidNet-110 with a stem of 16 channels, so 9 x 16 x 13 weights more; 64 sub-networks of
#   48 x 256 and 2 x 256; 64 x 64. Further 1024 x 1,872; 64 x 48 x 256; 64 x 64 x 256.
# Fast: whitening 24 x 13; stages 16,256 + 184,832 + 295,424; classifier 1,280.
#   961 x 288; 961 x 6,912 + 225 x 9,216; 225 x 36,864 + 49 x 147,456; (49 + 9) x 147,456; 1,280.
#   Behind an adaptation the sides are 32, 16, 8, 4. Tanaka's to 24 channels: 23,718; 64 x 23,040.
#   Behind ELE's, with 16 channels, the first convolution has 4,608 weights. Pixelwise: for each of
#   1,024 pixels 3 x 16 and 2 x 16. Nibbles: 96 x 384 and 2 x 24 weights; 64 x 96 x 384.
PYRAMID = 4_717_983_724
LATE = 256 * (9_216 + 36_864) + (64 + 64 + 16) * 147_456 + 1_280
PUBLISHED = {
    "resnet18": (11_173_962, 555_422_720),
    "pyramidnet": (28_485_477, PYRAMID),
    "tanaka": (2_251_472, 308_396_032),
    "ele-adaptnet": (28_485_477 + 1_872 + 819_200 + 4_096, PYRAMID + 3_751_936),
    "fast": (498_104, 33_066_272),
    "fast-tanaka": (497_792 + 23_718, 64 * 23_040 + 1024 * 6_912 + LATE),
    "fast-ele-adaptnet": (
        497_792 - 2_304 + 819_200 + 4_096,
        64 * 48 * 256 + 64 * 64 * 256 + 1024 * 4_608 + LATE,
    ),
    "fast-pixelwise": (
        497_792 - 2_304 + 49_152 + 32_768,
        1024 * 48 + 1024 * 4_608 + LATE,
    ),
    "fast-nibbles": (497_792 + 36_864 + 48, 64 * 36_864 + 1024 * 6_912 + LATE),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_published_sizes(name):
    with torch.device("meta"), FlopCounterMode(display=False) as operations:
        model = build(name, classes=10)
        assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert (count(model), operations.get_total_flops() / 2 / 2) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("depth", "alpha", "bottleneck", "expected", "within"),
    [
        # As Han et al. print them, in millions,
        (110, 48, False, 1.7e6, 0.06e6),
        (110, 84, False, 3.8e6, 0.06e6),
        (200, 240, True, 26.6e6, 0.06e6),
        (272, 200, True, 26.0e6, 0.06e6),
        # and as imgclsmob counts them.
        (164, 270, True, 27_216_021, 0),
    ],
)
def test_parameters_of_other_pyramids(depth, alpha, bottleneck, expected, within):
    with torch.device("meta"):
        model = PyramidNet(10, depth=depth, alpha=alpha, bottleneck=bottleneck)
    assert abs(count(model) - expected) <= within


# ---- ShakeDrop -------------------------------------------------------------------------------


def passed(layer, pictures: int = 20_000):
    """Output and gradient of a layer for ones of shape (pictures, 2, 1, 1)."""
    ones = torch.ones(pictures, 2, 1, 1, requires_grad=True)
    output = layer(ones)
    output.sum().backward()
    # The same for all of a picture.
    assert (output[:, 0] == output[:, 1]).all()
    assert (ones.grad[:, 0] == ones.grad[:, 1]).all()
    return output[:, 0].flatten().detach(), ones.grad[:, 0].flatten()


def test_one_factor_forward_and_another_backward():
    x = torch.tensor([[3.0], [5.0]], requires_grad=True)
    y = Scaled.apply(x, torch.tensor([[-0.5], [1.0]]), torch.tensor([[0.25], [1.0]]))
    assert y.tolist() == [[-1.5], [5.0]]
    y.backward(torch.tensor([[2.0], [7.0]]))
    assert x.grad.tolist() == [[0.5], [7.0]]


def test_shakedrop_with_the_gate_open_changes_nothing():
    output, gradient = passed(ShakeDrop(1.0))
    assert (output == 1).all()
    assert (gradient == 1).all()


def test_shakedrop_with_the_gate_shut():
    alpha, beta = passed(ShakeDrop(0.0))
    assert (alpha.min().item(), alpha.max().item()) == pytest.approx((-1, 1), abs=0.01)
    assert (beta.min().item(), beta.max().item()) == pytest.approx((0, 1), abs=0.01)
    assert alpha.abs().max() <= 1
    assert beta.min() >= 0
    # Uniform, and independent of each other: five standard errors.
    assert alpha.mean() == pytest.approx(0, abs=0.021)
    assert alpha.var() == pytest.approx(1 / 3, abs=0.011)
    assert beta.mean() == pytest.approx(1 / 2, abs=0.011)
    assert beta.var() == pytest.approx(1 / 12, abs=0.003)
    assert abs(torch.corrcoef(torch.stack([alpha, beta]))[0, 1]) < 0.036


def test_shakedrop_gate_of_a_batch():
    layer = ShakeDrop(0.75)
    opened = []
    for _ in range(400):
        output, gradient = passed(layer, 3)
        opened.append(bool((output == 1).all()))
        assert opened[-1] == bool((gradient == 1).all())
        assert opened[-1] or (output != 1).all()
    assert np.mean(opened) == pytest.approx(0.75, abs=0.11)


def test_shakedrop_gate_of_each_picture_and_its_expectation():
    layer = ShakeDrop(0.75, gate="sample")
    output, gradient = passed(layer)
    assert (output == 1).float().mean() == pytest.approx(0.75, abs=0.016)
    assert ((output == 1) == (gradient == 1)).all()
    expected, _ = passed(layer.eval())
    assert (expected == 0.75).all()
    assert output.mean() == pytest.approx(0.75, abs=0.02)


def test_shakedrop_backward_draws_nothing():
    output = ShakeDrop(0.0)(torch.ones(4, 1, 1, 1, requires_grad=True))
    before = torch.get_rng_state()
    output.sum().backward()
    assert (torch.get_rng_state() == before).all()


@pytest.mark.parametrize(
    ("options", "message"), [((1.5,), "from 0 to 1, received 1.5"), ((0.5, "all"), "batch or sam")]
)
def test_shakedrop_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        ShakeDrop(*options)


def test_linear_decay():
    assert linear_decay(5, 0.5) == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5])
    with torch.device("meta"):
        layers = [m for m in build("pyramidnet", classes=10).modules() if isinstance(m, ShakeDrop)]
    assert [layer.keep for layer in layers][::53] == pytest.approx([1 - 0.5 / 54, 0.5])
    assert len(layers) == 54


# ---- PyramidNet ------------------------------------------------------------------------------


def test_depths_that_no_pyramid_has():
    with pytest.raises(ValueError, match=r"6 n \+ 2 for some n of 1 or more, received 9"):
        PyramidNet(10, depth=9)
    with pytest.raises(ValueError, match=r"9 n \+ 2 with bottlenecks for some n of 1 or more, rec"):
        PyramidNet(10, depth=2, bottleneck=True)


def test_a_unit_begins_without_relu_and_ends_with_shakedrop():
    unit = PyramidNet(10, depth=8, alpha=6).features[2]
    layers = [type(layer).__name__ for layer in unit.branch]
    assert " ".join(layers) == "BatchNorm2d Conv2d BatchNorm2d ReLU Conv2d BatchNorm2d ShakeDrop"


def test_shortcut_of_a_pyramid_averages_and_widens_with_zeros():
    model = PyramidNet(10, depth=8, alpha=6, keep=1)
    stem, norm, *units, _, _ = model.features
    for unit in units:
        torch.nn.init.zeros_(unit.branch[-1].weight)
    x = norm(stem(torch.randn(2, 3, 8, 8)))
    y = x
    for unit in units:
        y = unit(y)
    assert y.shape == (2, 22, 2, 2)
    averages = x.reshape(2, 16, 2, 4, 2, 4).mean((3, 5))
    torch.testing.assert_close(y[:, :16], averages)
    assert (y[:, 16:] == 0).all()


# ---- adaptation ------------------------------------------------------------------------------


def test_tanaka_sees_each_block_alone_and_all_alike():
    adapt = Tanaka(10, width=4).adapt.eval()
    x = torch.randn(1, 3, 8, 8)
    swapped = torch.cat([x[..., 4:], x[..., :4]], dim=-1)
    y = adapt(x)
    assert y.shape == (1, 4, 8, 8)
    torch.testing.assert_close(adapt(swapped), torch.cat([y[..., 4:], y[..., :4]], dim=-1))
    x[..., :4, 4:] += 1
    changed = (adapt(x) != y).any(1)[0]
    assert changed[:4, 4:].any()
    assert not changed[4:].any()
    assert not changed[:, :4].any()


def orders(rng, rows: int, entries: int):
    return np.stack([rng.permutation(entries) for _ in range(rows)]).astype(np.int32)


def small_ele(side: int = 32) -> EleAdaptNet:
    return EleAdaptNet(PyramidNet(10, depth=8, alpha=6, inputs=16), side=side)


def test_ele_network_can_undo_the_scheme():
    # A key that moves and reverses whole samples, for which a linear sub-network is enough.
    rng = np.random.default_rng(1)
    samples = orders(rng, 64, 48)
    negate = rng.integers(0, 2, (64, 48))
    key = EleKey(
        np.concatenate([samples, samples + 48], axis=1),
        None,
        np.concatenate([negate, negate], axis=1),
        rng.permutation(64),
    )
    images = rng.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)

    def pictures(array):
        return torch.from_numpy(array / np.float32(255)).permute(0, 3, 1, 2) - 0.5

    plain = small_ele()
    undoing = copy.deepcopy(plain)
    with torch.no_grad():
        plain.permutation.copy_(torch.eye(64))
        undoing.permutation.zero_()
        # Weights are by channel, row and column, keys by row, column and channel.
        weights = plain.sub_networks.weight.reshape(64, 3, 16, -1).transpose(1, 2).flatten(1, 2)
        for place, source in enumerate(key.block_perm.tolist()):
            signs = torch.from_numpy(1 - 2 * negate[source])[:, None]
            own = signs * weights[source][samples[source].tolist()]
            undoing.sub_networks.weight[place] = own.view(16, 3, -1).transpose(0, 1).flatten(0, 1)
            undoing.permutation[source, place] = 1
    cipher = Ele().encrypt(images, key)
    for train in (True, False):
        expected = plain.train(train).restore(pictures(images))
        torch.testing.assert_close(undoing.train(train).restore(pictures(cipher)), expected)
    assert not torch.allclose(plain.restore(pictures(cipher)), expected, atol=0.1)


# ---- the penalty -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet18", "pyramidnet", "tanaka"])
def test_no_penalty(name):
    assert penalty(build(name, classes=2, size="tiny")).item() == 0


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], 0.0),
        ([[0.0, 1.0], [1.0, 0.0]], 0.0),
        # Four rows and columns, each 1 - sqrt(1/2).
        ([[0.5, 0.5], [0.5, 0.5]], 4 - 8**0.5),
        # 7 - 5 and 0 in the rows, 0 and 0 in the columns; signs do not matter.
        ([[3.0, -4.0], [0.0, 0.0]], 2.0),
        ([[0.0, 0.0], [0.0, 0.0]], 0.0),
    ],
)
def test_l1_minus_l2(matrix, expected):
    matrix = torch.tensor(matrix, requires_grad=True)
    value = l1_minus_l2(matrix)
    assert value.item() == pytest.approx(expected, abs=1e-6)
    value.backward()
    assert matrix.grad.isfinite().all()


@given(st.permutations(range(6)), st.permutations(range(6)))
@settings(deadline=None)
def test_only_permutations_of_all_averages_of_two_have_no_penalty(first, second):
    matrices = torch.eye(6)[list(first)], torch.eye(6)[list(second)]
    assert l1_minus_l2(matrices[0]) == 0
    assert (l1_minus_l2((matrices[0] + matrices[1]) / 2) > 0.1) == (first != second)


def test_total_variation():
    # Of 3 x 3 the neighbours below and to the right of the upper left 2 x 2.
    maps = torch.tensor([[0.0, 1, 9], [2, 2, 2], [0, 5, 9]]).expand(5, 1, 3, 3)
    squares = (1 + 4) + (64 + 1) + (0 + 4) + (0 + 9)
    assert total_variation(maps).item() == pytest.approx(squares / (16 * 3 * 2))


def test_penalty_of_the_ele_network():
    model = small_ele(side=8)
    with torch.no_grad():
        model.permutation.fill_(0.5)
    # Four rows and four columns of 2 - 1, over 16 entries.
    matrix = 0.001 * 8 / 16
    assert penalty(model).item() == pytest.approx(matrix)
    pictures = torch.randn(6, 3, 8, 8)
    model(pictures)
    restored = model.restore(pictures)[:, :3]
    below = (restored[..., 1:, :-1] - restored[..., :-1, :-1]) ** 2
    right = (restored[..., :-1, 1:] - restored[..., :-1, :-1]) ** 2
    variation = (below + right).sum().item() / 6 / (16 * 8 * 7)
    assert penalty(model).item() == pytest.approx(matrix + 0.1 * variation)
    penalty(model).backward()
    assert model.permutation.grad.abs().min() > 0
    assert model.sub_networks.weight.grad.abs().max() > 0
    assert penalty(torch.nn.Sequential(model)).item() == penalty(model).item()
    model.eval()(pictures)
    assert penalty(model).item() == pytest.approx(matrix)


# ---- fast ------------------------------------------------------------------------------------


def test_whitening_decorrelates_patches_and_gives_each_beside_its_negative():
    # Pictures whose patches vary forty times more in one direction than in another.
    mixed = torch.randn(64, 3, 9, 9)
    mixed[:, 1] = mixed[:, 0] + mixed[:, 1] / 3
    layer = Whitening()
    layer.fit(mixed)
    positive, negative = layer.conv(mixed).detach().chunk(2, dim=1)
    assert torch.equal(negative, -positive)
    flat = positive.transpose(0, 1).flatten(1).double()
    covariance = flat @ flat.T / flat.shape[1]
    torch.testing.assert_close(covariance, torch.eye(12).double(), rtol=0, atol=0.05)


def test_whitening_of_pictures_of_one_colour_stays_finite():
    layer = Whitening()
    layer.fit(torch.ones(2, 3, 8, 8))
    assert layer(torch.ones(1, 3, 8, 8)).isfinite().all()


# ---- pixelwise -------------------------------------------------------------------------------


def test_a_matrix_for_each_pixel_undoes_pbe_and_one_for_all_does_not():
    plain = torch.randint(0, 256, (64, 8, 8, 3), dtype=torch.uint8)
    encrypt = Encryption.from_seed("pbe", plain.shape, seed=3)
    cipher = 2 * encrypt(plain).double() - 255
    wanted = 2 * plain.double() - 255
    by_pixel = [(part.flatten(1, 2).transpose(0, 1)) for part in (cipher, wanted)]
    matrices = torch.linalg.lstsq(*by_pixel).solution  # (64 pixels, 3, 3)
    layer = PixelAdaptation(8).double().eval()
    with torch.no_grad():
        layer.sub_networks.weight.zero_()[:, :, :3] = matrices
        layer.sub_networks.norm.eps = 0
        seen = layer(cipher.permute(0, 3, 1, 2))[:, :3]
    # A leaky ReLU comes last.
    torch.testing.assert_close(
        seen, functional.leaky_relu(wanted.permute(0, 3, 1, 2), 0.2), rtol=0, atol=1e-6
    )
    flat = [part.reshape(-1, 3) for part in (cipher, wanted)]
    left = flat[0] @ torch.linalg.lstsq(*flat).solution - flat[1]
    assert left.square().mean() > 0.8 * flat[1].square().mean()


# ---- nibbles ---------------------------------------------------------------------------------


def test_one_matrix_for_the_nibbles_of_all_blocks_undoes_le_and_one_for_their_samples_does_not():
    plain = torch.randint(0, 256, (64, 16, 16, 3), dtype=torch.uint8)
    cipher = Encryption.from_seed("le", plain.shape, seed=3)(plain)
    # Blocks as rows, samples by channel, row and column, and a 1 for what is added.
    wanted, samples = (
        functional.unfold(part.permute(0, 3, 1, 2).double(), 4, stride=4).mT.flatten(0, 1)
        for part in (plain, cipher)
    )
    nibbles = torch.cat([samples // 16, samples % 16], 1)
    inputs = functional.pad((nibbles - 7.5) / 4, (0, 1), value=1)
    matrix = torch.linalg.lstsq(inputs, wanted).solution

    layer = NibbleAdaptation(4, 3).double().eval()
    with torch.no_grad():
        layer.matrix.weight.copy_(matrix[:-1].T.reshape(48, 6, 4, 4))
        layer.norm.eps = 0
        seen = layer(scaled(cipher).double())
    blocks = functional.unfold(seen, 4, stride=4).mT.flatten(0, 1)
    torch.testing.assert_close(blocks + matrix[-1], wanted, rtol=0, atol=1e-6)

    inputs = functional.pad(samples, (0, 1), value=1)
    left = inputs @ torch.linalg.lstsq(inputs, wanted).solution - wanted
    assert left.var() > 0.5 * wanted.var()


# ---- training --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_gradient_reaches_every_parameter(name):
    model = tiny(name)
    loss_of(model, *batch(8)).backward()
    for label, weights in model.named_parameters():
        if label == "front.conv.weight":
            assert weights.grad is None
            continue
        assert weights.grad.isfinite().all(), label
        assert weights.grad.abs().max() > 0, label


@pytest.mark.parametrize("name", NETWORKS)
def test_same_seed_same_training_and_state_goes_round(name):
    def trained():
        torch.manual_seed(5)
        model = tiny(name)
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            optimiser.zero_grad()
            loss_of(model, pictures, labels).backward()
            optimiser.step()
        return model.eval()

    pictures, labels = batch(4)
    first, second = trained(), trained()
    assert torch.equal(first(pictures), second(pictures))
    other = tiny(name).eval()
    assert not torch.equal(other(pictures), first(pictures))
    other.load_state_dict(first.state_dict())
    assert torch.equal(other(pictures), first(pictures))


def test_an_ele_network_in_training_can_be_copied_and_pickled():
    model = small_ele(side=8)
    model(torch.randn(2, 3, 8, 8))
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.variation is None
        assert torch.equal(other.permutation, model.permutation)


DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
    ),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_and_channels_last(name, device):
    model = tiny(name).to(device)
    pictures, labels = (tensor.to(device) for tensor in batch(16))
    # Dropout would differ.
    model.apply(lambda m: m.eval() if isinstance(m, torch.nn.Dropout) else None)
    expected = model(pictures)
    model = model.to(memory_format=torch.channels_last)
    pictures = pictures.to(memory_format=torch.channels_last)
    # On CUDA convolutions may run in TensorFloat-32, which has 10 bits.
    close = 1e-3 if device == "cpu" else 3e-2
    torch.testing.assert_close(model(pictures), expected, rtol=close, atol=close)
    with torch.autocast(device, torch.bfloat16):
        logits = model(pictures)
        loss = functional.cross_entropy(logits, labels) + penalty(model)
    assert logits.dtype == torch.bfloat16
    assert torch.corrcoef(torch.stack([logits.float().flatten(), expected.flatten()]))[0, 1] > 0.99
    loss.backward()
    assert all(w.grad.isfinite().all() for w in model.parameters() if w.requires_grad)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_loss_is_near_that_of_guessing(name):
    assert loss_of(tiny(name), *batch(64)).item() == pytest.approx(np.log(10), abs=0.7)


def test_a_tiny_network_learns_64_pictures_by_heart():
    pictures, labels = batch(64)
    model = tiny("resnet18")
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for _ in range(20):
        optimiser.zero_grad()
        loss_of(model, pictures, labels).backward()
        optimiser.step()
    assert (model(pictures).argmax(1) == labels).all()
