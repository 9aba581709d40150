"""What `doctor` says of distributions, from records of installations as installers leave them."""

import shutil
import sys
from types import ModuleType

import cv2  # noqa: F401 - loaded before Python finds nothing
import pytest

from facecrypt.cli.doctor import distributions, models, video
from facecrypt.errors import BackendUnavailableError
from facecrypt.models.sessions import MODELS, import_runtime

pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Only what it is called with is installed; Python itself finds nothing else."""

    def install(*names: str):
        for name in names:
            project, version = name.split("==")
            record = tmp_path / f"{project.replace('-', '_')}-{version}.dist-info"
            record.mkdir()
            (record / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
            )
        monkeypatch.setattr(sys, "path", [str(tmp_path)])
        return {finding.what: finding for finding in distributions()}

    return install


def test_one_of_each_is_well(installed):
    found = installed("onnxruntime-gpu==1.31.1", "opencv-contrib-python==4.12.0")
    assert all(finding.ok and not finding.remedy for finding in found.values())
    assert found["onnxruntime"].detail == "onnxruntime-gpu 1.31.1"
    assert found["OpenCV"].detail == "opencv-contrib-python 4.12.0"


def test_none(installed):
    found = installed()
    assert not any(finding.ok for finding in found.values())
    assert all(finding.needed for finding in found.values())
    assert found["onnxruntime"].remedy == "pip install 'facecrypt[cpu]'"
    assert found["OpenCV"].remedy == "pip install 'opencv-python-headless'"


def test_onnxruntime_for_processor_and_card_together(installed):
    found = installed("onnxruntime==1.31.0", "onnxruntime-gpu==1.31.1")["onnxruntime"]
    assert not found.ok
    assert found.needed
    assert found.detail == (
        "onnxruntime 1.31.0 and onnxruntime-gpu 1.31.1 are installed over each other"
    )
    assert found.remedy == (
        "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'facecrypt[gpu]'"
    )


def test_onnxruntime_of_others_is_kept(installed):
    found = installed("onnxruntime==1.31.0", "onnxruntime-openvino==1.24.1")["onnxruntime"]
    assert found.remedy == (
        "pip uninstall -y onnxruntime onnxruntime-openvino && pip install 'onnxruntime-openvino'"
    )


def test_three_of_opencv(installed):
    names = "opencv-python", "opencv-python-headless", "opencv-contrib-python"
    found = installed(*(f"{name}==5.0.0.93" for name in names))["OpenCV"]
    assert not found.ok
    assert found.remedy == (
        "pip uninstall -y opencv-python opencv-python-headless opencv-contrib-python "
        "&& pip install 'opencv-contrib-python'"
    )


def test_what_is_left_when_one_of_two_was_removed(installed, monkeypatch):
    # The folder stays with a file or two in it, and Python makes an empty module of it.
    monkeypatch.setitem(sys.modules, "onnxruntime", ModuleType("onnxruntime"))
    found = installed("onnxruntime==1.31.1")["onnxruntime"]
    assert found.detail == "onnxruntime 1.31.1 is installed, but files of it are missing"
    assert found.remedy == "pip uninstall -y onnxruntime && pip install 'onnxruntime'"
    with pytest.raises(BackendUnavailableError, match="'facecrypt doctor' says how"):
        import_runtime("finding faces")


def test_opencv_with_windows_on_a_server(installed, tmp_path, monkeypatch):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object')")
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    found = installed("opencv-python==4.12.0")["OpenCV"]
    assert found.detail == (
        "opencv-python 4.12.0 does not load: libGL.so.1: cannot open shared object"
    )
    assert found.remedy == (
        "pip uninstall -y opencv-python && pip install 'opencv-python-headless'"
    )


def test_videos_are_read_and_written():
    pytest.importorskip("av", reason="needs facecrypt[video]")
    found = video()
    assert found.ok
    assert found.detail.startswith("PyAV ")
    assert found.detail.endswith("writes h264, hevc, vp9, av1")


def test_without_pyav_pictures_are_all_that_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    found = video()
    assert not found.ok
    assert not found.needed
    assert found.detail.endswith("pip install 'facecrypt[video]'")


def test_a_pyav_without_x264(monkeypatch):
    av = pytest.importorskip("av", reason="needs facecrypt[video]")
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx264", "libx265"})
    found = video()
    assert not found.ok
    assert found.detail.endswith("writes vp9, av1")
    assert "av" in found.remedy


NETWORKS = "pnet.onnx", "rnet.onnx", "onet.onnx", "centerface.onnx", "guess.onnx", "weigh.onnx"


def test_networks_as_shipped():
    found = models()
    assert found.ok
    assert found.detail == f"{', '.join(NETWORKS)} are as shipped"
    assert {path.name for path in MODELS.glob("*.onnx")} == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_is_damaged_or_missing(tmp_path, name):
    folder = tmp_path / "models"
    shutil.copytree(MODELS, folder)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    found = models(folder)
    assert (found.ok, found.needed) == (False, True)
    assert found.detail == f"{name} is damaged, or another network"
    assert found.remedy.startswith("pip install --force-reinstall")
    (folder / name).unlink()
    assert models(folder).detail == f"{name}: No such file or directory"
    (folder / "README.md").write_text("")
    assert not models(folder).ok
    (folder / "README.md").unlink()
    assert not models(folder).ok
