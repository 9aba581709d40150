"""Data sets: layouts written byte by byte, hostile pickles, folders, subsets."""

import pickle
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.places import SHARED

from facecrypt.errors import MediaError
from facecrypt.learning.data import Pictures, load


# Of a picture whose planes are all 1, all 2 and all 3, but for the second sample of its second
# row in the red plane: number 32 + 1.
def planes(mark):
    red, green, blue = bytearray(b"\1" * 1024), b"\2" * 1024, b"\3" * 1024
    red[33] = mark
    return bytes(red) + green + blue


def check_planes(image, mark):
    assert image[1, 1].tolist() == [mark, 2, 3]
    image = image.copy()
    image[1, 1, 0] = 1
    assert (image == np.array([1, 2, 3], np.uint8)).all()


def rejected(path, message):
    with pytest.raises(MediaError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


# ---- the binary layout -----------------------------------------------------------------------


def binary10(folder):
    for number in range(1, 6):
        (folder / f"data_batch_{number}.bin").write_bytes(bytes([number]) + planes(100 + number))
    (folder / "test_batch.bin").write_bytes(bytes([7]) + planes(200) + bytes([9]) + planes(201))
    (folder / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n\n")
    return folder


def test_cifar10_binary(tmp_path):
    pictures = load(binary10(tmp_path))
    assert pictures.name == "CIFAR-10"
    assert pictures.classes == tuple("abcdefghij")
    assert pictures.train_labels.tolist() == [1, 2, 3, 4, 5]
    assert pictures.test_labels.tolist() == [7, 9]
    assert pictures.train_labels.dtype == np.int64
    assert pictures.train.shape == (5, 32, 32, 3)
    assert pictures.whole == (5, 2)
    for number, image in enumerate(pictures.train, 1):
        check_planes(image, 100 + number)
    check_planes(pictures.test[1], 201)


def test_cifar100_binary_takes_the_fine_label(tmp_path):
    (tmp_path / "train.bin").write_bytes(bytes([4, 1]) + planes(50))
    (tmp_path / "test.bin").write_bytes(bytes([4, 0]) + planes(51) + bytes([3, 1]) + planes(52))
    (tmp_path / "fine_label_names.txt").write_text("apple\nbear\n")
    pictures = load(tmp_path)
    assert pictures.name == "CIFAR-100"
    assert pictures.classes == ("apple", "bear")
    assert (pictures.train_labels.tolist(), pictures.test_labels.tolist()) == ([1], [0, 1])
    check_planes(pictures.test[1], 52)


def test_a_binary_batch_that_is_cut(tmp_path):
    binary10(tmp_path)
    (tmp_path / "data_batch_3.bin").write_bytes(b"\1" + planes(9)[:-1])
    rejected(tmp_path, "data_batch_3.bin: 3072 bytes are no whole number of records of 3073")
    (tmp_path / "data_batch_3.bin").unlink()
    rejected(tmp_path, "data_batch_3.bin: no such file")


def test_labels_beyond_the_classes(tmp_path):
    binary10(tmp_path)
    (tmp_path / "batches.meta.txt").write_text("a b c")
    with pytest.raises(ValueError, match="labels go from 1 to 5, but there are 3 classes"):
        load(tmp_path)


# ---- the Python layout -----------------------------------------------------------------------


def text2(value):
    """A byte string as Python 2 pickled it: protocol 2, SHORT_BINSTRING or BINSTRING."""
    if len(value) < 256:
        return b"U" + bytes([len(value)]) + value
    return b"T" + struct.pack("<i", len(value)) + value


def array2(rows, data):
    """A uint8 array (rows, 3072) as NumPy pickled it under Python 2, opcode by opcode."""
    shape = b"K" + bytes([rows]) + b"M" + struct.pack("<H", 3072) + b"\x86"
    dtype = b"cnumpy\ndtype\n" + text2(b"u1") + b"K\0K\1\x87R"
    dtype += b"(K\3" + text2(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + text2(b"b")
    return made + b"\x87R(K\1" + shape + dtype + b"\x89" + text2(data) + b"tb"


def batch2(label, labels, data):
    numbers = b"](" + b"".join(b"K" + bytes([n]) for n in labels) + b"e"
    fields = text2(label) + numbers + text2(b"data") + array2(len(labels), data)
    return b"\x80\2}(" + fields + b"u."


def python10(folder):
    for number in range(1, 6):
        data = batch2(b"labels", [number], planes(100 + number))
        (folder / f"data_batch_{number}").write_bytes(data)
    test = batch2(b"labels", [8, 9], planes(7) + planes(8))
    (folder / "test_batch").write_bytes(test)
    names = b"](" + b"".join(text2(bytes([n])) for n in b"abcdefghij") + b"e"
    (folder / "batches.meta").write_bytes(b"\x80\2}(" + text2(b"label_names") + names + b"u.")
    return folder


def test_cifar10_python_as_python_2_wrote_it(tmp_path):
    pictures = load(python10(tmp_path))
    assert (pictures.name, pictures.classes) == ("CIFAR-10", tuple("abcdefghij"))
    assert pictures.train_labels.tolist() == [1, 2, 3, 4, 5]
    assert pictures.test_labels.tolist() == [8, 9]
    check_planes(pictures.train[4], 105)
    check_planes(pictures.test[1], 8)


def test_cifar100_python_as_python_3_writes_it(tmp_path):
    for name, label, mark in ("train", 0, 5), ("test", 1, 6):
        batch = {b"data": np.frombuffer(planes(mark), np.uint8)[None], b"fine_labels": [label]}
        batch[b"coarse_labels"] = [3]
        (tmp_path / name).write_bytes(pickle.dumps(batch, protocol=2))
    (tmp_path / "meta").write_bytes(pickle.dumps({"fine_label_names": ["apple", "bear"]}))
    pictures = load(tmp_path)
    assert (pictures.name, pictures.classes) == ("CIFAR-100", ("apple", "bear"))
    assert (pictures.train_labels.tolist(), pictures.test_labels.tolist()) == ([0], [1])
    check_planes(pictures.train[0], 5)


HOSTILE = {
    "os.system": b"cos\nsystem\n(S'touch picked'\ntR.",
    "posix.system": b"cposix\nsystem\n(S'touch picked'\ntR.",
    "builtins.eval": b"cbuiltins\neval\n(S'1'\ntR.",
    "builtins.getattr": b"\x80\4cbuiltins\ngetattr\n.",
    "numpy.load": b"cnumpy\nload\n(S'x'\ntR.",
    "numpy.core.multiarray.fromfile": b"cnumpy.core.multiarray\nfromfile\n.",
    "numpy._core.multiarray.fromfile": b"cnumpy._core.multiarray\nfromfile\n.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pickle_can_use_nothing_else(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    python10(tmp_path)
    (tmp_path / "data_batch_2").write_bytes(HOSTILE[name])
    rejected(tmp_path, f"data_batch_2: not a batch of CIFAR: it wants to use {name}, which")
    assert not (tmp_path / "picked").exists()


def test_a_pickle_that_would_inflate(tmp_path):
    python10(tmp_path)
    (tmp_path / "test_batch").write_bytes(b"c_codecs\nencode\n(Vx\nVzip\ntR.")
    rejected(tmp_path, "test_batch: not a batch of CIFAR: it wants the encoding 'zip'")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a batch of CIFAR"),
        (b"\x80\2}.", "has no 'data', only nothing"),
        (b"\x80\2](K\1e.", "it holds a list and no dictionary"),
        (batch2(b"labels", [1], planes(0))[:-40], "not a batch of CIFAR"),
        (batch2(b"labels", [1, 2], planes(0)), "not a batch of CIFAR"),
        (batch2(b"fine_labels", [1], planes(0)), "has no 'labels', only fine_labels, data"),
        (pickle.dumps({"data": np.zeros((1, 3072)), "labels": [1]}, 2), "'data' must be uint8"),
        (
            pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": ["x"]}, 2),
            "'labels' must be 1 integers",
        ),
    ],
)
def test_a_pickle_that_is_no_batch(tmp_path, data, message):
    python10(tmp_path)
    (tmp_path / "data_batch_4").write_bytes(data)
    rejected(tmp_path, message)


def test_what_a_pickle_says_of_objects_is_not_believed(tmp_path):
    # The flags of the type, 0, become 3, objects: NumPy's own dtype took bytes for pointers.
    good = batch2(b"labels", [1], planes(1))
    flags = b"J\xff\xff\xff\xffK\0tb"
    assert good.count(flags) == 1
    python10(tmp_path)
    hostile = good.replace(flags, flags.replace(b"K\0", b"K\3"))
    (tmp_path / "data_batch_1").write_bytes(hostile)
    check_planes(load(tmp_path).train[0], 1)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_pickle_gives_pictures_or_a_clear_error(tmp_path_factory, data):
    folder = python10(tmp_path_factory.mktemp("cifar"))
    good = bytearray(batch2(b"labels", [1], planes(0)))
    position = data.draw(st.integers(0, 200) | st.integers(len(good) - 30, len(good) - 1))
    good[position] = data.draw(st.integers(0, 255))
    (folder / "data_batch_1").write_bytes(good)
    said = "nothing is wrong"
    try:
        load(folder)
    except (MediaError, ValueError) as error:
        said = str(error)
    assert said


# ---- JPEG streams ----------------------------------------------------------------------------


def jpeg(value):
    return np.frombuffer(cv2.imencode(".jpg", np.full((8, 8, 3), value, np.uint8))[1], np.uint8)


def streams(path, **changes):
    arrays = {"classes": np.array(["dark", "light"])}
    for part, values in ("train", (10, 240, 20)), ("test", (250,)):
        found = [jpeg(value) for value in values]
        arrays[f"{part}_jpeg"] = np.concatenate(found)
        arrays[f"{part}_offset"] = np.cumsum([0] + [one.size for one in found])
        arrays[f"{part}_label"] = np.array([value > 128 for value in values], np.uint8)
    np.savez(path, **{k: v for k, v in (arrays | changes).items() if v is not None})
    return path


def test_jpeg_streams(tmp_path):
    pictures = load(streams(tmp_path / "grays.npz"))
    assert (pictures.name, pictures.classes) == ("grays", ("dark", "light"))
    assert pictures.train_labels.tolist() == [0, 1, 0]
    assert pictures.train.shape == (3, 8, 8, 3)
    assert np.abs(pictures.train[1].astype(int) - 240).max() <= 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_label": None}, "has no array 'test_label'"),
        ({"train_offset": np.array([0, 9])}, "train_offset must be 4 growing integers"),
        ({"test_jpeg": np.zeros(1000, np.uint8)}, "test picture 0 is no JPEG"),
    ],
)
def test_other_arrays(tmp_path, changes, message):
    rejected(streams(tmp_path / "x.npz", **changes), message)


