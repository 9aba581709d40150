"""Clips of people, while they are made, have no names that a killed run could leave behind."""

import os
import resource
import tempfile

import pytest
from support.clips import write_clip

from facecrypt import MediaError, Region, SecretKey, VideoOptions, encrypt_file
from facecrypt.sealing.files import open_file, seal_file
from facecrypt.sealing.options import Open, Seal

KEY = SecretKey(bytes(range(32)))
FACES = [Region(150, 10, 300, 230), Region(0, 0, 60, 60)]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_no_run_has_names_in_the_folder_for_temporary_files(tmp_path, temporary):
    clip, looks = write_clip(tmp_path / "clip.mp4", 8), []

    def watch(*_):
        looks.append(os.listdir(temporary))

    seal_file(clip, tmp_path / "sealed.mp4", [KEY], Seal(regions=FACES, watch=watch))
    sealing = len(looks)
    shown = tmp_path / "shown.mp4"
    open_file(tmp_path / "sealed.mp4", shown, [KEY], Open(regions=[0, 1], watch=watch))
    assert shown.stat().st_size
    assert 16 <= sealing < len(looks)
    assert not any(looks)


def test_a_full_disk_is_said_of_the_output(tmp_path, temporary):
    clip = write_clip(tmp_path / "clip.mp4", 8)
    alone = VideoOptions(tracks=False)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(MediaError, match=r"out\.mp4: File too large"):
            encrypt_file(clip, tmp_path / "out.mp4", KEY, regions=FACES, video=alone)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sorted(os.listdir(tmp_path)) == ["clip.mp4", "temporary"]
    assert not os.listdir(temporary)
