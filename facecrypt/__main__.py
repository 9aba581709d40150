"""The command line: ``python -m facecrypt``."""

import sys

from facecrypt.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
