"""WIDER FACE's archives as downloaded: their names and lines are those of the official ones."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from support.places import ROOT

from facecrypt.cli import main
from facecrypt.errors import MediaError
from facecrypt.training.archives import open_pictures
from facecrypt.training.evaluate import evaluate
from facecrypt.training.prepare import prepare
from facecrypt.training.wider import read_annotations

PARADE, NOBODY, HANDS = (
    "0--Parade/0_Parade_marchingband_1_849.jpg",
    "0--Parade/0_Parade_Parade_0_452.jpg",
    "1--Handshaking/1_Handshaking_Handshaking_1_94.jpg",
)
# x, y, w, h, blur, expression, illumination, invalid, occlusion, pose; a blank ends each row.
TRAIN = f"""\
{PARADE}
2
60 20 62 70 0 0 0 0 0 0 \n\
10 10 9 12 2 0 0 1 0 0 \n\
{NOBODY}
0
0 0 0 0 0 0 0 0 0 0 \n\
"""
VAL = f"{HANDS}\n1\n5 6 40 40 0 0 0 0 0 0 \n"


def jpeg(seed, side=160):
    noise = np.random.default_rng(seed).integers(0, 256, (side // 16, side // 16, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).resize((side, side)).save(data, "JPEG", quality=90)
    return data.getvalue()


def archive(path, members):
    """A ZIP file with folders as members, as WIDER FACE's have them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


@pytest.fixture
def wider(tmp_path):
    archive(
        tmp_path / "wider_face_split.zip",
        {
            "wider_face_split/": b"",
            "wider_face_split/wider_face_val.mat": b"MATLAB",
            "wider_face_split/wider_face_val_bbx_gt.txt": VAL,
            "wider_face_split/wider_face_train_bbx_gt.txt": TRAIN,
            "wider_face_split/wider_face_test_filelist.txt": "0--Parade/1.jpg\n",
            "wider_face_split/readme.txt": "Attached the mappings",
            "__MACOSX/wider_face_split/._wider_face_train_bbx_gt.txt": b"\0\5\26\7",
        },
    )
    archive(
        tmp_path / "WIDER_train.zip",
        {
            "WIDER_train/": b"",
            "WIDER_train/images/": b"",
            "WIDER_train/images/0--Parade/": b"",
            f"WIDER_train/images/{PARADE}": jpeg(1),
            f"WIDER_train/images/{NOBODY}": jpeg(2),
        },
    )
    archive(tmp_path / "WIDER_val.zip", {f"WIDER_val/images/{HANDS}": jpeg(3)})
    return tmp_path


def test_the_part_of_the_pictures_chooses_the_list(wider):
    for part, paths in (("train", [PARADE, NOBODY]), ("val", [HANDS])):
        with open_pictures(wider / f"WIDER_{part}.zip") as pictures:
            assert pictures.part == part
        found = list(read_annotations(wider / "wider_face_split.zip", part))
        assert [picture.path for picture in found] == paths


def test_boxes_flags_and_the_line_of_zeros(wider):
    parade, nobody = read_annotations(wider / "wider_face_split.zip", "train")
    assert parade.boxes.tolist() == [[60, 20, 122, 90], [10, 10, 19, 22]]
    assert parade.invalid.tolist() == [False, True]
    assert nobody.boxes.shape == (0, 4)
    assert nobody.skipped == 0


def unpacked(wider):
    with zipfile.ZipFile(wider / "WIDER_train.zip") as file:
        file.extractall(wider)
    with zipfile.ZipFile(wider / "wider_face_split.zip") as file:
        file.extractall(wider)
    return wider / "WIDER_train" / "images"


def test_pictures_are_those_of_the_unpacked_folder(wider):
    folder = unpacked(wider)
    with open_pictures(folder) as there, open_pictures(wider / "WIDER_train.zip") as packed:
        assert there.part == packed.part == "train"
        with ThreadPoolExecutor(4) as pool:  # as `prepare` reads them
            found = list(pool.map(packed.read, [PARADE, NOBODY] * 8))
        for pixels, path in zip(found, [PARADE, NOBODY] * 8, strict=True):
            assert (pixels == there.read(path)).all()
            assert pixels.shape == (160, 160, 3)


