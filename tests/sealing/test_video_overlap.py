"""People who overlap, shown together: every pixel is that of the first, however they are named."""

import pytest
from support.video_clips import write_clip
from support.video_views import shown

from facecrypt import Region, SecretKey, decrypt_file, encrypt_file

pytest.importorskip("av", reason="videos need the extra facecrypt[video]")

KEY = SecretKey(bytes(range(32)))
LEFT, RIGHT = Region(20, 20, 100, 100), Region(60, 30, 160, 110)


@pytest.mark.parametrize("named", [[0, 1], [1, 0]])
def test_people_who_overlap_are_whole(named, tmp_path):
    source = write_clip(tmp_path / "a.mp4", frames=4, audio=None)
    encrypt_file(source, tmp_path / "b.mp4", KEY, regions=[LEFT, RIGHT])
    decrypt_file(tmp_path / "b.mp4", tmp_path / "c.mp4", KEY, regions=named)
    for before, after in zip(shown(source), shown(tmp_path / "c.mp4"), strict=True):
        both = slice(34, 96), slice(64, 96)
        assert abs(before[both].astype(int) - after[both]).mean() < 8
