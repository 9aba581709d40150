"""Which network and which rate to take for a scheme where none is named."""

__all__ = ["network_for_scheme", "rate_for_network"]

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
_RATES = {"tanaka": 0.03}


def network_for_scheme(name: str) -> str:
    """A name of :data:`facecrypt.learning.networks.NETWORKS`.

    Examples
    --------
    >>> network_for_scheme("le"), network_for_scheme("plain")
    ('tanaka', 'resnet18')
    """
    return _NETWORKS.get(name, "resnet18")


def rate_for_network(name: str) -> float:
    """Rate of SGD at the start for batches of 128.

    Examples
    --------
    >>> rate_for_network("resnet18")
    0.1
    """
    return _RATES.get(name, 0.1)
