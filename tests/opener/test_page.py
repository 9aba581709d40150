"""The page itself: what it may do, what it says, and that it is made of these sources."""

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest
from support.opener_page import PAGE, Opener
from support.places import ROOT

from facecrypt import Region, SecretKey, encrypt_file
from facecrypt.cli import main
from facecrypt.opener import page

SEALED = ROOT / "tests" / "vectors" / "sealed"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture
def builder(monkeypatch):
    """The script that built the page."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import build_opener

    yield build_opener
    del sys.modules["build_opener"]


def test_it_is_one_small_file_that_names_nothing_outside():
    assert len(page()) <= 1_500_000
    assert page() == PAGE.read_bytes()
    assert not re.search(r"(http|ws|ftp)s?://", TEXT)
    assert not re.search(r"<(link|script|img|iframe)[^>]+(src|href)=\"(?!data:,)", TEXT)


def test_its_policy_forbids_the_network():
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', TEXT)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'none'"
    assert rules["webrtc"] == "'block'"
    for rule in rules.values():
        assert re.fullmatch(
            r"('none'|'block'|'sha256-[\w+/=]+'|'wasm-unsafe-eval'|blob:|data:)( (?!'unsafe-)\S+)*",
            rule,
        )
    assert "unsafe-inline" not in policy


def test_it_claims_no_more_than_the_policy_forbids(opener):
    """A policy stops requests; that a page goes to another address none can stop."""
    promise = "document.querySelector('[data-text=promise]').textContent"
    assert opener.browser.run(promise) == (
        "Nothing leaves this device. The page sends and loads nothing, your browser refuses it "
        "such requests, and it works offline too."
    )
    guide = (ROOT / "docs" / "howto" / "opener.md").read_text()
    assert "refuses every connection" not in guide
    assert "navigation" in guide
    assert "WebRTC" in guide


def test_the_browser_refuses_what_would_go_to_the_network(browser):
    """As a script in the page would try it; a server counts what arrives."""
    asked = []

    class Count(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Count) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            place = f"http://127.0.0.1:{server.server_address[1]}"
            browser.open(PAGE)
            tried = browser.run(f"fetch('{place}/fetch').then(() => 'sent', () => 'refused')")
            browser.run(
                f"new Promise(done => {{ const image = new Image(); image.onload = image.onerror = "
                f"done; image.src = '{place}/image'; }}).then(() => 1)"
            )
        finally:
            server.shutdown()
            thread.join()
    assert tried == "refused"
    assert asked == []


def test_it_is_made_of_these_sources(builder):
    built = re.search(r'facecrypt-sources" content="([^"]+)"', TEXT)[1]
    assert built == builder.sources_digest(), (
        "opener/ or csrc/ changed: run tools/build_opener.py, and commit the page"
    )


def test_built_again_it_is_the_same(builder):
    if builder.lacking():
        pytest.skip(f"not installed: {builder.lacking()}")
    used = re.search(r'facecrypt-toolchain" content="([^"]+)"', TEXT)[1]
    if builder.toolchain() != used:
        pytest.skip(f"it was built with {used}, and here is {builder.toolchain()}")
    assert builder.page() == TEXT


def test_every_language_says_everything():
    if shutil.which("node") is None:
        pytest.skip("no node")
    script = (
        "import {LANGUAGES} from './opener/src/texts.js';"
        "const names = t => [...Object.keys(t), ...Object.keys(t.problems)];"
        "console.log(JSON.stringify(Object.values(LANGUAGES).map(names)))"
    )
    command = ["node", "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    english, *others = json.loads(done.stdout)
    assert len(english) > 80
    assert others == [english]
    code = "".join(path.read_text() for path in (ROOT / "opener" / "src").glob("*.js"))
    code += (ROOT / "opener" / "page.html").read_text()
    for name in re.findall(r'(?:Problem|say)\(\s*"([a-z-]+)"', code):
        assert name in english
    for name in re.findall(r'data-text="([a-z-]+)"', code):
        assert name in english


def test_the_command_writes_it_and_replaces_nothing(tmp_path, capsys):
    there = tmp_path / "opener.html"
    assert main(["opener", "-o", str(there)]) == 0
    assert there.read_bytes() == page()
    there.write_text("mine")
    assert main(["opener", "-o", str(there)]) == 1
    assert there.read_text() == "mine"
    assert main(["opener", "-o", str(there), "--force"]) == 0
    assert there.read_bytes() == page()


def test_it_speaks_the_language_that_is_chosen(opener):
    run = opener.browser.run
    english = run("document.querySelector('.lead').textContent")
    run("document.querySelector('[data-language=de]').click()")
    german = run("document.querySelector('.lead').textContent")
    assert "with your key" in english
    assert "mit Ihrem Schlüssel" in german
    assert run("document.documentElement.lang") == "de"
    assert "undefined" not in run("document.body.innerText")


def test_by_keyboard_alone(opener):
    """From the top with Tab; the file dialog itself is the browser's."""
    browser, seen = opener.browser, []
    opener.choose(SEALED / "rgb.png")
    browser.run("document.activeElement.blur()")
    for _ in range(12):
        browser.press("Tab", 9)
        seen.append(browser.run("document.activeElement.id || document.activeElement.className"))
        if seen[-1] == "key-text":
            secret = (SEALED / "x25519.key.txt").read_text().split()[-1]
            browser.send("Input.insertText", text=secret)
        if seen[-1] == "open":
            browser.press("Enter", 13, "\r")
            break
    assert [name for name in seen if name] == [
        *("files", "key-text", "passphrase", "reveal", "key-files", "open"),
    ]
    browser.until("document.querySelector('.save')")
    assert opener.problem("rgb.png") is None


