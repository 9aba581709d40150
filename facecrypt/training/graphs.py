"""The ONNX graphs of P-, R- and O-Net, from their weights.

Both the shipped models (tools/export_mtcnn.py) and trained ones (:mod:`facecrypt.training.export`)
are made here, so what ``facecrypt/models/README.md`` says of the first holds for the second.

A graph is one node: the operator PNet, RNet or ONet of the domain ``facecrypt``, which takes the
weights and for which this package has kernels. The file defines it too, as a function of ordinary
operators, which runs where the kernels are not registered. The functions compute what
:mod:`facecrypt.training.networks` computes, in a form that onnxruntime runs faster; each rewrite
is exact in real arithmetic.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from facecrypt.training.layout import SIZES

__all__ = ["build"]

DOMAIN = "facecrypt"
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid(DOMAIN, 1)]
# onnxruntime computes convolutions in blocks of so many channels, full or not.
BLOCK = 16


class _Body:
    """A function under construction; methods append a layer and return its output's name.

    What is made of weights alone, onnxruntime computes once, when it opens the file.
    """

    def __init__(self, slopes: Mapping[str, np.ndarray]):
        self.slopes = slopes
        self.nodes: list[onnx.NodeProto] = []

    def op(self, kind: str, *inputs: str, outputs: Sequence[str] = (), **attributes) -> str:
        outputs = outputs or (f"{kind.lower()}{len(self.nodes)}",)
        self.nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]

    def constant(self, value: np.ndarray) -> str:
        value = np.ascontiguousarray(value if value.dtype == np.int64 else value.astype("<f4"))
        return self.op("Constant", value=numpy_helper.from_array(value))

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def conv(self, x: str, name: str) -> str:
        return self.op("Conv", x, f"{name}.weight", f"{name}.bias")

    def prelu(self, x: str, name: str) -> str:
        """PReLU(a) as ``a x + sign(1 - a) ReLU(|1 - a| x)``.

        onnxruntime keeps convolutions in a blocked layout that its PReLU does not know,
        and converts before and after each; depthwise convolutions stay inside it.
        """
        slope = self.op("Reshape", f"{name}.weight", self.integers(-1, 1, 1, 1))
        rest = self.op("Sub", self.constant(np.ones(1)), slope)
        channels = len(self.slopes[name])
        positive = self.op("Relu", self.scale(x, self.op("Abs", rest), channels))
        if (self.slopes[name] > 1).any():
            positive = self.scale(positive, self.op("Sign", rest), channels)
        return self.op("Add", self.scale(x, slope, channels), positive)

    def scale(self, x: str, factors: str, channels: int) -> str:
        return self.op("Conv", x, factors, group=channels)

    def pool(self, x: str, size: int) -> str:
        return self.op("MaxPool", x, kernel_shape=[size, size], strides=[2, 2], ceil_mode=1)

    def pooled_first(self, size: int) -> tuple[str, int]:
        """conv1, prelu1 and a pooling, which comes before the PReLU: a quarter of the work.

        The largest PReLU(a) of a window is that of the largest x where a >= 0, and else the larger
        of the largest x and of -a times the largest -x. So channels with a < 0 have a copy of the
        other sign, within blocks that are computed anyway.

        Returns
        -------
        str, int
            The output, and its channels; those behind conv1's own hold nothing of use.
        """
        slope = self.slopes["prelu1"].astype(np.float64)
        below = np.flatnonzero(slope < 0)
        own, total = len(slope), len(slope) + len(below)
        channels = -(-total // BLOCK) * BLOCK
        parts = [
            self.with_negatives("conv1.weight", below, channels - total, 3, 3, 3),
            self.with_negatives("conv1.bias", below, channels - total),
        ]
        x = self.pool(self.op("Conv", "pixels", *parts), size)
        mix, sign = np.zeros((channels, channels, 1, 1)), np.ones((channels, 1, 1, 1))
        for c, a in enumerate(slope):
            mix[c, c] = -1 if a < 0 else -abs(1 - a)
            sign[c] = -1 if a > 1 else 1
        mix[below, own + np.arange(len(below)), 0, 0] = -slope[below]
        other = self.op("Relu", self.op("Conv", x, self.constant(mix)))
        if (sign < 0).any():
            other = self.scale(other, self.constant(sign), channels)
        return self.op("Add", x, other), channels

    def with_negatives(self, name: str, below: np.ndarray, zeros: int, *shape: int) -> str:
        """A weight, then minus its rows `below`, then rows of zeros."""
        copies = self.op("Neg", self.op("Gather", name, self.constant(below), axis=0))
        return self.op("Concat", name, copies, self.zeros(zeros, *shape), axis=0)

    def zeros(self, *shape: int) -> str:
        return self.op("ConstantOfShape", self.integers(*shape))

    def conv_of_more(self, x: str, name: str, outs: int, more: int) -> str:
        """A 3 x 3 convolution that ignores the last channels of its input."""
        # Not Pad: onnxruntime takes one before a convolution for a padding of the picture.
        weight = self.op("Concat", f"{name}.weight", self.zeros(outs, more, 3, 3), axis=1)
        return self.op("Conv", x, weight, f"{name}.bias")

    def dense(self, x: str, name: str) -> str:
        return self.op("Gemm", x, f"{name}.weight", f"{name}.bias", transB=1)

    def hidden(self, x: str) -> str:
        return self.op("PRelu", self.dense(self.op("Flatten", x), "dense"), "prelu_dense.weight")

    def split(self, x: str, sizes: Mapping[str, int]) -> None:
        self.op("Split", x, self.integers(*sizes.values()), outputs=tuple(sizes), axis=1)


def build(name: str, weights: Mapping[str, np.ndarray]) -> bytes:
    """Make the ONNX file of one network.

    Parameters
    ----------
    name : {"pnet", "rnet", "onet"}
    weights : mapping of str to float array
        As ``state_dict()`` of the network in :mod:`facecrypt.training.networks` names them.

    Returns
    -------
    bytes
        The file. The same weights give the same bytes.

    Raises
    ------
    ValueError
        Another name, or a weight is missing.
    """
    if name not in SIZES:
        raise ValueError(f"name must be one of {', '.join(SIZES)}, received {name!r}")
    network = NETWORKS[name]
    try:
        inputs = _inputs(network, weights)
    except KeyError as error:
        raise ValueError(
            f"{error} is not among the weights, which are not those of {name}"
        ) from error
    body = _Body({key.rpartition(".")[0]: value for key, value in inputs.items() if "prelu" in key})
    network.write(body)
    return _model(name, network, inputs, body.nodes)


class _Network(NamedTuple):
    operator: str
    layers: tuple[str, ...]  # each followed by a PReLU, but the last
    size: tuple  # of pixels
    cells: tuple  # of outputs, behind samples and channels
    outputs: Mapping[str, int]
    write: Callable[[_Body], None]


def _inputs(network: _Network, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The operator's inputs behind the pixels, in their order, as float32."""
    inputs = {}
    for layer in network.layers:
        weight, bias = (
            weights[f"{layer}.{part}"].astype(np.float64) for part in ("weight", "bias")
        )
        if layer == "conv1":
            # Of (pixel - 127.5) / 128; nothing is padded, so the shift folds exactly.
            bias = bias - 127.5 / 128 * weight.sum(axis=(1, 2, 3))
            weight = weight / 128
        inputs |= {f"{layer}.weight": weight, f"{layer}.bias": bias}
        if layer != network.layers[-1]:
            name = f"prelu{layer[-1] if layer != 'dense' else '_dense'}.weight"
            inputs[name] = weights[name]
    return {name: np.ascontiguousarray(value.astype("<f4")) for name, value in inputs.items()}


