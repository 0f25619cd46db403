#!/usr/bin/env python3
"""Take the README's picture out of the executed chapter: `python book/readme_picture.py` after `make book`."""

import base64
import json
from pathlib import Path

BOOK = Path(__file__).parent


def main() -> None:
    """Write the figure of the networks, as chapter 3 of the default book shows it, to the book's static files."""
    notebook = json.loads((BOOK / "03_networks.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("mystnb", {}).get("figure", {}).get("name") == "fig-networks":
            (picture,) = [output["data"]["image/png"] for output in cell["outputs"]]
            (BOOK / "_static" / "networks.png").write_bytes(base64.b64decode(picture))


if __name__ == "__main__":
    main()
