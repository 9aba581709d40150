"""A picture and the header beside it find each other, and lose each other to nobody."""

import fcntl
import itertools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from support import second_reader
from support.clips import write_clip
from support.command_line import command
from support.memory import traced

from facecrypt import (
    AuthenticationError,
    ContainerError,
    MediaError,
    NotSealedError,
    Passphrase,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    encrypt_files,
    forget_files,
    forget_regions,
    inspect,
    leftovers,
    region_key,
    rewrap_file,
    rewrap_files,
    verify,
)
from facecrypt.leftovers import hidden_name
from facecrypt.sealing import pairs, rewriting
from facecrypt.sealing.carriers import sidecar, sidecar_names, video_changing
from facecrypt.sealing.finding import read_payload
from facecrypt.sealing.payload import Payload

KEY, BOB = SecretKey.generate(), SecretKey.generate()
FACE = [Region(8, 6, 40, 44)]


@pytest.fixture
def plain(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "plain.png")
    return tmp_path / "plain.png"


@pytest.fixture
def out(tmp_path, plain):
    """A folder with a sealed picture and its sidecar."""
    (tmp_path / "out").mkdir()
    seal(plain, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture(params=["small", "large"])
def folders(request, monkeypatch):
    """Of a large folder a list is kept for a while; here any is large, and the while long."""
    if request.param == "large":
        monkeypatch.setattr(sidecar_names, "_SMALL_SECONDS", 0)
        monkeypatch.setattr(sidecar_names, "_SHARE", 1e9)


def seal(plain, folder, name="a.png", key=KEY, **options):
    return encrypt_file(plain, folder / name, key, regions=FACE, sidecar=True, **options)


def sidecars(folder) -> list[Path]:
    return sorted(folder.glob("*.fcrypt"))


def again(plain, out) -> Path:
    """A second sidecar of the same picture, as a killed run would leave it."""
    other = out / "elsewhere"
    other.mkdir()
    seal(plain, other)
    return sidecars(other)[0].rename(out / sidecars(other)[0].name)


def test_a_damaged_sidecar_is_named(out):
    [beside] = sidecars(out)
    beside.write_bytes(beside.read_bytes()[:100])
    with pytest.raises(ContainerError, match=f"^{beside}: the payload is damaged"):
        verify(out / "a.png", KEY)


def test_the_name_is_the_picture_id(out):
    [beside] = sidecars(out)
    payload = beside.read_bytes()
    assert beside == second_reader.sidecar_path(out / "a.png", payload)
    assert read_payload(out / "a.png").to_bytes() == payload


@pytest.mark.usefixtures("folders")
def test_a_sidecar_whose_picture_was_moved_away_is_refused_by_name(tmp_path, plain, out):
    [orphan] = sidecars(out)
    (out / "a.png").rename(tmp_path / "moved.png")
    before = orphan.read_bytes()
    with pytest.raises(MediaError, match=f"{orphan.name}: is there already, without the picture"):
        seal(plain, out)
    assert os.listdir(out) == [orphan.name]
    assert orphan.read_bytes() == before
    orphan.rename(tmp_path / orphan.name.replace("a.png", "moved.png"))
    verify(tmp_path / "moved.png", KEY)


def test_a_job_refuses_it_too_and_force_replaces_it(plain, out, monkeypatch, tmp_path):
    [orphan] = sidecars(out)
    (out / "a.png").unlink()
    monkeypatch.chdir(tmp_path)
    KEY.save(tmp_path / "k")
    plain.rename(tmp_path / "a.png")
    line = ("encrypt", "a.png", "-o", "out", "-k", "k", "--whole", "--sidecar")
    done = command(*line)
    assert done.code == 1
    assert f"out/{orphan.name}: is there already" in done.err[0]
    assert done.err[1].startswith("facecrypt: hint: --force replaces it")
    assert command(*line, "--force").code == 0
    assert orphan not in sidecars(out)
    verify(out / "a.png", KEY)


@pytest.mark.parametrize("sidecar", [False, True])
@pytest.mark.parametrize("link", [False, True])
def test_the_source_as_output_is_refused(tmp_path, plain, link, sidecar):
    before, name = plain.read_bytes(), plain
    if link:
        name = tmp_path / "link.png"
        name.symlink_to(plain)
    with pytest.raises(MediaError, match="is the picture to seal"):
        encrypt_file(plain, name, KEY, regions=FACE, sidecar=sidecar, overwrite=True)
    assert plain.read_bytes() == before
    assert not sidecars(tmp_path)


@pytest.mark.usefixtures("folders")
def test_a_sidecar_replaces_the_old_one_by_force_only(plain, out):
    old = sidecars(out)
    with pytest.raises(MediaError, match=r"a.png: already exists"):
        seal(plain, out)
    assert sidecars(out) == old
    verify(out / "a.png", KEY)
    seal(plain, out, overwrite=True)
    assert len(sidecars(out)) == 1
    assert sidecars(out) != old
    verify(out / "a.png", KEY)


def test_both_may_get_a_new_name(tmp_path, photo, out):
    [beside] = sidecars(out)
    (out / "a.png").rename(out / "b [1].tif.png")
    beside.rename(out / beside.name.replace("a.png", "b [1].tif.png"))
    verify(out / "b [1].tif.png", KEY)


def test_another_name_for_the_header_is_refused(out):
    [beside] = sidecars(out)
    other = beside.with_name("a.png.0123456789abcdef.fcrypt")
    beside.rename(other)
    with pytest.raises(ContainerError, match=f"{other.name}: its name.*{beside.name}"):
        verify(out / "a.png", KEY)
    other.rename(beside.with_name("a.png.fcrypt"))
    with pytest.raises(NotSealedError, match="missing beside it"):
        verify(out / "a.png", KEY)


def test_of_several_the_one_with_the_pixels_around_the_faces_is_taken(tmp_path, plain, photo, out):
    Image.fromarray(photo[::-1]).save(tmp_path / "other.png")
    other = again(tmp_path / "other.png", out)
    payload = read_payload(out / "a.png").to_bytes()
    assert payload in [beside.read_bytes() for beside in sidecars(out)]
    assert payload != other.read_bytes()
    verify(out / "a.png", KEY)
    for beside in sidecars(out):
        if beside != other:
            beside.unlink()
    (out / "a.png.0123456789abcdef.fcrypt").write_text("{}")
    with pytest.raises(ContainerError, match="none fits the picture as it is now"):
        verify(out / "a.png", KEY)


def test_of_several_sealings_of_one_picture_the_encrypted_pixels_tell(tmp_path, plain, photo, out):
    header = inspect(out / "a.png")
    own = region_key(header, KEY, 0)
    for _ in range(2):
        again(plain, out)
        shutil.rmtree(out / "elsewhere")
    assert len(sidecars(out)) == 3
    assert inspect(out / "a.png") == header
    for key in KEY, own:
        decrypt_file(out / "a.png", tmp_path / "back.png", key, overwrite=True)
        assert (np.array(Image.open(tmp_path / "back.png")) == photo).all()
    with pytest.raises(AuthenticationError):
        verify(out / "a.png", SecretKey.generate())
    # Where a face was painted over, none has them.
    pixels = np.array(Image.open(out / "a.png"))
    pixels[20, 20] ^= 1
    Image.fromarray(pixels).save(out / "a.png")
    with pytest.raises(ContainerError, match="3 sidecars beside it fit"):
        inspect(out / "a.png")
    seal(plain, out, overwrite=True)
    assert len(sidecars(out)) == 1


@pytest.fixture(params=["a.jpg", "a.png", "a.mp4"])
def twice(request, tmp_path, photo):
    """A file sealed twice for one key and another's, with both sidecars beside what is shown;
    and the folder in which only the second sidecar lies."""
    name = request.param
    plain, out, other = tmp_path / "plain" / name, tmp_path / "out", tmp_path / "other"
    for folder in plain.parent, out, other:
        folder.mkdir()
    if name.endswith("mp4"):
        write_clip(plain, 4)
    else:
        Image.fromarray(photo).save(plain, quality=90)
    faces = [Region(0, 0, 16, 16), Region(32, 16, 48, 32)]
    for folder in out, other:
        encrypt_file(plain, folder / name, [KEY, BOB], regions=faces, sidecar=True)
    # Shown is the second one: of a JPEG and a video nobody can tell, for both show the same.
    shutil.copy(other / name, out / name)
    for beside in sidecars(other):
        shutil.copy(beside, out)
    return out / name, other / name


@pytest.mark.filterwarnings("ignore:.*sidecars of other sealings")
def test_who_may_open_it_no_more_opens_it_with_no_sidecar(twice):
    path, other = twice
    before = {beside: beside.read_bytes() for beside in sidecars(path.parent)}
    rewrap_file(path, KEY, KEY)
    changed = [beside for beside in before if beside.read_bytes() != before[beside]]
    # Of a PNG the other sidecar is another picture's, which is not touched.
    assert len(changed) == (1 if path.suffix == ".png" else 2)
    for beside in changed:
        for each in sidecars(other.parent):
            each.unlink()
        shutil.copy(beside, other.parent)
        verify(other, KEY)
        with pytest.raises(AuthenticationError):
            verify(other, BOB)
    verify(path, KEY)
    assert rewrap_files(path, KEY, KEY).skipped == 1


@pytest.mark.filterwarnings("ignore:.*sidecars of other sealings")
def test_a_face_is_forgotten_in_all_sidecars_that_fit(twice):
    path, other = twice
    forget_regions(path, KEY, [0])
    verify(path, KEY)
    assert forget_files(path, KEY, [0]).skipped == 1
    for beside in sidecars(path.parent):
        data = beside.read_bytes()
        header = (
            Payload.from_bytes(data).header
            if path.suffix != ".mp4"
            else inspect_alone(path, beside)
        )
        mine = path.suffix != ".png" or beside.name == sidecars(other.parent)[0].name
        assert (0 in header.forgotten) == mine


def inspect_alone(path, beside):
    folder = path.parent / "alone"
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder)
    shutil.copy(beside, folder)
    header = inspect(folder / path.name)
    shutil.rmtree(folder)
    return header


