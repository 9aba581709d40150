"""The ONNX graphs of P-, R- and O-Net, from their weights.

Both the shipped models (tools/export_mtcnn.py) and trained ones (:mod:`facecrypt.training.export`)
are made here, so what ``facecrypt/models/README.md`` says of the first holds for the second.
The graphs compute what :mod:`facecrypt.training.networks` computes, in a form that onnxruntime runs
faster; each rewrite is exact in real arithmetic.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from facecrypt.training.layout import SIZES

__all__ = ["build"]


class _Graph:
    """An ONNX graph under construction; methods append a layer and return its output's name."""

    def __init__(self, weights: Mapping[str, np.ndarray]):
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, outputs: tuple[str, ...] = (), **attributes) -> str:
        outputs = outputs or (f"{kind.lower()}{len(self.nodes)}",)
        self.nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        value = np.ascontiguousarray(value if value.dtype == np.int64 else value.astype("<f4"))
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def layer(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        weight, bias = (self.weights[f"{name}.{part}"] for part in ("weight", "bias"))
        return weight.astype(np.float64), bias.astype(np.float64)

    def conv(self, x: str, name: str) -> str:
        weight, bias = self.layer(name)
        return self.op("Conv", x, self.constant(weight), self.constant(bias))

    def first_conv(self, x: str) -> str:
        """conv1 of ``(pixel - 127.5) / 128``; nothing is padded, so the shift folds exactly."""
        weight, bias = self.layer("conv1")
        bias = bias - 127.5 / 128 * weight.sum(axis=(1, 2, 3))
        return self.op("Conv", x, self.constant(weight / 128), self.constant(bias))

    def prelu(self, x: str, name: str) -> str:
        """PReLU(a) as ``a x + sign(1 - a) ReLU(|1 - a| x)``.

        onnxruntime keeps convolutions in a blocked layout that its PReLU does not know,
        and converts before and after each; depthwise convolutions stay inside it.
        """
        slope = self.weights[f"{name}.weight"].astype(np.float64)
        positive = self.op("Relu", self.scale(x, np.abs(1 - slope)))
        if (slope > 1).any():
            positive = self.scale(positive, np.sign(1 - slope))
        return self.op("Add", self.scale(x, slope), positive)

    def scale(self, x: str, factors: np.ndarray) -> str:
        weight = self.constant(factors.reshape(-1, 1, 1, 1))
        return self.op("Conv", x, weight, group=len(factors))

    def pool(self, x: str, size: int) -> str:
        return self.op("MaxPool", x, kernel_shape=[size, size], strides=[2, 2], ceil_mode=1)

    def dense(self, x: str, name: str) -> str:
        weight, bias = self.layer(name)
        return self.op("Gemm", x, self.constant(weight), self.constant(bias), transB=1)

    def hidden(self, x: str) -> str:
        x = self.dense(self.op("Flatten", x), "dense")
        return self.op("PRelu", x, self.constant(self.weights["prelu_dense.weight"]))

    def split(self, x: str, sizes: Mapping[str, int]) -> None:
        counts = self.constant(np.array(list(sizes.values())))
        self.op("Split", x, counts, outputs=tuple(sizes), axis=1)

    def model(self, name: str, size: tuple, outputs: Mapping[str, tuple]) -> bytes:
        def value(name, shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self.nodes,
            name,
            [value("pixels", ("n", 3, *size))],
            [value(name, shape) for name, shape in outputs.items()],
            self.constants,
        )
        model = helper.make_model(
            graph,
            ir_version=8,
            opset_imports=[helper.make_opsetid("", 17)],
            producer_name="facecrypt",
        )
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)


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
    graph = _Graph(weights)
    try:
        return {"pnet": _pnet, "rnet": _rnet, "onet": _onet}[name](graph)
    except KeyError as error:
        raise ValueError(
            f"{error} is not among the weights, which are not those of {name}"
        ) from error


def _pnet(g: _Graph) -> bytes:
    x = g.pool(g.prelu(g.first_conv("pixels"), "prelu1"), 2)
    x = g.prelu(g.conv(x, "conv2"), "prelu2")
    x = g.prelu(g.conv(x, "conv3"), "prelu3")
    g.split(g.conv(x, "heads"), {"logit": 1, "box": 4})
    return g.model("pnet", ("h", "w"), {"logit": ("n", 1, "y", "x"), "box": ("n", 4, "y", "x")})


def _rnet(g: _Graph) -> bytes:
    x = g.pool(g.prelu(g.first_conv("pixels"), "prelu1"), 3)
    x = g.pool(g.prelu(g.conv(x, "conv2"), "prelu2"), 3)
    x = g.prelu(g.conv(x, "conv3"), "prelu3")
    g.split(g.dense(g.hidden(x), "heads"), {"logit": 1, "box": 4})
    return g.model("rnet", (24, 24), {"logit": ("n", 1), "box": ("n", 4)})


def _onet(g: _Graph) -> bytes:
    x = g.pool(g.prelu(g.first_conv("pixels"), "prelu1"), 3)
    x = g.pool(g.prelu(g.conv(x, "conv2"), "prelu2"), 3)
    x = g.pool(g.prelu(g.conv(x, "conv3"), "prelu3"), 2)
    x = g.prelu(g.conv(x, "conv4"), "prelu4")
    g.split(g.dense(g.hidden(x), "heads"), {"logit": 1, "box": 4, "landmarks": 10})
    outputs = {"logit": ("n", 1), "box": ("n", 4), "landmarks": ("n", 10)}
    return g.model("onet", (48, 48), outputs)
