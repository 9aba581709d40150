"""What counts as done of sealed JPEGs: this picture, sealed or opened as asked."""

import pytest
from support.jpeg_matrix import by_pillow, refused_cases
from support.sealed_jpegs import photo, save

from facecrypt import MediaError, Region, SecretKey, decrypt_files, encrypt_files, region_key
from facecrypt.media import read_image
from facecrypt.sealing.files import inspect

KEY, OTHER = SecretKey.generate(), SecretKey.generate()
FACE = [Region(8, 6, 40, 44)]


class Known:
    """A detector that says what it is."""

    fingerprint = "known"
    box = (10, 10, 30, 30)

    def detect(self, image):
        return [Region(*self.box)]


@pytest.fixture
def job(tmp_path):
    (tmp_path / "in").mkdir()
    save(tmp_path / "in" / "a.jpg", quality=90)
    return tmp_path


def seal(job, recipients=KEY, **options):
    return encrypt_files(job / "in", job / "out", recipients, **{"regions": FACE} | options)


def refused(summary, why):
    (result,) = summary.failed
    assert isinstance(result.error, MediaError), result.error
    assert why in str(result.error)


@pytest.mark.parametrize("sidecar", [False, True])
@pytest.mark.parametrize("keep_metadata", [False, True])
def test_the_same_again_is_skipped(job, sidecar, keep_metadata):
    options = {"sidecar": sidecar, "keep_metadata": keep_metadata}
    seal(job, **options)
    before = {path: path.stat().st_ino for path in (job / "out").iterdir()}
    assert seal(job, **options).skipped == 1
    assert before == {path: path.stat().st_ino for path in (job / "out").iterdir()}


def test_the_same_detector_again_is_skipped_and_another_refused(job):
    class Another(Known):
        fingerprint = "another"

    seal(job, regions=None, detector=Known())
    assert seal(job, regions=None, detector=Known()).skipped == 1
    refused(seal(job, regions=None, detector=Another()), "sealed with other options")
    refused(seal(job, regions=None, detector=Known(), grow=0.5), "sealed with other options")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"recipients": OTHER}, "sealed for other keys"),
        ({"recipients": [KEY, OTHER]}, "sealed for other keys"),
        ({"regions": [Region(8, 6, 60, 44)]}, "sealed with other regions"),
        ({"regions": [*FACE, Region(100, 60, 120, 80)]}, "sealed with other regions"),
        ({"cipher": "aes-256-gcm"}, "sealed with other options"),
        ({"keep_metadata": True}, "sealed with other options"),
        ({"sidecar": True}, "sealed with other options"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_what_was_sealed_otherwise_is_refused(job, change, why):
    seal(job)
    before = (job / "out" / "a.jpg").read_bytes()
    refused(seal(job, **change), why)
    assert (job / "out" / "a.jpg").read_bytes() == before
    assert not seal(job, **change, overwrite=True).failed


def test_regions_of_the_same_cells_are_the_same(job):
    seal(job)
    assert seal(job, regions=[Region(9, 7, 41, 45)]).skipped == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda path: save(path, photo(seed=1), quality=90),
        lambda path: save(path, photo()[:112], quality=90),
        lambda path: save(path, quality=91),
        lambda path: save(path, quality=90, subsampling=0),
        lambda path: path.write_bytes(by_pillow("L", (160, 120), quality=90)),
    ],
    ids=["pixels", "size", "quality", "sampling", "gray"],
)
def test_another_picture_of_that_name_is_refused(job, other):
    seal(job)
    other(job / "in" / "a.jpg")
    refused(seal(job), "sealed from another picture")


def test_a_plain_output_is_refused(job):
    seal(job)
    (job / "out" / "a.jpg").write_bytes((job / "in" / "a.jpg").read_bytes())
    refused(seal(job), "is not a sealed picture")
    seal(job, overwrite=True, sidecar=True)
    (job / "out" / "a.jpg").write_bytes((job / "in" / "a.jpg").read_bytes())
    refused(seal(job, sidecar=True), "its faces are in the clear")


