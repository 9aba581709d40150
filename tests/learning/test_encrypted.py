"""Schemes before networks: arrays and tensors, files made ahead, augmentation that commutes."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt import schemes
from facecrypt.errors import KeyFormatError, MediaError, UnknownSchemeError
from facecrypt.learning.augment import PADDING, Moves, allow_after, draw_moves, move
from facecrypt.learning.encrypted import PLAIN, Encryption
from facecrypt.schemes import LeKey, LogisticPixelKey, PbeKey

NAMES = [PLAIN, "le", "ele", "pbe", "logistic-pixel", "etc", "block-shuffle", "combined-cat-map"]
SHAPE = (8, 12, 3)
SQUARE = (16, 16, 3)


def some(count, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


# ---- a scheme and its key --------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_ciphers_are_those_of_the_scheme_and_decrypt(name):
    images = some(5, SQUARE)
    encrypt = Encryption.from_seed(name, images.shape, 7)
    cipher = encrypt(images)
    if name == PLAIN:
        assert cipher is images
        return
    assert not (cipher == images).all()
    assert (schemes.get(name).decrypt(cipher, encrypt.key) == images).all()
    assert encrypt.key == Encryption.from_seed(name, images.shape, 7).key
    assert encrypt.key != Encryption.from_seed(name, images.shape, 8).key


def test_blocks_are_of_4_pixels():
    images = some(1, SQUARE)
    for name in "le", "ele", "etc", "block-shuffle":
        assert Encryption.from_seed(name, images.shape, 0).key.block == 4
    # 16 blocks, not the one of etc's own 16 pixels a side
    assert Encryption.from_seed("etc", images.shape, 0).key.block_perm.shape == (16,)


def test_another_key_has_the_same_block():
    key = schemes.get("le").random_key(SQUARE, np.random.default_rng(0), block=8)
    encrypt = Encryption("le", key)
    other = encrypt.under_another_key(SQUARE, 1)
    assert (encrypt.block, other.key.block) == (8, 8)
    assert other.key != key
    assert Encryption(PLAIN, None).under_another_key(SQUARE, 1).key is None


def test_keys_from_files(tmp_path):
    encrypt = Encryption.from_seed("pbe", SQUARE, 3)
    encrypt.key.save(tmp_path / "key.npz")
    assert Encryption.from_file("pbe", tmp_path / "key.npz").key_id == encrypt.key_id
    with pytest.raises(KeyFormatError, match="a key of scheme 'pbe', expected 'le'"):
        Encryption.from_file("le", tmp_path / "key.npz")


def test_schemes_and_keys_that_do_not_fit():
    with pytest.raises(UnknownSchemeError, match="no scheme 'aes'"):
        Encryption("aes", None)
    with pytest.raises(TypeError, match="scheme 'le' needs a LeKey, received NoneType"):
        Encryption("le", None)
    with pytest.raises(TypeError, match="scheme 'plain' needs a NoneType, received PbeKey"):
        Encryption(PLAIN, PbeKey(np.zeros((1, 1, 3), np.uint8)))


@pytest.mark.parametrize("name", NAMES)
def test_tensors_give_the_bytes_of_arrays(name):
    torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")
    images = some(3, SQUARE)
    encrypt = Encryption.from_seed(name, images.shape, 1)
    cipher = encrypt(torch.from_numpy(images))
    assert isinstance(cipher, torch.Tensor)
    assert (cipher.dtype, cipher.device.type) == (torch.uint8, "cpu")
    assert (cipher.numpy() == encrypt(images)).all()
    strided = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).permute(0, 2, 3, 1)
    assert (encrypt(strided).numpy() == cipher.numpy()).all()


@pytest.mark.parametrize("name", NAMES)
def test_tensors_on_a_card_stay_there(name):
    torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")
    if not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA card")
    images = some(3, SQUARE)
    encrypt = Encryption.from_seed(name, images.shape, 1)
    cipher = encrypt(torch.from_numpy(images).cuda())
    assert cipher.is_cuda
    assert (cipher.cpu().numpy() == encrypt(images)).all()


# ---- ahead of time ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_files_hold_the_ciphers_and_are_made_once(tmp_path, name):
    images = some(6, SQUARE)
    encrypt = Encryption.from_seed(name, images.shape, 5)
    first = encrypt.ahead(images, tmp_path / "deep" / "folder")
    (path,) = (tmp_path / "deep" / "folder").iterdir()
    assert path.suffix == ".npy"
    assert (np.load(path) == encrypt(images)).all()
    assert isinstance(first, np.memmap)
    assert not first.flags.writeable
    before = path.stat()
    again = Encryption.from_seed(name, images.shape, 5).ahead(images, path.parent)
    assert (again == first).all()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_other_pictures_keys_and_schemes_have_other_files(tmp_path):
    images = some(2, SQUARE)
    encrypt = Encryption.from_seed("pbe", images.shape, 0)
    encrypt.ahead(images, tmp_path)
    for other, pictures in (
        (encrypt, images ^ 1),
        (encrypt, images[:1]),
        (Encryption.from_seed("pbe", images.shape, 1), images),
        (Encryption.from_seed("le", images.shape, 0), images),
        (Encryption(PLAIN, None), images),
    ):
        assert (other.ahead(pictures, tmp_path) == other(pictures)).all()
    assert len(list(tmp_path.iterdir())) == 6


def test_ciphers_larger_than_the_pictures(tmp_path):
    images = some(3, (6, 7, 3))
    cipher = Encryption.from_seed("le", images.shape, 0).ahead(images, tmp_path)
    assert cipher.shape == (3, 8, 8, 3)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MediaError, match="no space left"):
        Encryption.from_seed("pbe", SQUARE, 0).ahead(some(2, SQUARE), tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---- augmentation ----------------------------------------------------------------------------


def moved_by_hand(image, row, column, mirror):
    """One sample after the other, as the definition says."""
    height, width, channels = image.shape
    result = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            from_x = (width - 1 - x if mirror else x) + column
            from_y = y + row
            if 0 <= from_y < height and 0 <= from_x < width:
                result[y, x] = image[from_y, from_x]
    assert channels == 3
    return result


@st.composite
def moves_of(draw, count, reach=PADDING):
    shifts = st.lists(st.integers(-reach, reach), min_size=count, max_size=count)
    mirror = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    rows, columns = np.array(draw(shifts)), np.array(draw(shifts))
    return Moves(rows, columns, np.array(mirror))


@settings(deadline=None, max_examples=30)
@given(moves_of(3, reach=14))
def test_moves_are_as_defined_on_arrays_and_tensors(moves):
    images = some(3, SHAPE)
    wanted = [moved_by_hand(image, *one) for image, *one in zip(images, *moves, strict=True)]
    found = move(images, moves)
    assert (found == wanted).all()
    assert found.dtype == np.uint8
    torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")
    tensor = move(torch.from_numpy(images), moves)
    assert tensor.dtype == torch.uint8
    assert (tensor.numpy() == wanted).all()


def test_drawn_moves_cover_all_shifts_and_follow_the_generator():
    moves = draw_moves(2000, np.random.default_rng(0))
    for shifts in moves.rows, moves.columns:
        assert sorted(set(shifts.tolist())) == [*range(-4, 5)]
    assert 900 < moves.mirror.sum() < 1100
    again = draw_moves(2000, np.random.default_rng(0))
    assert all((a == b).all() for a, b in zip(moves, again, strict=True))


def test_moves_for_another_number_of_pictures():
    with pytest.raises(ValueError, match="expected moves for 2 pictures, received 3"):
        move(some(2, SHAPE), draw_moves(3, np.random.default_rng(0)))


@settings(deadline=None, max_examples=20)
@given(moves=moves_of(4), name=st.sampled_from(NAMES[1:]))
def test_before_encryption_every_scheme_gives_ciphers_of_moved_pictures(moves, name):
    images = some(4, SQUARE)
    encrypt = Encryption.from_seed(name, images.shape, 2)
    cipher = encrypt(move(images, moves))
    wanted = [moved_by_hand(image, *one) for image, *one in zip(images, *moves, strict=True)]
    assert (schemes.get(name).decrypt(cipher, encrypt.key) == wanted).all()


def moved_key(key, row, column, mirror):
    """The key whose pixels moved with the picture's; 0 where there were none."""

    def parts(array):
        filled = np.repeat(array[..., None], 3, axis=-1) if array.ndim == 2 else array
        moved = moved_by_hand(filled, row, column, mirror)
        return moved[..., 0] if array.ndim == 2 else moved

    if isinstance(key, PbeKey):
        return PbeKey(parts(key.negate), parts(key.order))
    mask = parts(key.mask)  # planar, as the sequence is laid out
    select = np.ones_like(key.select)
    sequence = mask.transpose(2, 0, 1).ravel()
    return LogisticPixelKey(None, None, select, parts(key.order), "planar", sequence)


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(["pbe", "logistic-pixel"]),
    st.integers(-4, 4),
    st.integers(-4, 4),
    st.booleans(),
)
def test_after_encryption_pixel_schemes_commute_with_a_moved_key(name, row, column, mirror):
    images = some(2, SHAPE)
    key = Encryption.from_seed(name, images.shape, 3).key
    scheme = schemes.get(name)
    one = Moves(np.array([row] * 2), np.array([column] * 2), np.array([mirror] * 2))
    after = move(scheme.encrypt(images, key), one)
    before = scheme.encrypt(move(images, one), moved_key(key, row, column, mirror))
    assert (after == before).all()


