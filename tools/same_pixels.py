"""Exit with an error unless two picture files hold the same pixels.

python tools/same_pixels.py A B
"""

import sys

import numpy as np

from facecrypt.media import read_image

first, second = (read_image(path).pixels for path in sys.argv[1:])
if not np.array_equal(first, second):
    sys.exit(f"{sys.argv[1]} and {sys.argv[2]} differ")
