"""Write facecrypt/models/{pnet,rnet,onet}.onnx from the weights of facenet-pytorch.

    pip download --no-deps facenet-pytorch==2.6.0
    python tools/export_mtcnn.py facenet_pytorch-2.6.0-py3-none-any.whl facecrypt/models

Needs numpy and onnx, not torch. The same wheel gives the same bytes.

The graphs compute what the published networks compute, in a form onnxruntime runs
faster. Each rewrite is exact in real arithmetic (see facecrypt/models/README.md):
pixels in, the normalisation lives in conv1; of a softmax over two classes
only their difference is left; parallel heads are one layer; the axis swap left over from Matlab
lives in the dense weights; PReLU is made of convolutions and a ReLU.
"""

import argparse
import hashlib
import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
from numpy.lib.stride_tricks import as_strided
from onnx import TensorProto, helper, numpy_helper

SHA256 = {
    "pnet": "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
    "rnet": "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
    "onet": "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
}


class _Storage:
    """A tensor's data, which follows the pickles; filled in when it is reached."""

    def __init__(self):
        self.data = np.empty(0, np.float32)


class _WeightsUnpickler(pickle.Unpickler):
    """Builds an ordered dictionary of float32 tensors and refuses everything else."""

    def __init__(self, stream):
        super().__init__(stream)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module, name):
        allowed = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch", "FloatStorage"): "FloatStorage",
            ("torch._utils", "_rebuild_tensor_v2"): lambda *arguments: arguments[:4],
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"unexpected {module}.{name} among the weights")
        return allowed[module, name]

    def persistent_load(self, pid):
        return self.storages.setdefault(pid[2], _Storage())


def read_weights(data: bytes) -> dict[str, np.ndarray]:
    """Read a torch state dictionary in the format of before torch 1.6.

    Five pickles (magic, protocol, system, object, storage keys), then each storage as
    an int64 count and that many little-endian float32.
    """
    stream = io.BytesIO(data)
    for _ in range(3):
        _WeightsUnpickler(stream).load()
    unpickler = _WeightsUnpickler(stream)
    tensors = unpickler.load()
    for key in _WeightsUnpickler(stream).load():
        count = int(np.frombuffer(stream.read(8), "<i8")[0])
        unpickler.storages[key].data = np.frombuffer(stream.read(4 * count), "<f4")
    return {
        name: as_strided(storage.data[offset:], size, 4 * np.array(stride)).copy()
        for name, (storage, offset, size, stride) in tensors.items()
    }


class Graph:
    """An ONNX graph under construction; methods append a layer and return its output's name."""

    def __init__(self, weights: dict[str, np.ndarray]):
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
        return tuple(
            self.weights[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias")
        )

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

    def dense(self, x: str, name: str, side: int) -> str:
        """The hidden dense layer on a ``side`` by ``side`` map, whose weights expect (w, h, c)."""
        weight, bias = self.layer(name)
        weight = weight.reshape(len(bias), side, side, -1).transpose(0, 3, 2, 1)
        weight = weight.reshape(len(bias), -1)
        x = self.op("Flatten", x)
        x = self.op("Gemm", x, self.constant(weight), self.constant(bias), transB=1)
        slope = self.weights[f"prelu{name[-1]}.weight"]
        return self.op("PRelu", x, self.constant(slope))

    def heads(self, score: str, *others: str) -> tuple[np.ndarray, np.ndarray]:
        """All output layers as one; the first row is face minus no face."""
        layers = [self.layer(score), *(self.layer(other) for other in others)]
        weight, bias = (list(part) for part in zip(*layers, strict=True))
        weight[0], bias[0] = weight[0][1:] - weight[0][:1], bias[0][1:] - bias[0][:1]
        return np.concatenate(weight), np.concatenate(bias)

    def dense_outputs(self, x: str, score: str, *others: str) -> None:
        weight, bias = self.heads(score, *others)
        if len(others) == 2:  # five x then five y, wanted as five (x, y)
            order = np.r_[0:5, np.arange(5, 15).reshape(2, 5).T.ravel()]
            weight, bias = weight[order], bias[order]
        x = self.op("Gemm", x, self.constant(weight), self.constant(bias), transB=1)
        sizes = [1, 4, 10][: 1 + len(others)]
        names = ("logit", "box", "landmarks")[: len(sizes)]
        self.op("Split", x, self.constant(np.array(sizes)), outputs=names, axis=1)

    def save(self, path: Path, size: tuple, outputs: dict[str, tuple]) -> None:
        def value(name, shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self.nodes,
            path.stem,
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
        path.write_bytes(model.SerializeToString(deterministic=True))


def pnet(weights: dict[str, np.ndarray], path: Path) -> None:
    g = Graph(weights)
    x = g.pool(g.prelu(g.first_conv("pixels"), "prelu1"), 2)
    x = g.prelu(g.conv(x, "conv2"), "prelu2")
    x = g.prelu(g.conv(x, "conv3"), "prelu3")
    weight, bias = g.heads("conv4_1", "conv4_2")
    x = g.op("Conv", x, g.constant(weight), g.constant(bias))
    g.op("Split", x, g.constant(np.array([1, 4])), outputs=("logit", "box"), axis=1)
    g.save(path, ("h", "w"), {"logit": ("n", 1, "y", "x"), "box": ("n", 4, "y", "x")})


def rnet(weights: dict[str, np.ndarray], path: Path) -> None:
    g = Graph(weights)
    x = g.pool(g.prelu(g.first_conv("pixels"), "prelu1"), 3)
    x = g.pool(g.prelu(g.conv(x, "conv2"), "prelu2"), 3)
    x = g.prelu(g.conv(x, "conv3"), "prelu3")
    g.dense_outputs(g.dense(x, "dense4", 3), "dense5_1", "dense5_2")
    g.save(path, (24, 24), {"logit": ("n", 1), "box": ("n", 4)})


def onet(weights: dict[str, np.ndarray], path: Path) -> None:
    g = Graph(weights)
    x = g.pool(g.prelu(g.first_conv("pixels"), "prelu1"), 3)
    x = g.pool(g.prelu(g.conv(x, "conv2"), "prelu2"), 3)
    x = g.pool(g.prelu(g.conv(x, "conv3"), "prelu3"), 2)
    x = g.prelu(g.conv(x, "conv4"), "prelu4")
    g.dense_outputs(g.dense(x, "dense5", 3), "dense6_1", "dense6_2", "dense6_3")
    g.save(path, (48, 48), {"logit": ("n", 1), "box": ("n", 4), "landmarks": ("n", 10)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="facenet_pytorch-2.6.0-py3-none-any.whl")
    parser.add_argument("directory", type=Path, help="where the ONNX files go")
    args = parser.parse_args()
    with zipfile.ZipFile(args.wheel) as wheel:
        for build in (pnet, rnet, onet):
            name = build.__name__
            data = wheel.read(f"facenet_pytorch/data/{name}.pt")
            digest = hashlib.sha256(data).hexdigest()
            if digest != SHA256[name]:
                raise SystemExit(f"{name}.pt has sha256 {digest}, expected {SHA256[name]}")
            path = args.directory / f"{name}.onnx"
            build(read_weights(data), path)
            print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


if __name__ == "__main__":
    main()
