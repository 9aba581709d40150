"""What may import what, and other rules of the source that no type checker knows."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.places import ROOT

import facecrypt

PACKAGE = ROOT / "facecrypt"

# From the bottom to the top: a module imports from its own floor and those below it.
# A name stands for a module, or for a package with all in it.
FLOORS = (
    ("errors", "limits", "regions", "machine", "_version"),
    (
        "files",
        "leftovers",
        "pending",
        "placing",
        "rights",
        "models",
        "backends",
        "_native",
        "_jpeg",
    ),
    ("keys", "media", "chaos", "detector"),
    ("schemes", "sealing"),
    ("jobs", "attacks"),
    ("analysis", "torch_runs"),
    ("integrations", "learning", "training", "opener"),
    ("cli",),
)
# Nothing stands on these but the command line, which imports them when a command runs.
LEAVES = FLOORS[6]
# Documented names of modules that lie in a package.
NAMES = {"facecrypt.guess": "facecrypt.analysis.guess", "facecrypt.png": "facecrypt.media.png"}
# Not loaded by `import facecrypt`: each costs more than the package itself, or need not be there.
HEAVY = {"onnxruntime", "numba", "torch", "matplotlib", "cv2", "PIL", "tqdm", "av"}
# Where this machine keeps things; [/] so that the pattern does not find itself.
MACHINE = re.compile(r"(?<![\w.])[/](work|root|tmp)(?=/|\b)")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {name_of(path): ast.parse(path.read_bytes()) for path in PACKAGE.rglob("*.py")}
BENCH = {name_of(path): ast.parse(path.read_bytes()) for path in (ROOT / "bench").rglob("*.py")}
MODULES = set(TREES) | set(BENCH) | {"facecrypt._native", "facecrypt._jpeg"}
FACE = "facecrypt"
# As strings these are names of the distribution and of the folder.
FACES = {FACE, "bench"}


def imports(tree: ast.AST, *, at_import_only: bool = False) -> Iterator[str]:
    """Our modules that a module imports: also in functions and by name, or at its import only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if ours(alias.name))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write imports in full"
            if ours(node.module):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield full if full in MODULES else node.module
        elif isinstance(node, ast.List) and "'-m'" in map(ast.unparse, node.elts):
            continue  # A command: what it starts is no import.
        elif isinstance(node, ast.Constant) and not at_import_only:
            # What import_module is given, also by way of a table.
            if isinstance(node.value, str) and node.value in (set(TREES) | set(BENCH)) - FACES:
                yield node.value
        elif not at_import_only or not (
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        ):
            yield from imports(node, at_import_only=at_import_only)


def ours(module: str | None) -> bool:
    return module is not None and module.split(".")[0] in (FACE, "bench")


def part(module: str) -> str:
    return module.split(".")[1]


def floor(module: str) -> int | None:
    found = [number for number, names in enumerate(FLOORS) if part(module) in names]
    return found[0] if found else None


def test_every_module_has_its_place():
    places = [name for names in FLOORS for name in names]
    assert len(places) == len(set(places))
    inside = {module for module in MODULES - {FACE} - set(NAMES) if module.startswith(FACE)}
    lost = {module for module in inside - {"facecrypt.__main__"} if floor(module) is None}
    assert not lost, f"give them a place in FLOORS: {sorted(lost)}"


@pytest.mark.parametrize("module", sorted(set(TREES) - {FACE, "facecrypt.__main__", *NAMES}))
def test_imports_go_one_way(module):
    early = set(imports(TREES[module], at_import_only=True))
    for other in set(imports(TREES[module])):
        assert other != FACE, f"{module} imports the package's face; name the module"
        assert other not in NAMES, f"{module}: {other} is a name for users; name the module"
        assert other.startswith(FACE), f"{module} imports {other}, which is not installed"
        assert floor(other) <= floor(module), f"{module} imports {other}, which stands above it"
        if part(other) in LEAVES and part(other) != part(module):
            assert part(module) == "cli", f"{module} stands on leaf {other}"
            assert other not in early, f"{module} imports {other} before it is wanted"


def offered(module: str) -> set[str]:
    """What a module is for others: its ``__all__``, or what it imports under its own name again."""
    names: set[str] = set()
    for node in TREES[module].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
        if isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names if alias.name == alias.asname}
    return names


