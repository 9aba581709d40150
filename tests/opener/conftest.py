import pytest
from support.browser import browsing, chromium
from support.opener_page import Opener

# Chromium says so of a directive that it does not know yet, which others may.
UNKNOWN = "Unrecognized Content-Security-Policy directive 'webrtc'."


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if chromium() is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    with browsing(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def opener(browser):
    page = Opener(browser)
    yield page
    assert [error for error in browser.errors if error != UNKNOWN] == []
    assert all(url.startswith(("file:", "blob:", "data:")) for url in browser.requests)
