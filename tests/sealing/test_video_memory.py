"""What a video keeps in memory while it is encoded: nothing of those who looked for faces."""

import gc
import weakref

from support.clips import write_clip

from facecrypt import SecretKey
from facecrypt.detector import CenterFace, looking_in_turn
from facecrypt.sealing.files import seal_file
from facecrypt.sealing.options import Seal

FRAMES = 24


def networks() -> set[int]:
    return {id(thing) for thing in gc.get_objects() if isinstance(thing, CenterFace)}


def test_the_networks_are_closed_before_frames_are_encoded(tmp_path):
    source = write_clip(tmp_path / "clip.mp4", FRAMES)
    before, there = networks(), {}

    def watch(_, done, __):
        there[done] = bool(networks() - before)

    seal_file(source, tmp_path / "sealed.mp4", [SecretKey(bytes(32))], Seal(watch=watch))
    first = [there[done] for done in there if done <= FRAMES // 2 - 1]
    second = [there[done] for done in there if done > FRAMES // 2]
    assert len(first) == 12
    assert all(first)
    assert len(second) == 12
    assert not any(second)


def test_whoever_looks_meanwhile_shares_them():
    mine = looking_in_turn("cpu")
    assert looking_in_turn("cpu") is mine
    gone = weakref.ref(mine[0])
    del mine
    assert gone() is None
    assert len(looking_in_turn("cpu")) == 2
