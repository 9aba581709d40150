"""What may import what, and other rules of the source that no type checker knows."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

import facecrypt

PACKAGE = ROOT / "facecrypt"

# From the bottom to the top: a module imports from its own layer and those below it.
# A name stands for the module, or for a package with all in it.
LAYERS = (
    ("errors", "_version"),
    ("files",),
    ("regions", "keytext", "kem", "keys"),
    ("_native", "backends", "vetting", "stream", "chaos"),
    ("metadata", "png", "tiff", "decoders", "readers", "media", "arrays"),
    ("_presets", "_inference", "_cascade", "_stages", "detector", "schemes"),
    ("container", "sealing", "carriers", "notes"),
    ("attacks", "api"),
    ("analysis", "inputs", "summary", "boxes", "draw", "guess"),
    ("batch", "scheme_files"),
    ("doctor", "terminal", "given"),
    ("arguments_deface", "arguments_learn", "arguments_train"),
    ("arguments", "cli_inspect", "cli_schemes", "cli_learn", "cli_train", "cli"),
)
# These stand on all the others, and nothing stands on them,
LEAVES = ("learning", "training", "integrations")
# but for the commands that run them, which import them when they run.
COMMANDS = {
    "facecrypt.cli_learn": "learning",
    "facecrypt.cli_train": "training",
    "facecrypt.cli": "integrations",
}
# Not loaded by `import facecrypt`: each costs more than the package itself, or need not be there.
HEAVY = {"onnxruntime", "numba", "torch", "matplotlib", "cv2", "PIL", "tqdm"}
PRINTS = {
    "facecrypt.cli",
    "facecrypt.cli_inspect",
    "facecrypt.cli_learn",
    "facecrypt.cli_schemes",
    "facecrypt.cli_train",
    "facecrypt.terminal",
}
# Where this machine keeps things; [/] so that the pattern does not find itself.
MACHINE = re.compile(r"(?<![\w.])[/](work|root|tmp)(?=/|\b)")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {name_of(path): ast.parse(path.read_bytes()) for path in PACKAGE.rglob("*.py")}
MODULES = set(TREES) | {"facecrypt._native"}


def imports(tree: ast.AST, *, at_import_only: bool = False):
    """The package's modules that a module imports: also in functions, or at its import only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("facecrypt"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write imports in full"
            if node.module.split(".")[0] == "facecrypt":
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield full if full in MODULES else node.module
        elif not at_import_only or not (
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        ):
            yield from imports(node, at_import_only=at_import_only)


def layer(module: str) -> int | None:
    part = module.split(".")[1]
    found = [number for number, names in enumerate(LAYERS) if part in names]
    return len(LAYERS) if part in LEAVES else found[0] if found else None


def test_every_module_has_its_place():
    places = [part for names in (*LAYERS, LEAVES) for part in names]
    assert len(places) == len(set(places))
    lost = {module for module in MODULES - {"facecrypt"} if layer(module) is None}
    assert not lost, f"give them a place in LAYERS: {sorted(lost)}"


@pytest.mark.parametrize("module", sorted(set(TREES) - {"facecrypt"}))
def test_imports_go_one_way(module):
    for other in set(imports(TREES[module])):
        assert other != "facecrypt", f"{module} imports the package's face; name the module"
        leaf = other.split(".")[1]
        if leaf in LEAVES:
            own = COMMANDS.get(module, module.split(".")[1])
            assert leaf == own, f"{module} stands on leaf {other}"
            if module in COMMANDS:
                early = set(imports(TREES[module], at_import_only=True))
                assert other not in early, f"{module} imports {other} before it is wanted"
                continue
        assert layer(other) <= layer(module), f"{module} imports {other}, which stands above it"


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
    assert found == {"facecrypt/_inference.py", "bench/peers.py"}


def test_the_package_itself_imports_no_leaf_and_no_command_line():
    own = {other.split(".")[1] for other in imports(TREES["facecrypt"]) if "." in other}
    assert own.isdisjoint((*LEAVES, *LAYERS[-1]))


def test_no_import_is_circular():
    waiting = {
        name: set(imports(tree, at_import_only=True)) & MODULES - {name, "facecrypt"}
        for name, tree in TREES.items()
        if name != "facecrypt"
    }
    done = {"facecrypt._native"}
    while ready := {name for name, others in waiting.items() if others <= done}:
        done |= ready
        waiting = {name: others for name, others in waiting.items() if name not in ready}
    assert not waiting, f"they import each other: {sorted(waiting)}"


def test_import_is_light():
    code = "import sys, facecrypt; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "facecrypt" in loaded.stdout.split()
    assert HEAVY.isdisjoint(loaded.stdout.split())


@pytest.mark.parametrize("name", facecrypt.__all__)
def test_public_names_are_there_and_explained(name):
    value = getattr(facecrypt, name)
    if name != "__version__":
        # A dataclass without a docstring gets its signature for one.
        assert value.__doc__ and not value.__doc__.startswith(f"{name}(")


@pytest.mark.parametrize("module", sorted(TREES))
def test_the_library_does_not_print_and_names_what_it_catches(module):
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print" or module in PRINTS, f"print in line {node.lineno}"
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
