"""``python -m realnet_hw`` is ``realnet``."""

import sys

from realnet_hw.cli import main

if __name__ == "__main__":
    sys.exit(main())
