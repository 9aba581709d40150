"""The detector that is taken where none is named: opened once in a process, whoever asks."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from facecrypt import Identity, encrypt_image
from facecrypt.detector import MTCNN, default_detector, protocol
from facecrypt.errors import BackendUnavailableError

PHOTO = np.zeros((48, 64, 3), np.uint8)
# A thread is opening the detector when the process forks; the child must not wait for it.
FORKING = """
import os, signal, threading, time
from facecrypt.detector import MTCNN, default_detector, protocol

class Slow(MTCNN):
    def __init__(self):
        opening.set()
        time.sleep(0.3)
        super().__init__(device="cpu")

protocol.MTCNN, opening = Slow, threading.Event()
threading.Thread(target=default_detector).start()
opening.wait()
child = os.fork()
if child == 0:
    signal.alarm(10)
    parents = list(protocol._opened.values())
    mine = default_detector()
    os._exit(int(any(mine is one for one in parents)))
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.fixture
def opened(monkeypatch):
    """What was opened since; nothing was before."""
    found = []

    class Slow(MTCNN):
        def __init__(self):
            found.append(self)
            time.sleep(0.05)  # so that another thread finds it half open
            super().__init__(device="cpu")

    monkeypatch.setattr(protocol, "MTCNN", Slow)
    monkeypatch.setattr(protocol, "_opened", {})
    return found


def test_pictures_one_after_another_open_it_once(opened):
    recipient = Identity.generate().recipient
    for _ in range(3):
        assert encrypt_image(PHOTO, recipient).header.regions == ()
    assert len(opened) == 1


def test_threads_at_once_open_it_once(opened):
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: default_detector(), range(4)))
    assert len(opened) == 1
    assert all(one is opened[0] for one in got)


def test_what_failed_to_open_is_tried_again(opened, monkeypatch):
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(BackendUnavailableError):
            default_detector()
    assert default_detector() is opened[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_forked_process_opens_its_own():
    subprocess.run([sys.executable, "-c", FORKING], check=True, timeout=60)
