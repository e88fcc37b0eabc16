"""The search works where the pages are opened from a folder, without a server.

A browser lets such pages load scripts, but neither data nor workers. So the index is written as a
script too, and ``worker_on_disk.js`` stands in for the worker.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def on_post_build(*, config: Any) -> None:
    """Writes the index as the script for which the theme asks on ``file:``."""
    folder = Path(config.site_dir, "search")
    index = (folder / "search_index.json").read_text(encoding="utf-8")
    (folder / "search_index.js").write_text(f"var __index = {index}", encoding="utf-8")
