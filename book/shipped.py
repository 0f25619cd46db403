#!/usr/bin/env python3
"""List the models that come with the project by their digests: python book/shipped.py."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(1, str(ROOT))

from driver.shipped import write_list  # noqa: E402

if __name__ == "__main__":
    write_list(ROOT)
