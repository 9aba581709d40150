"""Weighing what the network "encrypted or not" says of a window with figures of its structure.

The network sees noise well and the borders of moved blocks badly; the figures, the other way about.
A small network that is given both finds what either finds. It is trained after the first, on
windows of the same pictures.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from facecrypt.analysis.guess import EVIDENCE, evidence
from facecrypt.learning.windows import Windows

__all__ = ["Weigher", "export", "rows", "train"]

_BATCH = 256
_AT_ONCE = 1024  # windows
# Deviations from the mean of training: beyond, a figure says no more.
_MOST = 6.0
# A false alarm costs as much as so many ciphers that are not found.
_ALARM = 1.6


class Weigher(nn.Module):
    """Three dense layers on standardised rows.

    Parameters
    ----------
    mean, spread : (EVIDENCE,) float32 arrays
        Of the rows for training.

    Examples
    --------
    >>> ones = np.ones(EVIDENCE, np.float32)
    >>> Weigher(ones, ones)(torch.zeros(5, EVIDENCE)).shape
    torch.Size([5, 1])
    """

    def __init__(self, mean: NDArray[np.float32], spread: NDArray[np.float32]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("spread", torch.from_numpy(spread))
        sizes = (EVIDENCE, 64, 32, 1)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """(n, 1): log odds that the middle of a window is encrypted."""
        values = ((values - self.mean) / self.spread).clamp(-_MOST, _MOST)
        for layer in self.layers[:-1]:
            values = layer(values).relu()
        return self.layers[-1](values)


def rows(pixels: NDArray[np.uint8], logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is weighed: the figures of windows, and what the network says of them.

    Parameters
    ----------
    pixels : (n, 32, 32, 3) uint8 array
    logits : (n,) float32 array

    Returns
    -------
    (n, EVIDENCE) float32 array
    """
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    seen = logits[:, None, None]
    parts = [
        evidence(planes[start : start + _AT_ONCE], seen[start : start + _AT_ONCE])[:, 0, 0]
        for start in range(0, len(planes), _AT_ONCE)
    ]
    return np.concatenate(parts)


def train(
    windows: Windows, logits: NDArray[np.float32], *, epochs: int = 40, seed: int = 0
) -> Weigher:
    """Train a weigher.

    Parameters
    ----------
    windows : Windows
        Of the pictures for training alone.
    logits : (n,) float32 array
        What the network says of them.
    epochs : int
    seed : int
        On one machine and with one thread the same seed gives the same weights.

    Returns
    -------
    Weigher
        In eval mode.
    """
    torch.manual_seed(seed)
    values, rng = rows(windows.pixels, logits), np.random.default_rng(seed)
    net = Weigher(values.mean(axis=0), values.std(axis=0) + np.float32(1e-6)).train()
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)
    steps = epochs * -(-len(values) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps)
    criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(1 / _ALARM))
    given = torch.from_numpy(values)
    wanted = torch.from_numpy(windows.encrypted.astype(np.float32))
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(values)))
        for chosen in order.split(_BATCH):
            optimizer.zero_grad()
            criterion(net(given[chosen]).flatten(), wanted[chosen]).backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def export(net: Weigher, path: Path) -> None:
    """Write the network as ONNX: ``figures`` (n, EVIDENCE) to ``logit`` (n, 1)."""
    constants: list[onnx.TensorProto] = []

    def constant(name: str, values: torch.Tensor | NDArray) -> str:
        constants.append(numpy_helper.from_array(np.asarray(values, "<f4"), name))
        return name

    nodes = [
        helper.make_node("Sub", ["figures", constant("mean", net.mean)], ["centred"]),
        helper.make_node("Div", ["centred", constant("spread", net.spread)], ["scaled"]),
        helper.make_node(
            "Clip", ["scaled", constant("least", -_MOST), constant("most", _MOST)], ["layer"]
        ),
    ]
    last = "layer"
    for number, layer in enumerate(net.layers):
        final = number == len(net.layers) - 1
        weight, bias = (p.detach().numpy() for p in (layer.weight, layer.bias))
        inputs = [last, constant(f"weight{number}", weight), constant(f"bias{number}", bias)]
        last = "logit" if final else f"dense{number}"
        nodes.append(helper.make_node("Gemm", inputs, [last], transB=1))
        if not final:
            nodes.append(helper.make_node("Relu", [last], [f"layer{number}"]))
            last = f"layer{number}"
    taken = helper.make_tensor_value_info("figures", TensorProto.FLOAT, ("n", EVIDENCE))
    given = helper.make_tensor_value_info("logit", TensorProto.FLOAT, ("n", 1))
    model = helper.make_model(
        helper.make_graph(nodes, "weigh", [taken], [given], constants),
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="facecrypt",
    )
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