def test_sidecars_of_other_sealings_are_named_when_a_file_is_changed(tmp_path, plain, photo, out):
    Image.fromarray(photo[::-1]).save(tmp_path / "other.png")
    other = again(tmp_path / "other.png", out)
    said = f"sidecars of other sealings, .* which stay as they are: {other.name}"
    with pytest.warns(UserWarning, match=said):
        forget_regions(out / "a.png", KEY, [0])
    # Also when there is nothing left to do.
    with pytest.warns(UserWarning, match=said):
        assert forget_files(out / "a.png", KEY, [0]).skipped == 1
    other.unlink()
    rewrap_file(out / "a.png", KEY, BOB, keep=True)  # without a warning
    encrypt_file(plain, out / "b.png", KEY, regions=FACE)
    shutil.copy(sidecars(out)[0], out / "b.png.0123456789abcdef.fcrypt")
    with pytest.warns(UserWarning, match=r"b\.png: beside it lie sidecars of other sealings"):
        rewrap_file(out / "b.png", KEY, SecretKey.generate(), keep=True)


class Killed(Exception):
    pass


@pytest.fixture
def killed(monkeypatch):
    """Runs a change that ends once the first of two sidecars was written."""

    def run(change):
        count = itertools.count()

        def once(module):
            replace = module._replace_beside

            def replaced(*args):
                if next(count):
                    raise Killed
                replace(*args)

            monkeypatch.setattr(module, "_replace_beside", replaced)

        once(rewriting)
        once(video_changing)
        with pytest.raises(Killed):
            change()
        monkeypatch.undo()

    return run


