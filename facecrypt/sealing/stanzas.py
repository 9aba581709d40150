"""Wrapped keys as a header holds them: their fields, and what trying them may cost."""

from typing import Any

from facecrypt import keys, limits
from facecrypt.errors import ContainerError
from facecrypt.keys import Stanza
from facecrypt.sealing.wire import Reader

__all__ = ["parse_stanzas"]


def parse_stanzas(items: list[Any]) -> tuple[Stanza, ...]:
    """Check the wrapped keys of a header; no key is tried.

    Raises
    ------
    ContainerError
        One is damaged, or all passphrases together would cost more than may be.
    """
    stanzas = tuple(_parse_stanza(item) for item in items)
    stretched = [stanza for stanza in stanzas if stanza["type"] == "argon2id"]
    if len(stretched) > limits.MAX_ARGON2_STANZAS:
        raise ContainerError(
            f"{len(stretched)} passphrases; at most {limits.MAX_ARGON2_STANZAS} may be in a header"
        )
    total = sum(stanza["memory"] * stanza["time"] for stanza in stretched)
    if total > limits.MAX_ARGON2_TOTAL_KIB:
        raise ContainerError(
            f"the header asks for Argon2id of {total} KiB times passes in all; "
            f"at most {limits.MAX_ARGON2_TOTAL_KIB} may be"
        )
    return stanzas


def _parse_stanza(item: Any) -> Stanza:
    read = Reader(item)
    kind = read.choice("type", keys.STANZA_TYPES)
    stanza: dict[str, Any] = {
        "type": kind,
        "wrapped": read.base64("wrapped", keys.WRAPPED_SIZES[kind]),
    }
    if kind == "argon2id":
        memory, time, lanes = limits.ARGON2_COSTLY
        stanza["salt"] = read.base64("salt", 16)
        stanza["memory"] = read.integer("memory", limits.ARGON2_MIN_MEMORY_KIB, memory)
        stanza["time"] = read.integer("time", 1, time)
        stanza["lanes"] = read.integer("lanes", 1, lanes)
    else:
        stanza["id"] = read.text("id", "[0-9a-f]{16}", "16 hexadecimal digits")
    return stanza
