"""What pyproject.toml promises: versions, extras, and that imports are covered by them."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from support.places import ROOT

import facecrypt

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {
    extra: [Requirement(text) for text in texts]
    for extra, texts in PROJECT["optional-dependencies"].items()
}
NEEDED = {Requirement(text).name for text in PROJECT["dependencies"]}

# Where a module has another name than the distribution that brings it.
DISTRIBUTIONS = {"PIL": "pillow", "cv2": "opencv-python-headless", "numba": "numba-cuda"}
# Each in the one module that is named after it: whoever wants that module has the library.
DROP_INS = {"albumentations", "deepface"}
# `facecrypt[cpu,report]`, `'.[cpu]'`, and extras named alone, as in "extra `[learn]`".
NAMED = re.compile(r"(?:facecrypt|'\.)\[([a-z, ]+)\]|`\[([a-z]+)\]`")


def brings(extra: str) -> set[str]:
    """The distributions of an extra and of those it contains."""
    found = set()
    for requirement in EXTRAS[extra]:
        if requirement.name == "facecrypt":
            found.update(*map(brings, requirement.extras))
        else:
            found.add(requirement.name)
    return found


def third_parties() -> dict[str, set[str]]:
    """Modules that are neither ours nor Python's, and the files that import them."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "facecrypt").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in {name.partition(".")[0] for name in names}:
                if name not in sys.stdlib_module_names and name != "facecrypt":
                    found.setdefault(name, set()).add(path.stem)
    return found


def test_the_version_is_one():
    assert metadata.version("facecrypt") == facecrypt.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+),", changelog, re.MULTILINE)[1] == facecrypt.__version__


def test_the_named_versions_of_python_are_the_allowed_ones():
    said = [
        name.removeprefix("Programming Language :: Python :: ")
        for name in PROJECT["classifiers"]
        if re.search(r"Python :: 3\.\d", name)
    ]
    assert said
    assert all(version in SpecifierSet(PROJECT["requires-python"]) for version in said)
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in said


def test_the_workflow_runs_every_step_of_the_checks():
    script, ci = ROOT / ".ci" / "run", ROOT / ".github" / "workflows" / "ci.yml"
    if not ci.exists():
        pytest.skip("source archives hold no workflow")
    steps = re.search(r'^STEPS="(.+)"$', script.read_text(), re.MULTILINE)[1].split()
    defined = re.findall(r"^step_(\S+)\(\)", script.read_text(), re.MULTILINE)
    jobs = re.search(r"^ +steps: \[(.+)\]$", ci.read_text(), re.MULTILINE)[1]
    assert sorted(steps) == sorted(defined)
    assert sorted(jobs.replace(",", " ").split()) == sorted(steps)


@pytest.mark.parametrize(("module", "importers"), sorted(third_parties().items()))
def test_what_is_imported_can_be_installed(module, importers):
    offered = NEEDED.union(*map(brings, EXTRAS))
    if module in DROP_INS:
        assert importers == {module}
    else:
        assert canonicalize_name(DISTRIBUTIONS.get(module, module)) in offered


def test_what_is_needed_is_imported():
    imported = {canonicalize_name(DISTRIBUTIONS.get(name, name)) for name in third_parties()}
    assert imported >= NEEDED


def test_no_extra_brings_two_that_write_the_same_files():
    for extra in EXTRAS:
        found = brings(extra)
        assert not found >= {"onnxruntime", "onnxruntime-gpu"}, extra
        assert not any(name.startswith("opencv") for name in found), extra


def test_extras_that_are_named_exist():
    texts = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    for folder, pattern in ("docs", "*.md"), ("bench", "*.md"), ("facecrypt", "*.py"):
        texts += (ROOT / folder).rglob(pattern)
    named = {
        (extra.strip(), path.name)
        for path in texts
        for found in NAMED.finditer(path.read_text(encoding="utf-8"))
        for extra in (found[1] or found[2]).split(",")
    }
    assert {extra for extra, _ in named} >= {"cpu", "gpu", "cuda", "learn", "report", "test"}
    assert {(extra, where) for extra, where in named if extra not in EXTRAS} == set()


def test_a_source_folder_without_its_compiled_part_says_so(tmp_path):
    """A clone shadows the installed package for whoever runs Python in it.

    -S: an editable installation would lend the folder its own compiled part.
    """
    shutil.copytree(
        ROOT / "facecrypt", tmp_path / "facecrypt", ignore=shutil.ignore_patterns("*.so", "*.pyd")
    )
    env = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import facecrypt"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    raised = [line for line in done.stderr.splitlines() if re.match(r"\w+Error", line)]
    assert raised == [
        f"ImportError: {tmp_path / 'facecrypt'} is the source of facecrypt, and its compiled part "
        "is missing: run 'pip install -e .' in the folder that holds it (needs a C++17 compiler), "
        "or run Python from another folder to use the installed package"
    ]