BOTH_FIT = pytest.mark.parametrize("twice", ["a.jpg", "a.mp4"], indirect=True)


@BOTH_FIT
def test_a_face_that_one_of_two_sidecars_still_opens_is_not_called_forgotten(twice, killed):
    path, _ = twice
    plain = path.parents[1] / "plain" / path.name
    killed(lambda: forget_regions(path, KEY, [0]))
    assert verify(path, KEY).forgotten == ()
    decrypt_file(path, path.with_name(f"back{path.suffix}"), KEY)
    assert path.with_name(f"back{path.suffix}").read_bytes() == plain.read_bytes()
    assert forget_files(path, KEY, [0]).done == 1
    assert verify(path, KEY).forgotten == (0,)


@BOTH_FIT
def test_what_a_killed_run_did_already_is_not_called_another_sealing(twice, killed):
    path, _ = twice
    killed(lambda: rewrap_file(path, KEY, BOB))
    rewrap_file(path, KEY, BOB)  # without a warning
    assert rewrap_files(path, BOB, BOB).skipped == 1
    verify(path, BOB)
    with pytest.raises(AuthenticationError):
        verify(path, KEY)


@BOTH_FIT
def test_hidden_copies_of_all_sidecars_go(twice):
    path, _ = twice
    for beside in sidecars(path.parent):
        shutil.copy(beside, hidden_name(beside))
    assert len(list(path.parent.glob(".*"))) == 2
    forget_regions(path, KEY, [0])
    assert list(path.parent.glob(".*")) == []
    for beside in sidecars(path.parent):
        shutil.copy(beside, hidden_name(beside))
    assert forget_files(path, KEY, [0]).skipped == 1
    assert list(path.parent.glob(".*")) == []


