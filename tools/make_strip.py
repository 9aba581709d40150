"""Make the README's strip: a photo before, encrypted, and restored, side by side.

python tools/make_strip.py examples/astronaut.png docs/strip.jpg
"""

import sys

import cv2
import numpy as np

from facecrypt import Identity, decrypt_image, encrypt_image
from facecrypt.media import read_image

GAP = 12

source, target = sys.argv[1:]
photo = read_image(source).pixels
alice = Identity.generate()
sealed = encrypt_image(photo, alice.recipient)
restored = decrypt_image(sealed, alice)
if not (restored == photo).all():
    sys.exit("the restored picture differs from the photo")
gap = np.full((photo.shape[0], GAP, 3), 255, np.uint8)
strip = np.hstack([photo, gap, sealed.image, gap, restored])
half = cv2.resize(strip, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
cv2.imwrite(target, half[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
