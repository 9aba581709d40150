"""What a machine offers, also where only Linux would say it."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import facecrypt
from facecrypt import machine
from facecrypt.integrations import facenet_pytorch, mtcnn
from facecrypt.media import encode_image
from facecrypt.training.prepare import prepare

BLANK = np.zeros((60, 80, 3), np.uint8)


@pytest.fixture
def elsewhere(monkeypatch):
    """A system that does not say which cores a process may use, such as macOS."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)


def test_cores_are_those_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 7}, raising=False)
    assert machine.cores() == 3


@pytest.mark.parametrize(("known", "wanted"), [(5, 5), (None, 1)])
def test_cores_where_the_system_does_not_say(elsewhere, monkeypatch, known, wanted):
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert machine.cores() == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "processor\t: 0\nmodel name\t: Processor @ 2 GHz\nmodel name\t: B\n",
            "Processor @ 2 GHz",
        ),
        ("processor\t: 0\nCPU part\t: 0xd0c\n", "riscy"),
        (None, "riscy"),
    ],
)
def test_the_processor_or_its_architecture(monkeypatch, text, wanted):
    def read(path):
        assert path == Path("/proc/cpuinfo")
        if text is None:
            raise FileNotFoundError
        return text

    monkeypatch.setattr(Path, "read_text", read)
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "riscy")
    assert machine.processor() == wanted


def test_detectors_elsewhere(elsewhere):
    assert facecrypt.MTCNN(device="cpu").detect_batch([BLANK, BLANK]) == [[], []]
    assert mtcnn.MTCNN().detect_faces([BLANK]) == [[]]
    boxes, _ = facenet_pytorch.MTCNN().detect([BLANK])
    assert list(boxes) == [None]


def test_many_files_and_samples_elsewhere(elsewhere, tmp_path):
    (tmp_path / "a.png").write_bytes(encode_image(".png", BLANK))
    (tmp_path / "list.txt").write_text("a.png\n")
    key = facecrypt.Identity.generate().recipient
    assert facecrypt.encrypt_files(tmp_path / "a.png", tmp_path / "out", key).done == 1
    made = prepare(tmp_path / "list.txt", tmp_path, tmp_path / "samples", size=12)
    assert made.pictures == 1


def test_kernels_elsewhere():
    code = (
        "import os\n"
        "if hasattr(os, 'sched_getaffinity'): del os.sched_getaffinity\n"
        "from facecrypt.backends import native\n"
        "from facecrypt.machine import cores\n"
        "assert cores() == os.cpu_count()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep nothing")
def test_what_a_thread_had_goes_back_to_the_system():
    code = (
        "from pathlib import Path\n"
        "from threading import Thread\n"
        "from facecrypt.machine import give_memory_back\n"
        "def resident():\n"
        "    lines = Path('/proc/self/status').read_text().splitlines()\n"
        "    return next(int(line.split()[1]) for line in lines if line.startswith('VmRSS'))\n"
        "last = []\n"
        "def work():\n"
        "    parts = [bytearray(60_000) for _ in range(1000)]\n"
        "    last.append(bytearray(60_000))\n"
        "thread = Thread(target=work)\n"
        "thread.start()\n"
        "thread.join()\n"
        "before = resident()\n"
        "give_memory_back()\n"
        "print(before - resident())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(done.stdout) > 40_000  # KiB, of 60 MB