@pytest.mark.parametrize("twice", ["a.mp4"], indirect=True)
def test_a_sidecar_that_comes_meanwhile_is_changed_too(twice, monkeypatch):
    path, _ = twice
    listed = video_changing.sidecars_of

    def before(path):
        monkeypatch.setattr(video_changing, "sidecars_of", listed)
        return listed(path)[:1]

    monkeypatch.setattr(video_changing, "sidecars_of", before)
    rewrap_file(path, KEY, KEY)
    with pytest.raises(AuthenticationError):
        verify(path, BOB)


def test_the_sidecar_of_a_picture_that_was_moved_away_is_not_removed(tmp_path, plain, out):
    [beside] = sidecars(out)
    (out / "a.png").rename(tmp_path / "moved.png")
    encrypt_file(plain, out / "a.png", KEY, regions=FACE, overwrite=True)
    assert sidecars(out) == [beside]


def test_sealed_pictures_that_were_edited_elsewhere_are_passed_over(tmp_path, photo):
    """What they were sealed for is hidden in them."""
    plain, out = tmp_path / "in", tmp_path / "out"
    plain.mkdir()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in "a.jpg", "b.png", "c.png":
        Image.fromarray(photo).save(plain / name, icc_profile=profile)
    encrypt_files(plain, out, KEY, regions=FACE, sidecar=True)
    jpeg = (out / "a.jpg").read_bytes()
    at = jpeg.index(b"\xff\xe2")
    length = int.from_bytes(jpeg[at + 2 : at + 4])
    (out / "a.jpg").write_bytes(jpeg[:at] + jpeg[at + 2 + length :])
    Image.fromarray(np.array(Image.open(out / "b.png"))).save(out / "b.png")
    captioned = np.array(Image.open(out / "c.png"))
    captioned[-1, -8:] = 0
    Image.fromarray(captioned).save(out / "c.png")
    summary = encrypt_files(out, tmp_path / "again", KEY, regions=FACE)
    assert (summary.sealed, summary.failed) == (3, ())


@pytest.mark.parametrize("name", ["a.png", "a.mp4"])
def test_force_without_a_sidecar_leaves_none_either(tmp_path, photo, name):
    plain, path = tmp_path / name, tmp_path / "out" / name
    path.parent.mkdir()
    if name.endswith("mp4"):
        write_clip(plain, 4)
    else:
        Image.fromarray(photo).save(plain)
    encrypt_file(plain, path, KEY, regions=FACE, sidecar=True)
    encrypt_file(plain, path, KEY, regions=FACE, overwrite=True)
    assert os.listdir(path.parent) == [name]
    verify(path, KEY)


def test_what_another_process_named_meanwhile_goes_too(plain, out, monkeypatch):
    """Both listed the sidecars before the other had named its own."""
    place = pairs.prepared

    def raced(*args, **options):
        monkeypatch.setattr(pairs, "prepared", place)
        seal(plain, out, overwrite=True)
        return place(*args, **options)

    monkeypatch.setattr(pairs, "prepared", raced)
    seal(plain, out, overwrite=True)
    assert len(sidecars(out)) == 1
    verify(out / "a.png", KEY)


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_a_sidecar_that_is_a_link_is_not_changed_in_silence(plain, out, tmp_path, kind):
    [beside] = sidecars(out)
    target = beside.rename(tmp_path / "target")
    if kind == "symbolic":
        beside.symlink_to(target)
    else:
        os.link(target, beside)
    before = target.read_bytes()
    for change in (
        lambda: rewrap_file(out / "a.png", KEY, SecretKey.generate(), keep=True),
        lambda: forget_regions(out / "a.png", KEY, [0]),
    ):
        if kind == "symbolic":
            with pytest.raises(MediaError, match=f"{beside.name}: is a link"):
                change()
            assert beside.read_bytes() == before
        else:
            with pytest.warns(UserWarning, match=f"{beside.name}: has other names"):
                change()
        os.unlink(beside)  # noqa: PTH108
        if kind == "symbolic":
            beside.symlink_to(target)
        else:
            os.link(target, beside)


