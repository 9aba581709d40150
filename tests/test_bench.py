"""The benchmarks: their arithmetic on figures worked by hand; every row runs, and all agree."""

import json
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.places import ROOT

from bench import report
from bench.__main__ import SUITES, run
from bench.harness import Measured, Sample, Spec, measure, median_and_mad
from bench.once import everything
from bench.once.everything import MEASUREMENTS, Measurement
from bench.pictures import _score
from bench.recall import prepare, score
from bench.report import Gain, Goal, Table, gain_table, memory_table, render, versions
from bench.worsened import CONDITIONS, Photo, photos, wider
from facecrypt import _native


@pytest.fixture
def found() -> Measured:
    """Copying 8 GB takes 2, 4 and 2 s, of the processor 1 s less; 2 GB of ours 1, 1 and 2 s."""
    return Measured(
        samples={
            "copy": [Sample(2, 1), Sample(4, 3), Sample(2, 1)],
            "ours": [Sample(1, 1), Sample(1, 1), Sample(2, 2)],
        },
        sizes={"copy": 8, "ours": 2},
        proofs={"copy": "abc", "ours": "3 of 3"},
        peaks={"one": 150.0, "two": 250.0},
    )


def test_median_and_the_median_distance_to_it():
    assert median_and_mad([1, 2, 3, 4, 100]) == (3, 1)


def test_ratios_are_of_rates_round_by_round(found):
    # 2/8, 2/(8/3), 1/8 of the processor; 2/4, 2/2, 1/4 on the clock.
    assert found.ratio("ours", "copy") == 0.25
    assert found.ratio("ours", "copy", "wall") == 0.5


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal("ours", "copy", 0.25), "at least 0.25x copy: 0.25x, met"),
        (Goal("ours", "copy", 0.5), "at least 0.5x copy: 0.25x, **missed by 50 %**"),
        (Goal("ours", "copy", 0.5, clock="wall"), "at least 0.5x copy: 0.5x, met"),
        (Goal("ours", "copy", 0.2, at_most=True), "at most 0.2x copy: 0.25x, **missed by 25 %**"),
        (
            Goal("ours", "copy", 2.0, at_most=True, inverse=True, name="memory"),
            "at most 2x memory: 4x, **missed by 100 %**",
        ),
        (Goal("ours", None, 600, at_most=True, unit=" ms"), "at most 600 ms: 500 ms, met"),
        (Goal("ours", "theirs", 1), "at least 1x theirs: not measured"),
    ],
)
def test_goals_say_what_was_reached(found, goal, verdict):
    assert goal.verdict(found) == verdict


def test_tables(found):
    table = Table("T", "GB/s", ("ours", "absent", "copy"), ("copy",), [Goal("ours", "copy", 1)])
    assert render(table, found).splitlines()[4:] == [
        "| ours | 2 ±0 % | 2 ±0 % | 0.25 | at least 1x copy: 0.25x, **missed by 75 %** |",
        "| copy | 4 ±0 % | 8 ±0 % | 1 |  |",
    ]
    times = Table("T", "s", ("ours",), ("copy",), [], proof="faces")
    # Of seconds for one: half and half and one whole; four times those of the copy.
    assert render(times, found).splitlines()[4:] == ["| ours | 0.5 ±0 % | 0.5 ±0 % | 4 | 3 of 3 |"]


def test_gains_are_judged_only_where_the_cores_were_free(found):
    # On the clock "ours" is 2, 4 and 1 times as fast as "one", of the processor 1, 3 and 1/2.
    found.samples["one"], found.sizes["one"] = found.samples["copy"], 2
    free, busy = Gain("one", "ours", None), Gain("ours", "one", None)
    wanted = Gain("one", "ours", 1.8)
    assert gain_table([free, wanted], found).splitlines()[4:] == [
        "| one | 2.00 | 2.00 |  |",
        "| one | 2.00 | 2.00 | at least 1.8x one: 2x, met |",
    ]
    assert gain_table([busy, wanted], found).splitlines()[5:] == [
        "| one | 2.00 | 2.00 | at least 1.8x: not judged, ours gained 0.50x |",
    ]


