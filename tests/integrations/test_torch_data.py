import pickle
from functools import partial

import numpy as np
import pytest
from PIL import Image
from support.sealed_files import sealed_png

from facecrypt import (
    AuthenticationError,
    Identity,
    Region,
    SecretKey,
    encrypt_file,
    encrypt_image,
    schemes,
)
from facecrypt.errors import MediaError, NotSealedError
from facecrypt.media import encode_image

torch = pytest.importorskip("torch", reason="needs PyTorch")

from facecrypt.integrations.torch_data import (  # noqa: E402
    EncryptedDataset,
    OpenSealed,
    SealedFolder,
)

torch.set_num_threads(1)
IMAGES = np.random.default_rng(20).integers(0, 256, (6, 16, 24, 3), np.uint8)
ITEMS = [(image, number) for number, image in enumerate(IMAGES)]
LE = schemes.get("le").random_key(IMAGES.shape, np.random.default_rng(3), block=4)
CIPHERS = schemes.get("le").encrypt(IMAGES, LE)
ALICE = Identity.generate()
FACE = [Region(2, 3, 12, 14)]


def one_thread(_):
    torch.set_num_threads(1)


class Both(torch.utils.data.Dataset):
    """Two data sets side by side, so that workers start once for both."""

    def __init__(self, *parts):
        self.parts = parts

    def __len__(self):
        return len(self.parts[0])

    def __getitem__(self, index):
        return tuple(part[index] for part in self.parts)


