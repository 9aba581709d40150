"""Samples: their classes by an overlap computed in plain Python, and the files they go to."""

import json
import re
import resource
import shutil

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.places import ROOT, SHARED_FACES

from facecrypt import MTCNN
from facecrypt.detector import cascade as _cascade
from facecrypt.errors import ContainerError, MediaError, ModelError
from facecrypt.models import sessions
from facecrypt.training.hard import open_stages, passed_on
from facecrypt.training.layout import open_samples
from facecrypt.training.prepare import prepare
from facecrypt.training.samples import (
    hard_samples,
    landmark_samples,
    pnet_samples,
    random_negatives,
)
from facecrypt.training.wider import Landmarks

ASTRONAUT = ROOT / "examples" / "astronaut.png"
NO_FACES = np.empty((0, 4), np.int32)


def overlap(a, b) -> float:
    """As the published scripts have it: edges inclusive."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    common = max(0, width) * max(0, height)
    areas = [(x2 - x1 + 1) * (y2 - y1 + 1) for x1, y1, x2, y2 in (a, b)]
    return common / (sum(areas) - common)


def check_classes(shape, faces, chosen, least) -> None:
    """Each sample is where and what it is said to be, and its offsets lead to its face."""
    for kind in ("positive", "part", "negative"):
        boxes, offsets = chosen[kind]
        assert len(boxes) == len(offsets)
        for box, row in zip(boxes.tolist(), offsets.tolist(), strict=True):
            x1, y1, x2, y2 = box
            assert 0 <= x1 < x2 <= shape[1]
            assert 0 <= y1 < y2 <= shape[0]
            assert min(x2 - x1, y2 - y1) >= least
            values = [overlap(box, face) for face in faces] or [0.0]
            best = max(values)
            if kind == "negative":
                assert best < 0.3
                continue
            assert best >= 0.65 if kind == "positive" else 0.4 <= best < 0.65
            sides = [x2 - x1, y2 - y1] * 2
            found = [edge + part * side for edge, part, side in zip(box, row, sides, strict=True)]
            assert np.allclose(found, faces[values.index(best)], atol=1e-3)


FACES = [[100, 100, 160, 170], [120, 110, 190, 180], [300, 200, 420, 340], [500, 20, 524, 60]]


@pytest.mark.parametrize("seed", range(5))
def test_squares_by_chance_are_of_their_class(seed):
    faces = np.array(FACES, np.int32)
    chosen = pnet_samples((600, 800), faces, np.random.default_rng(seed))
    check_classes((600, 800), FACES, chosen, 1)
    assert 50 <= len(chosen["negative"].boxes) <= 50 + 5 * len(FACES)
    assert 0 < len(chosen["positive"].boxes) + len(chosen["part"].boxes) <= 20 * len(FACES)
    squares = np.concatenate([chosen[kind].boxes for kind in chosen])
    sides = squares[:, 2:] - squares[:, :2]
    assert (sides[:, 0] == sides[:, 1]).all()
    assert chosen["negative"].offsets.shape[1] == 0
    assert chosen["positive"].offsets.dtype == np.float32


spans = st.tuples(st.integers(-30, 180), st.integers(1, 150)).map(lambda at: (at[0], sum(at)))
faces_of_all_kinds = st.lists(
    st.tuples(spans, spans).map(lambda xy: [xy[0][0], xy[1][0], xy[0][1], xy[1][1]]), max_size=6
)


@settings(deadline=None, max_examples=60)
@given(faces_of_all_kinds, st.integers(1, 200), st.integers(1, 200), st.integers(0, 9))
def test_any_faces_in_any_picture(faces, height, width, seed):
    shape, known = (height, width), np.array(faces, np.int32).reshape(-1, 4)
    rng = np.random.default_rng(seed)
    check_classes(shape, faces, pnet_samples(shape, known, rng), 1)
    found = np.array([[0, 0, width, height], [0, 0, 1, 1]], np.int32)
    check_classes(shape, faces, hard_samples(shape, known, found, rng), 1)


def test_jittered_squares_are_of_about_the_size_and_place_of_the_face():
    """Side in [int(0.8 * 50), ceil(1.25 * 80)); centre off by at most 0.2 of width and height."""
    face = [200, 300, 250, 380]
    chosen = [
        pnet_samples((900, 900), np.array([face], np.int32), np.random.default_rng(seed))
        for seed in range(40)
    ]
    boxes = np.concatenate([c[kind].boxes for c in chosen for kind in ("positive", "part")])
    sides = boxes[:, 2] - boxes[:, 0]
    assert 40 <= sides.min() < 55
    assert sides.max() < 100
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    # A corner that is cut to whole pixels moves the centre by up to one.
    assert (abs(centres - [225, 340]) <= [10 + 1, 16 + 1]).all()
    assert (abs(centres - [225, 340]).max(axis=0) > [8, 13]).all()


def test_faces_that_are_small_or_cut_have_no_squares_around_them():
    for face in ([100, 100, 119, 119], [-1, 50, 60, 110], [50, -1, 110, 60]):
        chosen = pnet_samples((300, 300), np.array([face], np.int32), np.random.default_rng(0))
        assert not len(chosen["positive"].boxes)
        assert not len(chosen["part"].boxes)
        assert len(chosen["negative"].boxes) == 50


def test_a_picture_without_faces_gives_negatives_only():
    chosen = pnet_samples((100, 100), NO_FACES, np.random.default_rng(0))
    assert {kind: len(c.boxes) for kind, c in chosen.items()} == {
        "positive": 0,
        "part": 0,
        "negative": 50,
    }


def test_a_picture_full_of_faces_ends():
    places = range(0, 28, 2)
    faces = np.array([[x, y, x + 14, y + 14] for x in places for y in places], np.int32)
    rng = np.random.default_rng(0)
    assert not len(random_negatives((40, 40), faces, 50, 12, rng))
    assert len(pnet_samples((40, 40), faces, rng)["negative"].boxes) == 0


def test_a_picture_too_small_for_squares_gives_none():
    assert not len(random_negatives((25, 900), NO_FACES, 50, 12, np.random.default_rng(0)))


def test_hard_examples_are_kept_in_order_cut_and_filled_up():
    face = [200, 200, 300, 300]
    away = [[x, 0, x + 25, 25] for x in range(80)]
    around = [[200 + d, 200, 300 + d, 300] for d in range(12)]
    found = np.array([*away, *around, [0, 0, 19, 30], [260, 200, 360, 300]], np.int32)
    rng = np.random.default_rng(0)
    chosen = hard_samples((400, 400), np.array([face], np.int32), found, rng)
    check_classes((400, 400), [face], chosen, 20)
    assert chosen["negative"].boxes.tolist() == away[:60]
    # 12 are enough, and none is by chance; of parts there is none, for 0.25 is dropped.
    assert chosen["positive"].boxes.tolist() == around
    assert 0 < len(chosen["part"].boxes) <= 10
    chosen = hard_samples((400, 400), np.array([face], np.int32), NO_FACES, rng)
    assert len(chosen["negative"].boxes) == 10
    assert 0 < len(chosen["positive"].boxes) <= 10
    check_classes((400, 400), [face], chosen, 20)


def test_landmarks_of_squares():
    points = np.array([[220, 240], [280, 240], [250, 260], [230, 280], [270, 280]], np.float32)
    face = Landmarks("a.jpg", np.array([200, 200, 300, 300], np.int32), points)
    boxes, offsets = landmark_samples((500, 500), [face], np.random.default_rng(0))["landmark"]
    assert len(boxes)
    assert offsets.shape == (len(boxes), 10)
    for box, row in zip(boxes.tolist(), offsets.reshape(-1, 5, 2), strict=True):
        assert overlap(box, [200, 200, 300, 300]) >= 0.65
        assert np.allclose(box[:2] + row * (box[2] - box[0]), points, atol=1e-3)


def test_what_the_networks_pass_on_shrinks_and_still_holds_the_face():
    image = cv2.imread(str(ASTRONAUT))[:, :, ::-1].copy()
    (face,) = MTCNN(device="cpu").detect(image)
    proposed = passed_on(open_stages(None, 24), image)
    refined = passed_on(open_stages(None, 48), image)
    assert len(proposed) > len(refined) > 0
    for boxes in proposed, refined:
        assert max(overlap(box, face.box) for box in boxes.tolist()) > 0.6
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2:] <= image.shape[1::-1]).all()
        sides = boxes[:, 2:] - boxes[:, :2]
        assert abs(sides[:, 0] - sides[:, 1]).max() <= 1


def test_what_is_passed_on_is_what_the_detector_cuts_out():
    image = cv2.imread(str(ASTRONAUT))[:, :, ::-1].copy()
    stages, sampler = open_stages(None, 24), _cascade.AreaSampler(image)
    boxes = stages.propose(sampler)
    cut, _ = _cascade.inside(boxes, sampler.shape)
    whole = np.trunc(boxes)
    fits = (whole[:, :2] >= 1).all(axis=1) & (whole[:, 2:] <= image.shape[1::-1]).all(axis=1)
    assert 0 < fits.sum() < len(boxes)
    assert np.array_equal(passed_on(stages, image), cut[fits])


def test_only_the_networks_before_are_needed(tmp_path):
    shutil.copy(sessions.MODELS / "pnet.onnx", tmp_path)
    open_stages(tmp_path, 24)
    with pytest.raises(ModelError, match=r"rnet\.onnx"):
        open_stages(tmp_path, 48)


# ---- files -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Three pictures and their list: a face, none, and a gray picture with two faces."""
    here = tmp_path_factory.mktemp("pictures")
    (here / "images" / "sub").mkdir(parents=True)
    rng = np.random.default_rng(5)
    smooth = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (200, 150))
    cv2.imwrite(str(here / "images" / "one.png"), smooth)
    cv2.imwrite(str(here / "images" / "sub" / "none.png"), smooth[::-1])
    cv2.imwrite(str(here / "images" / "gray.png"), smooth[:, :, 0])
    (here / "gt.txt").write_text(
        "one.png\n1\n60 40 50 60 0 0 0 0 0 0\nsub/none.png\n0\n0 0 0 0 0 0 0 0 0 0\n"
        "gray.png\n2\n10 10 40 40 0 0 0 0 0 0\n90 60 70 70 0 0 0 0 0 0\n"
    )
    (here / "short.txt").write_text(
        "one.png 60 40 110 100\nsub/none.png\ngray.png 10 10 50 50 90 60 160 130\n"
    )
    points = "75 60 95 60 85 70 77 85 93 85"
    (here / "landmarks.txt").write_text(f"one.png 60 40 110 100 {points}\n")
    return here


