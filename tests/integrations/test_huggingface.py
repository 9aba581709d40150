import io
import pickle
import warnings

import numpy as np
import pytest
from PIL import Image, ImageCms
from support.mtcnn_pictures import astronaut

from facecrypt import AuthenticationError, Identity, Region, SecretKey, schemes
from facecrypt.errors import MediaError, NotSealedError
from facecrypt.integrations.huggingface import EncryptScheme, OpenFaces, SealFaces
from facecrypt.media import decode_image, encode_image
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.in_memory import decode

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    datasets = pytest.importorskip("datasets", reason="needs datasets of Hugging Face")

IMAGES = np.random.default_rng(20).integers(0, 256, (5, 16, 24, 3), np.uint8)
LE = schemes.get("le").random_key(IMAGES.shape, np.random.default_rng(3), block=4)
CIPHERS = schemes.get("le").encrypt(IMAGES, LE)
ALICE = Identity.generate()
LABELS = [3, 1, 4, 1, 5]
FILES = datasets.Image(decode=False)


class FixedDetector:
    def detect(self, image):
        return [Region(2, 3, 12, 14)]


@pytest.fixture(autouse=True)
def quiet(tmp_path, monkeypatch):
    """Caches that end with the test, no progress on the terminal, and not a word to a server."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()


def table(cells, feature):
    features = datasets.Features({"image": feature, "label": datasets.Value("int64")})
    return datasets.Dataset.from_dict({"image": cells, "label": LABELS[: len(cells)]}, features)


def jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG")
    return file.getvalue()


def on_disk(dataset, folder):
    dataset.save_to_disk(folder)
    return datasets.load_from_disk(folder)


def pixels(dataset):
    return np.stack([np.asarray(row["image"]) for row in dataset])


def test_a_column_of_jpegs_becomes_ciphers_without_loss_and_goes_back(tmp_path):
    files = [jpeg(image) for image in IMAGES]
    plain = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files])
    dataset = table(files, datasets.Image())
    mapped = dataset.map(EncryptScheme("le", LE), batched=True, with_rank=True, batch_size=2)
    mapped = on_disk(mapped, tmp_path / "cipher")
    assert mapped.features == dataset.features
    assert mapped["label"][:] == LABELS
    np.testing.assert_array_equal(pixels(mapped), schemes.get("le").encrypt(plain, LE))
    back = mapped.map(EncryptScheme("le", LE, inverse=True), batched=True)
    np.testing.assert_array_equal(pixels(on_disk(back, tmp_path / "plain")), plain)


def test_on_the_fly_and_with_two_processes():
    dataset = table([encode_image(".png", image) for image in IMAGES], datasets.Image())
    lazy = dataset.with_transform(EncryptScheme("le", LE))
    np.testing.assert_array_equal(np.asarray(lazy[3]["image"]), CIPHERS[3])
    assert lazy[3]["label"] == 1
    streamed = dataset.to_iterable_dataset().map(EncryptScheme("le", LE), batched=True)
    np.testing.assert_array_equal(pixels(streamed), CIPHERS)
    forked = dataset.map(EncryptScheme("le", LE), batched=True, with_rank=True, num_proc=2)
    np.testing.assert_array_equal(pixels(forked), CIPHERS)


def test_missing_pictures_stay_missing_and_the_column_has_any_name():
    cells = [None, encode_image(".png", IMAGES[1])]
    dataset = table(cells, datasets.Image()).rename_column("image", "photo")
    mapped = dataset.map(EncryptScheme("le", LE, column="photo"), batched=True)
    assert mapped[0]["photo"] is None
    np.testing.assert_array_equal(np.asarray(mapped[1]["photo"]), CIPHERS[1])


def test_faces_are_sealed_on_disk_and_open_again(tmp_path):
    pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")
    photos = [astronaut(), np.zeros((40, 60, 3), np.uint8)]
    dataset = table([encode_image(".png", photo) for photo in photos], FILES)
    sealed = dataset.map(SealFaces(ALICE.recipient), batched=True, with_rank=True)
    sealed = on_disk(sealed, tmp_path / "sealed")
    assert sealed.features == dataset.features
    assert sealed["label"][:] == LABELS[:2]
    for row, photo, faces in zip(sealed, photos, (1, 0), strict=True):
        opened = decode(Source(row["image"]["bytes"]), [ALICE])
        assert len(opened.header.regions) == faces
        assert (decode_image(row["image"]["bytes"]).pixels != photo).any() == bool(faces)
        np.testing.assert_array_equal(opened.pixels, photo)
    opened = sealed.map(OpenFaces(ALICE), batched=True).cast_column("image", datasets.Image())
    lazy = sealed.with_transform(OpenFaces([SecretKey.generate(), ALICE]))
    for number, photo in enumerate(photos):
        np.testing.assert_array_equal(np.asarray(opened[number]["image"]), photo)
        np.testing.assert_array_equal(np.asarray(lazy[number]["image"]), photo)


def test_a_column_of_jpegs_stays_one():
    files = [jpeg(image) for image in IMAGES[:2]]
    dataset = table([{"bytes": file, "path": None} for file in files], FILES)
    sealed = dataset.map(SealFaces(ALICE.recipient, detector=FixedDetector), batched=True)
    for row, file in zip(sealed, files, strict=True):
        assert row["image"]["bytes"][:3] == b"\xff\xd8\xff"
        assert decode(Source(row["image"]["bytes"]), [ALICE]).given == file
    opened = sealed.map(OpenFaces(ALICE), batched=True).cast_column("image", datasets.Image())
    for number, file in enumerate(files):
        want = np.asarray(Image.open(io.BytesIO(file)))
        np.testing.assert_array_equal(np.asarray(opened[number]["image"]), want)


def test_the_plain_file_is_not_taken_for_the_sealed_one(tmp_path):
    # datasets drops the bytes of a cell whose path leads to a file.
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path, image in zip(paths, IMAGES, strict=False):
        path.write_bytes(encode_image(".png", image))
    dataset = table([str(path) for path in paths], FILES)
    assert dataset[0]["image"] == {"bytes": None, "path": str(paths[0])}
    sealed = dataset.map(SealFaces(ALICE.recipient, detector=FixedDetector), batched=True)
    for row, image in zip(sealed, IMAGES, strict=False):
        assert row["image"]["path"] is None
        assert (decode_image(row["image"]["bytes"]).pixels != image).any()


def test_the_colour_profile_stays():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    cell = {"bytes": encode_image(".png", IMAGES[0], icc=profile), "path": None}
    batch = SealFaces(ALICE.recipient, detector=FixedDetector)({"image": [cell]})
    assert OpenFaces(ALICE)(batch)["image"][0].info["icc_profile"] == profile


def test_workers_get_public_keys_only_and_an_unopened_detector():
    seal = SealFaces(ALICE.recipient, detector=FixedDetector)
    fresh = pickle.dumps(seal)
    seal({"image": [{"bytes": encode_image(".png", IMAGES[0]), "path": None}]})
    # The same bytes: datasets takes them for the name of its cache.
    assert pickle.dumps(seal) == fresh
    with pytest.raises(TypeError, match="public"):
        SealFaces(SecretKey.generate())


def test_refused_cells(tmp_path):
    seal = SealFaces(ALICE.recipient, detector=FixedDetector)
    with pytest.raises(TypeError, match=r"cast_column\('image', datasets\.Image\(decode=False\)\)"):
        seal({"image": [Image.fromarray(IMAGES[0])]})
    with pytest.raises(MediaError, match=r"^a\.jpg: not a picture"):
        seal({"image": [{"bytes": b"torn", "path": "a.jpg"}]})
    with pytest.raises(MediaError, match=r"none\.png"):
        seal({"image": [{"bytes": None, "path": str(tmp_path / "none.png")}]})
    sealed = seal({"image": [{"bytes": encode_image(".png", IMAGES[0]), "path": None}]})
    with pytest.raises(AuthenticationError):
        OpenFaces(Identity.generate())({"image": [*sealed["image"]]})
    with pytest.raises(MediaError, match=r"column 'image': is a sealed picture already"):
        seal({"image": [*sealed["image"]]})
    with pytest.raises(NotSealedError, match="never encrypted"):
        OpenFaces(ALICE)({"image": [{"bytes": encode_image(".png", IMAGES[0]), "path": None}]})
    with pytest.raises(TypeError, match="an identity, received Recipient"):
        OpenFaces(ALICE.recipient)