def test_the_copy_of_cifar_10():
    path = SHARED / "cifar10-jpeg.npz"
    if not path.exists():
        pytest.skip("needs the JPEG copy of CIFAR-10 beside the checkout")
    pictures = load(path)
    assert pictures.train.shape == (50000, 32, 32, 3)
    assert pictures.classes[0] == "airplane"
    few = pictures.subset(1000, 100, seed=3)
    assert np.bincount(few.train_labels).tolist() == [100] * 10
    assert np.bincount(few.test_labels).tolist() == [10] * 10


# ---- folders of pictures ---------------------------------------------------------------------


def picture(path, colour, size=(20, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def test_folders_with_their_own_test_pictures(tmp_path):
    picture(tmp_path / "train" / "red" / "a.png", (200, 0, 0))
    picture(tmp_path / "train" / "blue" / "b.jpg", (0, 0, 200))
    picture(tmp_path / "val" / "red" / "c.png", (100, 0, 0), (7, 30))
    (tmp_path / "train" / "red" / "notes.txt").write_text("no picture")
    pictures = load(tmp_path, side=16)
    assert pictures.classes == ("blue", "red")
    assert pictures.train.shape == (2, 16, 16, 3)
    assert pictures.train_labels.tolist() == [0, 1]
    assert pictures.test_labels.tolist() == [1]
    assert (pictures.train[1] == (200, 0, 0)).all()
    assert (pictures.test[0] == (100, 0, 0)).all()


def test_the_central_square_is_kept_and_scaled(tmp_path):
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = 90  # all of the central square
    (tmp_path / "train" / "a").mkdir(parents=True)
    Image.fromarray(wide).save(tmp_path / "train" / "a" / "x.png")
    picture(tmp_path / "test" / "a" / "y.png", (0, 0, 0))
    assert (load(tmp_path, side=2).train == 90).all()


def test_gray_and_deep_pictures_become_rgb(tmp_path):
    (tmp_path / "train" / "a").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "train" / "a" / "x.png"), np.full((5, 5), 0x1234, np.uint16))
    picture(tmp_path / "test" / "a" / "y.png", (0, 0, 0))
    assert (load(tmp_path, side=5).train == 0x12).all()


