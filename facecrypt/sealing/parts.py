"""Parts: what is sealed of a picture, each under a key of its own.

A part is a region, or a private part that only the content key opens. Whatever the carrier, its
bytes, its tag and the commitment to its key are made and checked here.
"""

import hmac
import operator
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from facecrypt import keys
from facecrypt.errors import AuthenticationError, ForgottenError
from facecrypt.keys import RecipientLike, RegionKey, Stanza, Unwraps
from facecrypt.sealing import ciphers
from facecrypt.sealing.content import Content
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Seal
from facecrypt.sealing.streams import StreamKey

__all__ = [
    "Sealer",
    "Unlocked",
    "forgotten",
    "forgotten_error",
    "not_whole",
    "number",
    "numbers",
    "open_part",
    "opens_whole",
    "rewrapped",
    "start",
    "stream_key",
    "unfinished",
    "unlock",
    "without_clip",
]


_DIGEST_OF_NOTHING = ciphers.sealed_digest(np.empty(0, np.uint8))


class Sealer(NamedTuple):
    """A header whose parts are to be sealed, and the content key for it."""

    header: Header
    content_key: bytes
    backend: str

    def seal(self, parts: Iterable[np.ndarray]) -> tuple[Header, list[np.ndarray]]:
        """Encrypt every part, in order, and finish the header.

        Parameters
        ----------
        parts : iterable of (n,) uint8 arrays
            Overwritten.

        Returns
        -------
        Header
        list of (n,) uint8 arrays
        """
        header, aad, sealed = self.header, self.header.aad(), []
        for index, data in enumerate(parts):
            key = _part_key(header, self.content_key, index)
            sealed.append(ciphers.seal_part(data, key, header.cipher, aad, backend=self.backend))
        digests = [ciphers.sealed_digest(data) for data, _ in sealed[: len(header.regions)]]
        return self.finish([tag for _, tag in sealed], digests), [data for data, _ in sealed]

    def stream_key(self, index: int) -> StreamKey:
        """What a part that is too long for memory is sealed under."""
        key = _part_key(self.header, self.content_key, index)
        return stream_key(self.header, key, self.backend)

    def finish(self, tags: Iterable[bytes], digests: Iterable[bytes]) -> Header:
        """The header, when all parts are sealed; its length stays."""
        header = replace(self.header, tags=tuple(tags), digests=tuple(digests))
        return _authenticated(header, self.content_key).checked()


def start(
    content: Content,
    regions: Sequence[Any],
    recipients: Sequence[RecipientLike],
    options: Seal,
    *,
    public_digest: bytes,
    private: tuple[str, ...] = (),
) -> Sealer:
    """Make a content key, wrap it, commit to the keys of all parts.

    Raises
    ------
    ContainerError
        No reader would take the header: shown before any work is done.

    Warns
    -----
    UserWarning
        The cipher is for research alone.
    """
    if options.cipher == "logistic":
        warnings.warn(
            "cipher='logistic' is for research: the logistic map is not a secure cipher; "
            "use the default for anything that must stay secret",
            stacklevel=4,
        )
    content_key = keys.new_content_key()
    header = Header(
        content=content,
        cipher=options.cipher,
        regions=tuple(regions),
        commitments=(),
        tags=(),
        digests=(),
        stanzas=tuple(recipient.wrap(content_key) for recipient in recipients),
        public_digest=public_digest,
        private=private,
        request=options.request(video=content.streamed),
    )
    commitments = tuple(
        keys.commitment(_part_key(header, content_key, index)) for index in range(header.parts)
    )
    # With all of the final size, so that all it may be refused for shows.
    sized = replace(
        header,
        commitments=commitments,
        tags=(bytes(header.tag_size),) * header.parts,
        digests=(bytes(32),) * len(header.regions),
        mac=bytes(32),
    )
    return Sealer(sized.checked(), content_key, options.backend)


class Unlocked(NamedTuple):
    """Number of a part -> its key, and whether they come from the content key, which also
    checked the header."""

    keys: dict[int, bytes]
    whole: bool

    def regions(self, header: Header) -> tuple[int, ...]:
        """The numbers of the regions among them."""
        return tuple(sorted(index for index in self.keys if index < len(header.regions)))


