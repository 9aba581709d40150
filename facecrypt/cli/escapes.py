"""Text that comes from files, made fit for a terminal."""

import unicodedata

__all__ = ["shown"]

# Controls; marks that are invisible or turn the direction of writing; half characters; ends of
# lines and paragraphs.
_ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # Persian words and emoji are made with them
# A byte of a file name that is no text: what prints it restores the byte.
_BYTES = range(0xDC80, 0xDD00)


def shown(text: object) -> str:
    """The text on one line, with what would act on a terminal spelled out.

    Whoever names a file or writes a header could otherwise move the cursor, hide lines and forge
    others.

    Examples
    --------
    >>> shown("a\\x1b[2Jb.png"), shown("two\\nlines")
    ('a\\\\x1b[2Jb.png', 'two\\\\nlines')
    """
    word = str(text)
    return word if word.isprintable() else "".join(map(_spelled, word))


def _spelled(character: str) -> str:
    harmless = character in _JOINERS or ord(character) in _BYTES
    if harmless or unicodedata.category(character) not in _ACTING:
        return character
    return character.encode("unicode_escape").decode("ascii")
