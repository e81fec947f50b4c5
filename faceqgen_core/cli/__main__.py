"""``python -m faceqgen_core.cli``, for a checkout that is not installed."""

import sys

from faceqgen_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