def unlock(
    header: Header, identities: Sequence[Unwraps | RegionKey], wanted: Sequence[int] | None
) -> Unlocked:
    """The keys of the wanted regions, or of all parts; checks the header where an identity can.

    Raises
    ------
    AuthenticationError
        No identity opens it, or it was changed, or a key is not the one that was committed to.
    ForgottenError
        A region that is wanted, or the only one that there is a key for, was forgotten.
    ValueError
        There is no region of that number.
    """
    count = len(header.regions)
    wanted = None if wanted is None else numbers(wanted)
    _check_numbers(header, wanted or ())
    content_key = _content_key(header, identities)
    if content_key is not None:
        every = range(header.parts) if wanted is None else wanted
        found = {index: _part_key(header, content_key, index) for index in every}
    else:
        here = header.picture_id
        found = {
            holder.index: holder.key
            for holder in identities
            if isinstance(holder, RegionKey) and holder.picture == here and holder.index < count
        }
        if not found or not set(wanted or ()) <= found.keys():
            raise ciphers.wrong_key(header.content.called)
        if wanted is not None:
            found = {index: found[index] for index in wanted}
    gone = header.forgotten_parts & found.keys()
    if gone and (wanted is not None or (content_key is None and gone == found.keys())):
        raise forgotten_error(sorted(gone), checked=content_key is not None)
    found = {index: key for index, key in found.items() if index not in gone}
    for index, key in found.items():
        if not hmac.compare_digest(keys.commitment(key), header.commitments[index]):
            raise ciphers.wrong_key(header.content.called)
    return Unlocked(found, whole=content_key is not None)


def _check_numbers(header: Header, regions: Iterable[int]) -> None:
    count = len(header.regions)
    for index in regions:
        if not 0 <= index < count:
            has = f"{count}, from 0" if count else "none"
            raise ValueError(f"there is no region {index}; the {header.content.called} has {has}")


def forgotten_error(regions: Sequence[int], *, checked: bool = True) -> ForgottenError:
    """The error for regions of which the ciphertext is gone, as a header says that is `checked`."""
    listed = ", ".join(map(str, regions))
    what = f"region {listed} was" if len(regions) == 1 else f"regions {listed} were"
    if not checked:
        return ForgottenError(
            f"the header says that {what} forgotten, so that no key opens it; only a key of the "
            "whole file can check that"
        )
    return ForgottenError(f"{what} forgotten: the encrypted face was erased, and no key opens it")


def unfinished(regions: Sequence[int]) -> str:
    """What to say of regions that a header calls forgotten, and of which the face is there."""
    listed = ", ".join(map(str, regions))
    if len(regions) == 1:
        return (
            f"region {listed} is to be forgotten, but its encrypted face is still there; run "
            "forget again"
        )
    return (
        f"regions {listed} are to be forgotten, but their encrypted faces are still there; run "
        "forget again"
    )


def without_clip(header: Header) -> frozenset[int]:
    """Numbers of the people of a video of whom no clip was sealed: their parts are empty."""
    if not header.content.streamed:
        return frozenset()
    return frozenset(
        index for index, digest in enumerate(header.digests) if digest == _DIGEST_OF_NOTHING
    )


def number(index: object) -> int:
    """A number of a region as an int; TypeError where it is none, as yes and no are none."""
    if isinstance(index, (bool, np.bool_)) or not hasattr(index, "__index__"):
        raise TypeError(f"the number of a region must be an integer, received {index!r}")
    return operator.index(index)


def numbers(regions: Iterable[object]) -> list[int]:
    """Numbers of regions as ints; TypeError where one of them is none, or they are no sequence."""
    if not isinstance(regions, Iterable):
        raise TypeError(
            f"expected a sequence of numbers of regions, such as [1]; received {regions!r}"
        )
    return list(map(number, regions))


