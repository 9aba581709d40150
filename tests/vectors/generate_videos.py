"""Wrote the sealed videos of tests/vectors/videos once; tests never run it.

They are frozen: every later release opens them. The hashes are of the files that were sealed, which
FFmpeg wrote. Run by hand:

    PYTHONPATH=tests python tests/vectors/generate_videos.py tests/vectors/videos
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

from support.clips import write_clip

from facecrypt import Passphrase, Region, SecretKey, encrypt_file, region_key

PASSPHRASE = "files of version 2 open for ever"
FACES = [Region(70, 10, 150, 110), Region(0, 0, 40, 40)]
CASES = {  # name: the file that is sealed, cipher, sidecar, key
    "sealed.mp4": ("clip.mp4", "logistic+aes-256-gcm", False, "symmetric"),
    "sealed.mkv": ("clip.mkv", "aes-256-gcm", False, "passphrase"),
    "beside.mp4": ("clip.avi", "logistic+aes-256-gcm", True, "symmetric"),
}


def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    secret = SecretKey(bytes(range(32)))
    keys = {"symmetric": secret, "passphrase": Passphrase(PASSPHRASE)}
    manifest = {}
    for name, (source, cipher, sidecar, key) in CASES.items():
        with tempfile.TemporaryDirectory() as here:
            clip = write_clip(Path(here, source), 3, size=(160, 120))
            header = encrypt_file(
                clip, folder / name, keys[key], regions=FACES, cipher=cipher, sidecar=sidecar
            )
            digest = hashlib.sha256(clip.read_bytes()).hexdigest()
        manifest[name] = {"suffix": clip.suffix, "sidecar": sidecar, "key": key, "sha256": digest}
        if name == "sealed.mp4":
            region_key(header, secret, 1).save(folder / "sealed.person-1.key.txt")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
