"""The command line, one module a family of commands."""

from facecrypt.cli.main import main

__all__ = [
    "main",
]
