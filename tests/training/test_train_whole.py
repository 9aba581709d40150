"""All of it through the command line, in small: drawn pictures in, a detector out."""

import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="needs facecrypt[learn]")
pytest.importorskip("onnx", reason="needs facecrypt[learn]")
pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")

from support.drawn_samples import points

from facecrypt.cli import main
from facecrypt.detector import MTCNN

HEIGHT, WIDTH = 150, 200


def picture(rng):
    """Light ovals with eyes and mouth, light shapes without, on a ground of soft stripes."""
    y, x = np.indices((HEIGHT, WIDTH))
    angle, step = rng.uniform(0, np.pi), rng.uniform(5, 20)
    stripes = np.sin((x * np.cos(angle) + y * np.sin(angle)) / step)
    canvas = np.repeat((70 + 30 * stripes)[:, :, None], 3, axis=2)
    boxes = []
    for number, column in enumerate(rng.permutation(3)):
        side = int(rng.integers(26, 60))
        x0 = int(column * WIDTH // 3 + rng.integers(0, WIDTH // 3 - side + 1))
        y0 = int(rng.integers(0, HEIGHT - side))
        u, v = (x - x0 - side / 2 + 0.5) / (side / 2), (y - y0 - side / 2 + 0.5) / (side / 2)
        inside = u**2 + v**2 < 1 if number < 2 or rng.random() < 0.5 else np.maximum(u, v) ** 2 < 1
        inside &= (abs(u) < 1) & (abs(v) < 1)
        canvas[inside] = rng.uniform(150, 230)
        if number == 2:
            continue
        box = np.array([x0, y0, x0 + side, y0 + side])
        for px, py in points(box):
            canvas[np.hypot(x - px, y - py) < side / 10] = 40
        boxes.append(box)
    noise = rng.normal(0, 4, canvas.shape)
    return np.clip(canvas + noise, 0, 255).astype(np.uint8), boxes


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    folder = tmp_path_factory.mktemp("album")
    rng, annotations, landmarks, known = np.random.default_rng(0), [], [], {}
    for number in range(24):
        pixels, boxes = picture(rng)
        name = f"{number}.png"
        Image.fromarray(pixels).save(folder / name)
        annotations.append(" ".join([name, *(str(v) for box in boxes for v in box)]))
        for box in boxes:
            marks = [*box, *points(box).ravel().round(2)]
            landmarks.append(" ".join([name, *map(str, marks)]))
        known[name] = boxes
    (folder / "anno_train.txt").write_text("\n".join(annotations) + "\n")
    (folder / "landmarks.txt").write_text("\n".join(landmarks) + "\n")
    return folder, known


def run(action, *words):
    assert main(["train-mtcnn", action, *map(str, words)]) == 0


@pytest.mark.slow
def test_from_pictures_to_a_detector(album, tmp_path, capsys):
    folder, known = album
    listed = ("--annotations", folder / "anno_train.txt", "--images", folder)
    cut = (*listed, "-o", tmp_path / "samples", "--size")
    runs = [tmp_path / name for name in ("pnet", "rnet", "onet")]

    def fit(number, epochs):
        steps = ("--epochs", epochs, "--batch", 120, "--lr", 3e-3, "--threads", 1)
        out = runs[number]
        run("train", tmp_path / "samples", "--net", out.name, "-o", out, "--device", "cpu", *steps)
        log = json.loads((out / "log.json").read_text())
        assert log[-1]["total"] < 0.5 * log[0]["total"]

    run("prepare", *cut, 12)
    fit(0, 40)
    run("export", runs[0], "-o", tmp_path / "first")
    run("prepare", *cut, 24, "--models", tmp_path / "first")
    fit(1, 20)
    run("export", *runs[:2], "-o", tmp_path / "second")
    marks = ("--landmarks", folder / "landmarks.txt")
    run("prepare", *cut, 48, "--models", tmp_path / "second", *marks)
    fit(2, 12)
    run("export", *runs, "-o", tmp_path / "models")
    capsys.readouterr()
    run("eval", *listed, "--models", tmp_path / "models", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["faces"] == 48
    assert found["recall"] >= 0.9, found
    assert found["precision"] >= 0.8, found

    detector, errors = MTCNN(models=tmp_path / "models", device="cpu"), []
    for name, boxes in known.items():
        faces = detector.detect(np.asarray(Image.open(folder / name)))
        for face in faces:
            middle = np.array([face.x0 + face.x1, face.y0 + face.y1]) / 2
            box = min(boxes, key=lambda box: abs(middle - (box[:2] + box[2:]) / 2).max())
            apart = np.abs(face.landmarks - points(box)).max(axis=1) / (box[2] - box[0])
            errors.append(np.median(apart))
    assert np.median(errors) < 0.1
