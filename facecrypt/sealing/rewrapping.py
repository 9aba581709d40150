"""Who may open a sealed file is changed, and nothing else of it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from facecrypt.errors import KeyFormatError
from facecrypt.files import PathLike
from facecrypt.keys import Recipient, RecipientLike, RegionKey, SecretKey, Stanza, Unwraps
from facecrypt.sealing.copies import remove_copies_of
from facecrypt.sealing.header import Header
from facecrypt.sealing.images import Identities, Recipients, identities_of, recipients_of
from facecrypt.sealing.parts import not_whole, opens_whole, rewrapped
from facecrypt.sealing.rewriting import change_file
from facecrypt.sealing.several import warn_of_others

__all__ = ["PASSPHRASES", "Rewrap", "is_id", "rewrap_file"]

# What :func:`facecrypt.inspect` shows of passphrases, which have no id.
PASSPHRASES = "argon2id"
_ID = re.compile(r"[0-9a-f]{16}")


def rewrap_file(
    path: PathLike,
    identities: Identities,
    recipients: Recipients = (),
    *,
    keep: bool = False,
    drop: Iterable[str | Recipient | SecretKey] = (),
    output: PathLike | None = None,
    overwrite: bool = False,
) -> Header:
    """Change who may open a sealed file; only its header is written anew.

    Pixels, encrypted parts and picture id stay, and region keys open as before. Who could open the
    file, or has a copy from before, may have kept its content key: that cannot be taken back.

    Parameters
    ----------
    path : path of a sealed file
    identities : identity or iterable of identities
        One that opens the file whole.
    recipients : recipient or iterable of recipients
        Who may open it. Without `keep` and `drop` they replace all that there are.
    keep : bool
        Who may open it now still may.
    drop : iterable of str, Recipient or SecretKey
        Who no longer may, while all others still may: ids as :func:`inspect` gives them, public
        keys or their text; ``"argon2id"`` stands for all passphrases.
    output : path, optional
        Write the file there. None: replace it, in one step.
    overwrite : bool
        Replace `output` if it exists.

    Returns
    -------
    Header

    Raises
    ------
    AuthenticationError
        No identity opens the file whole, or its header was changed.
    ValueError
        Nobody could open it any more, or nothing is asked for.
    MediaError
        It cannot be written; the file is as it was. Of several sidecars some may be changed: run
        it again.

    Warns
    -----
    UserWarning
        As of :func:`forget_regions`: of something that a killed run left in the folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Identity, Region, encrypt_file, verify
    >>> from facecrypt.media import encode_image
    >>> alice, bob = Identity.generate(), Identity.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, sealed = Path(folder, "plain.png"), Path(folder, "sealed.png")
    ...     size = plain.write_bytes(encode_image(".png", np.zeros((16, 16), np.uint8)))
    ...     old = encrypt_file(plain, sealed, alice.recipient, regions=[Region(0, 0, 8, 8)])
    ...     new = rewrap_file(sealed, alice, bob.recipient)
    ...     new.picture_id == old.picture_id, verify(sealed, bob).whole
    (True, True)
    """
    request = Rewrap.of(recipients, keep=keep, drop=drop)
    header = request.apply(path, identities_of(identities), output, overwrite=overwrite)
    remove_copies_of(Path(output or path), header)
    return header


@dataclass(frozen=True)
class Rewrap:
    """How recipients change; the parameters of :func:`rewrap_file`.

    Parameters
    ----------
    recipients : tuple of recipients
        For whom the content key is wrapped anew.
    names : tuple of (str, str or None)
        Type and id of what each of them writes into a header.
    keep : bool
        Whether others stay.
    drop : frozenset of str
        But those with these ids.
    """

    recipients: tuple[RecipientLike, ...]
    names: tuple[tuple[str, str | None], ...]
    keep: bool
    drop: frozenset[str]

    @classmethod
    def of(
        cls,
        recipients: Recipients,
        *,
        keep: bool = False,
        drop: Iterable[str | Recipient | SecretKey] = (),
    ) -> "Rewrap":
        """Check what is asked for.

        Raises
        ------
        ValueError
            Nothing, or that somebody may and may not open the files.
        KeyFormatError
            What is to be dropped is no id and no public key.
        """
        gone = frozenset(map(_id_of, [drop] if isinstance(drop, str) else drop))
        none = not hasattr(recipients, "wrap") and not recipients
        if none and not gone:
            raise ValueError("expected recipients to add or some to drop, received none")
        many = () if none else tuple(recipients_of(recipients))
        # Stretches a passphrase, too: once.
        stanzas = [recipient.wrap(bytes(32)) for recipient in many]
        names = tuple((stanza["type"], stanza.get("id")) for stanza in stanzas)
        if both := gone & {id_ for _, id_ in names}:
            raise ValueError(f"{', '.join(sorted(both))} is to be added and to be dropped")
        return cls(many, names, keep or bool(gone), gone)

    def apply(
        self,
        path: PathLike,
        identities: Sequence[Unwraps | RegionKey],
        output: PathLike | None,
        *,
        overwrite: bool = False,
    ) -> Header:
        """Change a file; as :func:`rewrap_file`."""
        change = partial(self.changed, identities=identities)
        header = change_file(path, output, change, overwrite=overwrite)
        if output is None:
            warn_of_others(Path(path), self.is_done)
        return header

    def changed(self, header: Header, identities: Sequence[Unwraps | RegionKey]) -> Header:
        """The header for those who may open the file from now on."""
        kept = [stanza for stanza in header.stanzas if self.keep and not self._replaces(stanza)]
        if not kept and not self.recipients:
            raise ValueError("nobody could open it any more; name somebody who may")
        return rewrapped(header, identities, self.recipients, kept=kept)

    def is_done(self, header: Header) -> bool:
        """Whether a header names those, and no others, who are to open the file; tries passphrases,
        no other key."""
        if self.dropped(header):
            return False
        if not self.keep and not all(map(self._names, header.stanzas)):
            return False
        return all(
            any(self._is_for(number, stanza) for stanza in header.stanzas)
            for number in range(len(self.recipients))
        )

    def is_true(self, header: Header, identities: Sequence[Unwraps | RegionKey]) -> bool:
        """Whether it is known of a header with which it is done that nobody else wrote it.

        Returns
        -------
        bool
            False where none of the identities opens the file, as it was asked for.

        Raises
        ------
        AuthenticationError
            None opens it, though one is to; or the header was changed.
        """
        fresh: list[Any] = [one for one in self.recipients if hasattr(one, "unwrap")]
        holders = [*identities, *fresh]
        if opens_whole(header, holders):
            return True
        if not self._shuts_out(identities):
            raise not_whole(header, holders)
        return False

    def dropped(self, header: Header) -> frozenset[str]:
        """Which of those that are to be dropped may still open the file."""
        return self.drop & frozenset(map(_name, header.stanzas))

    def _shuts_out(self, identities: Sequence[Unwraps | RegionKey]) -> bool:
        """Whether an identity that opened a file may not do so any more afterwards."""
        keys = [getattr(one, "recipient", one) for one in identities if hasattr(one, "unwrap")]
        given = {getattr(key, "id", PASSPHRASES) for key in keys}
        if self.keep:
            return not given.isdisjoint(self.drop)
        return given.isdisjoint(id_ or PASSPHRASES for _, id_ in self.names)

    def _replaces(self, stanza: Stanza) -> bool:
        return _name(stanza) in self.drop or self._names(stanza)

    def _names(self, stanza: Stanza) -> bool:
        """Whether it is for one of the recipients."""
        return any(self._is_for(number, stanza) for number in range(len(self.recipients)))

    def _is_for(self, number: int, stanza: Stanza) -> bool:
        kind, id_ = self.names[number]
        if stanza["type"] != kind or id_ is not None:
            return (stanza["type"], stanza.get("id")) == (kind, id_)
        # Passphrases have no name: whether one fits, only trying tells.
        unwrap = getattr(self.recipients[number], "unwrap", None)
        return unwrap is not None and unwrap(stanza) is not None


def is_id(text: str) -> bool:
    """Whether a text is what :func:`facecrypt.inspect` shows of who may open a file."""
    return text == PASSPHRASES or _ID.fullmatch(text.lower()) is not None


def _name(stanza: Stanza) -> str:
    return stanza.get("id", PASSPHRASES)


def _id_of(dropped: object) -> str:
    if isinstance(dropped, (Recipient, SecretKey)):
        return dropped.id
    if not isinstance(dropped, str):
        raise TypeError(
            "expected an id, a public key or a secret key to drop, received "
            f"{type(dropped).__name__}"
        )
    if is_id(dropped):
        return dropped.lower()
    if dropped.lower().startswith(Recipient.PREFIX):
        return Recipient.parse(dropped).id
    raise KeyFormatError(
        f"expected an id of 16 hexadecimal digits as inspect shows it, {PASSPHRASES} or a public "
        f"key; received {dropped[:8]!r}"
    )