def made(pictures, out, **settings):
    settings = {"size": 12, "seed": 3, **settings}
    return prepare(pictures / "gt.txt", pictures / "images", out, **settings)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_arrays_offsets_and_lines_agree(pictures, tmp_path):
    counts = made(pictures, tmp_path, jpeg=True)
    samples = open_samples(tmp_path, 12)
    assert counts == (
        3,
        len(samples.positive),
        len(samples.part),
        len(samples.negative),
        len(samples.landmark),
    )
    assert counts.landmark == 0 < min(counts.positive, counts.part, counts.negative)
    for kind, short, label in (
        ("positive", "pos", "1"),
        ("part", "part", "-1"),
        ("negative", "neg", "0"),
    ):
        pixels, lines = getattr(samples, kind), (tmp_path / "12" / f"{short}_12.txt").read_text()
        lines = lines.splitlines()
        assert pixels.dtype == np.uint8
        assert pixels.shape[1:] == (12, 12, 3)
        assert len(lines) == len(pixels)
        for number, line in enumerate(lines):
            name, marked, *values = line.split(" ")
            assert (name, marked) == (f"12/{kind}/{number}.jpg", label)
            if kind == "negative":
                assert not values
            else:
                exact = getattr(samples, f"{kind}_offsets")[number]
                assert values == [f"{value:.2f}" for value in exact.tolist()]
            file = cv2.imread(str(tmp_path / name))[:, :, ::-1].astype(int)
            assert abs(file - pixels[number]).mean() < 4
    # The lines that the paper shows.
    line = r"12/positive/0\.jpg 1( -?\d\.\d\d){4}\n"
    assert re.match(line, (tmp_path / "12" / "pos_12.txt").read_text())