def test_everything_to_operate_has_a_name(opener):
    opener.choose(SEALED / "rgb.png")
    tree = opener.browser.send("Accessibility.getFullAXTree")["nodes"]
    used = ("button", "textbox", "link", "checkbox", "image", "DisclosureTriangle")
    nodes = [node for node in tree if node.get("role", {}).get("value") in used]
    assert len(nodes) > 8
    for node in nodes:
        assert node["name"]["value"].strip(), node


def test_an_old_browser_is_told(browser):
    """One without WebAssembly, say."""
    added = browser.send(
        "Page.addScriptToEvaluateOnNewDocument", source="delete globalThis.WebAssembly"
    )
    try:
        browser.open(PAGE)
        said = browser.run("document.querySelector('#unable').textContent")
        assert "too old" in said
        assert "WebAssembly" in said
        assert browser.run("document.querySelector('#form').hidden")
    finally:
        browser.send("Page.removeScriptToEvaluateOnNewDocument", **added)


def test_a_browser_without_x25519(browser):
    """Those before 2025 lack it: then the page brings its own."""
    lacking = """
        const own = crypto.subtle.importKey.bind(crypto.subtle);
        crypto.subtle.importKey = (format, data, how, ...rest) => how === "X25519"
            ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"))
            : own(format, data, how, ...rest);
    """
    source = f"""
        globalThis.Blob = class extends Blob {{
            constructor(parts, options) {{
                const isCode = options?.type === "text/javascript";
                super(isCode ? [{json.dumps(lacking)}, ...parts] : parts, options);
            }}
        }};
    """
    added = browser.send("Page.addScriptToEvaluateOnNewDocument", source=source)
    try:
        opener = Opener(browser)
        for name, key in (("rgb.png", "x25519"), ("rgba16.png", "pq")):
            opener.choose(SEALED / name)
            opener.give(SEALED / f"{key}.key.txt")
        opener.open()
        assert [opener.problem(name) for name in ("rgb.png", "rgba16.png")] == [None, None]
    finally:
        browser.send("Page.removeScriptToEvaluateOnNewDocument", **added)


@pytest.mark.parametrize("language", ["en", "de"])
def test_faces_have_the_numbers_that_the_commands_take(opener, capsys, language):
    """Who reads a number here may have that face erased for good with `forget --region N`."""
    browser, sealed = opener.browser, SEALED / "rgb.png"
    browser.run(f"document.querySelector('[data-language={language}]').click()")
    opener.choose(sealed)
    opener.give(SEALED / "rgb.region-1.key.txt")
    opener.open()
    listed = opener.card("rgb.png", "card.querySelector('dl').textContent")
    assert main(["inspect", str(sealed), "--json"]) == 0
    regions = json.loads(capsys.readouterr().out)["regions"]
    assert len(regions) == 2
    for number, region in enumerate(regions):
        shape = "ellipse" if "ellipse" in region else "box"
        assert f"{number}: {shape} {' '.join(map(str, region[shape]))}" in listed
    opened = opener.card("rgb.png", "card.querySelector('.good').textContent")
    assert {"en": "face 1.", "de": "Gesicht 1."}[language] in opened