def test_memory(found):
    memory = memory_table(found, {"one": 200, "two": 200})
    assert memory.splitlines()[4:] == [
        "| one | 150 | at most 200 MiB: met |",
        "| two | 250 | at most 200 MiB: **missed by 25 %** |",
    ]


def test_faces_found_missed_and_beyond():
    boxes = [(0, 0, 10, 10), (20, 0, 30, 10), (50, 50, 60, 60)]
    assert _score(boxes, [(5, 5), (25, 5), (99, 99)]) == "2 of 3, 1 more"
    assert _score(boxes[:2], [(5, 5), (25, 5)]) == "2 of 2"


ROWS = """
from bench.harness import Row

def wrong():
    assert False, "not the bytes"

def rows(part, scale, data):
    if part == "absent":
        raise ImportError("no such peer")
    print("peers print what they like")
    made = {
        "one": [Row("one", list, 1, lambda: "x", "group")],
        "other": [Row("other", list, 1, lambda: "y", "group")],
        "wrong": [Row("wrong", list, 1, wrong)],
    }
    return made[part]
"""


def test_wrong_and_differing_outputs_end_a_run(tmp_path, monkeypatch):
    (tmp_path / "some_rows.py").write_text(ROWS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    one, other, wrong, absent = (
        Spec("some_rows", part) for part in ("one", "other", "wrong", "absent")
    )
    found = measure([one, absent], "tiny", 2)
    assert (found.proofs, found.absent) == ({"one": "x"}, {"absent": "no such peer"})
    assert len(found.samples["one"]) == 2
    with pytest.raises(RuntimeError, match="not the bytes"):
        measure([wrong], "tiny", 1)
    with pytest.raises(RuntimeError, match="'other' and 'one' give different bytes"):
        measure([one, other], "tiny", 1)


@pytest.mark.parametrize("suite", SUITES)
def test_every_row_runs_agrees_and_is_in_a_table(suite):
    text, found = run(suite, "tiny", {"peers": sys.executable, "photos": None})
    tables = import_module(f"bench.{suite}").tables(found, list(_native.supported_isas()))
    shown = {row for table in tables for row in table.rows}
    gains = {line.split(" | ")[0].removeprefix("| ") for line in text.splitlines()}
    for row in found.samples:
        one = row.removesuffix(", 2 threads")
        assert row in shown or any(gain.startswith(one) for gain in gains), row
    for goal in (goal for table in tables for goal in table.goals):
        assert goal.row in found.samples, goal
    for goal in (goal for table in tables for goal in table.goals):
        if goal.against not in {None, *found.samples}:
            assert any(part.lower() in goal.against.lower() for part in found.absent), goal


def test_versions_are_of_python_and_of_what_is_asked_for(monkeypatch):
    monkeypatch.setattr("platform.python_version", lambda: "3.99.1")
    monkeypatch.setattr("importlib.metadata.version", {"numpy": "2.5"}.get)
    assert versions(["numpy"]) == "Python 3.99.1, numpy 2.5"
    monkeypatch.undo()
    assert versions(["no-such-package-2"]).endswith(", no no-such-package-2")


def test_faces_are_found_by_boxes_of_their_own():
    faces = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], float)
    unsure = np.array([[60, 0, 80, 20]], float)
    boxes = [
        [1, 0, 10, 10],  # the first face, 0.9 of it
        [0, 0, 10, 8],  # the same again: neither another face nor none
        [20, 0, 30, 3],  # 0.3 of the second is too little
        [65, 5, 75, 15],  # within what may be one
        [90, 0, 99, 9],  # nothing
    ]
    assert score(np.array(boxes, float), faces, unsure) == (1, 2)
    nothing = np.empty((0, 4))
    assert score(nothing, faces, unsure) == (0, 0)
    assert score(np.array(boxes, float), nothing, nothing) == (0, 5)


