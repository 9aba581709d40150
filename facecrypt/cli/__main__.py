"""``python -m facecrypt.cli``."""

import sys

from facecrypt.cli.main import main

sys.exit(main())
