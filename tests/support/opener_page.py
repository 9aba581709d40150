"""The page that opens sealed files, used as a person uses it."""

import json
from pathlib import Path
from typing import Any

from support.browser import Page
from support.places import ROOT

PAGE = ROOT / "facecrypt" / "opener" / "opener.html"


class Opener:
    """The page in a browser, opened anew."""

    def __init__(self, browser: Page) -> None:
        self.browser = browser
        browser.errors.clear()
        browser.requests.clear()
        browser.open(PAGE)

    def choose(self, *files: Path) -> None:
        """Choose sealed pictures, and wait until the page has looked at them."""
        self.browser.choose("#files", *files)
        names = [file.name for file in files if file.suffix != ".fcrypt"]
        cards = (
            f"{json.dumps(names)}.map(name => document.querySelector(`[data-name='${{name}}']`))"
        )
        self.browser.until(f"{cards}.every(card => card?.querySelector('details, [data-problem]'))")

    def give(self, file: Path) -> None:
        """Choose a key file."""
        self.browser.choose("#key-files", file)
        self.browser.until(f"document.querySelector('#keys').textContent.includes('{file.name}')")

    def paste(self, key: str) -> None:
        self.browser.run(f"document.querySelector('#key-text').value = {json.dumps(key)}")

    def say(self, passphrase: str) -> None:
        self.browser.run(f"document.querySelector('#passphrase').value = {json.dumps(passphrase)}")

    def open(self) -> None:
        """Press the button, and wait until all is done."""
        self.browser.run("document.querySelector('#open').click()")
        self.browser.until("!document.querySelector('#open').disabled")

    def card(self, name: str, what: str) -> Any:
        """The value of an expression of `card`, the part of the page for one picture."""
        find = f"document.querySelector('[data-name={json.dumps(name)}]')"
        return self.browser.run(f"(card => {what})({find})")

    def problem(self, name: str) -> str | None:
        return self.card(name, "card.querySelector('[data-problem]')?.dataset.problem ?? null")

    def saved(self, name: str) -> bytes:
        """What the page offers for download."""
        assert self.problem(name) is None
        self.card(name, "card.querySelector('.save').click()")
        return self.browser.downloaded(name)
