"""Chromium without a window, driven through its own protocol over two pipes."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 30
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
)


def chromium() -> str | None:
    """The program, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """One page of a running browser."""

    def __init__(self, write: int, read: int, downloads: Path) -> None:
        self._write, self._read = write, read
        self._number, self._session, self._left = 0, None, b""
        self.downloads = downloads
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.send(f"{domain}.enable")
        allowed = {"behavior": "allow", "downloadPath": str(downloads), "eventsEnabled": True}
        self.send("Browser.setDownloadBehavior", **allowed)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method and wait for what it gives back."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            more = os.read(self._read, 1 << 16)
            if not more:
                raise RuntimeError("the browser ended")
            self._left += more
        text, self._left = self._left.split(b"\0", 1)
        return json.loads(text)

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])

    def open(self, path: Path) -> None:
        self.send("Page.navigate", url=path.resolve().as_uri())
        self.until("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """The value of an expression, of a promise what it comes to."""
        done = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in done:
            raise AssertionError(f"{script}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true; AssertionError where that takes too long."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.run(f"Boolean({condition})"):
                return
            time.sleep(0.02)
        raise AssertionError(f"in vain waited for: {condition}\n{self.errors}")

    def choose(self, selector: str, *files: Path) -> None:
        """Give files to an input, as a person does."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def press(self, key: str, code: int, text: str = "") -> None:
        """One key of the keyboard, down and up."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def downloaded(self, name: str) -> bytes:
        """The bytes of a download, once it is whole."""
        path, end = self.downloads / name, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.run("0")
            if path.exists() and not list(self.downloads.glob("*.crdownload")):
                data = path.read_bytes()
                path.unlink()
                return data
            time.sleep(0.02)
        raise AssertionError(f"{name} was not downloaded")


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """A browser with a profile of its own, and a page in it."""
    program = chromium()
    assert program, "ask chromium() first"
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    downloads = folder / "downloads"
    downloads.mkdir()
    command = [program, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    # Chromium reads commands from file 3 and writes to file 4.
    script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", script, "-", *command],
            pass_fds=(theirs_in, theirs_out),
            stdout=log,
            stderr=log,
        )
    os.close(theirs_in)
    os.close(theirs_out)
    # A browser that hangs would hang the test: what it has not said by then it never says.
    watch = threading.Timer(20 * PATIENCE, process.kill)
    watch.daemon = True
    watch.start()
    try:
        yield Page(ours_out, ours_in, downloads)
    finally:
        watch.cancel()
        os.close(ours_out)
        os.close(ours_in)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