def pipe_beside(path):
    pipe = path.with_name(f"{path.name}.0123456789abcdef.fcrypt")
    os.mkfifo(pipe)
    return pipe


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
@pytest.mark.parametrize("alone", [True, False])
def test_a_pipe_with_the_name_of_a_sidecar_is_not_waited_for(out, alone):
    """Nobody writes into it, so that reading it would never end."""
    [beside] = sidecars(out)
    pipe = pipe_beside(out / "a.png")
    if alone:
        beside.unlink()
    with pytest.raises(MediaError, match=f"{pipe.name}: is a pipe"):
        inspect(out / "a.png")
    done = command("decrypt", str(out), "-o", str(out / "back"), "-k", saved_key(out))
    assert done.code == 1
    assert f"{pipe.name}: is a pipe" in " ".join(done.err)


def saved_key(folder) -> str:
    KEY.save(folder / "k")
    return str(folder / "k")


def test_of_sidecars_that_do_not_fit_no_more_is_read_than_the_header(tmp_path, plain, photo, out):
    Image.fromarray(photo[::-1]).save(tmp_path / "other.png")
    other = again(tmp_path / "other.png", out)
    os.truncate(other, 64 << 20)
    with traced() as peak:
        verify(out / "a.png", KEY)
    assert 0 < peak.bytes < 32 << 20


def test_sidecars_that_fit_are_together_no_larger_than_one_may_be(plain, out, monkeypatch):
    again(plain, out)
    size = sum(beside.stat().st_size for beside in sidecars(out))
    monkeypatch.setattr(sidecar, "MAX_PAYLOAD_BYTES", size - 1)
    with pytest.raises(MediaError, match="larger than a payload may be"):
        verify(out / "a.png", KEY)
    monkeypatch.setattr(sidecar, "MAX_PAYLOAD_BYTES", size)
    verify(out / "a.png", KEY)


def test_more_than_a_few_are_refused(plain, out):
    for number in range(16):
        (out / f"a.png.{number:016x}.fcrypt").write_text("{}")
    with pytest.raises(ContainerError, match="17 sidecars lie beside it"):
        verify(out / "a.png", KEY)


def test_a_job_done_twice_over_is_done(plain, out):
    plain.rename(plain.with_name("a.png"))
    source = plain.with_name("a.png")
    # Anew, for a sealed file with its original must not be older than the source.
    seal(source, out, overwrite=True)
    again(source, out)

    def job(key=KEY, **options):
        return encrypt_files(source, out, key, regions=FACE, sidecar=True, **options)

    assert job().skipped == 1
    shutil.rmtree(out / "elsewhere")
    for beside in sidecars(out):
        beside.unlink()
    (out / "a.png").unlink()
    assert job(SecretKey.generate()).done == 1
    again(source, out)
    assert "sealed for other keys" in str(job().failed[0].error)


@pytest.mark.parametrize(("before", "after"), [(3600, 3599), (0, 0)])
def test_a_folder_is_looked_into_again_when_it_changed(out, before, after):
    """Also where a coarse clock gives both states of the folder one date, this very second."""
    [beside] = sidecars(out)
    kept, now = beside.rename(out / "kept"), time.time()
    os.utime(out, (now - before, now - before))
    with pytest.raises(NotSealedError):
        verify(out / "a.png", KEY)
    kept.rename(beside)
    os.utime(out, (now - after, now - after))
    verify(out / "a.png", KEY)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_without_a_list_hides_sidecars(plain, out):
    out.chmod(0o300)
    try:
        with pytest.raises(NotSealedError):
            verify(out / "a.png", KEY)
    finally:
        out.chmod(0o700)


def test_the_sidecar_of_a_picture_about_to_come_stays(tmp_path, plain, out, monkeypatch):
    """Another writer holds the lock until its picture is there."""
    coming = again(plain, out)
    with coming.open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        seal(plain, out, overwrite=True)
        assert coming in sidecars(out)
    seal(plain, out, overwrite=True)
    assert coming not in sidecars(out)