def taken(tree: ast.AST, modules: dict[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Names that a module takes out of our others: (module, name). A function has its own names."""
    modules, inner, within = dict(modules or {}), [], list(ast.iter_child_nodes(tree))
    attributes = []
    while within:
        node = within.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            inner.append(node)
            continue
        within += ast.iter_child_nodes(node)
        if isinstance(node, ast.ImportFrom) and ours(node.module):
            for alias in node.names:
                if f"{node.module}.{alias.name}" in MODULES:
                    modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                else:
                    yield node.module, alias.name
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            attributes.append((node.value.id, node.attr))
    yield from ((modules[name], attribute) for name, attribute in attributes if name in modules)
    for node in inner:
        yield from taken(node, modules)


@pytest.mark.parametrize("module", sorted(set(TREES) | set(BENCH)))
def test_what_crosses_modules_is_offered(module):
    tree = (TREES | BENCH)[module]
    for other, name in taken(tree):
        if other in set(TREES) - {module} and f"{other}.{name}" not in MODULES:
            assert name in offered(other), f"{module} takes {name}, not in __all__ of {other}"


@pytest.mark.parametrize("module", sorted(set(TREES) | set(BENCH)))
def test_private_modules_stay_in_their_package(module):
    for other in imports((TREES | BENCH)[module]):
        package, _, name = other.rpartition(".")
        private = name.startswith("_") and name not in {"_native", "_version"}
        assert not private or module.startswith(f"{package}."), f"{module} imports {other}"


@pytest.mark.parametrize("module", sorted(TREES))
def test_modules_are_imported_by_their_whole_names(module):
    # The rules above cannot read a name that is put together.
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            start = str(node.values[0].value)
            assert not re.match(r"facecrypt\.[\w.]*$", start), f"line {node.lineno}: {start}"


def imports_onnxruntime(tree: ast.AST) -> bool:
    """With a statement, or by its name as ``import_module`` takes it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ("import_module", "__import__", "importorskip")
        ):
            names = [ast.literal_eval(a) for a in node.args if isinstance(a, ast.Constant)]
        else:
            continue
        if any(str(name).split(".")[0] == "onnxruntime" for name in names):
            return True
    return False


def test_one_place_imports_onnxruntime_and_switches_its_telemetry_off():
    folders = ("facecrypt", "bench", "tools", "examples")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if imports_onnxruntime(ast.parse(path.read_bytes()))
    }
    # The peers of a benchmark run where there is no facecrypt.
    assert found == {"facecrypt/models/sessions.py", "bench/peers.py"}


def test_the_package_itself_imports_no_leaf_and_no_command_line():
    own = {part(other) for other in imports(TREES[FACE]) if "." in other}
    assert own.isdisjoint((*LEAVES, *FLOORS[-1]))


@pytest.mark.parametrize(("name", "module"), NAMES.items())
def test_documented_names_are_names_only(name, module):
    assert set(imports(TREES[name])) == {module}


def circles(graph: dict[str, set[str]]) -> set[str]:
    """What is left when all that stands on nothing, or holds nothing, is taken away."""
    left = set(graph)
    while gone := {
        name
        for name in left
        if not graph[name] & left or not any(name in graph[other] for other in left)
    }:
        left -= gone
    return left


def test_no_import_is_circular():
    trees = TREES | BENCH
    # A package's face is left out: whoever imports one of its modules loads it first.
    faces = {name for name in trees if any(other.startswith(f"{name}.") for other in trees)}
    graph = {
        name: set(imports(tree)) & MODULES - {name} - faces
        for name, tree in trees.items()
        if name not in faces
    }
    assert not circles(graph), f"they import each other: {sorted(circles(graph))}"


def test_no_package_is_circular():
    graph: dict[str, set[str]] = {}
    for name, tree in TREES.items():
        if name not in {FACE, "facecrypt.__main__", *NAMES}:
            graph.setdefault(part(name), set()).update(
                part(other) for other in imports(tree) if part(other) != part(name)
            )
    assert not circles(graph), f"packages import each other: {sorted(circles(graph))}"


def test_import_is_light():
    code = "import sys, facecrypt; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "facecrypt" in loaded.stdout.split()
    assert HEAVY.isdisjoint(loaded.stdout.split())


def test_what_videos_need_is_imported_with_the_first_one():
    # A third of the time that an import took, and most who import it have pictures.
    code = "import sys, facecrypt; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    names = loaded.stdout.split()
    assert "facecrypt.sealing.carriers.video" in names
    assert {"facecrypt.media.video", "facecrypt.detector.tracks"}.isdisjoint(names)
    assert not [name for name in names if name.startswith("facecrypt.sealing.carriers.video_")]


@pytest.mark.parametrize("name", facecrypt.__all__)
def test_public_names_are_there_and_explained(name):
    value = getattr(facecrypt, name)
    if name != "__version__":
        # A dataclass without a docstring gets its signature for one.
        assert value.__doc__
        assert not value.__doc__.startswith(f"{name}(")


@pytest.mark.parametrize("module", sorted(TREES))
def test_the_library_does_not_print_and_names_what_it_catches(module):
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            printed = node.func.id == "print"
            assert not printed or module.startswith("facecrypt.cli"), f"print in line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except in line {node.lineno}"


@pytest.mark.parametrize("module", sorted(TREES))
def test_modules_explain_themselves(module):
    assert ast.get_docstring(TREES[module]) or module == "facecrypt._version"


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    kinds = {".py", ".pyx", ".pyi", ".cpp", ".h", ".cu", ".toml", ".md", ".txt", ".in", ".yml", ""}
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.suffix in kinds and path.is_file()]


def test_no_path_of_one_machine_is_in_the_source():
    found = [
        f"{path.relative_to(ROOT)}, line {number}: {line.strip()[:80]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert found == []
