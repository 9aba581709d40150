"""A scheme under one key, as a function of pictures of other libraries."""

from typing import Any

from facecrypt import schemes
from facecrypt.integrations._layouts import channels_last, like
from facecrypt.schemes import Key
from facecrypt.schemes.pictures import picture_shape

__all__ = ["KeyedScheme"]


class KeyedScheme:
    """Encrypts pictures, or decrypts them; can be pickled, with the key in it.

    Parameters
    ----------
    name : str
        Of a scheme in :mod:`facecrypt.schemes`.
    key : Key
        Of that scheme.
    inverse : bool
        Decrypt.

    Raises
    ------
    UnknownSchemeError
        There is no such scheme.
    TypeError
        The key is not one of this scheme.
    ValueError
        The scheme takes regions, as ``fiie`` does: it has to be told those of each picture.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt.schemes import PbeKey
    >>> key = PbeKey(np.array([[[True, False, False]]]), None)
    >>> KeyedScheme("pbe", key)(np.array([[[1, 2, 3]]], np.uint8)).tolist()
    [[[254, 2, 3]]]
    """

    def __init__(self, name: str, key: Key, *, inverse: bool = False):
        self._scheme = schemes.get(name)
        if self._scheme.takes_regions:
            raise ValueError(
                f"scheme {name!r} encrypts the faces of each picture, which a transform is not "
                f"told; call schemes.get({name!r}).encrypt(image, key, regions)"
            )
        self._scheme.check_key(key)
        self._key, self._inverse = key, inverse

    def __call__(self, picture: Any) -> Any:
        """Transform a picture or a batch.

        Parameters
        ----------
        picture
            As :func:`facecrypt.integrations._layouts.channels_last` takes it, without alpha.

        Returns
        -------
        picture
            Of the same kind, size and place: a tensor on a card stays there.

        Raises
        ------
        TypeError, ValueError
            No such picture; one of another size than the key is for.
        ValueError
            The scheme would have to pad it: then boxes would no longer fit, and nothing would
            say where the picture ended.
        BackendUnavailableError
            A tensor is on a card, where the backend ``cuda`` cannot run.
        """
        pixels = channels_last(picture)
        height, width, _ = picture_shape(tuple(pixels.shape))
        needed = self._scheme.padded(self._key, height, width)
        if needed != (height, width):
            raise ValueError(
                f"scheme {self._scheme.name!r} under this key takes pictures of {needed} "
                f"(height, width) rather than {(height, width)}; pad, crop or resize them first"
            )
        run = self._scheme.decrypt if self._inverse else self._scheme.encrypt
        return like(run(pixels, self._key), picture)
