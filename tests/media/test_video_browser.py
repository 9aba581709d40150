"""Chromium plays public parts, with a payload at their end: every frame, with sound, and seeks."""

import pytest
from support.browser import browsing, chromium
from support.video_clips import FRAMES, HEIGHT, WIDTH, boxes, write_clip

from facecrypt.media.video import Public, append_payload, lay_over, output_suffix, write_public

pytest.importorskip("av", reason="videos need the extra facecrypt[video]")

# Frames are counted when they are decoded; what a slow machine does not show in time counts, too.
PLAY = """
new Promise(done => {
    const video = document.getElementById('v');
    const tell = () => done({
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        sound: video.webkitAudioDecodedByteCount,
        size: [video.videoWidth, video.videoHeight],
        seconds: video.duration,
        ended: video.ended,
        error: video.error && video.error.message,
    });
    video.onended = tell;
    video.onerror = tell;
    setTimeout(tell, 20000);
    video.oncanplaythrough = () => video.play();
    video.src = URL;
})
"""
SEEK = """
new Promise(done => {
    const video = document.getElementById('v');
    video.onseeked = () => done(video.currentTime);
    setTimeout(() => done(null), 10000);
    video.currentTime = 0.5;
})
"""


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    if chromium() is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    folder = tmp_path_factory.mktemp("player")
    page = folder / "page.html"
    page.write_text("<video id=v muted playsinline></video>")
    with browsing(folder) as browser:
        browser.open(page)
        yield browser


def played(player, path) -> dict:
    told = player.run(PLAY.replace("URL", repr(path.resolve().as_uri())))
    return {**told, "seeked": player.run(SEEK)}


CASES = {
    "plain.mp4": ({}, None),
    "turned.mp4": ({"turn": -90}, None),
    "uneven.mp4": ({"pts": [512 * n + 200 * (n % 3) for n in range(FRAMES)]}, None),
    "cover-and-text.mp4": (
        {"cover": True, "subtitles": "mov_text", "chapters": [(0, 500, "a"), (500, 1000, "b")]},
        None,
    ),
    "silent.mp4": ({"audio": None}, None),
    "plain.mkv": ({"audio": "aac"}, None),
    "web.webm": ({"codec": "libvpx-vp9", "audio": "libopus"}, None),
    "old.avi": ({"codec": "mpeg4", "audio": "mp3"}, None),
    "vp9.mp4": ({}, "vp9"),
    "av1.mp4": ({}, "av1"),
    "av1.webm": ({"codec": "libvpx-vp9", "audio": "libopus"}, "av1"),
}


@pytest.mark.parametrize("name", CASES)
def test_chromium_plays_and_seeks(name, player, tmp_path):
    how, codec = CASES[name]
    source = write_clip(tmp_path / name, **how)
    target = tmp_path / f"public{output_suffix(source.read_bytes()[:1024])}"
    write_public(source, target, boxes(), Public(codec=codec))
    with target.open("r+b") as file:
        append_payload(file, 5 << 20, [bytes(1 << 20)] * 5)
    told = played(player, target)
    assert told["error"] is None
    assert told["ended"]
    assert told["frames"] == FRAMES
    assert told["size"] == [WIDTH, HEIGHT]
    assert (told["sound"] > 0) == (how.get("audio", "aac") is not None)
    assert 0.9 < told["seconds"] < 1.1
    assert abs(told["seeked"] - 0.5) < 0.05


def test_chromium_plays_a_persons_clip_and_a_clip_that_shows_her(player, tmp_path):
    source = write_clip(tmp_path / "a.mp4")
    red = tmp_path / "red.mp4"
    written = write_public(source, tmp_path / "b.mp4", boxes(), clips={1: red})
    lay_over(tmp_path / "b.mp4", [written.clips[1]], tmp_path / "c.mp4")
    for path, size in ((red, [48, 48]), (tmp_path / "c.mp4", [WIDTH, HEIGHT])):
        told = played(player, path)
        assert (told["error"], told["frames"], told["size"]) == (None, FRAMES, size)
