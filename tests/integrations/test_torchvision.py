import pickle
from functools import partial

import numpy as np
import pytest
from PIL import Image
from support.mtcnn_pictures import astronaut
from support.vision import Pictures, one_thread, torch, tv_tensors, v2

from facecrypt import MTCNN, Header, Identity, Region, Sealed, decrypt_image, schemes
from facecrypt.errors import UnknownSchemeError
from facecrypt.integrations.torchvision import EncryptScheme, SealFaces

torch.set_num_threads(1)
RNG = np.random.default_rng(20)
IMAGES = RNG.integers(0, 256, (6, 16, 24, 3), np.uint8)
SQUARES = RNG.integers(0, 256, (4, 16, 16, 3), np.uint8)
ALICE = Identity.generate()


def key_of(name, shape, **options):
    return schemes.get(name).random_key(shape, np.random.default_rng(3), **options)


PBE = key_of("pbe", (16, 24, 3))
LE = key_of("le", (16, 24, 3), block=4)


def planes(images):
    """(..., H, W, C) as a tensor (..., C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, -3)))


def same(tensor, array):
    assert tensor.is_contiguous()
    np.testing.assert_array_equal(tensor.cpu().numpy(), np.moveaxis(array, -1, -3))


class FixedDetector:
    def detect(self, image):
        return [Region(2, 3, 10, 12)]


@pytest.mark.parametrize("name", sorted(set(schemes.names()) - {"fiie"}))
def test_every_scheme_gives_its_bytes_and_goes_back(name):
    options = {"block": 4} if name in ("block-shuffle", "ele", "etc", "le") else {}
    key = key_of(name, SQUARES.shape, **options)
    cipher = EncryptScheme(name, key)(planes(SQUARES))
    same(cipher, schemes.get(name).encrypt(SQUARES, key))
    same(EncryptScheme(name, key, inverse=True)(cipher), SQUARES)


def test_a_picture_comes_back_as_the_kind_that_it_was():
    wanted = schemes.get("le").encrypt(IMAGES, LE)
    encrypt = EncryptScheme("le", LE)
    for kind, images in [
        (torch.Tensor, planes(IMAGES[0])),
        (torch.Tensor, planes(IMAGES)),
        (tv_tensors.Image, tv_tensors.Image(planes(IMAGES[0]))),
        (tv_tensors.Image, tv_tensors.Image(planes(IMAGES))),
        (tv_tensors.Video, tv_tensors.Video(planes(IMAGES))),
    ]:
        before = images.clone()
        cipher = encrypt(images)
        assert type(cipher) is kind
        same(cipher, wanted if images.ndim == 4 else wanted[0])
        assert torch.equal(images, before)
    cipher = encrypt(Image.fromarray(IMAGES[0]))
    assert isinstance(cipher, Image.Image)
    assert cipher.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(cipher), wanted[0])


def test_gray_pictures():
    gray = IMAGES[0, :, :, :1]
    key = key_of("pbe", gray.shape)
    wanted = schemes.get("pbe").encrypt(gray, key)
    same(EncryptScheme("pbe", key)(planes(gray)), wanted)
    cipher = EncryptScheme("pbe", key)(Image.fromarray(gray[:, :, 0]))
    assert cipher.mode == "L"
    np.testing.assert_array_equal(np.asarray(cipher), wanted[:, :, 0])


def test_what_is_no_picture_passes_through():
    boxes = tv_tensors.BoundingBoxes([[1, 2, 3, 4]], format="XYXY", canvas_size=(16, 24))
    mask = tv_tensors.Mask(torch.ones((16, 24), dtype=torch.uint8))
    sample = {"image": tv_tensors.Image(planes(IMAGES[0])), "boxes": boxes, "mask": mask}
    sample |= {"label": torch.tensor(7), "name": "a"}
    out = EncryptScheme("pbe", PBE)(sample)
    same(out["image"], schemes.get("pbe").encrypt(IMAGES[0], PBE))
    assert all(out[name] is sample[name] for name in ("boxes", "mask", "label", "name"))


def test_within_a_pipeline():
    steps = [v2.PILToTensor(), EncryptScheme("pbe", PBE), v2.ToDtype(torch.float32, scale=True)]
    out = v2.Compose(steps)(Image.fromarray(IMAGES[0]))
    wanted = planes(schemes.get("pbe").encrypt(IMAGES[0], PBE)).float() / 255
    torch.testing.assert_close(out, wanted, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("picture", "error", "words"),
    [
        (torch.zeros(3, 16, 24), TypeError, "uint8, received float32; put the encryption before"),
        (torch.zeros((16, 24, 3), dtype=torch.uint8), ValueError, "puts channels first"),
        (torch.zeros((16, 24), dtype=torch.uint8), ValueError, r"\(C, H, W\)"),
        (torch.zeros((4, 16, 24), dtype=torch.uint8), ValueError, "alpha"),
        (torch.zeros((3, 16, 25), dtype=torch.uint8), ValueError, "16.*24.*16.*25"),
        (Image.new("RGBA", (24, 16)), ValueError, "alpha"),
        (Image.new("P", (24, 16)), ValueError, "convert"),
    ],
)
def test_refused_pictures(picture, error, words):
    with pytest.raises(error, match=words):
        EncryptScheme("pbe", PBE)(picture)


def test_a_picture_that_would_have_to_be_padded_is_refused():
    with pytest.raises(ValueError, match=r"takes pictures of \(16, 24\) .* rather than \(14, 24\)"):
        EncryptScheme("le", LE)(planes(IMAGES[0, :14]))


def test_refused_keys():
    with pytest.raises(TypeError, match="needs a LeKey, received PbeKey"):
        EncryptScheme("le", PBE)
    with pytest.raises(ValueError, match="regions"):
        EncryptScheme("fiie", key_of("fiie", (16, 24, 3)))
    with pytest.raises(UnknownSchemeError, match="'aes'"):
        EncryptScheme("aes", PBE)


def test_a_key_travels_but_does_not_show():
    encrypt = EncryptScheme("pbe", PBE)
    again = pickle.loads(pickle.dumps(encrypt))
    assert torch.equal(again(planes(IMAGES)), encrypt(planes(IMAGES)))
    assert repr(encrypt) == "EncryptScheme(name=pbe, inverse=False)"
    assert not encrypt.state_dict()


def test_workers_give_what_the_process_itself_gives():
    data = Pictures(IMAGES, EncryptScheme("le", LE))
    loader = partial(torch.utils.data.DataLoader, data, batch_size=2)
    serial = list(loader())
    spawned = list(
        loader(num_workers=2, multiprocessing_context="spawn", worker_init_fn=one_thread)
    )
    wanted = schemes.get("le").encrypt(IMAGES, LE)
    for part, (mine, theirs) in enumerate(zip(serial, spawned, strict=True)):
        same(mine[0], wanted[2 * part : 2 * part + 2])
        assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
def test_a_tensor_on_a_card_stays_there():
    pytest.importorskip("numba.cuda", reason="needs facecrypt[cuda]")
    cipher = EncryptScheme("le", LE)(tv_tensors.Image(planes(IMAGES), device="cuda"))
    assert type(cipher) is tv_tensors.Image
    assert cipher.is_cuda
    same(cipher, schemes.get("le").encrypt(IMAGES, LE))
    photo = tv_tensors.Image(planes(IMAGES[0]), device="cuda")
    assert SealFaces(ALICE.recipient, detector=FixedDetector)(photo).is_cuda


# Sealing.


def test_faces_of_a_photo_are_sealed_and_open_again():
    pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")
    photo = astronaut()
    seal = SealFaces(ALICE.recipient, detector=partial(MTCNN, preset="fast"), with_header=True)
    image, label = tv_tensors.Image(planes(photo)), 5
    (picture, data), label = seal(image, label)
    header = Header.from_bytes(data)
    assert type(picture) is tv_tensors.Image
    assert label == 5
    assert len(header.regions) == 1
    pixels = np.moveaxis(picture.numpy(), 0, -1)
    box = header.regions[0]
    changed = np.zeros(photo.shape[:2], bool)
    changed[box.y0 : box.y1, box.x0 : box.x1] = True
    assert (pixels == photo)[~changed].all()
    assert (pixels != photo)[changed].mean() > 0.9
    opened = decrypt_image(Sealed(pixels, header), ALICE)
    np.testing.assert_array_equal(opened, photo)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_sealed_pictures_of_pillow(mode):
    photo = Image.fromarray(IMAGES[0]).convert(mode)
    seal = SealFaces(ALICE.recipient, detector=FixedDetector, grow=0, with_header=True)
    picture, data = seal(photo)
    header = Header.from_bytes(data)
    assert picture.mode == mode
    # (2, 3, 10, 12), widened to cells of 16 pixels.
    assert header.regions[0].box == (0, 0, 16, 16)
    opened = decrypt_image(Sealed(np.asarray(picture), header), ALICE)
    np.testing.assert_array_equal(opened, np.asarray(photo))
    plain = SealFaces(ALICE.recipient, detector=FixedDetector)(photo)
    assert isinstance(plain, Image.Image)
    assert plain != photo


def test_each_worker_makes_its_own_detector():
    seal = SealFaces(ALICE.recipient, detector=FixedDetector, with_header=True)
    seal(planes(IMAGES[0]))
    assert b"FixedDetector" in pickle.dumps(seal)
    assert pickle.loads(pickle.dumps(seal)).__dict__["_detector"] is None


def test_refused_sealing():
    with pytest.raises(TypeError, match="make a detector"):
        SealFaces(ALICE.recipient, detector=FixedDetector())
    with pytest.raises(TypeError, match="a recipient, received Identity"):
        SealFaces(ALICE)
    seal = SealFaces(ALICE.recipient, detector=FixedDetector)
    with pytest.raises(ValueError, match="one picture at a time"):
        seal(planes(IMAGES))
    with pytest.raises(TypeError, match="uint8, received float32"):
        seal(torch.zeros(3, 16, 24))
