"""The kernels that onnxruntime runs for P-, R- and O-Net, against the functions in the files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.mtcnn_pictures import astronaut, composites, shared_pictures

from facecrypt import _native, cli
from facecrypt.detector import MTCNN, networks
from facecrypt.detector.cascade import AreaSampler
from facecrypt.detector.presets import DEFAULT
from facecrypt.detector.stages import Stages
from facecrypt.models import sessions

onnxruntime = pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")

# One cell, odd and even sides, several pictures, narrower and wider than a tile; batches around
# what is computed together.
SHAPES = {
    "pnet": [(1, 12, 12), (2, 13, 40), (1, 14, 12), (3, 12, 31), (1, 57, 30), (1, 60, 131)],
    "rnet": [(n, 24, 24) for n in (0, 1, 5, 12, 23, 24, 25, 49)],
    "onet": [(n, 48, 48) for n in (0, 1, 7, 12, 24, 31)],
}
RUN = """
import sys
import numpy as np
from facecrypt.detector.networks import OUTPUTS, load
networks, found = load(None, "cpu"), {}
for key, pixels in np.load(sys.argv[1]).items():
    name = key.split()[0]
    values = getattr(networks, name).run(OUTPUTS[name], {"pixels": pixels})
    found |= {f"{key} {output}": value for output, value in zip(OUTPUTS[name], values)}
np.savez(sys.argv[2], **found)
"""


def plain(name, **settings):
    """A session without our kernels: the function in the file runs."""
    options = onnxruntime.SessionOptions()
    for key, value in settings.items():
        setattr(options, key, value)
    path = sessions.MODELS / f"{name}.onnx"
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def pictures():
    """Noise beside smooth pixels, in every shape."""
    rng, made = np.random.default_rng(5), {}
    for name, shapes in SHAPES.items():
        for count, *sides in shapes:
            pixels = rng.integers(0, 256, (count, 3, *sides)).astype(np.float32)
            pixels[::2] = np.sort(pixels[::2], axis=3)
            made[f"{name} {count} {sides[0]} {sides[1]}"] = pixels
    return made


@pytest.mark.parametrize("isa", _native.supported_isas())
def test_kernels_compute_what_the_functions_compute(isa, tmp_path):
    made = pictures()
    np.savez(tmp_path / "pixels.npz", **made)
    command = [sys.executable, "-c", RUN, tmp_path / "pixels.npz", tmp_path / "found.npz"]
    subprocess.run(command, check=True, timeout=120, env=os.environ | {"FACECRYPT_ISA": isa})
    found, functions = np.load(tmp_path / "found.npz"), {name: plain(name) for name in SHAPES}
    for key, pixels in made.items():
        name = key.split()[0]
        names = networks.OUTPUTS[name]
        for output, said in zip(names, functions[name].run(names, {"pixels": pixels}), strict=True):
            ours = found[f"{key} {output}"]
            assert ours.shape == said.shape
            limit = 1e-4 if output == "logit" else 1e-5
            np.testing.assert_allclose(ours, said, rtol=0, atol=limit, err_msg=f"{key} {output}")


def operators_run(path):
    """The kinds of nodes in a profile that onnxruntime wrote."""
    events = json.loads(path.read_text())
    return {event["args"]["op_name"] for event in events if "op_name" in event.get("args", {})}


@pytest.mark.parametrize(
    ("name", "operator"), [("pnet", "PNet"), ("rnet", "RNet"), ("onet", "ONet")]
)
def test_the_detector_runs_the_kernels_and_plain_onnxruntime_the_functions(
    name, operator, tmp_path, monkeypatch
):
    pixels = np.zeros((1, 3, 48, 48) if name == "onet" else (1, 3, 24, 24), np.float32)
    made = onnxruntime.SessionOptions
    profiled = {"enable_profiling": True, "profile_file_prefix": str(tmp_path / "kernels")}

    def options():
        fresh = made()
        for key, value in profiled.items():
            setattr(fresh, key, value)
        return fresh

    monkeypatch.setattr(onnxruntime, "SessionOptions", options)
    session = getattr(networks.load(None, "cpu"), name)
    session.run(None, {"pixels": pixels})
    assert operators_run(Path(session._session.end_profiling())) == {operator}
    session = plain(name, enable_profiling=True, profile_file_prefix=str(tmp_path / "plain"))
    session.run(None, {"pixels": pixels})
    ran = operators_run(Path(session.end_profiling()))
    assert operator not in ran
    assert "Conv" in ran


def share(a, b):
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    both = (high - low).prod(axis=1)
    return both / ((a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - both)


def test_kernels_and_functions_find_the_same_boxes():
    detector = MTCNN(device="cpu")
    functions = Stages(networks.Networks(*(plain(name) for name in SHAPES), "cpu"), DEFAULT)
    for image in ({"astronaut": astronaut()} | composites() | shared_pictures()).values():
        ours, sampler = detector.detect_raw(image).boxes, AreaSampler(image)
        squares = functions.refine(sampler, functions.propose(sampler))
        theirs = functions.finish(sampler, squares)[0]
        assert len(ours) == len(theirs) > 0
        # Equal scores may come in another order.
        order, others = np.lexsort(ours.T), np.lexsort(theirs.T)
        assert share(ours[order], theirs[others]).min() >= 0.9999


@pytest.mark.parametrize(
    ("name", "shape"),
    [("pnet", (1, 3, 11, 40)), ("rnet", (1, 3, 24, 25)), ("onet", (1, 3, 24, 24))],
)
def test_kernels_refuse_pixels_of_another_shape(name, shape):
    session = getattr(networks.load(None, "cpu"), name)
    with pytest.raises(Exception, match=r"takes pixels of the shape|invalid dimensions"):
        session.run(None, {"pixels": np.zeros(shape, np.float32)})


def test_where_kernels_cannot_be_registered_the_functions_run(monkeypatch, capsys):
    expected = MTCNN(device="cpu").detect(astronaut())
    monkeypatch.setattr(sessions._native, "__file__", "no-such-library.so")
    (face,) = MTCNN(device="cpu").detect(astronaut())
    assert face.box == expected[0].box
    assert "no-such-library.so" in sessions.add_kernels(onnxruntime.SessionOptions())
    assert cli.main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "none  kernels in onnxruntime: " in said
    assert "the detector runs without them, in almost twice the time" in said


def test_doctor_names_the_instruction_set_of_the_kernels(capsys):
    cli.main(["doctor"])
    expected = f"ok    kernels in onnxruntime: P-, R- and O-Net, {_native.isa()}"
    assert expected in capsys.readouterr().out
