"""What README and docs/ show is run; links lead somewhere; the site builds and fetches nothing."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.places import ROOT
from support.snippets import Block, Reader, blocks

import facecrypt
from facecrypt.schemes import registry

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = {page: blocks(page) for page in PAGES}
WRITTEN = [block for found in BLOCKS.values() for block in found]


@pytest.fixture(scope="module", autouse=True)
def no_new_scheme_stays():
    """A page registers one of its own, which the tests of other modules must not see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_schemes", dict(registry._schemes))
        yield


@pytest.fixture(scope="module")
def readers(tmp_path_factory) -> dict[Path, Reader]:
    return {
        page: Reader(found, tmp_path_factory.mktemp(page.stem))
        for page, found in BLOCKS.items()
        if any(block.runs for block in found)
    }


@pytest.mark.parametrize("block", [block for block in WRITTEN if block.runs], ids=str)
def test_what_is_shown_works(block: Block, readers):
    if block.missing:
        pytest.skip(f"needs {', '.join(block.missing)}")
    readers[block.page].read(until=block)


def test_every_block_is_run_or_says_why_not():
    faults = [f"{block}: {block.fault}" for block in WRITTEN if block.fault]
    assert not faults, "\n".join(faults)


def test_ci_runs_the_two_commands_of_the_readme_and_no_others():
    marked = [(block.page.name, block.what) for block in WRITTEN if block.word == "command"]
    assert marked == [("README.md", "1"), ("README.md", "2")]


def is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)


PUBLIC = {name: getattr(facecrypt, name) for name in facecrypt.__all__ if name != "__version__"}


@pytest.mark.parametrize("name", [name for name in PUBLIC if not is_error(PUBLIC[name])])
def test_public_names_have_an_example_that_can_be_pasted(name):
    names, said = {}, []
    exec("from facecrypt import *", names)
    example = doctest.DocTestParser().get_doctest(PUBLIC[name].__doc__, names, name, None, None)
    assert example.examples
    assert not doctest.DocTestRunner().run(example, out=said.append).failed, "".join(said)


@pytest.mark.parametrize(
    "page",
    [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page: Path):
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    near = {target.partition("#")[0] for target in targets if not re.match("https?:", target)}
    assert not [target for target in near if not (page.parent / target).exists()]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("mkdocs", reason="needs facecrypt[docs]")
    pytest.importorskip("mkdocstrings", reason="needs facecrypt[docs]")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_site(site):
    pages = [page.relative_to(ROOT / "docs") for page in PAGES[1:]]
    assert not [page for page in pages if not (site / page.with_suffix(".html")).exists()]


def test_the_site_fetches_nothing_from_elsewhere(site):
    fetched = re.compile(
        r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^>]*>"
    )
    for page in site.rglob("*.html"):
        found = fetched.findall(page.read_text(encoding="utf-8"))
        assert not [tag for tag in found if 'rel="canonical"' not in tag], page
