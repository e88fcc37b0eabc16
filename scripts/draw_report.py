"""Draw the head of a run's report, as a browser shows it.

    make demo
    python scripts/draw_report.py runs/tv

Needs Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

IMAGE = Path(__file__).parents[1] / "docs" / "images" / "report.png"
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--output", type=Path, default=IMAGE)
    parser.add_argument("--size", default="1280,880", help="width,height in pixels")
    options = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("Chromium is not installed; it opens the report")
    page = (options.run / "report.html").resolve(strict=True)
    with tempfile.TemporaryDirectory() as profile:
        size, picture = f"--window-size={options.size}", f"--screenshot={options.output}"
        command = [browser, *QUIET, f"--user-data-dir={profile}", size, picture, page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    print(options.output)


if __name__ == "__main__":
    main()