@pytest.mark.parametrize("size", [12, 24])
def test_samples_are_those_of_the_seed_with_any_number_of_jobs(pictures, tmp_path, size):
    for number, jobs in enumerate((1, 3, None)):
        made(pictures, tmp_path / str(number), size=size, jobs=jobs, jpeg=True)
    made(pictures, tmp_path / "other", size=size, seed=4, jpeg=True)
    first, second, third, other = (contents(tmp_path / name) for name in ("0", "1", "2", "other"))
    assert first == second == third != other


def test_either_list_gives_the_same_samples(pictures, tmp_path):
    made(pictures, tmp_path / "long")
    prepare(
        pictures / "short.txt", pictures / "images", tmp_path / "short", size=12, seed=3, jobs=1
    )
    assert contents(tmp_path / "long") == contents(tmp_path / "short")


def test_crops_are_parts_of_their_pictures(tmp_path):
    """A picture whose pixels say where they are: each sample then tells its box by itself."""
    y, x = np.mgrid[0:240, 0:240]
    picture = np.stack([np.zeros_like(x), y, x], axis=-1).astype(np.uint8)  # BGR for OpenCV
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    (tmp_path / "list.txt").write_text("a.png 60 80 140 160\n")
    prepare(tmp_path / "list.txt", tmp_path, tmp_path / "set", size=12, jobs=1)
    samples = open_samples(tmp_path / "set", 12)
    for pixels, offsets in zip(samples.positive, samples.positive_offsets, strict=True):
        red, green = pixels[:, :, 0].astype(float), pixels[:, :, 1].astype(float)
        side = (red[0, -1] - red[0, 0]) * 12 / 11
        corner = red[0, 0] - side / 24 + 0.5, green[0, 0] - side / 24 + 0.5
        found = [edge + part * side for edge, part in zip(corner * 2, offsets, strict=True)]
        found = np.add(found, [0, 0, side, side])
        assert np.allclose(found, [60, 80, 140, 160], atol=3)