def test_a_folder_without_test_pictures_is_split_by_the_seed(tmp_path):
    for number in range(20):
        for name in "ab":
            picture(tmp_path / name / f"{number}.png", (number, 0, 0))
    one, again, other = (load(tmp_path, side=2, seed=seed) for seed in (1, 1, 2))
    assert np.bincount(one.train_labels).tolist() == [16, 16]
    assert np.bincount(one.test_labels).tolist() == [4, 4]
    both = [*one.train[:, 0, 0, 0].tolist(), *one.test[:, 0, 0, 0].tolist()]
    assert sorted(both) == sorted([*range(20)] * 2)
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_what_is_no_data_set(tmp_path):
    rejected(tmp_path / "none", "no such folder")
    rejected(
        tmp_path, r"no data set: expected CIFAR-10 or CIFAR-100 \(data_batch_1, train, …\), or"
    )
    picture(tmp_path / "train" / "a" / "x.png", (0, 0, 0))
    picture(tmp_path / "test" / "b" / "x.png", (0, 0, 0))
    rejected(tmp_path, "no data set|class 'b' is not in")


def test_one_picture_cannot_be_split(tmp_path):
    picture(tmp_path / "a" / "x.png", (0, 0, 0))
    rejected(tmp_path, "one picture is too few")


