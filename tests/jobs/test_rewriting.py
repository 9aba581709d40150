"""Many sealed files rewrapped: in place or into a folder, what is done is skipped."""

from dataclasses import replace

import pytest
from PIL import Image
from support.command_line import files

from facecrypt import (
    Identity,
    Passphrase,
    Region,
    SecretKey,
    encrypt_files,
    forget_files,
    inspect,
    rewrap_files,
    verify,
)
from facecrypt.media import read_image
from facecrypt.media.png import replace_chunk
from facecrypt.sealing.finding import opened_sealed

KEY = SecretKey(bytes(range(32)))
ALICE, BOB = Identity.generate(), Identity.generate()


@pytest.fixture
def album(tmp_path, photo):
    """Three sealed pictures in two folders, and a text file."""
    plain = tmp_path / "plain"
    (plain / "2025").mkdir(parents=True)
    for name in "a.png", "b.jpg", "2025/c.png":
        Image.fromarray(photo).save(plain / name)
    sealed = tmp_path / "sealed"
    encrypt_files(plain, sealed, [KEY, ALICE.recipient], regions=[Region(0, 0, 16, 16)])
    (sealed / "notes.txt").write_text("words")
    return sealed


def pictures(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg"))


def test_in_place_and_again(album):
    seen = []
    summary = rewrap_files(
        album, KEY, [KEY, BOB.recipient], progress=lambda *one: seen.append(one[1])
    )
    assert (summary.done, summary.skipped, len(summary.failed)) == (3, 0, 0)
    assert summary.regions == 3
    assert seen == [3, 3, 3]
    assert summary.ignored == {".txt": 1}
    assert all(verify(path, BOB).whole for path in pictures(album))
    assert [result.source for result in summary.results] == [
        result.output for result in summary.results
    ]
    before = files(album)
    again = rewrap_files(album, KEY, [BOB.recipient, KEY])
    assert (again.done, again.skipped) == (0, 3)
    assert files(album) == before
    again = rewrap_files(album, KEY, BOB.recipient, keep=True)
    assert (again.done, again.skipped) == (0, 3)


def test_a_run_that_was_stopped_goes_on(album):
    first, *rest = pictures(album)
    rewrap_files(first, KEY, BOB.recipient)
    stamp = first.stat().st_mtime_ns, first.stat().st_ino
    # To Bob's file it has no key: that it is his is not known, which is said.
    with pytest.warns(UserWarning, match="^1 file names only those who were asked for, and no key"):
        summary = rewrap_files(album, KEY, BOB.recipient)
    assert (summary.done, summary.skipped, len(summary.failed)) == (2, 1, 0)
    assert (first.stat().st_mtime_ns, first.stat().st_ino) == stamp
    assert all(verify(path, BOB).whole for path in (first, *rest))


def test_passphrases_are_tried_before_a_file_is_skipped(album):
    right, other = Passphrase("correct horse"), Passphrase("another")
    assert rewrap_files(album, KEY, [KEY, right]).done == 3
    assert rewrap_files(album, KEY, [KEY, Passphrase("correct horse")]).skipped == 3
    assert rewrap_files(album, KEY, [KEY, other]).done == 3
    assert all(verify(path, other).whole for path in pictures(album))


def test_drop(album):
    summary = rewrap_files(album, KEY, drop=[ALICE.recipient])
    assert summary.done == 3
    for path in pictures(album):
        assert [stanza["type"] for stanza in inspect(path).stanzas] == ["secret-key"]
    with pytest.warns(UserWarning, match=f"no file was open to {ALICE.recipient.id}"):
        assert rewrap_files(album, KEY, drop=[ALICE.recipient]).skipped == 3


def test_into_a_folder(album, tmp_path):
    before, out = files(album), tmp_path / "out"
    summary = rewrap_files(album, KEY, BOB.recipient, out_dir=out)
    assert summary.done == 3
    assert files(album) == before
    assert {path.relative_to(out) for path in pictures(out)} == {
        path.relative_to(album) for path in pictures(album)
    }
    with pytest.warns(UserWarning, match="^3 files name only those who were asked for, and no key"):
        assert rewrap_files(album, KEY, BOB.recipient, out_dir=out).skipped == 3
    refused = rewrap_files(album, KEY, ALICE.recipient, out_dir=out)
    assert {str(result.error).split(": ")[1] for result in refused.failed} == {
        "already exists, and not as it is asked for; overwrite=True replaces it"
    }
    (out / "a.png").write_bytes((out / "2025" / "c.png").read_bytes())
    (out / "b.jpg").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="^1 file names only those who were asked for, and no key"):
        refused = rewrap_files(album, KEY, BOB.recipient, out_dir=out)
    assert [str(result.error).partition("already exists")[2] for result in refused.failed] == [
        ", sealed from another picture; overwrite=True replaces it",
        " and is not a sealed picture; overwrite=True replaces it",
    ]
    assert rewrap_files(album, KEY, ALICE.recipient, out_dir=out, overwrite=True).done == 3
    assert all(verify(path, ALICE).whole for path in pictures(out))


