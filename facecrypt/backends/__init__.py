"""Where the kernels run: one definition, several machines, the same bytes.

``operands`` says what each kernel computes and takes. ``reference`` is the definition, in NumPy.
``native`` is C++ on every vector unit of the processor, ``cuda`` runs on NVIDIA cards. Each is a
module with the functions of :class:`Kernels`; a new one is one more line in ``_MODULES``.
"""

from functools import cache
from importlib import import_module
from typing import cast

from facecrypt.backends.operands import ORDERS, Kernels
from facecrypt.errors import BackendUnavailableError

__all__ = ["ORDERS", "Kernels", "available", "get"]

_MODULES = {
    "cuda": "facecrypt.backends.cuda",
    "native": "facecrypt.backends.native",
    "reference": "facecrypt.backends.reference",
}
_AUTO = "native"


@cache  # a lookup costs as much as encrypting a thumbnail; failures are not kept
def get(name: str = "auto") -> Kernels:
    """The backend of that name.

    Parameters
    ----------
    name : str
        ``"auto"`` (native), or a key of :func:`available`.

    Raises
    ------
    ValueError
        There is no backend of that name.
    BackendUnavailableError
        It cannot run here; the message says what to do.
    """
    if name == "auto":
        name = _AUTO
    if name not in _MODULES:
        raise ValueError(f"backend must be 'auto' or one of {sorted(_MODULES)}, received {name!r}")
    try:
        module = import_module(_MODULES[name])
        if hasattr(module, "check"):  # loads everywhere, but does not run everywhere
            module.check()
        return cast(Kernels, module)
    except ImportError as error:
        raise BackendUnavailableError(f"backend {name!r} cannot be loaded: {error}") from error


def available() -> dict[str, str | None]:
    """Every backend, with None where it can run and else the reason why not.

    Numba, which ``cuda`` needs, is not loaded for the answer.

    Examples
    --------
    >>> from facecrypt import available_backends
    >>> available_backends()["reference"] is None
    True
    """
    reasons: dict[str, str | None] = {}
    for name in _MODULES:
        try:
            get(name)
            reasons[name] = None
        except BackendUnavailableError as error:
            reasons[name] = str(error)
    return reasons
