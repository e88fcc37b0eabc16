"""The search works where the pages are opened from a folder, without a server.

A browser lets such pages load scripts, but neither data nor workers. So the index is written as a
script too, and ``worker_on_disk.js`` stands in for the worker. Files of the repository that pages
link to are shown, but not searched.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def on_post_build(*, config: Any) -> None:
    """Leaves the repository's files out of the index, and writes it as a script too."""
    file = Path(config.site_dir, "search", "search_index.json")
    index = json.loads(file.read_text(encoding="utf-8"))
    index["docs"] = [d for d in index["docs"] if not d["location"].startswith("repository/")]
    text = json.dumps(index)
    file.write_text(text, encoding="utf-8")
    file.with_suffix(".js").write_text(f"var __index = {text}", encoding="utf-8")
