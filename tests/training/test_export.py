"""The ONNX files: equal to torch, the shipped ones to the byte, loaded by MTCNN."""

from pathlib import Path

import numpy as np
import pytest
from support.places import ROOT

torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")
onnx = pytest.importorskip("onnx", reason="needs facecrypt[learn]")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")

from onnx import numpy_helper  # noqa: E402

import facecrypt  # noqa: E402
from facecrypt.detector import MTCNN  # noqa: E402
from facecrypt.errors import MediaError, ModelError  # noqa: E402
from facecrypt.models.sessions import add_kernels  # noqa: E402
from facecrypt.torch_runs import CHECKPOINT  # noqa: E402
from facecrypt.training.export import export  # noqa: E402
from facecrypt.training.graphs import build  # noqa: E402
from facecrypt.training.networks import network  # noqa: E402

MODELS = Path(facecrypt.__file__).parent / "models"
NETS = np.load(ROOT / "tests" / "vectors" / "mtcnn_nets.npz")
NAMES = ("pnet", "rnet", "onet")


def weights_of(path):
    """Weights for the torch networks, in float64, out of an ONNX file: the folding undone."""
    graph = onnx.load(path).graph
    weights = {c.name: numpy_helper.to_array(c).astype(np.float64) for c in graph.initializer}
    weights["conv1.weight"] = 128 * weights["conv1.weight"]
    folded = 127.5 / 128 * weights["conv1.weight"].sum(axis=(1, 2, 3))
    return weights | {"conv1.bias": weights["conv1.bias"] + folded}


def session_of(path, *, kernels):
    options = onnxruntime.SessionOptions()
    if kernels:
        assert add_kernels(options) == ""
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def shaken(name, seed=0):
    """A network whose slopes lie below 0, between 0 and 1, and above."""
    torch.manual_seed(seed)
    model = network(name)
    with torch.no_grad():
        for key, value in model.named_parameters():
            if "prelu" in key:
                value.uniform_(-0.5, 1.5)
            elif key.startswith("heads") or key.endswith("bias"):
                value.normal_(std=0.1)
    return model


def run_folder(folder, name, model):
    folder.mkdir()
    state = {"settings": {"net": name}, "log": [], "model": model.state_dict(), "optimizer": {}}
    torch.save(state, folder / CHECKPOINT)
    return folder


# The shipped files: what built them builds them again, and torch computes what they compute.


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_files_come_out_again(name):
    path = MODELS / f"{name}.onnx"
    assert build(name, weights_of(path)) == path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_networks_with_the_shipped_weights_equal_facenet_pytorch(name):
    model = network(name).double()
    weights = weights_of(MODELS / f"{name}.onnx")
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    pixels = torch.from_numpy(NETS[f"{name}_pixels"]).permute(0, 3, 1, 2).double()
    with torch.no_grad():
        said = model(pixels)
    score = said.logit[:, 0].sigmoid().numpy()
    np.testing.assert_allclose(score, NETS[f"{name}_score"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(said.box.numpy(), NETS[f"{name}_box"], rtol=0, atol=1e-5)
    if name == "onet":
        landmarks = said.landmarks.reshape(-1, 5, 2).numpy()
        np.testing.assert_allclose(landmarks, NETS["onet_landmarks"], rtol=0, atol=1e-5)


# Trained files.


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    models = {name: shaken(name) for name in NAMES}
    runs = [run_folder(folder / name, name, model) for name, model in models.items()]
    return models, export(*runs, folder / "models")


@pytest.mark.parametrize("kernels", [False, True])
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("pnet", (1, 3, 12, 12)),
        ("pnet", (2, 3, 13, 40)),
        ("pnet", (1, 3, 57, 30)),
        ("rnet", (1, 3, 24, 24)),
        ("rnet", (7, 3, 24, 24)),
        ("onet", (1, 3, 48, 48)),
        ("onet", (5, 3, 48, 48)),
    ],
)
def test_onnx_equals_torch(exported, name, shape, kernels):
    models, folder = exported
    pixels = np.random.default_rng(1).integers(0, 256, shape).astype(np.float32)
    session = session_of(folder / f"{name}.onnx", kernels=kernels)
    found = session.run(None, {"pixels": pixels})
    with torch.no_grad():
        said = models[name].double()(torch.from_numpy(pixels).double())
    for array, tensor in zip(found, (part for part in said if part is not None), strict=True):
        np.testing.assert_allclose(array, tensor.numpy(), rtol=1e-5, atol=1e-5)


