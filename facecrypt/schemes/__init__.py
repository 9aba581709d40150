"""The image encryption schemes of the papers, with explicit keys.

They are transforms to experiment with and to learn on, not ciphers to hide faces with: under a
key that is used twice each falls to a few chosen pictures. To protect pictures use
:func:`facecrypt.encrypt_image`.
"""

# A line a scheme. What is imported under its own name again is public: these names and no others.
from facecrypt.schemes.base import Scheme as Scheme
from facecrypt.schemes.block_shuffle import BlockShuffleKey as BlockShuffleKey
from facecrypt.schemes.cat_map import CatMapKey as CatMapKey
from facecrypt.schemes.cat_map import CombinedCatMapKey as CombinedCatMapKey
from facecrypt.schemes.chaos_blocks import ChaosBlocksKey as ChaosBlocksKey
from facecrypt.schemes.coupling_cnn import ChaosCnnKey as ChaosCnnKey
from facecrypt.schemes.coupling_cnn import CouplingCnnKey as CouplingCnnKey
from facecrypt.schemes.ele import EleKey as EleKey
from facecrypt.schemes.etc import EtcKey as EtcKey
from facecrypt.schemes.fiie import FiieKey as FiieKey
from facecrypt.schemes.key import Key as Key
from facecrypt.schemes.le import LeKey as LeKey
from facecrypt.schemes.logistic_pixel import LogisticPixelKey as LogisticPixelKey
from facecrypt.schemes.pbe import PbeKey as PbeKey
from facecrypt.schemes.registry import get as get
from facecrypt.schemes.registry import names as names
from facecrypt.schemes.registry import register as register