@settings(deadline=None, max_examples=10)
@given(st.sampled_from(["pbe", "logistic-pixel"]), st.booleans())
def test_a_mirrored_cipher_is_none_of_the_mirrored_picture_under_the_same_key(name, tensor):
    images = some(1, SHAPE)
    encrypt = Encryption.from_seed(name, images.shape, 3)
    mirror = Moves(np.array([0]), np.array([0]), np.array([True]))
    assert not (move(encrypt(images), mirror) == encrypt(move(images, mirror))).all()


def test_block_schemes_are_refused_after_encryption():
    for name in "pbe", "logistic-pixel":
        allow_after(schemes.get(name))
    allow_after(None)
    blocks = "block-shuffle chaos-blocks ele etc le"
    others = "cat-map chaos-cnn combined-cat-map coupling-cnn fiie"
    for name in f"{blocks} {others}".split():
        with pytest.raises(ValueError, match=f"ciphers of '{name}' cannot be augmented"):
            allow_after(schemes.get(name))


@pytest.mark.parametrize("name", ["le", "ele", "etc", "block-shuffle", "combined-cat-map"])
def test_why_schemes_that_move_samples_are_refused(name):
    """Two pictures that are equal once shifted have ciphers that differ once shifted: no key
    makes one from the other."""
    image = some(1, SQUARE)
    other = image.copy()
    other[:, :, 0] ^= 255  # the column that is shifted out
    shifted = Moves(np.array([0]), np.array([1]), np.array([False]))
    assert (move(image, shifted) == move(other, shifted)).all()
    for moving, differs in (name, True), ("pbe", False):
        encrypt = Encryption.from_seed(moving, SQUARE, 3)
        ciphers = [move(encrypt(one), shifted) for one in (image, other)]
        assert (ciphers[0] != ciphers[1]).any() == differs


def test_a_mirrored_cipher_of_le_is_one_under_another_key():
    key = Encryption.from_seed("le", SQUARE, 3).key
    mirror = np.arange(48).reshape(4, 4, 3)[:, ::-1].ravel()
    nibbles = np.concatenate([mirror, 48 + mirror])  # its own inverse
    renumbered = LeKey(
        nibbles[key.perm[nibbles]], key.reverse_in[nibbles], key.reverse_out[nibbles], 4
    )
    image = some(1, SQUARE)
    le = schemes.get("le")
    assert (
        le.encrypt(image, key)[:, :, ::-1] == le.encrypt(image[:, :, ::-1].copy(), renumbered)
    ).all()
