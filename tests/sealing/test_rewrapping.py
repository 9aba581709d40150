"""Who may open a file changes; the picture, its parts and keys of regions do not."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.second_opinion import second_opinion

from facecrypt import (
    AuthenticationError,
    ContainerError,
    Identity,
    KeyFormatError,
    MediaError,
    Passphrase,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    inspect,
    region_key,
    rewrap_file,
    verify,
)
from facecrypt.media import jpeg
from facecrypt.media.png import encode_png, replace_chunk
from facecrypt.sealing.finding import read_payload

KEY = SecretKey(bytes(range(32)))
FACES = [Region(0, 0, 16, 16), Region(16, 16, 48, 32)]
KINDS = {"png": ("a.png", False), "jpeg": ("a.jpg", False), "sidecar": ("a.png", True)}


@pytest.fixture(params=KINDS)
def sealed(request, tmp_path, photo) -> Path:
    """A sealed file of each carrier, and the plain one as ``plain.…`` beside its folder."""
    name, sidecar = KINDS[request.param]
    plain, path = tmp_path / f"plain{Path(name).suffix}", tmp_path / "out" / name
    Image.fromarray(photo).save(plain)
    os.utime(plain, ns=(10**18, 10**18))
    path.parent.mkdir()
    encrypt_file(plain, path, KEY, regions=FACES, sidecar=sidecar)
    return path


def plain_of(sealed: Path) -> Path:
    return sealed.parent.parent / f"plain{sealed.suffix}"


def restored(sealed: Path, key) -> bytes:
    back = sealed.parent.parent / f"back{sealed.suffix}"
    decrypt_file(sealed, back, key, overwrite=True)
    return back.read_bytes() if sealed.suffix == ".jpg" else Image.open(back).tobytes()


def original(sealed: Path) -> bytes:
    plain = plain_of(sealed)
    return plain.read_bytes() if sealed.suffix == ".jpg" else Image.open(plain).tobytes()


def without_header(path: Path) -> list:
    """What rewrapping must not touch: pixels, and the parts of the payload."""
    payload = read_payload(path)
    return [
        Image.open(path).tobytes(),
        *map(bytes, payload.regions),
        *map(bytes, payload.private),
    ]


def test_the_new_one_opens_it_and_the_old_one_does_not(sealed):
    alice, before = Identity.generate(), without_header(sealed)
    header = rewrap_file(sealed, KEY, alice.recipient)
    assert restored(sealed, alice) == original(sealed)
    assert verify(sealed, alice).whole
    assert header == inspect(sealed)
    assert [stanza["id"] for stanza in header.stanzas] == [alice.recipient.id]
    assert without_header(sealed) == before
    with pytest.raises(AuthenticationError):
        verify(sealed, KEY)


def test_keys_of_regions_open_as_before(sealed):
    face = region_key(inspect(sealed), KEY, 1)
    header = rewrap_file(sealed, KEY, Identity.generate().recipient)
    assert header.picture_id == face.picture
    assert verify(sealed, face).regions == (1,)


def test_what_else_lies_there_stays(sealed):
    names = sorted(os.listdir(sealed.parent))
    sealed.chmod(0o640)
    before = sealed.stat()
    rewrap_file(sealed, KEY, [KEY, Passphrase("correct horse")])
    assert sorted(os.listdir(sealed.parent)) == names
    after = sealed.stat()
    assert (after.st_mtime_ns, after.st_mode) == (10**18, before.st_mode)


def test_into_another_file(sealed):
    before = {path.name: path.read_bytes() for path in sealed.parent.iterdir()}
    there = sealed.parent.parent / "there" / sealed.name
    there.parent.mkdir()
    alice = Identity.generate()
    rewrap_file(sealed, KEY, alice.recipient, output=there)
    assert {path.name: path.read_bytes() for path in sealed.parent.iterdir()} == before
    assert sorted(os.listdir(there.parent)) == sorted(before)
    assert restored(there, alice) == original(sealed)
    with pytest.raises(MediaError, match="already exists"):
        rewrap_file(sealed, KEY, KEY, output=there)
    rewrap_file(sealed, KEY, KEY, output=there, overwrite=True)
    assert restored(there, KEY) == original(sealed)
    with pytest.raises(MediaError, match="name it"):
        rewrap_file(sealed, KEY, KEY, output=there.with_suffix(".tif"))


def test_a_second_reader_opens_it(sealed):
    other = SecretKey(bytes(range(32, 64)))
    rewrap_file(sealed, KEY, other, keep=True)
    for key, secret in (KEY, range(32)), (other, range(32, 64)):
        file = sealed.with_name("key.txt")
        key.save(file, overwrite=True)
        text = file.read_text().strip()
        assert second_opinion(sealed, bytes(secret), text) == original(sealed)


@pytest.fixture
def shared(tmp_path, photo) -> tuple[Path, dict]:
    """A file for four, one of them with a passphrase."""
    holders = {
        "alice": Identity.generate(),
        "bob": Identity.generate(pq=True),
        "key": KEY,
        "phrase": Passphrase("correct horse"),
    }
    plain, path = tmp_path / "plain.png", tmp_path / "a.png"
    plain.write_bytes(encode_png(photo))
    recipients = [getattr(holder, "recipient", holder) for holder in holders.values()]
    encrypt_file(plain, path, recipients, regions=FACES)
    return path, holders


def who_opens(path: Path, holders: dict) -> set[str]:
    found = set()
    for name, holder in holders.items():
        try:
            verify(path, holder)
        except AuthenticationError:
            continue
        found.add(name)
    return found


def test_keep_adds(shared):
    path, holders = shared
    holders["carol"] = Identity.generate()
    before = inspect(path).stanzas
    rewrap_file(path, holders["bob"], holders["carol"].recipient, keep=True)
    assert who_opens(path, holders) == {"alice", "bob", "key", "phrase", "carol"}
    assert inspect(path).stanzas[:4] == before
    rewrap_file(path, holders["bob"], [holders["carol"].recipient, holders["phrase"]], keep=True)
    assert len(inspect(path).stanzas) == 5
    assert who_opens(path, holders) == {"alice", "bob", "key", "phrase", "carol"}


@pytest.mark.parametrize("how", ["id", "object", "text"])
def test_drop_takes_one_away(shared, how):
    path, holders = shared
    gone = holders["alice"].recipient
    drop = {"id": gone.id, "object": [gone], "text": str(gone)}[how]
    rewrap_file(path, holders["alice"], drop=drop)
    assert who_opens(path, holders) == {"bob", "key", "phrase"}


def test_drop_of_a_secret_key_and_of_passphrases(shared):
    path, holders = shared
    rewrap_file(path, holders["bob"], drop=["argon2id", KEY])
    assert who_opens(path, holders) == {"alice", "bob"}


def test_drop_and_add(shared):
    path, holders = shared
    new = holders["new"] = Passphrase("a new one")
    rewrap_file(path, holders["phrase"], new, drop="argon2id")
    assert who_opens(path, holders) == {"alice", "bob", "key", "new"}


def test_what_cannot_be_asked_for(shared):
    path, holders = shared
    before, alice = path.read_bytes(), holders["alice"]
    stranger = Identity.generate()
    wrong = [
        (ValueError, "received none", alice, (), {}),
        (ValueError, "received none", alice, (), {"keep": True}),
        (ValueError, "to be added and to be dropped", alice, KEY, {"drop": [KEY]}),
        (KeyFormatError, "expected an id", alice, (), {"drop": ["alice"]}),
        (TypeError, "received Identity", alice, (), {"drop": [alice]}),
        (TypeError, "expected a recipient", alice, alice, {}),
        (AuthenticationError, "does not open", stranger, KEY, {}),
        (AuthenticationError, "a region key opens its", region_key(inspect(path), KEY, 0), KEY, {}),
    ]
    for error, words, opens, recipients, options in wrong:
        with pytest.raises(error, match=words):
            rewrap_file(path, opens, recipients, **options)
    everybody = [alice.recipient, holders["bob"].recipient, KEY, "argon2id"]
    with pytest.raises(ValueError, match="nobody could open it"):
        rewrap_file(path, alice, drop=everybody)
    assert path.read_bytes() == before


def test_a_changed_header_is_not_made_good(shared):
    path, holders = shared
    data = path.read_bytes()
    at = data.index(b'"software":"') + 12
    payload = read_payload(path)
    fields = payload.header.to_bytes().replace(b'"software":"f', b'"software":"F')
    changed = type(payload.header).from_bytes(fields)
    payload = payload.with_header(changed).to_bytes()
    path.write_bytes(replace_chunk(data, b"fcRP", payload))
    assert path.read_bytes()[at : at + 1] == b"F"
    with pytest.raises(AuthenticationError):
        rewrap_file(path, holders["alice"], KEY)


def test_links(sealed):
    link = sealed.with_name("link" + sealed.suffix)
    link.symlink_to(sealed)
    with pytest.raises(MediaError, match="is a link, and what it leads to would stay"):
        rewrap_file(link, KEY, Identity.generate().recipient)
    link.unlink()
    link.hardlink_to(sealed)
    with pytest.warns(UserWarning, match="has other names"):
        rewrap_file(sealed, KEY, KEY)


def test_a_damaged_png_is_not_written_anew(shared):
    path, holders = shared
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    with pytest.raises(ContainerError, match="cut short"):
        rewrap_file(path, holders["alice"], KEY)
    assert path.read_bytes() == data[:-20]


def test_other_boxes_and_segments_of_a_jpeg_stay(tmp_path, photo):
    plain, path = tmp_path / "plain.jpg", tmp_path / "a.jpg"
    Image.fromarray(photo).save(plain)
    encrypt_file(plain, path, KEY, regions=FACES)
    data = path.read_bytes()
    box = (40).to_bytes(4, "big") + b"jumb" + bytes(32)
    others = jpeg.packets(box, 2), b"\xff\xfe\x00\x07hello"
    at = data.index(b"\xff\xeb")
    path.write_bytes(data[:at] + b"".join(others) + data[at:])
    many = [Identity.generate(pq=True).recipient for _ in range(60)]  # more than one segment
    rewrap_file(path, KEY, [KEY, *many])
    grown = path.read_bytes()
    assert grown.count(b"\xff\xeb") > 2
    assert grown[: at + sum(map(len, others))] == data[:at] + b"".join(others)
    rewrap_file(path, KEY, KEY)
    again = path.read_bytes()
    assert len(again) == len(data) + sum(map(len, others))
    assert again[-1000:] == data[-1000:]
    assert restored_jpeg(path) == plain.read_bytes()


def test_a_box_of_another_program_that_takes_the_number(tmp_path, photo):
    plain, path, tried = tmp_path / "plain.jpg", tmp_path / "a.jpg", tmp_path / "tried.jpg"
    Image.fromarray(photo).save(plain)
    encrypt_file(plain, path, KEY, regions=FACES)
    both = [KEY, SecretKey.generate()]
    rewrap_file(path, KEY, both, output=tried)
    size = len(read_payload(tried).to_bytes())
    foreign = jpeg.packets(size.to_bytes(4, "big") + b"jumb" + bytes(size - 8), 1)
    data = path.read_bytes()
    path.write_bytes(data[:2] + foreign + data[2:])
    before = path.read_bytes()
    with pytest.raises(ContainerError):
        rewrap_file(path, KEY, both)
    assert path.read_bytes() == before
    rewrap_file(path, KEY, KEY)
    assert restored_jpeg(path) == plain.read_bytes()


def restored_jpeg(path: Path) -> bytes:
    back = path.with_name("back.jpg")
    decrypt_file(path, back, KEY)
    return back.read_bytes()


NAMES = ("alice", "bob", "carol", "key")
PEOPLE = {name: Identity.generate() for name in NAMES[:3]} | {"key": KEY}
STEPS = st.lists(
    st.tuples(st.sampled_from(["replace", "keep", "drop"]), st.sets(st.sampled_from(NAMES))),
    max_size=5,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_any_history_ends_with_those_who_were_asked_for(tmp_path, photo, steps):
    plain, path = tmp_path / "plain.png", tmp_path / "a.png"
    plain.write_bytes(encode_png(photo))
    first = encrypt_file(plain, path, PEOPLE["alice"].recipient, regions=FACES, overwrite=True)
    open_to = {"alice"}
    for how, names in steps:
        people = [getattr(PEOPLE[name], "recipient", PEOPLE[name]) for name in sorted(names)]
        after = {"replace": names, "keep": open_to | names, "drop": open_to - names}[how]
        opener = PEOPLE[min(open_to)]
        try:
            if how == "drop":
                rewrap_file(path, opener, drop=people)
            else:
                rewrap_file(path, opener, people, keep=how == "keep")
        except ValueError:
            assert not names or not after
        else:
            assert names
            assert after
            open_to = after
    assert who_opens(path, PEOPLE) == open_to
    assert inspect(path).picture_id == first.picture_id
    assert len(inspect(path).stanzas) == len(open_to)