def test_the_sidecar_of_a_picture_that_came_meanwhile_stays(tmp_path, plain, out, monkeypatch):
    """Another writer named its own just before the old ones are removed."""
    coming, elsewhere = again(plain, out), out / "elsewhere" / "a.png"
    remove = pairs.remove_unless_locked

    def late(path, unwanted):
        if elsewhere.exists():
            elsewhere.replace(out / "a.png")
        remove(path, unwanted)

    monkeypatch.setattr(pairs, "remove_unless_locked", late)
    seal(plain, out, overwrite=True)
    assert coming in sidecars(out)
    verify(out / "a.png", KEY)


RACE = """
import sys
from facecrypt import Region, SecretKey, encrypt_files
folder, force = sys.argv[1], sys.argv[2] == "force"
print("ready", flush=True)
sys.stdin.readline()
done = encrypt_files(
    f"{folder}/in", f"{folder}/out", SecretKey.load(f"{folder}/k"), regions=[Region(2, 2, 20, 20)],
    sidecar=True, overwrite=force, workers=2,
)
for result in done.failed:
    assert "already" in str(result.error), result.error
"""


@pytest.mark.parametrize("force", ["force", "no"])
def test_two_processes_on_one_folder(tmp_path, force):
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(3)
    for number in range(48):
        image = rng.integers(0, 256, (24, 24, 3), np.uint8)
        Image.fromarray(image).save(tmp_path / "in" / f"{number}.png")
    KEY.save(tmp_path / "k")
    start = [sys.executable, "-c", RACE, tmp_path, force]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    for _ in range(2):
        both = [subprocess.Popen(start, **pipes) for _ in "12"]
        for process in both:
            assert process.stdout.readline() == "ready\n"
        for process in both:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in both:
            process.communicate(timeout=120)
            assert process.returncode == 0
        for number in range(48):
            verify(tmp_path / "out" / f"{number}.png", KEY)
        assert force == "force" or len(sidecars(tmp_path / "out")) == 48
        if force == "no":
            shutil.rmtree(tmp_path / "out")


def test_rewriting_reads_the_list_of_a_large_folder_seldom(tmp_path, photo, monkeypatch):
    plain = tmp_path / "plain.png"
    Image.fromarray(photo).save(plain)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(12):
        encrypt_file(plain, folder / f"{number}.png", KEY, regions=FACE, sidecar=True)
    monkeypatch.setattr(sidecar_names, "_SMALL_SECONDS", -1)
    monkeypatch.setattr(sidecar_names, "_SHARE", 1e9)
    monkeypatch.setattr(sidecar_names, "_lists", {})
    listed, real = [], os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or real(path))
    assert rewrap_files(folder, KEY, SecretKey.generate(), workers=1).done == 12
    # Before the first is written, and once as a change is seen.
    assert len(listed) <= 3


@pytest.fixture
def pair(plain, tmp_path):
    """A sealed picture, and its sidecar, which is to be written anew for other recipients."""
    path = tmp_path / "pair" / "a.png"
    path.parent.mkdir()
    encrypt_file(plain, path, KEY, regions=FACE, sidecar=True)
    return path


def test_a_header_of_the_same_sealing_stays_where_its_picture_is_not_replaced(
    pair, tmp_path, monkeypatch
):
    source = tmp_path / "source" / "a.png"
    shutil.copytree(pair.parent, source.parent)
    name = pairs.named

    def failing(file):
        if file.path == pair:
            raise MediaError("the disk is full")
        name(file)

    monkeypatch.setattr(pairs, "named", failing)
    with pytest.raises(MediaError, match="full"):
        rewrap_file(source, KEY, [KEY, Passphrase("new")], output=pair, overwrite=True)
    assert verify(pair, KEY).whole


def test_a_header_of_the_same_sealing_is_replaced_where_nothing_locks(pair, tmp_path, monkeypatch):
    source = tmp_path / "source" / "a.png"
    shutil.copytree(pair.parent, source.parent)
    monkeypatch.setattr(leftovers, "fcntl", None)
    new = SecretKey.generate()
    rewrap_file(source, KEY, new, output=pair, overwrite=True)
    assert verify(pair, new).whole
    assert len(list(pair.parent.iterdir())) == 2
