"""The image encryption schemes of the papers, with explicit keys.

They are transforms to experiment with and to learn on, not ciphers to hide faces with: under a
key that is used twice each falls to a few chosen pictures. To protect pictures use
:func:`facecrypt.encrypt_image`.
"""

from facecrypt.errors import UnknownSchemeError
from facecrypt.schemes.base import Scheme
from facecrypt.schemes.block_shuffle import BlockShuffle, BlockShuffleKey
from facecrypt.schemes.cat_map import CatMap, CatMapKey, CombinedCatMap, CombinedCatMapKey
from facecrypt.schemes.chaos_blocks import ChaosBlocks, ChaosBlocksKey
from facecrypt.schemes.coupling_cnn import ChaosCnn, ChaosCnnKey, CouplingCnn, CouplingCnnKey
from facecrypt.schemes.ele import Ele, EleKey
from facecrypt.schemes.etc import Etc, EtcKey
from facecrypt.schemes.fiie import Fiie, FiieKey
from facecrypt.schemes.key import Key
from facecrypt.schemes.le import Le, LeKey
from facecrypt.schemes.logistic_pixel import LogisticPixel, LogisticPixelKey
from facecrypt.schemes.pbe import Pbe, PbeKey

__all__ = [
    "BlockShuffleKey",
    "CatMapKey",
    "ChaosBlocksKey",
    "ChaosCnnKey",
    "CombinedCatMapKey",
    "CouplingCnnKey",
    "EleKey",
    "EtcKey",
    "FiieKey",
    "Key",
    "LeKey",
    "LogisticPixelKey",
    "PbeKey",
    "Scheme",
    "get",
    "names",
    "register",
]

_schemes: dict[str, Scheme] = {}


def register(scheme: Scheme) -> None:
    """Make a scheme known under its name.

    Raises
    ------
    ValueError
        Another scheme has that name.
    """
    if scheme.name in _schemes:
        raise ValueError(f"a scheme {scheme.name!r} is registered already")
    _schemes[scheme.name] = scheme


def get(name: str) -> Scheme:
    """The scheme of that name.

    Raises
    ------
    UnknownSchemeError
        None is registered; the message names those that are.

    Examples
    --------
    >>> get("pbe").name
    'pbe'
    """
    if name not in _schemes:
        raise UnknownSchemeError(f"no scheme {name!r}; there are {', '.join(names())}")
    return _schemes[name]


def names() -> list[str]:
    """Names of all schemes, in order of the alphabet."""
    return sorted(_schemes)


for _kind in (
    BlockShuffle,
    CatMap,
    ChaosBlocks,
    ChaosCnn,
    CombinedCatMap,
    CouplingCnn,
    Ele,
    Etc,
    Fiie,
    Le,
    LogisticPixel,
    Pbe,
):
    register(_kind())
