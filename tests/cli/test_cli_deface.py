"""Command lines of deface 1.5.0: those that mean the same do the same, the others say what does."""

import json

import numpy as np
import pytest
from PIL import Image
from support.command_line import command

from facecrypt.cli.parser import parser


def parsed(*options):
    known = vars(parser(["encrypt"]).parse_args(["encrypt", "a.jpg", "-o", "out", *options]))
    return {
        name: pytest.approx(value) if name == "grow" else value for name, value in known.items()
    }


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (["--thresh", "0.4"], ["--threshold", "0.6,0.7,0.4"]),
        (["-t", "0.4"], ["--threshold", "0.6,0.7,0.4"]),
        (["--mask-scale", "1.3"], ["--grow", "0.3"]),
        (["--mask-scale", "1"], ["--grow", "0"]),
        (["--ep", "CPUExecutionProvider"], ["--device", "cpu"]),
        (["--execution-provider", "CUDAExecutionProvider"], ["--device", "cuda"]),
        (["-m"], ["--keep-metadata"]),
    ],
)
def test_the_same(theirs, ours):
    assert parsed(*theirs) == parsed(*ours) != parsed()


@pytest.mark.parametrize("name", ["auto", "onnxrt"])
def test_the_backend_is_ours_already(name):
    assert {**parsed("--backend", name), "backend": None} == parsed()


def test_sound_is_kept_already():
    assert {**parsed("--keep-audio"), "keep_audio": False} == parsed()


@pytest.mark.parametrize(
    ("options", "instead"),
    [
        (["--scale", "640x360"], "--min-face"),
        (["-s", "640x360"], "--min-face"),
        (["--preview"], "detect IN"),
        (["--draw-scores"], "--draw DIR"),
        (["--replacewith", "mosaic"], "faces are encrypted"),
        (["--replaceimg", "x.png"], "faces are encrypted"),
        (["--mosaicsize", "20"], "faces are encrypted"),
        (["--replacewith", "mosaic"], "--fill solid or mosaic"),
        (["--ffmpeg-config", '{"codec": "libx264"}'], "--codec, --crf and --speed"),
        (["--backend", "opencv"], "choose from"),
        (["--ep", "TensorrtExecutionProvider"], "CUDAExecutionProvider"),
        (["--mask-scale", "0.9"], "from 1 to 100"),
        (["--mask-scale", "nan"], "from 1 to 100"),
        (["--thresh", "low"], "expected a number"),
        (["--boxes"], "--shape box"),
        (["--boxes", "b.jpg"], "--shape box"),
    ],
)
def test_what_to_say_instead(options, instead):
    done = command("encrypt", "a.jpg", "-o", "out", "-k", "k", *options)
    assert (done.code, done.out, len(done.err)) == (2, "", 2)
    assert instead in done.err[0]
    assert options[0] in done.err[0]


def test_a_folder_is_no_file_of_boxes(tmp_path):
    done = command("encrypt", "--boxes", tmp_path, "-o", tmp_path / "out", "-k", "k")
    assert done.code == 2


def test_masks_are_as_large(tmp_path):
    # deface.deface.scale_bb(100, 200, 150, 280, 1.3) is 85, 176, 165, 304; here it is widened
    # to multiples of 16.
    Image.fromarray(np.zeros((400, 300, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "boxes.json").write_text('{"a.png": [[100, 200, 150, 280]]}')
    assert command("keygen", "--symmetric", "-o", tmp_path / "k").code == 0
    given = ("-k", tmp_path / "k", "--boxes", tmp_path / "boxes.json", "--mask-scale", "1.3")
    assert command("encrypt", tmp_path / "a.png", "-o", tmp_path / "out", *given).code == 0
    header = json.loads(command("inspect", "--json", tmp_path / "out" / "a.png").out)
    assert [region["box"] for region in header["regions"]] == [[80, 176, 176, 304]]