@pytest.mark.parametrize("closed", ["file.png", "420.jpg"])
def test_a_card_that_is_closed_while_files_are_opened(opener, closed):
    """The one that is being opened, or one that is not begun: all others are opened."""
    names = ["file.png", "420.jpg", "rgba16.png", "rgb.png"]
    opener.choose(*(SEALED / name for name in names))
    opener.give(SEALED / "symmetric.key.txt")
    opener.paste("\n".join((SEALED / f"{key}.key.txt").read_text() for key in ("x25519", "pq")))
    close = f"document.querySelector('[data-name=\"{closed}\"] .card-head button').click()"
    opener.browser.run(f"document.querySelector('#open').click(); {close}")
    opener.browser.until("!document.querySelector('#open').disabled")
    left = [name for name in names if name != closed]
    saves = "card.querySelectorAll('.save').length"
    assert [opener.card(name, saves) for name in left] == [1, 1, 1]
    assert opener.browser.run("document.querySelectorAll('.card').length") == 3
    assert opener.browser.run("document.querySelector('#status').textContent") == "3 of 3 opened."


UNUSABLE = {
    "public.txt": "This is a public key",
    "cut.txt": "The key is mistyped or cut short.",
    "words.txt": "This is no facecrypt key.",
}


@pytest.mark.parametrize("field", ["#files", "#key-files"])
@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_file_that_cannot_be_used_is_told_of(opener, tmp_path, field, beside, name):
    public, secret = (SEALED / "x25519.key.txt").read_text().split()[-2:]
    text = {"public.txt": public, "cut.txt": secret[:-3], "words.txt": "x" * 32}[name]
    (tmp_path / name).write_text(text)
    status = "document.querySelector('#status').textContent"
    pictures = [SEALED / "rgb.png"] if beside else []
    if field == "#files":
        opener.browser.choose(field, *pictures, tmp_path / name)
    else:
        opener.choose(*pictures)
        opener.browser.choose(field, tmp_path / name)
    opener.browser.until(f"{status}.includes({json.dumps(name)})")
    if beside:
        opener.browser.until(f"{status}.includes('1 picture chosen')")
    said = opener.browser.run(status)
    assert UNUSABLE[name] in said
    assert ("picture chosen" in said) == beside
    opener.browser.run("document.querySelector('[data-language=de]').click()")
    assert UNUSABLE[name] not in opener.browser.run(status)
    assert name in opener.browser.run(status)
    opener.give(SEALED / "x25519.key.txt")
    assert name not in opener.browser.run(status)


def test_what_is_chosen_twice_is_there_once(opener, tmp_path):
    """The same file, that is: another one of the same name is another."""
    browser, other = opener.browser, tmp_path / "rgb.png"
    other.write_bytes((SEALED / "rgb.png").read_bytes()[:-1] + b"\0")
    count = "document.querySelectorAll('{}').length"
    for _ in range(2):
        opener.choose(SEALED / "rgb.png")
        opener.give(SEALED / "x25519.key.txt")
    opener.choose(SEALED / "420.jpg")
    browser.until(f"{count.format('.card')} >= 2")
    assert browser.run(count.format(".card")) == 2
    assert browser.run(count.format("#keys li")) == 1
    browser.choose("#files", other)
    browser.until(f"{count.format('.card')} === 3")
    opener.give(SEALED / "symmetric.key.txt")
    assert browser.run(count.format("#keys li")) == 2


def test_details_that_were_unfolded_stay_unfolded(opener):
    opener.choose(SEALED / "rgb.png")
    is_open = "card.querySelector('details').open"
    assert opener.card("rgb.png", is_open) is False
    opener.card("rgb.png", "card.querySelector('summary').click()")
    opener.browser.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    opener.browser.run("document.querySelector('[data-language=de]').click()")
    assert opener.card("rgb.png", is_open) is True
    opener.give(SEALED / "x25519.key.txt")
    opener.open()
    assert opener.card("rgb.png", is_open) is True
    opener.card("rgb.png", "card.querySelector('summary').click()")
    opener.browser.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    opener.browser.run("document.querySelector('[data-language=en]').click()")
    assert opener.card("rgb.png", is_open) is False


def test_a_long_name_makes_a_phone_scroll_down_alone(opener, tmp_path):
    name = f"Screenshot_{'20240101-121212_' * 12}sealed.png"
    plain, key = tmp_path / "plain.png", SecretKey.generate()
    cv2.imwrite(str(plain), np.zeros((32, 32, 3), np.uint8))
    key.save(tmp_path / "key.txt")
    encrypt_file(plain, tmp_path / name, key, regions=[Region(0, 0, 16, 16)])
    opener.choose(tmp_path / name)
    opener.give(tmp_path / "key.txt")
    opener.open()
    assert opener.problem(name) is None
    opener.browser.send(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=700,
        deviceScaleFactor=1,
        mobile=True,
    )
    try:
        assert opener.browser.run("document.documentElement.scrollWidth") == 360
    finally:
        opener.browser.send("Emulation.clearDeviceMetricsOverride")
