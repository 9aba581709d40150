"""Many files: figures, resume, failures, order. What kills a batch: test_batch_killed.py."""

import gc
import os
import shutil
import threading
import weakref

import cv2
import numpy as np
import pytest
from PIL import Image

from facecrypt import (
    AuthenticationError,
    Identity,
    MediaError,
    NotSealedError,
    Passphrase,
    Region,
    SecretKey,
    decrypt_files,
    encrypt_file,
    encrypt_files,
    inspect,
    region_key,
    verify,
)

KEY = SecretKey.generate()
FACE = [Region(2, 2, 9, 12)]
SHAPE = (24, 20, 3)


def picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, SHAPE, dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Eight pictures in two folders."""
    for number in range(8):
        path = tmp_path / "in" / ("even" if number % 2 == 0 else "odd") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture(number))
    return tmp_path


def names(results) -> list[str]:
    return [result.output.name for result in results]


def listing(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


PLACES = [("even" if number % 2 == 0 else "odd", number) for number in range(8)]
EVEN_THEN_ODD = ["0.png", "2.png", "4.png", "6.png", "1.png", "3.png", "5.png", "7.png"]


def test_a_picture_that_opens_under_another_name_never_replaces_a_sealed_one(tmp_path):
    plain, sealed = tmp_path / "a.webp", tmp_path / "a.png"
    Image.fromarray(picture(0)).save(plain, lossless=True)
    header = encrypt_file(plain, sealed, KEY, regions=FACE)
    plain.unlink()
    before = sealed.read_bytes()
    keys = SecretKey.generate(), region_key(header, KEY, 0)
    done = decrypt_files(sealed, tmp_path, keys, overwrite=True)
    assert "a.png: is an input itself" in str(done.failed[0].error)
    assert sealed.read_bytes() == before
    elsewhere, other = tmp_path / "b", tmp_path / "c.png"
    elsewhere.mkdir()
    Image.fromarray(picture(1)).save(other)
    encrypt_file(other, elsewhere / "a.png", KEY, regions=FACE)
    before = (elsewhere / "a.png").read_bytes()
    done = decrypt_files(sealed, elsewhere, keys, overwrite=True)
    assert "is sealed itself; choose another output folder" in str(done.failed[0].error)
    assert (elsewhere / "a.png").read_bytes() == before


def test_pictures_that_open_under_one_name_never_replace_each_other(tmp_path):
    """Of what a key of a face opens pixels are left, and each goes into a PNG."""
    plain, sealed, keys = tmp_path / "in", tmp_path / "sealed", [SecretKey.generate()]
    plain.mkdir()
    for number, name in enumerate(("a.webp", "a.bmp", "b.webp", "b.png")):
        Image.fromarray(picture(number)).save(plain / name)
    encrypt_files(plain, sealed, KEY, regions=FACE)
    keys += [region_key(inspect(sealed / f"{name}.png"), KEY, 0) for name in os.listdir(plain)]
    for overwrite in (False, True):
        out = tmp_path / f"out{overwrite}"
        done = decrypt_files(sealed, out, keys, overwrite=overwrite, workers=1)
        said = " ".join(str(result.error) for result in done.failed)
        assert len(done.failed) == 2
        assert f"a.png: is the output of {sealed / 'a.bmp.png'}, too" in said
        assert f"b.png: is the output of {sealed / 'b.png.png'}, too" in said
        assert listing(out) == ["a.png", "b.png"]


class Slow:
    """A detector that finds a face in the first pictures last."""

    def __init__(self):
        self.turn = threading.Barrier(2)

    def detect(self, image):
        self.turn.wait(timeout=60)
        return FACE


@pytest.mark.parametrize(
    ("workers", "error"), [("x", TypeError), (1.5, TypeError), (0, ValueError)]
)
def test_numbers_of_workers_that_there_are_not(folder, workers, error):
    with pytest.raises(error, match="workers must be"):
        encrypt_files(folder / "in", folder / "out", KEY, regions=FACE, workers=workers)


@pytest.mark.parametrize("workers", [1, 2, None, 50])
def test_round_trip_and_figures(folder, workers):
    sealed = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE, workers=workers)
    assert (sealed.done, sealed.skipped, sealed.failed) == (8, 0, ())
    assert (sealed.regions, sealed.bare, dict(sealed.ignored)) == (8, 0, {})
    assert sealed.images_per_second == pytest.approx(8 / sealed.seconds)
    assert names(sealed.results) == EVEN_THEN_ODD
    opened = decrypt_files(folder / "out", folder / "back", KEY, workers=workers)
    assert (opened.done, names(opened.results)) == (8, EVEN_THEN_ODD)
    for number in range(8):
        where = "even" if number % 2 == 0 else "odd"
        back = cv2.imread(str(folder / "back" / where / f"{number}.png"))
        assert (back == picture(number)).all()


def test_pictures_are_worked_on_at_the_same_time(folder):
    # Each detection waits for another one: with a single thread this would never end.
    done = encrypt_files(folder / "in", folder / "out", KEY, detector=Slow(), workers=2)
    assert (done.done, done.regions) == (8, 8)


def test_results_keep_the_order_of_the_inputs(folder):
    others_are_done = threading.Event()
    finished = []

    class LateAtFirst:
        def detect(self, image):
            if (image[..., ::-1] == picture(0)).all():
                assert others_are_done.wait(timeout=60)
            return FACE

    def progress(result, total):
        finished.append(result.source.name)
        if len(finished) == 7:
            others_are_done.set()

    done = encrypt_files(
        folder / "in", folder / "out", KEY, detector=LateAtFirst(), progress=progress, workers=2
    )
    assert finished[-1] == "0.png"
    assert names(done.results) == EVEN_THEN_ODD


def test_progress_comes_from_the_calling_thread_once_a_picture(folder):
    seen = []

    def progress(result, total):
        seen.append((result.source.name, total, threading.current_thread()))

    encrypt_files(folder / "in", folder / "out", KEY, regions=FACE, progress=progress, workers=2)
    assert sorted(name for name, _, _ in seen) == [f"{number}.png" for number in range(8)]
    assert {total for _, total, _ in seen} == {8}
    assert {thread for _, _, thread in seen} == {threading.main_thread()}


def test_nothing_to_do(folder):
    (folder / "empty").mkdir()
    done = encrypt_files(folder / "empty", folder / "out", KEY, regions=FACE)
    assert (done.results, done.done, done.images_per_second) == ((), 0, 0.0)
    assert not (folder / "out").exists()


def test_keys_may_come_from_a_generator(folder):
    encrypt_files(folder / "in", folder / "out", (key for key in [KEY]), regions=FACE)
    opened = decrypt_files(folder / "out", folder / "back", (key for key in [KEY]))
    assert opened.done == 8


def test_resume_does_the_rest(folder):
    encrypt_files(folder / "in" / "odd", folder / "out" / "odd", KEY, regions=FACE)
    before = {path: path.read_bytes() for path in (folder / "out").rglob("*.png")}
    both = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    assert (both.done, both.skipped, both.failed, both.regions) == (4, 4, (), 8)
    assert len(before) == 4
    assert all(path.read_bytes() == old for path, old in before.items())
    again = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    assert (again.done, again.skipped) == (0, 8)
    decrypt_files(folder / "out" / "odd", folder / "back" / "odd", KEY)
    opened = decrypt_files(folder / "out", folder / "back", KEY)
    assert (opened.done, opened.skipped) == (4, 4)


def test_overwrite_does_all_again(folder):
    encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    before = (folder / "out" / "odd" / "1.png").read_bytes()
    again = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE, overwrite=True)
    assert (again.done, again.skipped) == (8, 0)
    assert (folder / "out" / "odd" / "1.png").read_bytes() != before
    verify(folder / "out" / "odd" / "1.png", KEY)


def test_without_resume_what_is_there_is_an_error(folder):
    encrypt_files(folder / "in" / "odd", folder / "out" / "odd", KEY, regions=FACE)
    done = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE, resume=False)
    assert done.done == 4
    assert names(done.failed) == EVEN_THEN_ODD[4:]
    assert all("already exists" in str(result.error) for result in done.failed)
    opened = decrypt_files(folder / "out", folder / "out2", KEY)
    opened = decrypt_files(folder / "out", folder / "out2", KEY, resume=False)
    assert len(opened.failed) == 8


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (KEY, SecretKey.generate()),
        (KEY, Passphrase("one")),
        (Passphrase("one"), Passphrase("another")),
        (Identity.generate().recipient, Identity.generate().recipient),
        ([KEY, Passphrase("one")], [KEY, Passphrase("another")]),
        ([KEY, Passphrase("one")], KEY),
        (KEY, [KEY, Passphrase("one")]),
    ],
)
def test_what_was_sealed_for_other_keys_is_not_taken_for_done(folder, earlier, later):
    encrypt_files(folder / "in" / "odd", folder / "out", earlier, regions=FACE)
    before = {path: path.read_bytes() for path in (folder / "out").iterdir()}
    done = encrypt_files(folder / "in" / "odd", folder / "out", later, regions=FACE)
    assert len(done.failed) == 4
    assert all("sealed for other keys" in str(result.error) for result in done.failed)
    assert {path: path.read_bytes() for path in (folder / "out").iterdir()} == before
    same = encrypt_files(folder / "in" / "odd", folder / "out", earlier, regions=FACE)
    assert (same.skipped, same.failed) == (4, ())


def test_the_same_passphrase_resumes_in_another_run(folder):
    encrypt_files(folder / "in" / "odd", folder / "out", Passphrase("one"), regions=FACE)
    again = encrypt_files(folder / "in" / "odd", folder / "out", Passphrase("one"), regions=FACE)
    assert again.skipped == 4


def test_a_file_that_is_no_sealed_picture_stays(folder):
    (folder / "out" / "odd").mkdir(parents=True)
    cv2.imwrite(str(folder / "out" / "odd" / "1.png"), picture(1))
    (folder / "out" / "odd" / "3.png").write_bytes(b"notes")
    done = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    assert done.done == 6
    assert names(done.failed) == ["1.png", "3.png"]
    assert all("is not a sealed picture" in str(result.error) for result in done.failed)
    assert (folder / "out" / "odd" / "3.png").read_bytes() == b"notes"


def test_bad_pictures_do_not_stop_the_others(folder):
    intact = (folder / "in" / "odd" / "1.png").read_bytes()
    (folder / "in" / "even" / "2.png").write_bytes(intact[:300])
    (folder / "in" / "odd" / "1.png").write_bytes(b"")
    (folder / "in" / "odd" / "5.png").unlink()
    (folder / "in" / "odd" / "5.png").symlink_to("nowhere.png")
    done = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    assert done.done == 5
    assert names(done.failed) == ["2.png", "1.png", "5.png"]
    for result in done.failed:
        assert isinstance(result.error, MediaError)
        assert str(result.source) in str(result.error)
    assert names(done.results) == EVEN_THEN_ODD
    assert len(listing(folder / "out")) == 5
    (folder / "out" / "even" / "0.png").write_bytes(intact)
    opened = decrypt_files(folder / "out", folder / "back", KEY)
    assert opened.done == 4
    assert isinstance(opened.failed[0].error, NotSealedError)


def test_a_detector_that_fails_fails_one_picture(folder):
    class Choosy:
        def detect(self, image):
            if (image[..., ::-1] == picture(3)).all():
                raise RuntimeError("no memory on the device")
            return FACE

    done = encrypt_files(folder / "in", folder / "out", KEY, detector=Choosy())
    assert done.done == 7
    assert names(done.failed) == ["3.png"]
    assert str(done.failed[0].error) == "no memory on the device"


def test_failures_do_not_hold_their_pictures(folder):
    seen = []

    class Failing:
        def detect(self, image):
            seen.append(weakref.ref(image))
            try:
                raise KeyError("inner")
            except KeyError as error:
                raise ValueError("outer") from error

    done = encrypt_files(folder / "in", folder / "out", KEY, detector=Failing(), workers=1)
    gc.collect()
    assert len(done.failed) == len(seen) == 8
    assert [ref() for ref in seen] == [None] * 8


def test_the_wrong_key(folder):
    encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    done = decrypt_files(folder / "out", folder / "back", SecretKey.generate())
    assert len(done.failed) == 8
    assert listing(folder / "back") == []
    assert all(isinstance(result.error, AuthenticationError) for result in done.failed)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"workers": 0}, ValueError, "at least 1, received 0"),
        ({"cipher": "rot13"}, ValueError, "cipher must be one of"),
        ({"recipients": []}, ValueError, "received none"),
        ({"recipients": "fc1abc"}, TypeError, "Recipient.parse"),
        ({"paths": "nowhere"}, MediaError, "nowhere: no such file"),
    ],
)
def test_what_is_wrong_for_all_is_said_at_once(folder, options, error, match):
    given = {"paths": folder / "in", "recipients": KEY, "regions": FACE} | options
    with pytest.raises(error, match=match):
        encrypt_files(out_dir=folder / "out", **given)
    assert not (folder / "out").exists()


def test_the_output_cannot_be_a_file(folder):
    (folder / "out").write_bytes(b"")
    with pytest.raises(MediaError, match="out: is a file; name a folder"):
        encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    with pytest.raises(MediaError, match="a part of this path is a file"):
        decrypt_files(folder / "in", folder / "out" / "back", KEY)


def test_boxes_by_picture(folder):
    boxes = {f"odd/{number}.png": FACE for number in (1, 3, 5)}
    boxes[str(folder / "in" / "odd" / "7.png")] = []
    boxes["0.png"] = FACE  # a bare name: no picture of the folder has this path
    done = encrypt_files(folder / "in", folder / "out", KEY, regions=boxes)
    assert (done.done, done.regions, done.bare) == (4, 3, 1)
    assert names(done.failed) == ["0.png", "2.png", "4.png", "6.png"]
    assert all("no boxes are given for even/" in str(result.error) for result in done.failed)
    assert inspect(folder / "out" / "odd" / "7.png").regions == ()


def test_sidecars(folder):
    encrypt_files(folder / "in", folder / "out", KEY, regions=FACE, sidecar=True)
    assert len(listing(folder / "out")) == 16
    again = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE, sidecar=True)
    assert again.skipped == 8
    opened = decrypt_files(folder / "out", folder / "back", KEY)
    assert (opened.done, dict(opened.ignored)) == (8, {})


def test_an_interrupt_stops_the_pool_and_leaves_whole_files(folder):
    interrupted = threading.Event()

    class FirstThenWait:
        def detect(self, image):
            if not (image[..., ::-1] == picture(0)).all():
                assert interrupted.wait(timeout=60)
            return FACE

    def progress(result, total):
        # The two pictures in work go on a little after this; the waiting ones never begin.
        threading.Timer(0.2, interrupted.set).start()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encrypt_files(
            *(folder / "in", folder / "out", KEY),
            detector=FirstThenWait(),
            grow=0.0,
            progress=progress,
            workers=2,
        )
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("facecrypt")]
    made = listing(folder / "out")
    assert 2 <= len(made) <= 3
    assert "even/0.png" in made
    for name in made:
        verify(folder / "out" / name, KEY)
    rest = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    assert (rest.skipped, rest.done) == (len(made), 8 - len(made))


def test_the_results_in_the_input_folder_are_no_input(folder):
    pattern = str(folder / "in" / "**")
    first = encrypt_files(pattern, folder / "in" / "out", KEY, regions=FACE)
    again = encrypt_files(pattern, folder / "in" / "out", KEY, regions=FACE)
    assert (first.done, again.skipped, again.failed) == (8, 8, ())


def test_pipes_are_not_waited_for(folder):
    os.mkfifo(folder / "in" / "odd" / "9.png")
    done = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    assert (done.done, dict(done.ignored)) == (8, {".png": 1})
    with pytest.raises(MediaError, match=r"9\.png: is not a regular file"):
        encrypt_files(folder / "in" / "odd" / "9.png", folder / "out", KEY, regions=FACE)


def test_a_folder_that_cannot_be_read_is_not_passed_over(folder):
    # Deeper than a path may be long: no user, root included, can list it by its path.
    here = os.open(folder / "in", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    summary = encrypt_files(folder / "in", folder / "out", KEY, regions=FACE)
    [failed] = summary.failed
    assert summary.done == 8
    assert failed.source.name == "d" * 250
    assert "the name is too long" in str(failed.error)


class Raced:
    """A detector during whose first look another process does the same picture."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    def detect(self, image):
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return FACE