def _model(
    name: str, network: _Network, inputs: Mapping[str, np.ndarray], nodes: list[onnx.NodeProto]
) -> bytes:
    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    names, outputs = ["pixels", *inputs], list(network.outputs)
    graph = helper.make_graph(
        [helper.make_node(network.operator, names, outputs, domain=DOMAIN)],
        name,
        [value("pixels", ("n", 3, *network.size))],
        [value(key, ("n", count, *network.cells)) for key, count in network.outputs.items()],
        [numpy_helper.from_array(array, key) for key, array in inputs.items()],
    )
    function = helper.make_function(
        DOMAIN, network.operator, names, outputs, nodes, opset_imports=OPSETS[:1]
    )
    model = helper.make_model(
        graph, ir_version=8, opset_imports=OPSETS, functions=[function], producer_name="facecrypt"
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def _pnet(g: _Body) -> None:
    x, channels = g.pooled_first(2)
    x = g.prelu(g.conv_of_more(x, "conv2", 16, channels - 10), "prelu2")
    x = g.prelu(g.conv(x, "conv3"), "prelu3")
    g.split(g.conv(x, "heads"), {"logit": 1, "box": 4})


def _rnet(g: _Body) -> None:
    x, channels = g.pooled_first(3)
    x = g.pool(g.prelu(g.conv_of_more(x, "conv2", 48, channels - 28), "prelu2"), 3)
    x = g.prelu(g.conv(x, "conv3"), "prelu3")
    g.split(g.dense(g.hidden(x), "heads"), {"logit": 1, "box": 4})


def _onet(g: _Body) -> None:
    # conv1 fills its blocks, and copies would need more: it is faster with the PReLU first.
    x = g.pool(g.prelu(g.conv("pixels", "conv1"), "prelu1"), 3)
    x = g.pool(g.prelu(g.conv(x, "conv2"), "prelu2"), 3)
    x = g.pool(g.prelu(g.conv(x, "conv3"), "prelu3"), 2)
    x = g.prelu(g.conv(x, "conv4"), "prelu4")
    g.split(g.dense(g.hidden(x), "heads"), {"logit": 1, "box": 4, "landmarks": 10})


NETWORKS = {
    "pnet": _Network(
        "PNet",
        ("conv1", "conv2", "conv3", "heads"),
        ("h", "w"),
        ("y", "x"),
        {"logit": 1, "box": 4},
        _pnet,
    ),
    "rnet": _Network(
        "RNet",
        ("conv1", "conv2", "conv3", "dense", "heads"),
        (24, 24),
        (),
        {"logit": 1, "box": 4},
        _rnet,
    ),
    "onet": _Network(
        "ONet",
        ("conv1", "conv2", "conv3", "conv4", "dense", "heads"),
        (48, 48),
        (),
        {"logit": 1, "box": 4, "landmarks": 10},
        _onet,
    ),
}