def stream_key(header: Header, key: bytes, backend: str = "auto") -> StreamKey:
    """What a part that is too long for memory is opened with, of its key."""
    return StreamKey(key, header.cipher, header.aad(), backend)


def open_part(
    header: Header, index: int, data: np.ndarray, key: bytes, *, backend: str = "auto"
) -> np.ndarray:
    """Check and decrypt one part whose key :func:`unlock` gave; AuthenticationError if changed."""
    if index < len(header.regions):
        digest = ciphers.sealed_digest(data)
        if not hmac.compare_digest(digest, header.digests[index]):
            raise ciphers.wrong_key(header.content.called)
    return ciphers.open_part(
        data, header.tags[index], key, header.cipher, header.aad(), backend=backend
    )


def opens_whole(header: Header, identities: Sequence[Unwraps | RegionKey]) -> bool:
    """Whether an identity opens it whole, so that what it says is known to be true.

    Raises
    ------
    AuthenticationError
        One does, and the header was changed.
    """
    return _content_key(header, identities) is not None


def not_whole(header: Header, identities: Sequence[Unwraps | RegionKey]) -> AuthenticationError:
    """The error where :func:`opens_whole` is False and one was to."""
    called = header.content.called
    if all(isinstance(holder, RegionKey) for holder in identities):
        return AuthenticationError(
            f"a region key opens its region and changes nothing; give a key that opens the {called}"
        )
    return ciphers.wrong_key(called)


def rewrapped(
    header: Header,
    identities: Sequence[Unwraps | RegionKey],
    recipients: Sequence[RecipientLike],
    *,
    kept: Sequence[Stanza] = (),
) -> Header:
    """The same header for other recipients; nothing else of the file changes.

    Parameters
    ----------
    header : Header
    identities : sequence of identities
    recipients : sequence of recipients
        For whom the content key is wrapped.
    kept : sequence of Stanza
        Of those that the header has, what stays.

    Raises
    ------
    AuthenticationError
        No identity opens it whole, or it was changed.
    """
    content_key = _whole_key(header, identities)
    stanzas = *kept, *(recipient.wrap(content_key) for recipient in recipients)
    return _authenticated(replace(header, stanzas=stanzas), content_key).checked()


def forgotten(
    header: Header, identities: Sequence[Unwraps | RegionKey], regions: Sequence[int]
) -> Header:
    """The same header, which says that regions and all private parts were forgotten.

    Private parts hold what may show any face: thumbnails, or the file that was sealed.

    Raises
    ------
    AuthenticationError
        No identity opens it whole, or it was changed.
    ValueError
        There is no region of that number.
    """
    asked = set(numbers(regions))
    _check_numbers(header, asked)
    content_key = _whole_key(header, identities)
    gone = asked.union(item for item in header.forgotten if isinstance(item, int))
    header = replace(header, forgotten=(*sorted(gone), *header.private))
    return _authenticated(header, content_key).checked()


def _authenticated(header: Header, content_key: bytes) -> Header:
    mac = ciphers.header_mac(keys.content_subkey(content_key, "header"), header.mac_input())
    return replace(header, mac=mac)


def _part_key(header: Header, content_key: bytes, index: int) -> bytes:
    count = len(header.regions)
    if index < count:
        return keys.region_key(content_key, index)
    return keys.content_subkey(content_key, "private " + header.private[index - count])


def _whole_key(header: Header, identities: Sequence[Unwraps | RegionKey]) -> bytes:
    content_key = _content_key(header, identities)
    if content_key is not None:
        return content_key
    raise not_whole(header, identities)


def _content_key(header: Header, identities: Sequence[Unwraps | RegionKey]) -> bytes | None:
    for holder in identities:
        if not hasattr(holder, "unwrap"):
            continue
        for stanza in header.stanzas:
            content_key = holder.unwrap(stanza)
            if content_key is not None:
                mac_key = keys.content_subkey(content_key, "header")
                expected = ciphers.header_mac(mac_key, header.mac_input())
                if not hmac.compare_digest(expected, header.mac):
                    raise ciphers.wrong_key(header.content.called)
                return content_key
    return None