@pytest.mark.parametrize("degrees", [90, 180])
def test_boxes_turn_with_their_picture(degrees):
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[5:15, 10:30] = 255
    box = np.array([[10, 5, 30, 15]], float)
    copy = CONDITIONS[f"turned by {degrees} degrees"](Photo("", pixels, box, box))
    (x0, y0, x1, y1) = copy.faces[0].round().astype(int)
    # As NumPy turns it, the other way round.
    assert (copy.pixels == np.rot90(pixels, -degrees // 90)).all()
    assert (copy.pixels[y0:y1, x0:x1] == 255).all()
    assert copy.pixels.sum() == pixels.sum()


def test_boxes_shrink_with_their_picture():
    pixels = np.zeros((80, 120, 3), np.uint8)
    boxes = np.array([[10, 20, 50, 60], [0, 0, 30, 30]], float)
    copy = CONDITIONS["a third of the size"](Photo("", pixels, boxes, boxes[:0]))
    assert copy.pixels.shape == (27, 40, 3)
    np.testing.assert_allclose(copy.faces, [[10 / 3, 6.75, 50 / 3, 20.25]])
    # 10 pixels are too few to be asked for, and whoever finds it is not wrong.
    np.testing.assert_allclose(copy.unsure, [[0, 0, 10, 10.125]])


def test_photographs_are_known_by_their_bytes(tmp_path):
    (tmp_path / "astronaut.png").write_bytes((ROOT / "examples" / "astronaut.png").read_bytes())
    (tmp_path / "t1.jpg").write_bytes(b"another")
    (photo,) = photos(tmp_path)
    assert photo.name == "astronaut.png"
    # The tip of her nose, read off by eye.
    (x0, y0, x1, y1) = photo.faces[0]
    assert x0 < 225 < x1
    assert y0 < 129 < y1


def test_pictures_of_wider_face_come_out_of_its_archives(tmp_path):
    def jpeg(level):
        return cv2.imencode(".jpg", np.full((640, 1280, 3), level, np.uint8))[1].tobytes()

    names = [f"0--Parade/0_Parade_{number}.jpg" for number in range(5)]
    # Sides are halved: one face, one marked invalid, one of 11 pixels.
    rows = "3\n200 100 60 80 0 0 0 0 0 0 \n400 0 60 60 0 0 0 1 0 0 \n0 0 22 90 0 0 0 0 0 0 \n"
    split, pictures = tmp_path / "wider_face_split.zip", tmp_path / "WIDER_val.zip"
    with zipfile.ZipFile(split, "w") as file:
        lists = "".join(f"{name}\n{rows}" for name in names)
        file.writestr("wider_face_split/wider_face_val_bbx_gt.txt", lists)
        file.writestr("wider_face_split/wider_face_train_bbx_gt.txt", "another\n0\n")
    with zipfile.ZipFile(pictures, "w") as file:
        for level, name in enumerate(names):
            file.writestr(f"WIDER_val/images/{name}", jpeg(40 * level))
    found = list(wider(split, pictures, 3))
    assert [photo.name for photo in found] == [names[0], names[2], names[4]]
    assert [int(photo.pixels.mean().round()) for photo in found] == [0, 80, 160]
    assert found[0].pixels.shape == (320, 640, 3)
    assert found[0].faces.tolist() == [[100, 50, 130, 90]]
    assert found[0].unsure.tolist() == [[200, 0, 230, 30], [0, 0, 11, 45]]
    options = {"photos": None, "wider": [split, pictures], "wider_count": 9}
    index = json.loads(Path(prepare(tmp_path, "tiny", options)["index"]).read_text())
    assert list(index) == ["plain", "WIDER FACE"]
    assert len(index["WIDER FACE"]) == 5
    assert index["WIDER FACE"][1][1] == [[100, 50, 130, 90]]


def test_every_copy_is_a_file_of_its_own(tmp_path, monkeypatch):
    none = np.empty((0, 4))
    two = [Photo(name, np.full((30, 30, 3), 9 * level, np.uint8), none, none)
           for level, name in enumerate("ab", 1)]  # fmt: skip
    monkeypatch.setattr("bench.worsened.photos", lambda folder: two)
    index = json.loads(Path(prepare(tmp_path, "full", {"photos": None})["index"]).read_text())
    assert list(index) == list(CONDITIONS)
    for condition, entries in index.items():
        for photo, (path, _, _) in zip(two, entries, strict=True):
            assert (np.load(path) == CONDITIONS[condition](photo).pixels).all()


# ---- all measurements by one command ---------------------------------------------------------


def test_every_single_measurement_is_among_them_and_every_page_is_there():
    run_by = {one.words.split()[0] for one in MEASUREMENTS}
    modules = {f"bench.once.{path.stem}" for path in (ROOT / "bench" / "once").glob("*.py")}
    # Needs a card; counts files, not time; the command itself; the package.
    apart = {"cuda", "walk", "everything", "__init__"}
    assert modules - run_by == {f"bench.once.{name}" for name in apart}
    suites = {one.words.split()[1] for one in MEASUREMENTS if one.words.startswith("bench ")}
    assert suites == set(SUITES)
    for one in MEASUREMENTS:
        for page in one.pages.split(", "):
            assert (ROOT / page).is_file(), page


def test_measures_once_a_commit_and_says_what_failed(tmp_path, monkeypatch, capsys):
    walk = Measurement("walk", "bench.once.walk verify", "bench/README.md")
    needy = Measurement("needy", "bench.once.png {jpegs}", "bench/PNG.md")
    broken = Measurement("broken", "bench.once.walk juggle", "bench/README.md")
    monkeypatch.setattr(everything, "MEASUREMENTS", (walk, needy))
    monkeypatch.setattr(report, "commit", lambda: "abc1234")

    def run_them():
        code = everything.main([str(tmp_path)])
        return code, capsys.readouterr().err.splitlines()

    code, said = run_them()
    assert code == 0
    assert said[0].endswith(" minutes")
    assert said[1] == "needy: left out: needs JPEG files (tools/fetch_jpegs.py)"
    page = (tmp_path / "walk.md").read_text()
    for part in (
        "`python -m bench.once.walk verify`",
        "Commit abc1234.",
        "Load average",
        "files, ",
    ):
        assert part in page
    assert run_them()[1][0] == "walk: measured before"
    # Of another commit, or of one with changes, it counts anew.
    for commit in ("def5678", "def5678 with changes", "def5678 with changes"):
        monkeypatch.setattr(report, "commit", lambda commit=commit: commit)
        assert run_them()[1][0].endswith(" minutes")
    monkeypatch.setattr(everything, "MEASUREMENTS", (broken, needy))
    code, said = run_them()
    assert code == 1
    assert said[0].startswith("broken: **failed** after")
    assert "KeyError: 'juggle'" in (tmp_path / "broken.err").read_text()
    assert not (tmp_path / "broken.md").exists()
    assert "| needy | bench/PNG.md | left out" in (tmp_path / "README.md").read_text()
    with pytest.raises(SystemExit):
        everything.main([str(tmp_path), "--jpegs", str(tmp_path / "typo")])
    assert "--jpegs: expected a folder with JPEG files" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        everything.main([str(tmp_path), "--deface", str(tmp_path)])
    assert f"--deface: {tmp_path} is no command" in capsys.readouterr().err
    assert everything.main([str(tmp_path), "--only", "needy"]) == 0
    listed = (tmp_path / "README.md").read_text()
    assert "| broken | bench/README.md | not asked for |" in listed
