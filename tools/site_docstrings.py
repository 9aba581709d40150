"""Docstrings as the site wants them: mkdocs.yml has this read each of them as Markdown.

They are numpydoc with Sphinx's roles, for ``help()`` and editors. Here roles become links, tables
become text, and lists of choices are kept from being read as types.
"""

import contextlib
import re
from collections.abc import Iterator

import griffe

_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([\w.]+)`")
_TABLE = re.compile(r"^(=+ +=[= ]*)$.*^\1$", re.MULTILINE | re.DOTALL)
_CHOICES = re.compile(r"^([\w, ]+ : )\{(.*?)\}", re.MULTILINE)
# Types that are no Python are shown as they are, quotes and all.
_QUOTED_TYPE = re.compile(r"^((?:[\w, ]+ : )?array .*?)``(.*?)``", re.MULTILINE)


class SiteDocstrings(griffe.Extension):
    """Rewrites all docstrings once the package is read, when names can be looked up."""

    def on_package(self, *, pkg: griffe.Module, **_) -> None:
        for thing in _all(pkg):
            if thing.docstring is not None:
                thing.docstring.value = as_markdown(thing.docstring.value, thing)


def as_markdown(text: str, thing: griffe.Object) -> str:
    """The docstring of `thing`, for the site."""
    text = _ROLE.sub(lambda role: _link(role[1], thing), text)
    text = _TABLE.sub(r"```text\n\g<0>\n```", text)
    text = _CHOICES.sub(r"\1one of \2", text)
    text = _QUOTED_TYPE.sub(r"\1\2", text)
    return re.sub(r" ?::$", ":", text, flags=re.MULTILINE)


def _link(name: str, thing: griffe.Object) -> str:
    target = name
    # A name from elsewhere stays as it is written, and is no link.
    with contextlib.suppress(griffe.NameResolutionError):
        target = name if name.startswith("facecrypt") else thing.resolve(name)
    return f'<autoref optional identifier="{target}"><code>{name}</code></autoref>'


def _all(thing: griffe.Object) -> Iterator[griffe.Object]:
    yield thing
    for member in thing.members.values():
        if not member.is_alias:
            yield from _all(member)