def test_mtcnn_runs_what_was_exported(exported):
    _, folder = exported
    image = np.random.default_rng(2).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    detector = MTCNN(models=folder, thresholds=(0.01, 0.01, 0.01), device="cpu")
    assert detector.detect_raw(image).boxes.shape[1] == 4


def test_exported_shipped_weights_find_the_same_faces(tmp_path):
    """Through float32 the first bias may differ in its last bit, and the boxes a little."""
    runs = []
    for name in NAMES:
        model = network(name)
        weights = weights_of(MODELS / f"{name}.onnx")
        model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
        runs.append(run_folder(tmp_path / name, name, model))
    from support.mtcnn_pictures import astronaut

    ours = MTCNN(models=export(*runs, tmp_path / "models"), device="cpu").detect_raw(astronaut())
    theirs = MTCNN(device="cpu").detect_raw(astronaut())
    assert len(ours.boxes) == 1
    np.testing.assert_allclose(ours.boxes, theirs.boxes, rtol=0, atol=0.01)
    np.testing.assert_allclose(ours.landmarks, theirs.landmarks, rtol=0, atol=0.01)


def test_networks_are_exported_as_they_come(exported, tmp_path):
    _, folder = exported
    runs = [folder.parent / name for name in NAMES]
    export(runs[0], None, None, tmp_path / "first")
    export(runs[0] / CHECKPOINT, runs[1], None, tmp_path / "second")
    for part, names in {"first": NAMES[:1], "second": NAMES[:2]}.items():
        made = {path.name: path.read_bytes() for path in (tmp_path / part).iterdir()}
        assert made == {f"{name}.onnx": (folder / f"{name}.onnx").read_bytes() for name in names}


def test_export_refuses_what_does_not_fit(exported, tmp_path):
    models, folder = exported
    runs = [folder.parent / name for name in NAMES]
    with pytest.raises(MediaError, match="already exists"):
        export(*runs, folder)
    with pytest.raises(ModelError, match="must be of pnet, and is of rnet"):
        export(runs[1], runs[0], runs[2], tmp_path / "swapped")
    with pytest.raises(MediaError, match="no such file"):
        export(*runs[:2], tmp_path / "missing", tmp_path / "swapped")
    wrong = run_folder(tmp_path / "wrong", "pnet", models["rnet"])
    with pytest.raises(ModelError, match="are not those of pnet"):
        export(wrong, *runs[1:], tmp_path / "swapped")
    assert not (tmp_path / "swapped").exists()


def test_kernels_refuse_weights_that_are_not_those_of_the_network(exported, tmp_path):
    model = onnx.load(exported[1] / "pnet.onnx")
    (bias,) = (value for value in model.graph.initializer if value.name == "conv3.bias")
    bias.CopyFrom(numpy_helper.from_array(np.zeros(31, np.float32), "conv3.bias"))
    onnx.save(model, tmp_path / "pnet.onnx")
    with pytest.raises(Exception, match="input 8 of PNet must be a constant of 32 numbers"):
        session_of(tmp_path / "pnet.onnx", kernels=True)
    model.graph.initializer.remove(bias)
    kind = onnx.helper.make_tensor_value_info("conv3.bias", onnx.TensorProto.FLOAT, [32])
    model.graph.input.append(kind)
    onnx.save(model, tmp_path / "pnet.onnx")
    with pytest.raises(Exception, match="input 8 of PNet must be a constant"):
        session_of(tmp_path / "pnet.onnx", kernels=True)


def test_graphs_refuse_other_names_and_weights():
    with pytest.raises(ValueError, match="name must be one of pnet, rnet, onet, received 'qnet'"):
        build("qnet", {})
    with pytest.raises(ValueError, match=r"'conv1\.weight' is not among the weights"):
        build("pnet", {})