@pytest.mark.filterwarnings("ignore:.*coded anew", "ignore:.*the decoder says")
@pytest.mark.parametrize(
    "data",
    [data for _, data, readable in refused_cases() if readable],
    ids=[name for name, _, readable in refused_cases() if readable],
)
@pytest.mark.parametrize("sidecar", [False, True])
def test_what_was_coded_anew_is_known_again(job, data, sidecar):
    (job / "in" / "a.jpg").write_bytes(data)
    seal(job, sidecar=sidecar)
    assert inspect(job / "out" / "a.jpg").content.exact is False
    assert seal(job, sidecar=sidecar).skipped == 1
    refused(seal(job, sidecar=sidecar, regions=[Region(30, 2, 40, 20)]), "other regions")
    (job / "in" / "a.jpg").write_bytes(by_pillow("RGB", (50, 35), quality=90))
    refused(seal(job, sidecar=sidecar), "sealed from another picture")


def twelve_bits(data: bytes) -> bytes:
    """The same coefficients, said to be those of samples of 12 bits."""
    place = data.index(b"\xff\xc0")
    return data[:place] + b"\xff\xc1" + data[place + 2 : place + 4] + b"\x0c" + data[place + 5 :]


UNREAD = {"12 bits": twelve_bits, "no EOI": lambda data: data[:-2], "half": lambda data: data[:-1]}


@pytest.mark.parametrize("sidecar", [False, True])
@pytest.mark.parametrize("damage", UNREAD.values(), ids=UNREAD)
def test_what_no_decoder_reads_is_known_again(job, damage, sidecar):
    path = job / "in" / "a.jpg"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(MediaError):
        read_image(path)
    assert seal(job, sidecar=sidecar).done == 1
    assert inspect(job / "out" / "a.jpg").content.exact
    assert seal(job, sidecar=sidecar).skipped == 1
    refused(seal(job, sidecar=sidecar, regions=[Region(30, 2, 40, 20)]), "other regions")
    save(path, photo(seed=1), quality=90)
    path.write_bytes(damage(path.read_bytes()))
    refused(seal(job, sidecar=sidecar), "sealed from another picture")
    if sidecar:
        seal(job, sidecar=True, overwrite=True)
        (job / "out" / "a.jpg").write_bytes(path.read_bytes())
        refused(seal(job, sidecar=True), "its faces are in the clear")


def test_where_faces_cannot_be_looked_for_it_says_what_goes_without(job):
    path = job / "in" / "a.jpg"
    path.write_bytes(twelve_bits(path.read_bytes()))
    refused(
        seal(job, regions=None, detector=Known()),
        "a JPEG of 3 components of 12 bits is not read; save it as PNG; it is sealed as it is with "
        "regions=, a Region of the whole picture if need be",
    )


def opening(job, holders=KEY, **options):
    return decrypt_files(job / "out", job / "back", holders, **options)


def test_an_opened_output_is_skipped_if_it_is_the_original(job):
    seal(job)
    opening(job)
    assert opening(job).skipped == 1
    back = job / "back" / "a.jpg"
    back.write_bytes(back.read_bytes() + b"\0")
    refused(opening(job), "already exists and is not this picture opened")
    assert not opening(job, overwrite=True).failed
    assert back.read_bytes() == (job / "in" / "a.jpg").read_bytes()


def test_one_face_opened_is_not_all_of_them(job):
    seal(job, regions=[*FACE, Region(100, 60, 120, 80)])
    holder = region_key(inspect(job / "out" / "a.jpg"), KEY, 0)
    opening(job, holder)
    assert opening(job, holder).skipped == 1
    assert opening(job, regions=[0]).skipped == 1
    refused(opening(job), "already exists and is not this picture opened")
