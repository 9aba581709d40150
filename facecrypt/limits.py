"""Every limit of a picture, stated once: what is written is what is read.

A file is attacker's input, so its cost is bounded before any key is tried on it; and
what sealing did not refuse has to open again, so it keeps to the same numbers.
``docs/security.md`` lists them.
"""

__all__ = [
    "ARGON2_COSTLY",
    "ARGON2_MIN_MEMORY_KIB",
    "ARGON2_USUAL",
    "MAX_ARGON2_STANZAS",
    "MAX_ARGON2_TOTAL_KIB",
    "MAX_CANDIDATES",
    "MAX_CLIPS_AT_ONCE",
    "MAX_COVERED",
    "MAX_DURATION_MS",
    "MAX_FRAMES",
    "MAX_HEADER_BYTES",
    "MAX_PAYLOAD_BYTES",
    "MAX_PIXELS",
    "MAX_PROFILE_BYTES",
    "MAX_REGIONS",
    "MAX_SCANNED",
    "MAX_SCANS",
    "MAX_SIDE",
    "MAX_SOFTWARE",
    "MAX_STANZAS",
    "MAX_STREAMS",
    "MAX_VIDEO_PIXELS",
]

MAX_PIXELS = 2**28
MAX_SIDE = 1_000_000  # libpng's

MAX_HEADER_BYTES = 16 << 20
MAX_PAYLOAD_BYTES = 2**31 - 1  # a PNG chunk
MAX_STANZAS = 4_096
MAX_SOFTWARE = 100  # characters

MAX_REGIONS = 65_536
# The areas of all boxes together, in areas of the picture.
MAX_COVERED = 8

# Places of a picture that P-Net and CenterFace may find, and that R- and O-Net may look at: this
# many, or one for so many pixels where that is more. Each costs as much as thousands of pixels. Of
# what is allowed the densest photographs tried have a third, and 60 % with lower thresholds.
MAX_CANDIDATES = {
    "pnet": (1 << 20, 32),
    "rnet": (1 << 17, 128),
    "onet": (1 << 15, 1024),
    "centerface": (1 << 13, 1 << 30),
}

MAX_PROFILE_BYTES = 1 << 20  # of an ICC profile
MAX_SCANS = 100  # of a JPEG; an encoder writes about ten
MAX_SCANNED = 16 * MAX_PIXELS  # scans times pixels

# Argon2id: memory in KiB, passes, lanes. RFC 9106's second recommendation is what is
# written, and all that is tried unless the caller allows more.
ARGON2_USUAL = 64 * 1024, 3, 4
ARGON2_COSTLY = 1024 * 1024, 16, 16
ARGON2_MIN_MEMORY_KIB = 8 * 1024
MAX_ARGON2_STANZAS = 16
# Memory times passes, of all stanzas of a header together: that of the costliest one.
MAX_ARGON2_TOTAL_KIB = ARGON2_COSTLY[0] * ARGON2_COSTLY[1]

# Of a video: three days at 30 frames a second, and frames of 8192x8192.
MAX_FRAMES = 1 << 23
MAX_DURATION_MS = 1 << 40
MAX_VIDEO_PIXELS = 2**26
MAX_STREAMS = 64
MAX_CLIPS_AT_ONCE = 128  # each is an encoder and an open file
