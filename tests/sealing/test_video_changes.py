"""Videos for other recipients, and with people forgotten."""

import shutil
import warnings
from pathlib import Path

import av
import numpy as np
import pytest
from support.clips import write_clip
from support.second_reader import video as second_reader
from support.second_reader.header import check_mac, expand
from support.second_reader.keys import content_key

from facecrypt import (
    AuthenticationError,
    ForgottenError,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    encrypt_files,
    forget_files,
    forget_regions,
    inspect,
    region_key,
    rewrap_file,
    rewrap_files,
    verify,
)

KEY, OTHER = SecretKey(bytes(range(32))), SecretKey(bytes(32))
FACES = [Region(150, 10, 300, 230), Region(0, 0, 60, 60)]
KINDS = {
    "mp4": (".mp4", False),
    "webm": (".webm", False),
    "mkv beside": (".mkv", True),
    "mp4 beside": (".mp4", True),
}


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A sealed video of each kind, in a folder of its own, and the plain ones."""
    folder = tmp_path_factory.mktemp("videos")
    for kind, (suffix, sidecar) in KINDS.items():
        (folder / kind).mkdir()
        plain = write_clip(folder / f"{kind}{suffix}", 6)
        encrypt_file(plain, folder / kind / f"a{suffix}", KEY, regions=FACES, sidecar=sidecar)
    return folder


@pytest.fixture(params=KINDS)
def sealed(request, tmp_path, material) -> Path:
    suffix, _ = KINDS[request.param]
    shutil.copy2(material / f"{request.param}{suffix}", tmp_path / f"plain{suffix}")
    shutil.copytree(material / request.param, tmp_path / "out")
    return tmp_path / "out" / f"a{suffix}"


def plain_of(path: Path) -> Path:
    return path.parent.parent / f"plain{path.suffix}"


def restored(path: Path, key, name: str = "back") -> Path:
    back = path.parent.parent / f"{name}{path.suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        decrypt_file(path, back, key, overwrite=True)
    return back


def everything(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.parent.iterdir()))


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def by_the_book(path: Path) -> second_reader.Sealed:
    beside = list(path.parent.glob("*.fcrypt"))
    if beside:
        return second_reader.Sealed(path.read_bytes(), beside[0].read_bytes())
    return second_reader.Sealed(*second_reader.in_mp4(path.read_bytes()))


def test_other_recipients(sealed):
    before, size = inspect(sealed), len(everything(sealed))
    shown, names = frames(sealed), sorted(path.name for path in sealed.parent.iterdir())
    face = region_key(before, KEY, 1)
    date = sealed.stat().st_mtime_ns
    header = rewrap_file(sealed, KEY, OTHER)
    assert header == inspect(sealed)
    assert header.picture_id == before.picture_id
    assert restored(sealed, OTHER).read_bytes() == plain_of(sealed).read_bytes()
    assert verify(sealed, OTHER).whole
    assert verify(sealed, face).regions == (1,)
    with pytest.raises(AuthenticationError):
        verify(sealed, KEY)
    assert len(everything(sealed)) == size
    assert sorted(path.name for path in sealed.parent.iterdir()) == names
    assert sealed.stat().st_mtime_ns == date
    assert all((a == b).all() for a, b in zip(frames(sealed), shown, strict=True))


def test_a_second_reader_opens_it(sealed):
    rewrap_file(sealed, KEY, OTHER, keep=True)
    if sealed.suffix == ".webm":
        return  # which the second reader does not take apart
    found = by_the_book(sealed)
    for secret in bytes(range(32)), bytes(32):
        key = content_key(found.header, "symmetric", secret)
        assert found.original(key) == (sealed.suffix, plain_of(sealed).read_bytes())


def test_a_person_is_forgotten(sealed):
    person, original = part_of(sealed, 0), part_of(sealed, 2)
    hers, his = (region_key(inspect(sealed), KEY, index) for index in (1, 0))
    before = restored(sealed, hers)
    shown = frames(before)
    header = forget_regions(sealed, KEY, [0])
    assert header.forgotten == (0, "original")
    assert person[:1000] not in everything(sealed)
    assert original[:1000] not in everything(sealed)
    checked = verify(sealed, KEY)
    assert (checked.regions, checked.forgotten, checked.whole) == ((1,), (0,), True)
    assert verify(sealed, hers).regions == (1,)
    with pytest.raises(ForgottenError):
        verify(sealed, his)
    again = frames(restored(sealed, KEY))
    # Encoded twice, and encoders need not do the same twice.
    assert all(np.abs(a.astype(int) - b).mean() < 2 for a, b in zip(again, shown, strict=True))
    # Gray where he was, and her as she is.
    assert np.abs(again[2][60:180, 180:270].astype(int) - again[2][120, 220]).mean() < 3
    if sealed.suffix != ".webm":
        found = by_the_book(sealed)
        key = content_key(found.header, "symmetric", bytes(range(32)))
        check_mac(found.header, key)
        assert [bool(part) for part in found.parts] == [False, True, False]
        label = b"facecrypt v2 region" + (1).to_bytes(4, "big")
        placements, _ = second_reader.clip_of(found.person(1, expand(key, label)))
        assert len(placements) == 6


def part_of(path: Path, index: int) -> bytes:
    """Bytes of a part, by the book where that reads them."""
    if path.suffix == ".webm":
        data, at = path.read_bytes(), -1
        for _ in range(index + 1):
            at = min(n for n in (data.find(b"fcRg", at + 1), data.find(b"fcPv", at + 1)) if n > 0)
        return data[at + 4 : at + 2004]
    return by_the_book(path).parts[index]


def test_everybody_is_forgotten(sealed):
    public = frames(sealed)
    forget_regions(sealed, KEY, [0, 1])
    assert verify(sealed, KEY).forgotten == (0, 1)
    opened = frames(restored(sealed, KEY))
    assert all(np.abs(a.astype(int) - b).mean() < 4 for a, b in zip(opened, public, strict=True))
    before = everything(sealed)
    forget_regions(sealed, KEY, [1])
    assert everything(sealed) == before


def test_into_another_file(sealed):
    before = everything(sealed)
    there = sealed.parent.parent / "there" / sealed.name
    there.parent.mkdir()
    forget_regions(sealed, KEY, [0], output=there)
    assert everything(sealed) == before
    assert verify(there, KEY).forgotten == (0,)
    rewrap_file(sealed, KEY, OTHER, output=there, overwrite=True)
    assert restored(there, OTHER).read_bytes() == plain_of(sealed).read_bytes()
    assert len(list(there.parent.iterdir())) == len(list(sealed.parent.iterdir()))


def test_folders(sealed):
    assert rewrap_files(sealed.parent, KEY, OTHER, keep=True).done == 1
    assert rewrap_files(sealed.parent, KEY, OTHER, keep=True).skipped == 1
    (result,) = forget_files(sealed.parent, OTHER, [1]).results
    assert (result.skipped, result.forgotten) == (False, (1,))
    assert forget_files(sealed.parent, OTHER, [1]).skipped == 1
    plain = sealed.parent.parent / sealed.name
    plain_of(sealed).rename(plain)
    again = encrypt_files(
        plain,
        sealed.parent,
        [KEY, OTHER],
        regions=FACES,
        sidecar=len(list(sealed.parent.iterdir())) > 1,
    )
    assert again.skipped == 1, again.failed
    assert inspect(sealed).forgotten == (1, "original")


def test_copies_that_killed_runs_left_go(sealed):
    holder = next(sealed.parent.glob("*.fcrypt"), sealed)
    left = sealed.with_name(".facecrypt-0123456789abcdef.tmp")
    shutil.copy(holder, left)
    forget_regions(sealed, KEY, [1])
    assert not left.exists()