def test_test_pictures_alone(tmp_path):
    picture(tmp_path / "test" / "a" / "x.png", (0, 0, 0))
    rejected(tmp_path, "has test/ but no train/")


# ---- subsets ---------------------------------------------------------------------------------


def numbered(labels):
    images = np.zeros((len(labels), 1, 1, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(len(labels))
    labels = np.array(labels, np.int64)
    return Pictures("numbers", images, labels, images, labels, tuple("abc"))


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=60),
    st.data(),
    st.integers(0, 2**32),
)
def test_a_subset_has_the_proportions_of_all(labels, data, seed):
    whole = numbered(labels)
    count = data.draw(st.integers(1, len(labels)))
    few = whole.subset(count, None, seed)
    chosen = few.train[:, 0, 0, 0]
    assert len(set(chosen.tolist())) == len(few.train_labels) == count
    assert (few.train_labels == np.array(labels)[chosen]).all()
    share = np.bincount(labels, minlength=3) * count / len(labels)
    assert (np.abs(np.bincount(few.train_labels, minlength=3) - share) <= 1).all()
    assert len(few.test) == len(labels)
    assert few.fingerprint == whole.subset(count, None, seed).fingerprint


def test_a_subset_depends_on_the_seed():
    whole = numbered([0, 1, 2] * 20)
    assert whole.subset(30, 30, 1).fingerprint != whole.subset(30, 30, 2).fingerprint


@pytest.mark.parametrize("count", [0, -1, 4])
def test_a_subset_that_cannot_be(count):
    with pytest.raises(ValueError, match=f"a subset has 1 to 3 pictures, received {count}"):
        numbered([0, 1, 2]).subset(count, None, 0)


def test_pictures_that_are_none():
    good, labels = np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2, np.int64)
    for images, numbers, message in (
        (good.astype(float), labels, "pictures must be uint8"),
        (good[..., :1], labels, "pictures must be uint8"),
        (good, labels[:1], "expected 2 labels"),
    ):
        with pytest.raises(ValueError, match=message):
            Pictures("x", images, numbers, good, labels, ("a",))
