"""Rows of bytes in, rows of sealed bytes out, without an engine around them."""

import pickle
from functools import partial

import cv2
import numpy as np
import pytest
from support.places import ROOT

from facecrypt import MTCNN, Identity, Passphrase, Region, SecretKey, decrypt_file, inspect
from facecrypt.integrations.batch_encryptor import BatchEncryptor

IDENTITY = Identity.generate()
ASTRONAUT = ROOT / "examples" / "astronaut.png"
FACES = [Region(3, 4, 30, 40)]


class Fixed:
    """A detector that finds the same face everywhere, and counts how often it was made."""

    made = 0

    def __init__(self):
        Fixed.made += 1

    def detect(self, image):
        return FACES


def png(seed: int, shape=(60, 50, 3)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def opened(data: bytes, folder) -> np.ndarray:
    (folder / "sealed.png").write_bytes(data)
    decrypt_file(folder / "sealed.png", folder / "back.png", IDENTITY, overwrite=True)
    return cv2.imread(str(folder / "back.png"), cv2.IMREAD_UNCHANGED)


def test_rows_open_again_and_a_bad_one_fails_alone(tmp_path):
    rows = BatchEncryptor(IDENTITY.recipient, detector=Fixed, grow=0)(
        {
            "path": ["d/a.png", "d/torn.png", "d/b.jpg", "d/empty"],
            "bytes": [png(1), png(2)[:200], png(3), b""],
        }
    )
    assert set(rows) == {"path", "name", "bytes", "regions", "error"}
    assert rows["path"].tolist() == ["d/a.png", "d/torn.png", "d/b.jpg", "d/empty"]
    assert rows["name"].tolist() == ["a.png.png", "torn.png.png", "b.jpg.png", "empty.png"]
    assert rows["regions"].tolist() == [1, 0, 1, 0]
    assert [bool(error) for error in rows["error"]] == [False, True, False, True]
    assert [bool(data) for data in rows["bytes"]] == [True, False, True, False]
    for row, seed in ((0, 1), (2, 3)):
        plain = cv2.imdecode(np.frombuffer(png(seed), np.uint8), cv2.IMREAD_UNCHANGED)
        sealed = cv2.imdecode(np.frombuffer(rows["bytes"][row], np.uint8), cv2.IMREAD_UNCHANGED)
        assert (sealed[4:40, 3:30] != plain[4:40, 3:30]).mean() > 0.9
        assert (opened(rows["bytes"][row], tmp_path) == plain).all()


def test_a_jpeg_stays_one_whatever_it_is_called(tmp_path):
    photo = cv2.imencode(".jpg", np.random.default_rng(4).integers(0, 256, (60, 50, 3), np.uint8))
    data, names = photo[1].tobytes(), ["d/a.jpg", "b.JPEG", "c.png", "d", "e.heic"]
    rows = BatchEncryptor(IDENTITY.recipient, detector=Fixed, grow=0)(
        {"path": names, "bytes": [data] * len(names)}
    )
    assert rows["name"].tolist() == ["a.jpg", "b.JPEG", "c.png.jpg", "d.jpg", "e.heic.jpg"]
    assert rows["error"].tolist() == [""] * len(names)
    assert rows["regions"].tolist() == [1] * len(names)
    for name, sealed in zip(rows["name"], rows["bytes"], strict=True):
        (tmp_path / name).write_bytes(sealed)
        decrypt_file(tmp_path / name, tmp_path / "back.jpg", IDENTITY, overwrite=True)
        assert (tmp_path / "back.jpg").read_bytes() == data
    twice = BatchEncryptor(IDENTITY.recipient, detector=Fixed)(
        {"path": ["a.jpg"], "bytes": rows["bytes"][:1]}
    )
    assert twice["error"].tolist() == ["is a sealed picture already; decrypt it first"]


def test_what_is_encrypted_already_is_refused():
    encryptor = BatchEncryptor(IDENTITY.recipient, detector=Fixed)
    once = encryptor({"path": ["a.png"], "bytes": [png(1)]})
    twice = encryptor({"path": ["a.png"], "bytes": once["bytes"]})
    assert twice["error"].tolist() == ["is a sealed picture already; decrypt it first"]


def test_the_detector_is_made_in_the_worker_and_once():
    Fixed.made = 0
    encryptor = BatchEncryptor(IDENTITY.recipient, detector=Fixed)
    assert Fixed.made == 0
    batch = {"path": ["a.png"], "bytes": [png(1)]}
    for _ in range(2):
        encryptor(batch)
    assert Fixed.made == 1
    copy = pickle.loads(pickle.dumps(encryptor))
    assert Fixed.made == 1
    copy(batch)
    assert Fixed.made == 2


def test_the_faces_of_mtcnn(tmp_path):
    pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")
    detector = partial(MTCNN, device="cpu")
    encryptor = BatchEncryptor(IDENTITY.recipient, detector=detector, shape="ellipse")
    rows = encryptor({"path": [str(ASTRONAUT)], "bytes": [ASTRONAUT.read_bytes()]})
    assert rows["regions"].tolist() == [1]
    assert (opened(rows["bytes"][0], tmp_path) == cv2.imread(str(ASTRONAUT))).all()
    (region,) = inspect(tmp_path / "sealed.png").regions
    assert region.shape == "ellipse"


def test_no_rows():
    rows = BatchEncryptor(IDENTITY.recipient, detector=Fixed)({"path": [], "bytes": []})
    assert {name: len(column) for name, column in rows.items()} == dict.fromkeys(
        ("path", "name", "bytes", "regions", "error"), 0
    )


@pytest.mark.parametrize("secret", [SecretKey.generate(), Passphrase("x"), IDENTITY])
def test_what_opens_does_not_travel(secret):
    with pytest.raises(TypeError, match=r"recipient|public keys"):
        BatchEncryptor(secret)


@pytest.mark.parametrize("wrong", [{"cipher": "rot13"}, {"shape": "star"}, {"grow": -1}])
def test_wrong_options_are_refused_before_any_work(wrong):
    with pytest.raises(ValueError, match=r"cipher|shape|grow"):
        BatchEncryptor(IDENTITY.recipient, **wrong)
