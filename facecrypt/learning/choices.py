"""Which network to take for a scheme, and how to train it, where nothing is named."""

from typing import NamedTuple

__all__ = ["Recipe", "network_for_scheme", "recipe_for_network"]


class Recipe(NamedTuple):
    """How a network is trained; fields as of :class:`facecrypt.learning.settings.Settings`."""

    lr: float = 0.1
    epochs: int = 60
    batch: int = 128
    schedule: str = "cosine"
    smoothing: float = 0.0


_FAST = Recipe(0.25, 24, 128, "one-cycle", 0.2)

# The network with which the scheme was published, or of the paper that compares it.
_NETWORKS = {
    "block-shuffle": "tanaka",
    "cat-map": "tanaka",
    "combined-cat-map": "tanaka",
    "ele": "ele-adaptnet",
    "etc": "ele-adaptnet",
    "le": "tanaka",
}
# At 0.1 the losses of its first epochs are several times those of guessing.
_RECIPES = {
    "tanaka": Recipe(lr=0.03),
    "fast": _FAST,
    "fast-tanaka": _FAST,
    "fast-ele-adaptnet": _FAST,
    "fast-pixelwise": _FAST,
    "fast-nibbles": _FAST,
}


def network_for_scheme(name: str) -> str:
    """A name of :data:`facecrypt.learning.networks.NETWORKS`.

    Examples
    --------
    >>> network_for_scheme("le"), network_for_scheme("plain")
    ('tanaka', 'resnet18')
    """
    return _NETWORKS.get(name, "resnet18")


def recipe_for_network(name: str) -> Recipe:
    """How a network is trained, unless something else is asked for.

    Examples
    --------
    >>> recipe_for_network("resnet18")
    Recipe(lr=0.1, epochs=60, batch=128, schedule='cosine', smoothing=0.0)
    """
    return _RECIPES.get(name, Recipe())