def test_failures_do_not_stop_the_others(album, photo):
    for name in "plain.png", "hers.png":
        Image.fromarray(photo).save(album / name)
    encrypt_files(album / "hers.png", album / "2025", ALICE.recipient, regions=[])
    (album / "hers.png").unlink()
    outside = album.with_name("outside.png")
    (album / "a.png").rename(outside)
    (album / "link.png").symlink_to(outside)
    summary = rewrap_files(album, KEY, BOB.recipient)
    assert summary.done == 2
    assert {result.source.name: type(result.error).__name__ for result in summary.failed} == {
        "plain.png": "NotSealedError",
        "hers.png": "AuthenticationError",
        "link.png": "MediaError",
    }


def forge(path, **fields):
    """Write into the header of a file as anybody can: without a key, and so with the old MAC."""
    with opened_sealed(path) as (file, carrier, [payload]):
        changed = payload.with_header(replace(payload.header, **fields))
        data = carrier.rewrite(file, changed).data
    path.write_bytes(data)


def errors(summary):
    return {type(result.error).__name__ for result in summary.failed}


def test_a_header_that_says_forgotten_is_not_believed_without_a_key(album):
    cipher = read_image(album / "a.png").pixels
    for path in pictures(album):
        forge(path, forgotten=(0, *inspect(path).private))
    assert (read_image(album / "a.png").pixels == cipher).all()
    for key in KEY, BOB:
        summary = forget_files(album, key, [0])
        assert (summary.done, summary.skipped, len(summary.failed)) == (0, 0, 3)
        assert errors(summary) == {"AuthenticationError"}


def test_who_has_no_key_is_not_told_that_it_is_done(album, tmp_path):
    rewrap_files(album, KEY, BOB.recipient, keep=True)
    for output in None, tmp_path / "out":
        assert forget_files(album, KEY, [0], out_dir=output).done == 3
        assert forget_files(album, BOB, [0], out_dir=output).skipped == 3
        strangers = [
            forget_files(album, Identity.generate(), [0], out_dir=output),
            rewrap_files(album, Identity.generate(), BOB.recipient, keep=True, out_dir=output),
        ]
        for summary in strangers:
            assert (summary.done, summary.skipped, len(summary.failed)) == (0, 0, 3)
            assert errors(summary) == {"AuthenticationError"}


def test_a_header_that_names_somebody_is_not_believed_without_a_key(album):
    path = album / "a.png"
    bogus = BOB.recipient.wrap(bytes(32))
    forge(path, stanzas=(*inspect(path).stanzas, bogus))
    assert errors(rewrap_files(path, KEY, BOB.recipient, keep=True)) == {"AuthenticationError"}
    forge(path, stanzas=(KEY.wrap(bytes(32)), bogus))
    assert errors(rewrap_files(path, KEY, [KEY, BOB.recipient])) == {"AuthenticationError"}
    # Nothing is left that a key could be tried on, as where all was handed over to Bob.
    forge(path, stanzas=(bogus,))
    with pytest.warns(UserWarning, match="whether that is true was not checked"):
        assert rewrap_files(path, KEY, BOB.recipient).skipped == 1
    assert errors(rewrap_files(path, KEY, BOB.recipient, keep=True)) == {"AuthenticationError"}


def test_faces_that_came_back_are_erased_again(album):
    path = album / "a.png"
    with opened_sealed(path) as (file, _, _):
        before = file.read()
    forget_files(path, KEY, [0])
    gone = read_image(path).pixels
    with opened_sealed(path) as (_, _, [payload]):
        chunk = payload.to_bytes()
    path.write_bytes(replace_chunk(before, b"fcRP", chunk))
    assert (read_image(path).pixels != gone).any()
    assert forget_files(path, KEY, [0]).done == 1
    assert (read_image(path).pixels == gone).all()
    assert forget_files(path, KEY, [0]).skipped == 1
