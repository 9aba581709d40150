"""The classifier "encrypted or not": its network, its training, and its way to ONNX.

The confusion matrix of a small convolutional network that tells encrypted pictures from plain ones
is what Subhashini et al. report of their scheme. It measures how a cipher looks, not how secret it
is: to tell noise from a photograph breaks nothing, and a scheme that nothing can tell from noise
may be broken by one chosen picture.

Nothing is padded, and three poolings make a step of 8 pixels: on a whole picture the network gives
for each 8 x 8 cell what it gives for the window of 32 x 32 pixels around it, at 1/40 of the work.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from facecrypt.learning.windows import Windows

__all__ = ["EncryptedOrNot", "export", "logits", "train"]

_CENTRE = 127.5
_BATCH = 256


class EncryptedOrNot(nn.Module):
    """Three times convolution, ReLU and pooling, then two dense layers, as convolutions.

    A softmax over two classes depends on the difference of its inputs only; that is the one output.

    Examples
    --------
    >>> EncryptedOrNot()(torch.zeros(2, 3, 32, 48)).shape
    torch.Size([2, 1, 1, 3])
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 48, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(48, 64, 2), nn.ReLU()),
            nn.Conv2d(64, 1, 1),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Log odds that the centre is encrypted.

        Parameters
        ----------
        pixels : (n, 3, h, w) float tensor
            RGB, 0 to 255; h and w at least 32.

        Returns
        -------
        (n, 1, h // 8 - 3, w // 8 - 3) float tensor
        """
        return self.layers((pixels - _CENTRE) / _CENTRE)


def train(
    windows: Windows, *, epochs: int = 10, seed: int = 0, rate: float = 3e-3
) -> EncryptedOrNot:
    """Train a network.

    Parameters
    ----------
    windows : Windows
        Of the pictures for training alone.
    epochs : int
        How often each window is seen, each time turned or mirrored at random.
    seed : int
        On one machine and with one thread the same seed gives the same network.
    rate : float
        Highest learning rate of the one cycle.

    Returns
    -------
    EncryptedOrNot
        In eval mode.

    Notes
    -----
    About 12 million operations a window and epoch: 50,000 windows take about 30 s in one thread.
    """
    torch.manual_seed(seed)
    net, rng = EncryptedOrNot().train(), np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
    steps = epochs * -(-len(windows.pixels) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    criterion = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        order = rng.permutation(len(windows.pixels))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            pixels = _turned(windows.pixels[chosen], rng)
            wanted = torch.from_numpy(windows.encrypted[chosen].astype(np.float32))
            optimizer.zero_grad()
            criterion(net(pixels).flatten(), wanted).backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def logits(net: EncryptedOrNot, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Log odds of windows.

    Parameters
    ----------
    net : EncryptedOrNot
    pixels : (n, 32, 32, 3) uint8 array

    Returns
    -------
    (n,) float32 array
    """
    with torch.inference_mode():
        parts = [
            net(_tensor(pixels[start : start + _BATCH])).flatten().numpy()
            for start in range(0, len(pixels), _BATCH)
        ]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def export(net: EncryptedOrNot, path: Path) -> None:
    """Write the network as ONNX: ``pixels`` (n, 3, h, w), 0 to 255, to ``logit`` (n, 1, y, x).

    The normalisation goes into the first convolution, exactly, for nothing is padded.
    """
    nodes, constants, last = [], [], "pixels"
    for number, layer in enumerate(net.layers):
        name = "logit" if number == len(net.layers) - 1 else f"layer{number}"
        inputs, attributes = [last], {}
        if isinstance(layer, nn.Conv2d):
            weight, bias = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
            if number == 0:
                weight, bias = weight / _CENTRE, bias - weight.sum(axis=(1, 2, 3))
            for part, value in ("weight", weight), ("bias", bias):
                inputs.append(f"{part}{number}")
                constants.append(numpy_helper.from_array(value.astype("<f4"), inputs[-1]))
        elif isinstance(layer, nn.MaxPool2d):
            attributes = {"kernel_shape": [2, 2], "strides": [2, 2]}
        kind = {nn.Conv2d: "Conv", nn.ReLU: "Relu", nn.MaxPool2d: "MaxPool"}[type(layer)]
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        last = name
    taken = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ("n", 3, "h", "w"))
    given = helper.make_tensor_value_info("logit", TensorProto.FLOAT, ("n", 1, "y", "x"))
    model = helper.make_model(
        helper.make_graph(nodes, "guess", [taken], [given], constants),
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="facecrypt",
    )
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _tensor(pixels: NDArray[np.uint8]) -> torch.Tensor:
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32)
    return torch.from_numpy(planes)


def _turned(pixels: NDArray[np.uint8], rng: np.random.Generator) -> torch.Tensor:
    """One of the eight symmetries of a square, the same for all of a batch."""
    turned = np.rot90(pixels, int(rng.integers(4)), axes=(1, 2))
    return _tensor(turned[:, :, ::-1] if rng.random() < 0.5 else turned)
