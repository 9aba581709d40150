import json
import pickle
import warnings

import numpy as np
import pytest

from facecrypt import schemes
from facecrypt.errors import KeyFormatError, MediaError, UnknownSchemeError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    A = pytest.importorskip("albumentations", reason="needs albumentations 2.0.8")

from facecrypt.integrations.albumentations import EncryptScheme

IMAGE = np.random.default_rng(20).integers(0, 256, (16, 24, 3), np.uint8)
NAMES = ("block-shuffle", "chaos-blocks", "ele", "etc", "le", "logistic-pixel", "pbe")


@pytest.fixture
def saved(tmp_path):
    """A function that makes a key, saves it, and gives key and path."""

    def make(name, shape=IMAGE.shape):
        options = {"block": 4} if name in ("block-shuffle", "ele", "etc", "le") else {}
        key = schemes.get(name).random_key(shape, np.random.default_rng(3), **options)
        path = tmp_path / f"{name}.npz"
        key.save(path)
        return key, path

    return make


@pytest.mark.parametrize("name", NAMES)
def test_schemes_give_their_bytes_and_go_back(saved, name):
    key, path = saved(name)
    before = IMAGE.copy()
    cipher = EncryptScheme(name, path)(image=IMAGE)["image"]
    np.testing.assert_array_equal(cipher, schemes.get(name).encrypt(IMAGE, key))
    np.testing.assert_array_equal(
        EncryptScheme(name, path, inverse=True)(image=cipher)["image"], IMAGE
    )
    np.testing.assert_array_equal(IMAGE, before)


def test_gray_pictures_and_stacks_of_pictures(saved):
    key, path = saved("pbe", (16, 24))
    gray = IMAGE[:, :, 0].copy()
    wanted = schemes.get("pbe").encrypt(gray, key)
    np.testing.assert_array_equal(EncryptScheme("pbe", path)(image=gray)["image"], wanted)
    key, path = saved("le")
    images = np.stack([IMAGE, IMAGE[::-1]])
    wanted = schemes.get("le").encrypt(images, key)
    out = A.Compose([EncryptScheme("le", path)])(images=images)["images"]
    np.testing.assert_array_equal(out, wanted)


def test_in_a_pipeline_boxes_and_masks_stay(saved):
    key, path = saved("le")
    pipeline = A.Compose(
        [A.HorizontalFlip(p=1), EncryptScheme("le", path)],
        bbox_params=A.BboxParams(format="pascal_voc", label_fields=["labels"]),
    )
    mask = np.arange(16 * 24, dtype=np.uint8).reshape(16, 24)
    out = pipeline(image=IMAGE, mask=mask, bboxes=[(2, 3, 10, 12)], labels=["face"])
    wanted = schemes.get("le").encrypt(IMAGE[:, ::-1], key)
    np.testing.assert_array_equal(out["image"], wanted)
    np.testing.assert_array_equal(out["mask"], mask[:, ::-1])
    np.testing.assert_allclose(out["bboxes"], [[14, 3, 22, 12]], atol=1e-4)
    assert out["labels"] == ["face"]


def test_what_is_serialised_names_the_key_file_and_makes_the_same(saved):
    key, path = saved("pbe")
    wanted = schemes.get("pbe").decrypt(IMAGE, key)
    pipeline = A.Compose([EncryptScheme("pbe", path, inverse=True)])
    text = json.dumps(A.to_dict(pipeline))
    (step,) = json.loads(text)["transform"]["transforms"]
    assert {name: step[name] for name in ("name", "key", "inverse", "p")} == {
        "name": "pbe",
        "key": str(path),
        "inverse": True,
        "p": 1.0,
    }
    assert set(step) == {"__class_fullname__", "name", "key", "inverse", "p"}
    for again in (A.from_dict(json.loads(text)), pickle.loads(pickle.dumps(pipeline))):
        np.testing.assert_array_equal(again(image=IMAGE)["image"], wanted)


def test_replay(saved):
    key, path = saved("le")
    pipeline = A.ReplayCompose([A.HorizontalFlip(p=0.5), EncryptScheme("le", path, p=0.5)])
    seen = set()
    # With a seed, albumentations draws the same numbers for each transform. Without one, 80 calls
    # miss one of the four results once in 10**9 runs.
    for _ in range(80):
        out = pipeline(image=IMAGE)
        again = A.ReplayCompose.replay(out["replay"], image=IMAGE)["image"]
        np.testing.assert_array_equal(again, out["image"])
        seen.add(out["image"].tobytes())
    ciphers = [schemes.get("le").encrypt(image, key) for image in (IMAGE, IMAGE[:, ::-1])]
    pictures = IMAGE, IMAGE[:, ::-1], *ciphers
    assert seen == {np.ascontiguousarray(picture).tobytes() for picture in pictures}


def test_refused_pictures(saved):
    _, path = saved("pbe")
    encrypt = EncryptScheme("pbe", path)
    with pytest.raises(TypeError, match="uint8, received float32; put the encryption before"):
        encrypt(image=IMAGE.astype(np.float32) / 255)
    with pytest.raises(ValueError, match=r"16.*24.*16.*23"):
        encrypt(image=IMAGE[:, :23].copy())
    _, path = saved("le")
    with pytest.raises(ValueError, match="pad, crop or resize"):
        EncryptScheme("le", path)(image=IMAGE[:, :23].copy())


def test_refused_keys(saved, tmp_path):
    _, path = saved("pbe")
    with pytest.raises(KeyFormatError, match="a key of scheme 'pbe', expected 'le'"):
        EncryptScheme("le", path)
    with pytest.raises(MediaError, match=r"none\.npz"):
        EncryptScheme("pbe", tmp_path / "none.npz")
    with pytest.raises(UnknownSchemeError, match="'aes'"):
        EncryptScheme("aes", path)
    with pytest.raises(TypeError):
        EncryptScheme("pbe", schemes.get("pbe").key_type.load(path))
