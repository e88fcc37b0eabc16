"""Links from pages to files of the repository, such as ``../scripts/train.py``, lead somewhere.

On a forge they lead to the file. For the site every linked file becomes a page that shows it, so
that the site is whole without the repository. A folder becomes a list of its files.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

LINK = re.compile(r"(?<=\]\()(\.\./[^)\s#]+)")
FENCE = "`" * 6
LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json"}


def on_files(files: Files, *, config: Any) -> Files:
    """Adds a page for every file of the repository that a page links to."""
    root = Path(config.config_file_path).parent
    for page in list(files.documentation_pages()):
        for link in LINK.findall(page.content_string):
            if (path := outside(page.src_uri, link)) and (root / path).exists():
                place = page_of(path)
                if files.get_file_from_path(place) is None:
                    text = shown(root / path, path)
                    level = InclusionLevel.NOT_IN_NAV
                    files.append(File.generated(config, place, content=text, inclusion=level))
    return files


def on_page_markdown(markdown: str, *, page: Any, files: Files, **_: Any) -> str:
    """Points links that leave the documentation to the pages made for them."""

    def inside(found: re.Match[str]) -> str:
        path = outside(page.file.src_uri, found[1])
        if not path or files.get_file_from_path(page_of(path)) is None:
            return found[1]  # the strict build tells of it
        return posixpath.relpath(page_of(path), posixpath.dirname(page.file.src_uri) or ".")

    return LINK.sub(inside, markdown)


def outside(page: str, link: str) -> str | None:
    """What `link` names from the root of the repository, if it is not in the documentation."""
    target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link))
    within = target == "docs" or target.startswith(("docs/", "../"))
    return None if within else target


def page_of(path: str) -> str:
    """Where the page of a file lies."""
    return f"repository/{path}.md"


def shown(file: Path, path: str) -> str:
    """The page: the file as it is, or the names in a folder."""
    if file.is_dir():
        names = sorted(f"- `{each.name}`" for each in file.iterdir() if each.name[0] not in "._")
        return f"# {path}\n\n" + "\n".join(names) + "\n"
    language = LANGUAGES.get(file.suffix, "text")
    text = file.read_text(encoding="utf-8")
    return f"# {path}\n\n{FENCE}{language}\n{text}\n{FENCE}\n"