def test_hard_samples_and_landmarks_to_files(pictures, tmp_path):
    made(pictures, tmp_path, size=48, landmarks=pictures / "landmarks.txt", jobs=1)
    samples = open_samples(tmp_path, 48)
    assert samples.landmark.shape[1:] == (48, 48, 3)
    assert len(samples.landmark)
    assert samples.landmark_offsets.shape == (len(samples.landmark), 10)
    line = r"48/landmark/0\.jpg -2( -?\d\.\d\d){10}\n"
    assert re.match(line, (tmp_path / "48" / "landmark_48.txt").read_text())


def test_sets_of_several_sizes_lie_side_by_side(pictures, tmp_path):
    made(pictures, tmp_path)
    before = contents(tmp_path / "12")
    with pytest.raises(MediaError, match=r"12: is there"):
        made(pictures, tmp_path, seed=9)
    made(pictures, tmp_path, size=24, models=sessions.MODELS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["12", "24"]
    assert contents(tmp_path / "12") == before


def test_progress_counts_pictures(pictures, tmp_path):
    seen = []
    made(pictures, tmp_path, jobs=2, progress=lambda *now: seen.append(now))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_nothing_is_left_of_a_set_with_a_bad_picture(damage, pictures, tmp_path):
    shutil.copytree(pictures / "images", tmp_path / "images")
    bad = tmp_path / "images" / "gray.png"
    if damage == "missing":
        bad.unlink()
    else:
        bad.write_bytes(bad.read_bytes()[:100])
    with pytest.raises(MediaError, match=r"gray\.png"):
        prepare(pictures / "gt.txt", tmp_path / "images", tmp_path / "set", size=12)
    assert list((tmp_path / "set").iterdir()) == []


def test_nothing_is_left_where_the_disk_takes_no_more(pictures, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(MediaError, match="12: "):
            made(pictures, tmp_path / "set")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "set").iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": 13}, "12, 24 or 48"),
        ({"models": ROOT}, "no network before it"),
        ({"landmarks": ROOT}, "for size 48"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"jobs": 0}, "jobs must be at least 1"),
    ],
)
def test_parameters_are_refused_before_anything_is_made(settings, words, pictures, tmp_path):
    with pytest.raises(ValueError, match=words):
        made(pictures, tmp_path / "set", **settings)
    assert not (tmp_path / "set").exists()


def test_an_empty_list_is_refused(pictures, tmp_path):
    (tmp_path / "none.txt").write_text("\n")
    with pytest.raises(ValueError, match="lists no pictures"):
        prepare(tmp_path / "none.txt", pictures / "images", tmp_path / "set", size=12)


def test_what_is_no_set_of_samples_is_refused(pictures, tmp_path):
    with pytest.raises(MediaError, match="prepare --size 24"):
        open_samples(tmp_path, 24)
    with pytest.raises(ValueError, match="12, 24 or 48"):
        open_samples(tmp_path, 36)
    made(pictures, tmp_path)
    whole = (tmp_path / "12" / "part.npy").read_bytes()
    (tmp_path / "12" / "part.npy").write_bytes(whole[:-432])
    with pytest.raises(ContainerError, match=r"part\.npy: no whole"):
        open_samples(tmp_path, 12)
    np.save(tmp_path / "12" / "part.npy", np.zeros((2, 12, 12), np.uint8))
    with pytest.raises(ContainerError, match=r"\(N, 12, 12, 3\)"):
        open_samples(tmp_path, 12)
    np.save(tmp_path / "12" / "part.npy", np.zeros((2, 12, 12, 3), np.uint8))
    with pytest.raises(ContainerError, match="for 2 samples"):
        open_samples(tmp_path, 12)


@pytest.mark.skipif(not SHARED_FACES.is_dir(), reason="the shared photos are not there")
def test_photos_with_faces(tmp_path):
    known = json.loads((SHARED_FACES / "boxes.json").read_text())
    (tmp_path / "gt.txt").write_text(
        "".join(
            f"{name}\n{len(faces)}\n"
            + "".join(f"{x} {y} {w} {h} 0 0 0 0 0 0\n" for x, y, w, h in faces)
            for name, faces in known.items()
        )
    )
    faces = sum(len(boxes) for boxes in known.values())
    for size in (12, 24, 48):
        prepare(tmp_path / "gt.txt", SHARED_FACES, tmp_path / "set", size=size)
        samples = open_samples(tmp_path / "set", size)
        assert len(samples.positive) > faces
        # An edge that is further off than 0.54 of the side leaves less than 0.65 in common.
        assert np.abs(samples.positive_offsets).max() <= 0.54
