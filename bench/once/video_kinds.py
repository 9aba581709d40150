"""Videos of every kind sealed and opened again: what is shown of each, and does each come back?

    PYTHONPATH=tests python -m bench.once.video_kinds > bench/VIDEO_KINDS.md

Clips are made for the purpose; two boxes are filled. Prints a Markdown table: the clip, whether the
original came back byte for byte, the largest error of a time of a frame in milliseconds, what
became of the streams, and what FFmpeg warns of when it reads the sealed file. Fails where an
original came back otherwise, a time is wrong or FFmpeg warns.
"""

import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from support.video_clips import FRAMES, HEIGHT, RATE, WIDTH, write_clip
from support.video_views import complaints, kinds, times

from bench.report import versions
from facecrypt import Region, SecretKey, decrypt_file, encrypt_file
from facecrypt.errors import MediaError
from facecrypt.media.video import HEAD, output_suffix

FACES = [Region(8, 30, 60, 90), Region(90, 20, 170, 110)]
UNEVEN = [int(512 * (1.3 * n + 0.4 * (n % 3))) for n in range(FRAMES)]
CHAPTERS = [(0, 400, "one"), (400, 1000, "two")]
TS = {"codec": "mpeg2video", "audio": "mp2", "time_base": Fraction(1, RATE)}
WEBM = {"codec": "libvpx-vp9", "audio": "libopus"}
REORDERED = {"options": {"bf": "2", "b-adapt": "0"}, "audio": "mp3"}
HLG = {"codec": "libx265", "pix_fmt": "yuv420p10le", "colours": (9, 18, 9, 1)}
ODD = (WIDTH + 1, HEIGHT + 1)

# What it is, its name, how it is written, and the share of the file that is kept.
CLIPS: list[tuple[str, str, dict, float]] = [
    ("H.264, AAC", "a.mp4", {}, 1),
    ("uneven times", "a.mov", {"pts": UNEVEN}, 1),
    ("turned by -90 degrees", "a.mp4", {"turn": -90}, 1),
    ("HEVC of 10 bits, HLG", "a.mov", HLG, 1),
    ("no sound", "a.mp4", {"audio": None}, 1),
    ("sound is the first stream", "a.mp4", {"audio_first": True}, 1),
    ("an edit list hides 9 of 30 frames", "a.mp4", {"hidden": 9}, 1),
    ("193x129, 4:4:4", "a.mp4", {"size": ODD, "pix_fmt": "yuv444p"}, 1),
    ("MPEG-2, MP2", "a.ts", TS, 1),
    ("MPEG-4, MP3", "a.avi", {"codec": "mpeg4", "audio": "mp3"}, 1),
    (
        "Motion JPEG, PCM",
        "a.avi",
        {"codec": "mjpeg", "pix_fmt": "yuvj420p", "audio": "pcm_s16le"},
        1,
    ),
    ("H.264, stored in another order than shown", "a.avi", REORDERED, 1),
    ("VP9, Opus", "a.webm", WEBM, 1),
    ("VP9, 193x129", "a.webm", {**WEBM, "size": ODD}, 1),
    ("cover art", "a.mp4", {"cover": True}, 1),
    ("subtitles, chapters", "a.mp4", {"subtitles": "mov_text", "chapters": CHAPTERS}, 1),
    (
        "subtitles, chapters, a font",
        "a.mkv",
        {"subtitles": "subrip", "chapters": CHAPTERS, "attachment": True},
        1,
    ),
    ("two streams of pictures", "a.mp4", {"second_video": True}, 1),
    ("a track of places", "a.mp4", {"places": True}, 1),
    ("cut off", "a.mp4", {"container_options": {"movflags": "+faststart"}}, 0.6),
    ("cut off", "a.mkv", {"frames": 90}, 0.6),
    ("one frame", "a.mp4", {"frames": 1}, 1),
    ("no frames", "a.mp4", {"frames": 0}, 1),
]


def row(folder: Path, what: str, name: str, how: dict, kept: float) -> tuple[list[str], bool]:
    """Seal and open one clip: what is printed of it, and whether all is well."""
    source = write_clip(folder / name, **how)
    data = source.read_bytes()
    data = data[: int(kept * len(data))]
    source.write_bytes(data)
    sealed = folder / f"sealed{output_suffix(data[:HEAD])}"
    key = SecretKey.generate()
    try:
        encrypt_file(source, sealed, key, regions=FACES)
    except MediaError as error:
        return [what, name, "not sealed", "", str(error).split(": ", 1)[1], ""], how["frames"] == 0
    decrypt_file(sealed, folder / f"back{source.suffix}", key)
    same = (folder / f"back{source.suffix}").read_bytes() == data
    warned = complaints(sealed)
    error = worst(source, sealed) if kept == 1 else None
    streams = f"{', '.join(kinds(source))} -> {', '.join(kinds(sealed))}"
    told = [
        what,
        name,
        "byte for byte" if same else "NO",
        "" if error is None else f"{error:.3f}",
        streams,
        "; ".join(warned) or "nothing",
    ]
    return told, same and not error and not warned


def worst(source: Path, sealed: Path) -> float:
    """The largest error of a time in milliseconds; times of broadcasts may begin elsewhere."""
    before, after = times(source), times(sealed)
    # AVI numbers frames as they are stored.
    before = sorted(before) if source.suffix == ".avi" else before
    if len(before) != len(after):
        return float("inf")
    start = before[0] - after[0] if source.suffix == ".ts" else 0
    return max(float(abs(x - start - y)) for x, y in zip(before, after, strict=True)) * 1000


def main() -> int:
    """Print the table."""
    print("# Videos of every kind, sealed and opened\n")
    print(f"{versions(('av', 'facecrypt'))}. `bench/once/video_kinds.py` prints this table.\n")
    print("| what | file | original | error of times, ms | streams | FFmpeg warns of |")
    print("|---|---|---|---|---|---|")
    well = True
    for what, name, how, kept in CLIPS:
        with tempfile.TemporaryDirectory() as folder:
            told, good = row(Path(folder), what, name, how, kept)
        print("|", " | ".join(told), "|", flush=True)
        well = well and good
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
