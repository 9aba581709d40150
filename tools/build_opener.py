"""Build the page that opens sealed files in a browser: facecrypt/opener/opener.html.

    python tools/build_opener.py [-o FILE]

It needs emscripten (Debian: ``apt-get install --no-install-recommends emscripten``), Node with npm
for the packages that ``opener/package-lock.json`` pins, and nothing else. The same sources and the
same versions give the same bytes; the page says which versions those were.
"""

import argparse
import base64
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "opener"
PAGE = ROOT / "facecrypt" / "opener" / "opener.html"
# As setup.py builds them; the code of exceptions is WebAssembly's own.
FLAGS = [
    *("-std=c++17", "-O3", "-g0", "-DNDEBUG", "-fwasm-exceptions", "-Wall", "-Wextra"),
    *("-ffp-contract=off", "-fno-fast-math", "-Icsrc"),
    *("-sSTANDALONE_WASM", "--no-entry", "-sALLOW_MEMORY_GROWTH", "-sMAXIMUM_MEMORY=4GB"),
]
KERNELS = ("logistic.cpp", "groups.cpp", "groups.h", "dispatch.cpp", "kernels.h")
ESBUILD = ["--bundle", "--minify", "--target=es2022", "--legal-comments=eof", "--log-level=error"]
POLICY = (
    "default-src 'none'; script-src 'sha256-{script}' 'wasm-unsafe-eval'; "
    "style-src 'sha256-{style}'; img-src blob: data:; media-src blob:; worker-src blob:; "
    "connect-src 'none'; webrtc 'block'; form-action 'none'; base-uri 'none'"
)


def sources() -> list[Path]:
    """All files that the page is made of, in a fixed order."""
    found = [*(ROOT / "csrc" / "jpeg").glob("*"), *(ROOT / "csrc" / name for name in KERNELS)]
    found += [*(SOURCES / "src").glob("*.js"), *(SOURCES / "wasm").glob("*.cpp")]
    found += [SOURCES / name for name in ("page.html", "style.css", "package-lock.json")]
    found += [ROOT / "facecrypt" / "_version.py", Path(__file__).resolve()]
    return sorted(found)


def sources_digest() -> str:
    """SHA-256 over names and contents of :func:`sources`."""
    digest = hashlib.sha256()
    for path in sources():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def lacking() -> str:
    """What is not installed; empty where the page can be built."""
    missing = [name for name in ("emcc", "node", "npm") if shutil.which(name) is None]
    return ", ".join(missing)


def toolchain() -> str:
    """Versions that decide the bytes."""
    emcc = re.search(r"\d+\.\d+\.\d+", _run(["emcc", "--version"]))
    clang = re.search(r"clang version (\S+)", _run(["emcc", "-v"], errors=True))
    return f"emcc {emcc[0]}, clang {clang[1]}"


def _run(command: list[str], *, errors: bool = False, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stderr if errors else done.stdout


def _install() -> None:
    """The pinned packages, where they are not there yet."""
    lock, done = SOURCES / "package-lock.json", SOURCES / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        _run(["npm", "ci", "--no-audit", "--no-fund"], cwd=SOURCES)


def _kernels(folder: Path) -> Path:
    """csrc/ as WebAssembly."""
    made = folder / "kernels.wasm"
    jpeg = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "csrc/jpeg").glob("*.cpp"))
    own = [f"csrc/{name}" for name in KERNELS if name.endswith(".cpp")]
    _run(["emcc", *FLAGS, "opener/wasm/opener.cpp", *jpeg, *own, "-o", str(made)])
    return made


def _bundle(entry: str, *aliases: str) -> str:
    esbuild = str(SOURCES / "node_modules" / ".bin" / "esbuild")
    command = [esbuild, f"src/{entry}", *ESBUILD, "--loader:.wasm=binary", "--loader:.txt=text"]
    return _run([*command, *(f"--alias:{alias}" for alias in aliases)], cwd=SOURCES)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _lines(parts: Iterator[str]) -> str:
    return "\n".join(part.strip() for part in parts if part.strip())


def page() -> str:
    """The page, all in one."""
    _install()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        worker = folder / "worker.txt"
        worker.write_text(_bundle("worker.js", f"opener-wasm={_kernels(folder)}"))
        script = _bundle("page.js", f"opener-worker={worker}")
    style = _lines(iter((SOURCES / "style.css").read_text().splitlines()))
    version = re.search(r'__version__ = "(.+)"', (ROOT / "facecrypt" / "_version.py").read_text())[
        1
    ]
    gaps = {
        "policy": POLICY.format(script=_hash(script), style=_hash(style)),
        "sources": sources_digest(),
        "toolchain": toolchain(),
        "version": version,
        "style": style,
        "script": script,
    }
    template = (SOURCES / "page.html").read_text()
    return re.sub(r"\{\{(\w+)\}\}", lambda gap: gaps[gap[1]], template)


def main() -> None:
    parser = argparse.ArgumentParser(description="build the page that opens sealed files")
    parser.add_argument("-o", "--output", type=Path, default=PAGE, metavar="FILE")
    output = parser.parse_args().output
    if lacking():
        raise SystemExit(f"not installed: {lacking()}; see the head of this script")
    output.parent.mkdir(parents=True, exist_ok=True)
    text = page()
    output.write_text(text, encoding="utf-8", newline="\n")
    print(f"{output}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
