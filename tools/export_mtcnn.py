"""Write facecrypt/models/{pnet,rnet,onet}.onnx from the weights of facenet-pytorch.

    pip download --no-deps facenet-pytorch==2.6.0
    python tools/export_mtcnn.py facenet_pytorch-2.6.0-py3-none-any.whl facecrypt/models

Needs this package and onnx, not torch. The same wheel gives the same bytes.

The graphs compute what the published networks compute, in a form onnxruntime runs
faster (facecrypt/training/graphs.py, facecrypt/models/README.md).
"""

import argparse
import hashlib
import io
import pickle
import re
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import as_strided

from facecrypt.training.graphs import build

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


def natural(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The published weights as those of the networks in facecrypt.training.networks.

    Of "no face" and "face" their difference is left; parallel heads become one layer;
    the hidden dense layer, which comes from Matlab and expects (w, h, c), expects
    (c, h, w); landmarks, five x then five y, become five (x, y).
    """
    names = sorted({name.rpartition(".")[0] for name in weights})
    dense = [name for name in names if re.fullmatch(r"dense\d", name)]
    heads = [name for name in names if "_" in name]
    result = {
        key: value for key, value in weights.items() if key.rpartition(".")[0] not in dense + heads
    }
    for part in ("weight", "bias"):
        face, *others = (weights[f"{name}.{part}"].astype(np.float64) for name in heads)
        if len(others) == 2:
            others[1] = others[1].reshape(2, 5, -1).swapaxes(0, 1).reshape(others[1].shape)
        result[f"heads.{part}"] = np.concatenate([face[1:] - face[:1], *others])
    for name in dense:
        weight = weights[f"{name}.weight"]
        weight = weight.reshape(len(weight), 3, 3, -1).transpose(0, 3, 2, 1)
        result["dense.weight"] = weight.reshape(len(weight), -1)
        result["dense.bias"] = weights[f"{name}.bias"]
        result["prelu_dense.weight"] = result.pop(f"prelu{name[-1]}.weight")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="facenet_pytorch-2.6.0-py3-none-any.whl")
    parser.add_argument("directory", type=Path, help="where the ONNX files go")
    args = parser.parse_args()
    with zipfile.ZipFile(args.wheel) as wheel:
        for name, expected in SHA256.items():
            data = wheel.read(f"facenet_pytorch/data/{name}.pt")
            digest = hashlib.sha256(data).hexdigest()
            if digest != expected:
                raise SystemExit(f"{name}.pt has sha256 {digest}, expected {expected}")
            path = args.directory / f"{name}.onnx"
            path.write_bytes(build(name, natural(read_weights(data))))
            print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


if __name__ == "__main__":
    main()