def planes(image):
    return torch.from_numpy(image.transpose(2, 0, 1).copy())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of sealed pictures, one with its header beside it, and files of other kinds."""
    root = tmp_path_factory.mktemp("sealed")
    for number, image in enumerate(IMAGES):
        place = root / ("a" if number % 2 else "b")
        place.mkdir(exist_ok=True)
        (root / "plain.png").write_bytes(encode_image(".png", image))
        seal = partial(encrypt_file, root / "plain.png", regions=FACE)
        if number == 5:
            seal(place / f"{number}.tif", ALICE.recipient, sidecar=True)
        else:
            seal(place / f"{number}.png", ALICE.recipient)
    (root / "plain.png").unlink()
    (root / "list.txt").write_text("a b")
    return root


ORDER = (1, 3, 5, 0, 2, 4)


@pytest.mark.parametrize(
    ("kind", "back"),
    [
        (np.asarray, np.asarray),
        (Image.fromarray, np.asarray),
        (planes, lambda tensor: tensor.numpy().transpose(1, 2, 0)),
    ],
)
def test_pictures_of_each_kind_are_encrypted(kind, back):
    data = EncryptedDataset([(kind(image), number) for image, number in ITEMS], "le", LE)
    assert len(data) == 6
    for number, (cipher, label) in enumerate(data[i] for i in range(6)):
        assert type(cipher) is type(kind(IMAGES[0]))
        assert label == number
        np.testing.assert_array_equal(back(cipher), CIPHERS[number])


def test_decryption_and_a_transform():
    ciphers = [(cipher, "a", "b") for cipher in CIPHERS]
    data = EncryptedDataset(ciphers, "le", LE, inverse=True, transform=lambda image: image / 255)
    image, *labels = data[4]
    assert labels == ["a", "b"]
    np.testing.assert_allclose(image, IMAGES[4] / 255, rtol=0, atol=1e-15)


def test_refused_items():
    with pytest.raises(TypeError, match="tuples that begin with a picture, received ndarray"):
        EncryptedDataset(IMAGES, "le", LE)[0]
    with pytest.raises(TypeError, match="uint8, received float64"):
        EncryptedDataset([(IMAGES[0] / 255, 0)], "le", LE)[0]
    with pytest.raises(TypeError, match="received str"):
        EncryptedDataset([("a.png", 0)], "le", LE)[0]
    with pytest.raises(TypeError, match="needs a PbeKey, received LeKey"):
        EncryptedDataset(ITEMS, "pbe", LE)


# Sealed pictures.


def test_sealed_pictures_open_in_a_fixed_order(folder):
    data = SealedFolder(folder, ALICE)
    assert [path.relative_to(folder).as_posix() for path in data.paths] == [
        "a/1.png",
        "a/3.png",
        "a/5.tif",
        "b/0.png",
        "b/2.png",
        "b/4.png",
    ]
    for kind, back in [
        ("pillow", np.asarray),
        ("numpy", np.asarray),
        ("torch", lambda tensor: tensor.permute(1, 2, 0).numpy()),
    ]:
        data = SealedFolder(folder, [SecretKey.generate(), ALICE], kind=kind)
        assert len(data) == 6
        for number, original in enumerate(ORDER):
            np.testing.assert_array_equal(back(data[number]), IMAGES[original])
    assert SealedFolder(folder, ALICE, transform=lambda image: image.size)[0] == (24, 16)


def test_workers_give_what_the_process_itself_gives(folder):
    data = Both(EncryptedDataset(ITEMS, "le", LE), SealedFolder(folder, ALICE, kind="torch"))
    loader = partial(torch.utils.data.DataLoader, data, batch_size=3)
    spawn = {"multiprocessing_context": "spawn", "worker_init_fn": one_thread}
    for batches in (list(loader()), list(loader(num_workers=2, **spawn))):
        encrypted, opened = zip(*batches, strict=True)
        ciphers, labels = (torch.cat(parts) for parts in zip(*encrypted, strict=True))
        assert torch.equal(ciphers, torch.from_numpy(CIPHERS))
        assert labels.tolist() == [*range(6)]
        wanted = torch.stack([planes(IMAGES[number]) for number in ORDER])
        assert torch.equal(torch.cat(opened), wanted)


def test_as_the_loader_of_a_data_set_with_labels(folder):
    pytest.importorskip("vision", reason="needs torchvision")
    datasets = pytest.importorskip("torchvision.datasets", reason="needs torchvision")
    data = datasets.ImageFolder(folder, loader=pickle.loads(pickle.dumps(OpenSealed(ALICE))))
    assert data.classes == ["a", "b"]
    image, label = data[5]
    assert label == 1
    np.testing.assert_array_equal(np.asarray(image), IMAGES[4])


@pytest.mark.parametrize("shape", [(16, 24), (16, 24, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_pictures(tmp_path, shape, dtype):
    image = np.random.default_rng(4).integers(0, 256, shape).astype(dtype) * 3
    sealed = encrypt_image(image, ALICE.recipient, regions=FACE)
    (tmp_path / "g.png").write_bytes(sealed_png(sealed))
    np.testing.assert_array_equal(OpenSealed(ALICE, kind="numpy")(tmp_path / "g.png"), image)
    picture = OpenSealed(ALICE)(tmp_path / "g.png")
    assert picture.mode == ("L" if dtype is np.uint8 else "I;16")
    np.testing.assert_array_equal(np.asarray(picture), image.reshape(16, 24))
    tensor = OpenSealed(ALICE, kind="torch")(tmp_path / "g.png")
    np.testing.assert_array_equal(tensor.numpy(), image.reshape(1, 16, 24))


def test_sixteen_bits_in_colour(tmp_path):
    image = IMAGES[0].astype(np.uint16) * 257
    sealed = encrypt_image(image, ALICE.recipient, regions=FACE)
    (tmp_path / "c.png").write_bytes(sealed_png(sealed))
    with pytest.raises(ValueError, match="16 bits a sample in colour"):
        OpenSealed(ALICE)(tmp_path / "c.png")
    tensor = OpenSealed(ALICE, kind="torch")(tmp_path / "c.png")
    np.testing.assert_array_equal(tensor.numpy(), image.transpose(2, 0, 1))


def test_refused_folders_and_pictures(folder, tmp_path):
    with pytest.raises(AuthenticationError):
        SealedFolder(folder, Identity.generate())[0]
    with pytest.raises(TypeError, match="an identity, received Recipient"):
        SealedFolder(folder, ALICE.recipient)
    with pytest.raises(ValueError, match="pillow, numpy, torch, received 'PIL'"):
        SealedFolder(folder, ALICE, kind="PIL")
    with pytest.raises(MediaError, match="no JPEG, PNG or TIFF"):
        SealedFolder(tmp_path, ALICE)
    with pytest.raises(MediaError, match="none"):
        SealedFolder(tmp_path / "none", ALICE)
    (tmp_path / "plain.png").write_bytes(encode_image(".png", IMAGES[0]))
    with pytest.raises(NotSealedError, match="never encrypted"):
        SealedFolder(tmp_path, ALICE)[0]
