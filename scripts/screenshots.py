"""Draws docs/images/ anew: runs the browser's tests, and keeps the pictures that they take. Call it from the root.

.venv/bin/python scripts/screenshots.py
"""

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"


def main() -> int:
    """Exit status of the tests; pictures of a failing run stay as they came."""
    environment = {**os.environ, "WORKSHOP_SCREENSHOTS": str(IMAGES)}
    command = [sys.executable, "-m", "pytest", "tests/browser", "-q"]
    status = subprocess.run(command, env=environment, cwd=IMAGES.parents[1], check=False).returncode
    if status == 0:
        for picture in sorted(IMAGES.glob("*.png")):
            # A palette takes a third of the room, and a page of text and flat colours has few enough colours for it.
            Image.open(picture).convert("RGB").quantize(256).save(picture, optimize=True)
            print(f"{picture.relative_to(IMAGES.parents[1])}  {picture.stat().st_size // 1024} KB")
    return status


if __name__ == "__main__":
    sys.exit(main())