class RacedKey:
    """A key during whose first use another process opens the same picture."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    def unwrap(self, stanza):
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return KEY.unwrap(stanza)


def test_what_another_process_did_meanwhile_is_there_already(folder):
    source, out = folder / "in" / "even" / "0.png", folder / "out"

    def other():
        return encrypt_files(source, out, KEY, detector=Raced(None))

    summary = encrypt_files(source, out, KEY, detector=Raced(other), workers=1)
    assert (summary.done, summary.skipped, summary.failed) == (0, 1, ())
    assert verify(out / "0.png", KEY).whole
    back = folder / "back"
    raced = RacedKey(lambda: decrypt_files(out, back, KEY))
    summary = decrypt_files(out, back, raced, workers=1)
    assert (summary.done, summary.skipped, summary.failed) == (0, 1, ())
    assert (cv2.imread(str(back / "0.png")) == picture(0)).all()


def test_what_another_process_did_otherwise_is_an_error(folder):
    source, out = folder / "in" / "even" / "0.png", folder / "out"

    def other():
        return encrypt_files(source, out, SecretKey.generate(), detector=Raced(None))

    summary = encrypt_files(source, out, KEY, detector=Raced(other), workers=1)
    assert "sealed for other keys" in str(summary.failed[0].error)
    (out / "0.png").unlink()
    raced = Raced(lambda: encrypt_files(source, out, KEY, detector=Raced(None)))
    summary = encrypt_files(source, out, KEY, detector=raced, workers=1, resume=False)
    assert "0.png: already exists" in str(summary.failed[0].error)


def test_sealed_pictures_in_a_folder_are_passed_over(folder):
    encrypt_files(folder / "in", folder / "in" / "sealed", KEY, regions=FACE)
    encrypt_files(folder / "in" / "odd", folder / "in" / "beside", KEY, regions=FACE, sidecar=True)
    boxes = {f"{place}/{number}.png": FACE for place, number in PLACES}
    for regions in FACE, boxes:
        out = folder / f"out{len(regions)}"
        summary = encrypt_files(folder / "in", out, KEY, regions=regions)
        assert (summary.done, summary.sealed, summary.failed) == (8, 12, ())
        assert summary.bare == 0
        assert listing(out) == sorted(f"{place}/{number}.png" for place, number in PLACES)
    named = encrypt_files(folder / "in" / "sealed" / "odd" / "7.png", folder / "x", KEY)
    assert "is a sealed picture already" in str(named.failed[0].error)


def test_a_plain_picture_beside_a_sidecar_is_not_passed_over(folder):
    """As where a sealed picture was replaced by the one it was made of."""
    plain = folder / "in" / "even" / "0.png"
    photos = folder / "photos"
    encrypt_files(plain, photos, KEY, regions=FACE, sidecar=True)
    assert encrypt_files(photos, folder / "a", KEY, regions=FACE).sealed == 1
    shutil.copy(plain, photos / "0.png")
    summary = encrypt_files(photos, folder / "b", KEY, regions=FACE)
    assert (summary.done, summary.sealed) == (0, 0)
    assert "0.png: is not what was sealed with the sidecar" in str(summary.failed[0].error)
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(photos / "0.png")
    summary = encrypt_files(photos, folder / "b", KEY, regions=FACE)
    assert "may be plain" in str(summary.failed[0].error)
