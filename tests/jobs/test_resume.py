"""What counts as done: this picture, sealed or opened as asked; names prove nothing."""

import shutil

import cv2
import numpy as np
import pytest
from support.command_line import command

from facecrypt import (
    AuthenticationError,
    MediaError,
    Region,
    SecretKey,
    decrypt_files,
    encrypt_files,
    inspect,
    region_key,
)

KEY, OTHER = SecretKey.generate(), SecretKey.generate()
FACE = [Region(8, 6, 40, 44)]
WHOLE = [Region(0, 0, 999, 999)]


class Known:
    """A detector that says what it is."""

    fingerprint = "known"

    def __init__(self, box=(10, 10, 30, 30)):
        self.box, self.calls = box, 0

    def detect(self, image):
        self.calls += 1
        return [Region(*self.box)]


class Unknown(Known):
    """One that does not."""

    fingerprint = None


@pytest.fixture
def job(tmp_path, photo):
    for name in ("in", "others"):
        (tmp_path / name).mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.png"), photo)
    cv2.imwrite(str(tmp_path / "others" / "a.png"), photo[::-1])
    return tmp_path


def seal(job, source="in", recipients=KEY, **options):
    return encrypt_files(job / source, job / "out", recipients, **{"regions": FACE} | options)


def refused(summary, why):
    (result,) = summary.failed
    assert isinstance(result.error, MediaError), result.error
    assert why in str(result.error)
    assert result.error.hint.command == "--force replaces it"
    return True


def test_the_same_again_is_skipped(job):
    assert seal(job).done == 1
    before = (job / "out" / "a.png").read_bytes()
    again = seal(job)
    assert (again.done, again.skipped, again.regions) == (0, 1, 1)
    assert (job / "out" / "a.png").read_bytes() == before


def test_another_picture_of_the_name_is_not_done(job):
    seal(job)
    before = (job / "out" / "a.png").read_bytes()
    assert refused(seal(job, "others"), "sealed from another picture")
    shutil.copyfile(job / "others" / "a.png", job / "in" / "a.png")
    assert refused(seal(job), "sealed from another picture")
    assert (job / "out" / "a.png").read_bytes() == before
    assert seal(job, overwrite=True).done == 1
    assert seal(job).skipped == 1


def test_a_picture_whose_every_pixel_is_sealed_is_told_by_the_clock(job):
    seal(job, regions=WHOLE)
    assert seal(job, regions=WHOLE).skipped == 1
    shutil.copyfile(job / "others" / "a.png", job / "in" / "a.png")
    assert refused(seal(job, regions=WHOLE), "sealed from another picture")


@pytest.mark.parametrize(
    "regions", [WHOLE, [], [Region(8, 6, 32, 44)], [*FACE, Region(0, 0, 2, 2)]]
)
def test_other_regions_are_not_done(job, regions):
    seal(job)
    assert refused(seal(job, regions=regions), "sealed with other regions")


def test_a_region_that_widens_to_the_same_multiples_of_16_is_the_same(job):
    seal(job)
    assert seal(job, regions=[Region(1, 15, 33, 33)]).skipped == 1


def test_a_region_that_is_clipped_is_the_same(job):
    seal(job, regions=[Region(30, 30, 90, 90)])
    assert seal(job, regions=[Region(30, 30, 64, 48)]).skipped == 1


@pytest.mark.parametrize(
    "options",
    [
        {"cipher": "aes-256-gcm"},
        {"sidecar": True},
        {"keep_metadata": True},
    ],
    ids=str,
)
def test_other_options_are_not_done(job, options):
    seal(job)
    assert refused(seal(job, **options), "sealed with other options")


def test_the_plain_picture_beside_a_sidecar_is_not_done(job):
    assert seal(job, sidecar=True).done == 1
    assert seal(job, sidecar=True).skipped == 1
    shutil.copyfile(job / "in" / "a.png", job / "out" / "a.png")
    assert refused(seal(job, sidecar=True), "its faces are in the clear")


@pytest.mark.parametrize("shape", ["box", "ellipse"])
def test_a_face_on_a_plain_ground_is_told_by_the_clock(job, shape):
    regions = [Region(8, 6, 40, 44, shape=shape)]
    ground = np.full((48, 64, 3), 255, np.uint8)
    for folder, face in (("in", 10), ("others", 90)):
        ground[:, :48] = face  # all that is sealed: 3 x 3 cells of 16 pixels
        cv2.imwrite(str(job / folder / "a.png"), ground)
    assert seal(job, regions=regions).done == 1
    assert seal(job, regions=regions).skipped == 1
    shutil.copyfile(job / "others" / "a.png", job / "in" / "a.png")
    assert refused(seal(job, regions=regions), "sealed from another picture")


@pytest.mark.parametrize("options", [{"grow": 0.5}, {"shape": "ellipse"}], ids=str)
def test_other_ways_to_look_are_not_done(job, options):
    detector = Known()
    seal(job, regions=None, detector=detector)
    assert seal(job, regions=None, detector=Known()).skipped == 1
    found = seal(job, regions=None, detector=detector, **options)
    assert refused(found, "sealed with other options")
    assert detector.calls == 1


