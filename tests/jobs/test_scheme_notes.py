"""What a cipher of a scheme says about itself, and arrays in files: strict, and bounded."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from facecrypt import schemes
from facecrypt.errors import ContainerError, MediaError
from facecrypt.jobs import scheme_notes as notes
from facecrypt.jobs.scheme_notes import Note, key_id
from facecrypt.media import npy as arrays
from facecrypt.media.npy import read_arrays
from facecrypt.regions import Region

KEY = "00112233445566778899aabbccddeeff"
SOUND = (
    b'{"format":"facecrypt scheme","key":"00112233445566778899aabbccddeeff",'
    b'"regions":[[0,0,4,6],[-3,1,2,2]],"scheme":"fiie","shape":[7,6,5,3],"version":1}'
)


def test_one_spelling():
    note = Note("fiie", KEY, (7, 6, 5, 3), (Region(0, 0, 4, 6), Region(-3, 1, 2, 2)))
    assert note.to_bytes() == SOUND
    assert Note.from_bytes(SOUND) == note
    without = SOUND.replace(b"[[0,0,4,6],[-3,1,2,2]]", b"null")
    assert Note.from_bytes(without).regions is None
    assert Note.from_bytes(SOUND.replace(b"[[0,0,4,6],[-3,1,2,2]]", b"[]")).regions == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version":1', b'"version":2'),
        (b'"version":1', b'"version":1.0'),
        (b'"version":1', b'"version":true'),
        (b'"version":1', b'"version": 1'),
        (b'"version":1}', b'"version":1}\n'),
        (b'"version":1}', b'"version":1,"x":1}'),
        (b'"version":1}', b'"version":1'),
        (b',"version":1', b""),
        (b'"facecrypt scheme"', b'"facecrypt"'),
        (b'"fiie"', b'"../fiie"'),
        (b'"fiie"', b'"FIIE"'),
        (b'"fiie"', b'""'),
        (b'"fiie"', b"1"),
        (b'"fiie"', b"null"),
        (b"eeff", b"eef"),
        (b"eeff", b"eefg"),
        (b"eeff", b"EEFF"),
        (b"[7,6,5,3]", b"[7]"),
        (b"[7,6,5,3]", b"[7,6,5,3,1]"),
        (b"[7,6,5,3]", b"[7,6,5,-3]"),
        (b"[7,6,5,3]", b"[7,6,5,3.0]"),
        (b"[7,6,5,3]", b"[7,6,5,true]"),
        (b"[7,6,5,3]", b"3"),
        (b"[7,6,5,3]", b"null"),
        (b"[0,0,4,6]", b"[0,0,4]"),
        (b"[0,0,4,6]", b"[0,0,4,6.0]"),
        (b"[0,0,4,6]", b"[0,0,0,6]"),
        (b"[0,0,4,6]", b"[0,false,4,6]"),
        (b"[0,0,4,6]", b'[0,0,4,6,"ellipse"]'),
        (b"[0,0,4,6]", b'"0046"'),
        (b"[[0,0,4,6],[-3,1,2,2]]", b"5"),
        (b"[[0,0,4,6],[-3,1,2,2]]", b"{}"),
        (b'{"format"', b'[{"format"'),
        (b"{", b"\xff{"),
        (b"[0,0,4,6]", b"[" * 100_000),
        (b"[0,0,4,6]", b"[0,0," + b"9" * 5_000 + b",9]"),
    ],
    ids=lambda text: text[:30].decode("latin1"),
)
def test_anything_else_is_refused(old, new):
    assert SOUND.count(old) == 1
    with pytest.raises(ContainerError, match=r"damaged, or of a newer release"):
        Note.from_bytes(SOUND.replace(old, new))


def test_no_note_is_large(monkeypatch):
    with pytest.raises(ContainerError, match=r"has 8388609 bytes, more than 8388608"):
        Note.from_bytes(b" " * (2**23 + 1))
    monkeypatch.setattr(notes, "MAX_NOTE_BYTES", len(SOUND))
    note = Note.from_bytes(SOUND)
    assert note.to_bytes() == SOUND
    with pytest.raises(ContainerError, match=rf"of {len(SOUND) + 10} bytes is more than"):
        replace(note, regions=(Region(0, 0, 4, 6), *note.regions)).to_bytes()


@pytest.mark.parametrize("name", schemes.names())
def test_key_ids_tell_keys_apart_and_outlive_a_file(name, tmp_path):
    scheme = schemes.get(name)
    one, other = (scheme.derive_key((8, 8, 3), bytes([seed]) * 32) for seed in (1, 2))
    one.save(tmp_path / "key.npz")
    assert key_id(scheme.key_type.load(tmp_path / "key.npz")) == key_id(one) != key_id(other)


def test_how_a_key_was_vetted_is_no_part_of_its_id():
    keys = [schemes.FiieKey(3.995, 0.41, allow_weak=weak) for weak in (False, True)]
    assert key_id(keys[0]) == key_id(keys[1])


def npz(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


ONES = npy(np.ones((4, 4, 3), np.uint8))
# The header claims a petabyte; its length stays, for it is padded.
HUGE = ONES.replace(b"(4, 4, 3), }" + 14 * b" ", b"(4, 1" + 14 * b"0" + b", 3), }")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.npy", b""),
        ("x.npy", ONES[:-1]),
        ("x.npy", ONES[:20]),
        ("x.npy", HUGE),
        ("x.npy", npy(np.array([{}], object))),
        ("x.npy", b"cos\nsystem\n(S'true'\ntR."),
        ("x.npz", b"PK\x03\x04"),
        ("x.npz", npz({"a.npy": ONES})[:-30]),
        ("x.npz", npz({"a.npy": ONES[:-1]})),
        ("x.npz", npz({"a.npy": HUGE})),
        ("x.npz", npz({"a.npy": npy(np.array([{}], object))})),
        ("x.npz", npz({"a.npy": ONES}).replace(b"\1\1\1\1", b"\1\1\2\1", 1)),
        ("x.npz", npz({"a.txt": b"text"})),
    ],
)
def test_damaged_arrays(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MediaError, match=r"not a file of plain NumPy arrays|is no array") as caught:
        read_arrays(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_compressed_arrays_are_bounded_and_stored_ones_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "_MAX_INFLATED", 100)
    (tmp_path / "x.npz").write_bytes(npz({"a.npy": ONES}, zipfile.ZIP_DEFLATED))
    with pytest.raises(MediaError, match=r"compressed arrays have more than 100 bytes"):
        read_arrays(tmp_path / "x.npz")
    (tmp_path / "x.npz").write_bytes(npz({"a.npy": ONES}))
    assert read_arrays(tmp_path / "x.npz")["a"].sum() == 48
