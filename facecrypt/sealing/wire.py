"""Canonical JSON: one spelling for each header, and typed access to what one says.

What does not re-serialise to the same bytes is refused, so nothing can be smuggled into one.
"""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from facecrypt import keys
from facecrypt.errors import ContainerError

__all__ = ["Reader", "canonical", "damaged", "joined"]


def canonical(fields: dict[str, Any]) -> bytes:
    """JSON in ASCII, keys sorted, no spaces; ContainerError where a number is not finite."""
    try:
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise damaged("a number is not finite") from None
    return text.encode("ascii")


def joined(entries: tuple[bytes, ...]) -> str:
    """Entries of one size as one text in base64: half the bytes of a list in hexadecimal."""
    return base64.b64encode(b"".join(entries)).decode()


def damaged(why: str) -> ContainerError:
    """The error for a header that no writer would have written."""
    return ContainerError(f"the header is damaged: {why}")


class Reader:
    """Typed access to a JSON object; what is not as it should be is a ContainerError."""

    def __init__(self, fields: Any):
        self._fields = fields if isinstance(fields, dict) else {}

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def _get(self, name: str, check: Callable[[Any], bool], expected: str) -> Any:
        value = self._fields.get(name)
        if not check(value):
            raise damaged(f"{name} is not {expected}")
        return value

    def any(self, name: str) -> Any:
        return self._fields.get(name)

    def text(self, name: str, pattern: str, expected: str) -> str:
        return self._get(
            name, lambda v: isinstance(v, str) and re.fullmatch(pattern, v) is not None, expected
        )

    def words(self, name: str, limit: int) -> str:
        return self.text(
            name, rf"[ -~]{{0,{limit}}}", f"printable ASCII of at most {limit} characters"
        )

    def base64(self, name: str, size: int) -> str:
        return self._get(name, lambda v: len(keys.unb64(v)) == size, f"{size} bytes in base64")

    def entries(self, name: str, count: int, size: int) -> tuple[bytes, ...]:
        """As :func:`joined` wrote them."""
        value = self.any(name)
        data = keys.unb64(value)
        if not isinstance(value, str) or len(data) != count * size:
            raise damaged(f"{name} is not {count} entries of {size} bytes in base64")
        return tuple(data[i : i + size] for i in range(0, len(data), size))

    def object(self, name: str) -> dict[str, Any]:
        return self._get(name, lambda v: isinstance(v, dict), "an object")

    def items(self, name: str) -> list[Any]:
        return self._get(name, lambda v: isinstance(v, list), "a list")

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        return self._get(name, lambda v: v in choices, f"one of {', '.join(choices)}")

    def hex(self, name: str, size: int) -> bytes:
        text = self.text(name, r"([0-9a-f]{2})*", "hexadecimal")
        if len(text) != 2 * size:
            raise damaged(f"{name} is not {size} bytes")
        return bytes.fromhex(text)

    def integer(self, name: str, low: int, high: int) -> int:
        return self._get(
            name, lambda v: type(v) is int and low <= v <= high, f"an integer of {low} to {high}"
        )

    def integers(self, name: str, counts: tuple[int, ...], low: int, high: int) -> list[int]:
        return self._get(
            name,
            lambda v: (
                isinstance(v, list)
                and len(v) in counts
                and all(type(n) is int and low <= n <= high for n in v)
            ),
            f"{' or '.join(map(str, counts))} integers of {low} to {high}",
        )