def test_another_detector_is_not_done(job):
    seal(job, regions=None, detector=Known())
    better = Known()
    better.fingerprint = "better"
    assert refused(seal(job, regions=None, detector=better), "sealed with other options")


def test_a_detector_that_does_not_say_what_it_is_looks_again(job):
    seal(job, regions=None, detector=Unknown())
    same, other = Unknown(), Unknown((1, 1, 9, 9))
    assert seal(job, regions=None, detector=same).skipped == 1
    assert same.calls == 1
    assert refused(seal(job, regions=None, detector=other), "sealed with other regions")


def test_detected_regions_that_are_given_by_hand_are_the_same(job):
    seal(job, regions=None, detector=Known(), grow=0.0)
    assert seal(job, regions=[Region(10, 10, 30, 30)]).skipped == 1


def test_presets_are_other_ways_to_look(job):
    pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")
    key = job / "k"
    KEY.save(key)
    line = ("encrypt", job / "in", "-o", job / "out", "-k", key)
    assert command(*line).code == 0
    assert command(*line).code == 0
    for options in (["--preset", "recall"], ["--grow", "1"], ["--min-face", "40"], ["--whole"]):
        done = command(*line, *options)
        assert done.code == 1, options
        assert "already exists, sealed with other" in done.err[0], options


def test_other_keys_are_not_done(job):
    seal(job)
    assert refused(seal(job, recipients=OTHER), "sealed for other keys")
    assert refused(seal(job, recipients=[KEY, OTHER]), "sealed for other keys")


def test_what_is_no_sealed_picture_is_not_done(job):
    (job / "out").mkdir()
    shutil.copyfile(job / "in" / "a.png", job / "out" / "a.png")
    assert refused(seal(job), "is not a sealed picture")


def test_an_unreadable_source_is_not_done(job):
    seal(job)
    (job / "in" / "a.png").write_bytes((job / "in" / "a.png").read_bytes()[:-30])
    (result,) = seal(job).failed
    assert "a.png" in str(result.error)
    assert "get an intact copy" in str(result.error)


# ---- opening -----------------------------------------------------------------------------------


def restore(job, identities=KEY, **options):
    return decrypt_files(job / "out", job / "back", identities, **options)


def test_what_was_opened_is_skipped_and_checked(job, photo):
    seal(job)
    assert restore(job).done == 1
    again = restore(job)
    assert (again.done, again.skipped, again.regions) == (0, 1, 1)
    (result,) = restore(job, OTHER).failed
    assert isinstance(result.error, AuthenticationError)


def test_another_picture_in_its_place_is_not_done(job):
    seal(job)
    (job / "back").mkdir()
    for wrong in (job / "others" / "a.png", job / "out" / "a.png"):
        shutil.copyfile(wrong, job / "back" / "a.png")
        assert refused(restore(job), "is not this picture opened")
    (job / "back" / "a.png").write_bytes(b"no picture")
    assert refused(restore(job), "is not this picture opened")


def test_one_face_opened_before_is_not_the_picture(job, photo):
    seal(job, regions=[Region(0, 0, 9, 9), Region(20, 20, 40, 40)])
    one = region_key(inspect(job / "out" / "a.png"), KEY, 0)
    assert restore(job, one).done == 1
    assert restore(job, one).skipped == 1
    assert refused(restore(job), "is not this picture opened")
    assert restore(job, overwrite=True).done == 1
    assert (cv2.imread(str(job / "back" / "a.png")) == photo).all()


def test_gray_pictures_and_deep_ones(job):
    for name, image in (
        ("g.png", np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 20),
        ("h.png", np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)),
    ):
        cv2.imwrite(str(job / "in" / name), image)
    assert seal(job).done == 3
    assert seal(job).skipped == 3
    assert restore(job).done == 3
    assert restore(job).skipped == 3


# ---- schemes -----------------------------------------------------------------------------------


def test_the_cipher_of_another_file_is_not_done(job):
    key = job / "pbe.npz"
    assert command("scheme", "pbe", "keygen", "-o", key, "--size", "48x64x3").code == 0
    line = ("scheme", "pbe", "encrypt", job / "in", "-o", job / "c", "--key", key)
    assert command(*line).code == 0
    assert command(*line).code == 0
    back = ("scheme", "pbe", "decrypt", job / "c", "-o", job / "p", "--key", key)
    assert command(*back).code == 0
    assert command(*back).code == 0
    shutil.copyfile(job / "others" / "a.png", job / "p" / "a.png")
    done = command(*back)
    assert done.code == 1
    assert "is not this file decrypted" in done.err[0]
    shutil.copyfile(job / "others" / "a.png", job / "in" / "a.png")
    done = command(*line)
    assert done.code == 1
    assert "as the cipher of another file" in "".join(done.err)