def test_samples_are_those_of_the_unpacked_folder(wider):
    folder = unpacked(wider)
    counts = [
        prepare(annotations, images, wider / f"set{number}", size=12, jobs=2)
        for number, (annotations, images) in enumerate(
            [
                (wider / "wider_face_split.zip", wider / "WIDER_train.zip"),
                (wider / "wider_face_split" / "wider_face_train_bbx_gt.txt", folder),
                (wider / "wider_face_split.zip", folder),
            ]
        )
    ]
    assert counts[0].pictures == 2
    assert counts[0].positive > 0
    assert counts[0] == counts[1] == counts[2]
    for path in (wider / "set0" / "12").rglob("*.npy"):
        other = wider / "set1" / path.relative_to(wider / "set0")
        assert path.read_bytes() == other.read_bytes()


def test_eval_reads_archives(wider, capsys):
    frozen = json.loads((ROOT / "tests" / "vectors" / "mtcnn_faces.json").read_text())
    x0, y0, x1, y1 = map(round, frozen["pictures"]["astronaut"]["default"][0]["box"])
    picture = (ROOT / "examples" / "astronaut.png").read_bytes()
    archive(wider / "WIDER_val.zip", {f"WIDER_val/images/{HANDS}": picture})
    line = f"{HANDS}\n1\n{x0} {y0} {x1 - x0} {y1 - y0} 0 0 0 0 0 0 \n"
    archive(
        wider / "wider_face_split.zip",
        {
            "wider_face_split/wider_face_val_bbx_gt.txt": line,
            "wider_face_split/wider_face_train_bbx_gt.txt": TRAIN,
        },
    )
    assert evaluate(None, wider / "wider_face_split.zip", wider / "WIDER_val.zip").recall == 1.0
    arguments = ["train-mtcnn", "eval", "--json", "-q"]
    arguments += ["--annotations", str(wider / "wider_face_split.zip")]
    assert main([*arguments, "--images", str(wider / "WIDER_val.zip")]) == 0
    assert json.loads(capsys.readouterr().out)["recall"] == 1.0


def test_what_cannot_be_read_says_so(wider):
    split = wider / "wider_face_split.zip"
    with (
        open_pictures(wider / "WIDER_val.zip") as pictures,
        pytest.raises(MediaError, match=r"WIDER_val.zip: holds no picture '0--Parade/.*both"),
    ):
        pictures.read(PARADE)
    with pytest.raises(MediaError, match=r"holds 2 lists; .* unpack the one and name it"):
        list(read_annotations(split))
    with pytest.raises(MediaError, match=r"WIDER_val.zip: holds no list that ends in _bbx_gt.txt"):
        list(read_annotations(wider / "WIDER_val.zip"))
    bad = archive(wider / "bad.zip", {"a_bbx_gt.txt": f"{PARADE}\n1\n1 2 3\n"})
    with pytest.raises(ValueError, match=r"bad.zip, a_bbx_gt.txt, line 3: expected ten whole"):
        list(read_annotations(bad))
    cut = wider / "cut.zip"
    cut.write_bytes((wider / "WIDER_train.zip").read_bytes()[:2000])
    with pytest.raises(MediaError, match=r"cut.zip: damaged, or no ZIP"), open_pictures(cut):
        pass
    with pytest.raises(MediaError, match=r"cut.zip: damaged, or no ZIP archive"):
        list(read_annotations(cut))
    with pytest.raises(MediaError, match=r"none.zip"):
        list(read_annotations(wider / "none.zip"))


@pytest.mark.parametrize("damage", ["a byte", "no picture"])
def test_a_damaged_picture_is_named(wider, damage):
    path = archive(wider / "WIDER_val.zip", {f"WIDER_val/images/{HANDS}": b"no picture"})
    if damage == "a byte":
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 1
        path.write_bytes(data)
    said = f"WIDER_val.zip, WIDER_val/images/{HANDS}: {'damaged' if damage == 'a byte' else ''}"
    with open_pictures(path) as pictures, pytest.raises(MediaError, match=said):
        pictures.read(HANDS)


def test_invalid_faces_become_no_samples(wider):
    """Squares around it are no faces, and squares elsewhere stay."""
    images = {f"WIDER_train/images/{PARADE}": jpeg(1)}
    for invalid in 0, 1:
        rows = {"wider_face_train_bbx_gt.txt": f"{PARADE}\n1\n40 40 60 60 0 0 0 {invalid} 0 0 \n"}
        split = archive(wider / "split.zip", rows)
        pictures = archive(wider / "WIDER_train.zip", images)
        made = prepare(split, pictures, wider / f"invalid{invalid}", size=12, jobs=1)
        assert (made.positive + made.part > 0) is (not invalid)
        assert made.negative >= 50
