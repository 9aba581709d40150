"""Many machines: a Ray cluster of two nodes on this one, of which one is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.places import ROOT

import facecrypt
from facecrypt import (
    MTCNN,
    BackendUnavailableError,
    Identity,
    MediaError,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    inspect,
)
from facecrypt.cli import main
from facecrypt.integrations import _ray_pool
from facecrypt.integrations._ray_worker import Outcome, Task, Worker
from facecrypt.integrations.ray import _named, encrypt_files
from facecrypt.jobs.inputs import Input, find_inputs
from facecrypt.jobs.sealing import FileEncryptor
from facecrypt.jobs.summary import Result
from facecrypt.sealing.options import Seal

# Of Ray's own sockets and processes at its end.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

IDENTITY = Identity.generate()
FACE = [Region(5, 5, 40, 50)]
WHERE = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "integrations")]
SMALL = {"object_store_memory": 100 * 2**20, "include_dashboard": False}


class Slow:
    """A detector that gives a test the time to kill something, and notes where it ran."""

    def __init__(self, notes: Path | None = None):
        self.notes = notes

    def detect(self, image):
        if self.notes is not None:
            from ray import get_runtime_context

            node = self.notes / get_runtime_context().get_node_id()
            node.mkdir(exist_ok=True)
            (node / str(os.getpid())).touch()
        time.sleep(0.15)
        return FACE


class Deadly:
    """A detector that takes its process along, at a picture whose first sample is 13."""

    def detect(self, image):
        if image[0, 0, 0] == 13:
            os._exit(1)
        return FACE


def write(path, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(14, 256, (60, 50, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


@pytest.fixture
def photos(tmp_path):
    """Twenty-four pictures in two folders, some under names that shells and URLs mangle."""
    for number in range(24):
        name = f"{number}.png" if number % 4 else f"a b#{number}%20é.png"
        write(tmp_path / "in" / ("even" if number % 2 == 0 else "odd") / name, number)
    return tmp_path


def listing(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def check(job, lacking=frozenset()) -> None:
    """Every output there, once, whole, and the picture that went in; and nothing else."""
    assert listing(job / "out") == listing(job / "in") - lacking
    for name in listing(job / "out"):
        back = job / "back.png"
        decrypt_file(job / "out" / name, back, IDENTITY, overwrite=True)
        assert (cv2.imread(str(back)) == cv2.imread(str(job / "in" / name))).all(), name


@pytest.fixture(scope="module")
def cluster():
    """A head of two processors; a test adds nodes. Nothing of it is left behind."""
    ray = pytest.importorskip("ray", reason="needs facecrypt[ray]")
    utils = pytest.importorskip("ray.cluster_utils", reason="needs facecrypt[ray]")
    quick = {"health_check_period_ms": 500, "health_check_failure_threshold": 4}
    head = {"num_cpus": 2, "_system_config": quick, **SMALL}
    with pytest.MonkeyPatch.context() as patch:
        # As on real machines, workers find modules by themselves: the detectors of this one, too.
        path = os.environ.get("PYTHONPATH")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [*WHERE, path])))
        made = utils.Cluster(initialize_head=True, head_node_args=head)
        ray.init(made.address, log_to_driver=False, logging_level="error")
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.fixture
def second(cluster):
    node = cluster.add_node(num_cpus=2, **SMALL)
    cluster.wait_for_nodes()
    yield node
    if node in cluster.worker_nodes:
        cluster.remove_node(node)
    only_the_head()


@pytest.fixture
def with_card(cluster):
    """A node of four processors that says it has a GPU."""
    node = cluster.add_node(num_cpus=4, num_gpus=1, **SMALL)
    cluster.wait_for_nodes()
    yield node
    cluster.remove_node(node)
    only_the_head()


def only_the_head() -> None:
    """Wait: Ray counts a dead node for a while."""
    import ray

    until = time.monotonic() + 60
    while ray.cluster_resources()["CPU"] > 2:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_node_is_killed_and_nothing_is_lost(cluster, second, photos):
    nodes, killed = photos / "nodes", []
    nodes.mkdir()

    def progress(result, total):
        # Three workers do not fit on one node: both have work when one of them goes, and the
        # two processors that are left have no room for all who would have to start again.
        if len(list(nodes.iterdir())) == 2 and not killed:
            killed.append(len(listing(photos / "out")))
            cluster.remove_node(second, allow_graceful=False)

    done = encrypt_files(
        photos / "in",
        photos / "out",
        IDENTITY.recipient,
        detector=partial(Slow, nodes),
        grow=0,
        actors=3,
        progress=progress,
    )
    assert killed
    assert killed[0] < 24
    assert (done.done, done.skipped, done.failed, done.regions) == (24, 0, (), 24)
    check(photos)


def test_equal_to_the_local_engine(cluster, tmp_path):
    pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")
    original = cv2.imread(str(ROOT / "examples" / "astronaut.png"))
    (tmp_path / "in" / "sub").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "in" / "a.jpg"), original)
    cv2.imwrite(str(tmp_path / "in" / "a.png"), original[::2, ::2])
    cv2.imwrite(str(tmp_path / "in" / "sub" / "gray.tif"), original[..., 1])
    (tmp_path / "in" / "sub" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (tmp_path / "in" / "notes.txt").write_text("no picture either")
    options = {"shape": "ellipse", "grow": 0.1}
    local = facecrypt.encrypt_files(
        tmp_path / "in",
        tmp_path / "local",
        IDENTITY.recipient,
        detector=MTCNN(device="cpu"),
        **options,
    )
    there = encrypt_files(
        tmp_path / "in",
        tmp_path / "there",
        IDENTITY.recipient,
        detector=partial(MTCNN, device="cpu"),
        **options,
    )
    assert listing(tmp_path / "local") == {"a.jpg", "a.png", "sub/gray.png"}
    assert listing(tmp_path / "there") == listing(tmp_path / "local")
    assert there.ignored == local.ignored == {".txt": 1}
    assert [result.source for result in there.results] == [
        result.source for result in local.results
    ]
    (failed,), (other,) = there.failed, local.failed
    assert failed.source == tmp_path / "in" / "sub" / "broken.jpg"
    assert (type(failed.error), str(failed.error)) == (type(other.error), str(other.error))
    for name in listing(tmp_path / "local"):
        one, two = inspect(tmp_path / "local" / name), inspect(tmp_path / "there" / name)
        assert len(one.regions) == 1
        for field in ("shape", "dtype", "cipher", "regions", "public_digest"):
            assert getattr(one, field) == getattr(two, field), field
        for folder in ("local", "there"):
            decrypt_file(
                tmp_path / folder / name, tmp_path / f"{folder}.png", IDENTITY, overwrite=True
            )
        assert (tmp_path / "local.png").read_bytes() == (tmp_path / "there.png").read_bytes()


def test_resume_and_force_are_those_of_the_local_engine(cluster, photos):
    encrypt = partial(encrypt_files, photos / "in", photos / "out", regions=FACE)
    assert encrypt(IDENTITY.recipient).done == 24
    before = {name: (photos / "out" / name).read_bytes() for name in listing(photos / "out")}
    again = encrypt(IDENTITY.recipient)
    assert (again.done, again.skipped, again.regions) == (0, 24, 24)
    others = encrypt(Identity.generate().recipient)
    assert len(others.failed) == 24
    assert all("sealed for other keys" in str(result.error) for result in others.failed)
    refused = encrypt(IDENTITY.recipient, resume=False)
    assert all("already exists" in str(result.error) for result in refused.failed)
    assert len(refused.failed) == 24
    assert before == {name: (photos / "out" / name).read_bytes() for name in before}
    assert encrypt(IDENTITY.recipient, overwrite=True).done == 24
    assert all((photos / "out" / name).read_bytes() != data for name, data in before.items())
    check(photos)


def test_boxes_go_with_their_pictures_and_relative_paths_work(cluster, photos, monkeypatch):
    monkeypatch.chdir(photos)
    names = sorted(listing(photos / "in"))
    sides = {name: 16 * (number % 3 + 1) for number, name in enumerate(names[1:])}
    boxes = {name: [Region(0, 0, side, 16)] for name, side in sides.items()}
    done = encrypt_files("in", "out", IDENTITY.recipient, regions=boxes)
    (failed,) = done.failed
    assert f"no boxes are given for {names[0]}" in str(failed.error)
    for name, side in sides.items():
        assert [region.box for region in inspect(f"out/{name}").regions] == [(0, 0, side, 16)]
    check(photos, {names[0]})


def test_a_picture_that_kills_its_workers_fails_alone(cluster, photos):
    deadly = np.full((60, 50, 3), 13, np.uint8)
    cv2.imwrite(str(photos / "in" / "deadly.png"), deadly)
    done = encrypt_files(photos / "in", photos / "out", IDENTITY.recipient, detector=Deadly, grow=0)
    (failed,) = done.failed
    assert failed.source.name == "deadly.png"
    assert "3 workers died of it" in str(failed.error)
    check(photos, {"deadly.png"})


def test_more_workers_than_room_leave_a_processor_free(cluster, photos):
    (photos / "nodes").mkdir()
    with pytest.warns(UserWarning, match="1 workers are started, not 9"):
        done = encrypt_files(
            photos / "in",
            photos / "out",
            IDENTITY.recipient,
            detector=partial(Slow, photos / "nodes"),
            actors=9,
        )
    assert done.done == 24
    assert len(listing(photos / "nodes")) == 1


def test_a_busy_cluster_is_waited_for_and_said_so(cluster, photos, monkeypatch):
    import ray

    class Busy:
        def ping(self):
            pass

    monkeypatch.setattr(_ray_pool, "PATIENCE", 1)
    other = ray.remote(num_cpus=2)(Busy).remote()
    ray.get(other.ping.remote())
    release = threading.Timer(3, ray.kill, [other])
    release.start()
    with pytest.warns(UserWarning, match="no worker has started in 1 s"):
        done = encrypt_files(photos / "in", photos / "out", IDENTITY.recipient, regions=FACE)
    release.join()
    assert done.done == 24


def test_a_cluster_without_room_is_refused(cluster, photos):
    with pytest.raises(BackendUnavailableError, match="2 processors and 0 GPUs"):
        encrypt_files(photos / "in", photos / "out", IDENTITY.recipient, num_gpus=1)
    assert listing(photos / "out") == set()


def test_workers_share_a_card(with_card, photos):
    (photos / "nodes").mkdir()
    done = encrypt_files(
        photos / "in",
        photos / "out",
        IDENTITY.recipient,
        detector=partial(Slow, photos / "nodes"),
        num_gpus=0.5,
    )
    assert done.done == 24
    assert len(listing(photos / "nodes")) == 2
    assert len(list((photos / "nodes").iterdir())) == 1


def test_the_detector_is_not_made_where_there_are_boxes(cluster, photos):
    broken = partial(MTCNN, min_face_size=1)
    done = encrypt_files(
        photos / "in", photos / "out", IDENTITY.recipient, regions=FACE, detector=broken
    )
    assert done.done == 24


def test_an_error_of_the_callback_ends_the_workers(cluster, photos):
    import ray

    class Stop(Exception):
        pass

    def progress(result, total):
        raise Stop

    with pytest.raises(Stop):
        encrypt_files(
            photos / "in", photos / "out", IDENTITY.recipient, regions=FACE, progress=progress
        )
    until = time.monotonic() + 60
    while ray.available_resources().get("CPU", 0) < 2:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert not [name for name in listing(photos / "out") if name.startswith(".")]


def test_a_detector_that_cannot_be_made_ends_the_run_with_its_error(cluster, photos):
    with pytest.raises(ValueError, match="min_face_size"):
        encrypt_files(
            photos / "in",
            photos / "out",
            IDENTITY.recipient,
            detector=partial(MTCNN, min_face_size=1),
        )
    assert listing(photos / "out") == set()


def test_a_killed_driver_is_taken_up_again(cluster, photos):
    code = (
        "import sys; from facecrypt import Recipient\n"
        "from facecrypt.integrations.ray import encrypt_files\n"
        "from test_ray import Slow\n"
        "encrypt_files('in', 'out', Recipient.parse(sys.argv[1]), grow=0, detector=Slow,"
        " address=sys.argv[2])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(IDENTITY.recipient), cluster.address],
        cwd=photos,
    ) as driver:
        until = time.monotonic() + 120
        while len(made(photos)) < 5:
            assert driver.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        driver.send_signal(signal.SIGKILL)
    before = {name: (photos / "out" / name).read_bytes() for name in made(photos)}
    done = encrypt_files(photos / "in", photos / "out", IDENTITY.recipient, detector=Slow, grow=0)
    assert (done.done + done.skipped, done.failed) == (24, ())
    assert done.skipped >= len(before) >= 5
    assert all((photos / "out" / name).read_bytes() == data for name, data in before.items())
    # What a killed driver may leave behind: the file by which workers knew the folder.
    for name in listing(photos / "out") - listing(photos / "in"):
        assert name.startswith(".facecrypt-")
        assert name.endswith(".cluster")
        (photos / "out" / name).unlink()
    check(photos)


def made(job) -> set[str]:
    return {name for name in listing(job / "out") if name.endswith(".png")}


def test_ray_data_gives_batches_to_a_batch_encryptor(cluster, photos):
    pytest.importorskip("pyarrow", reason="needs facecrypt[ray]")
    from ray.data import ActorPoolStrategy, read_binary_files

    from facecrypt.integrations.batch_encryptor import BatchEncryptor

    (photos / "in" / "odd" / "broken.png").write_bytes(b"no picture")
    rows = (
        read_binary_files(str(photos / "in"), include_paths=True)
        .map_batches(
            BatchEncryptor,
            fn_constructor_args=(IDENTITY.recipient,),
            fn_constructor_kwargs={"detector": Slow, "grow": 0},
            compute=ActorPoolStrategy(size=1),
            batch_size=8,
        )
        .take_all()
    )
    assert len(rows) == 25
    assert sum(row["regions"] for row in rows) == 24
    assert [row["name"] for row in rows if row["error"]] == ["broken.png.png"]
    for row in rows[:3]:
        (photos / "sealed.png").write_bytes(row["bytes"])
        decrypt_file(photos / "sealed.png", photos / "back.png", IDENTITY, overwrite=True)
        assert (cv2.imread(str(photos / "back.png")) == cv2.imread(row["path"])).all()


def test_the_command_line(cluster, photos, capsys):
    (photos / "in" / "broken.png").write_bytes(b"no picture")
    command = ["encrypt", str(photos / "in"), "-o", str(photos / "out"), "--whole"]
    command += ["-r", str(IDENTITY.recipient), "--engine", "ray", "--address", cluster.address]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "24 encrypted; 24 regions; 1 failed" in said
    assert said.count("broken.png") == 1
    check(photos, {"broken.png"})


# What needs no cluster.


def task(folder, *, fresh: bool) -> Task:
    item = Input(folder / "in" / "x.png", folder / "x.png", folder / "out" / "x.png")
    return Task(7, item, FACE, fresh)


def done(folder) -> Result:
    return Result(folder / "in" / "x.png", folder / "out" / "x.png", 1)


def job(*, resume=False, **options) -> FileEncryptor:
    return FileEncryptor([IDENTITY.recipient], Seal(grow=0.0, **options), resume=resume)


def test_a_task_that_is_done_again_is_done_once(tmp_path):
    write(tmp_path / "in" / "x.png", 1)
    marker = tmp_path / "marker"
    marker.touch()
    worker = Worker(job(), None, marker)
    worker.ready()
    (first,) = worker.run([task(tmp_path, fresh=True)])
    before = (tmp_path / "out" / "x.png").read_bytes()
    (second,) = worker.run([task(tmp_path, fresh=True)])
    assert first == second == Outcome(7, done(tmp_path))
    (third,) = worker.run([task(tmp_path, fresh=False)])
    assert "already exists" in str(third.result.error)
    assert (tmp_path / "out" / "x.png").read_bytes() == before


def test_all_that_became_of_a_picture_is_told(tmp_path):
    write(tmp_path / "x.png", 1)
    (tmp_path / "in").mkdir()
    encrypt_file(tmp_path / "x.png", tmp_path / "in" / "x.png", IDENTITY.recipient, regions=FACE)
    found, _ = find_inputs(tmp_path / "in", tmp_path / "out")
    (told,) = Worker(job(), None, tmp_path).run([Task(0, found[0], FACE, fresh=True)])
    assert told.result.sealed
    named = _named(told.result, Input(Path("in/x.png"), Path("x.png"), Path("out/x.png")))
    assert named == Result(Path("in/x.png"), Path("out/x.png"), sealed=True)


def test_two_workers_at_one_picture_make_one_output(tmp_path):
    write(tmp_path / "in" / "x.png", 1)
    again = task(tmp_path, fresh=True)

    class OvertakenByAnother:
        def detect(self, image):
            Worker(job(), None, tmp_path).run([again])
            return FACE

    worker = Worker(job(), OvertakenByAnother, tmp_path)
    worker.ready()
    (outcome,) = worker.run([again._replace(regions=None)])
    assert outcome == Outcome(7, done(tmp_path))
    assert listing(tmp_path / "out") == {"x.png"}


def test_a_machine_without_the_shared_folder_does_not_help(tmp_path):
    with pytest.raises(MediaError, match="is not the same folder on"):
        Worker(job(), None, tmp_path / "nowhere" / "marker").ready()


def test_errors_of_other_libraries_arrive_as_text(tmp_path):
    class Odd(Exception):
        pass

    class Raises:
        def detect(self, image):
            raise Odd("of a library that the driver lacks")

    write(tmp_path / "in" / "x.png", 1)
    worker = Worker(job(), Raises, tmp_path)
    worker.ready()
    (outcome,) = worker.run([task(tmp_path, fresh=True)._replace(regions=None)])
    assert type(outcome.result.error) is RuntimeError
    assert str(outcome.result.error) == "Odd: of a library that the driver lacks"


def test_what_opens_does_not_travel(photos):
    with pytest.raises(TypeError, match="public keys only"):
        encrypt_files(photos / "in", photos / "out", SecretKey.generate())


@pytest.mark.parametrize("wrong", [{"actors": 0}, {"num_gpus": -1}, {"num_gpus": float("nan")}])
def test_wrong_numbers(photos, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        encrypt_files(photos / "in", photos / "out", IDENTITY.recipient, **wrong)


def test_without_ray(photos, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    command = ["encrypt", str(photos / "in"), "-o", str(photos / "out"), "--engine", "ray"]
    assert main([*command, "-r", str(IDENTITY.recipient)]) == 1
    assert "pip install 'facecrypt[ray]'" in capsys.readouterr().err
    assert listing(photos / "out") == set()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--actors", "2"], "--actors is for --engine ray"),
        (["--num-gpus", "1"], "--num-gpus is for --engine ray"),
        (["--address", "x:1"], "--address is for --engine ray"),
        (["--engine", "ray", "--jobs", "2"], "--actors"),
        (["--engine", "ray", "--sidecar"], "sidecars"),
    ],
)
def test_options_that_do_not_go_together(photos, capsys, extra, said):
    command = ["encrypt", str(photos / "in"), "-o", str(photos / "out"), "--whole", *extra]
    assert main([*command, "-r", str(IDENTITY.recipient)]) == 2
    assert said in capsys.readouterr().err
