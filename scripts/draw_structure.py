"""Draw the folders of the package on their floors, and which imports which.

    python scripts/draw_structure.py [OUTPUT.svg]

By default into docs/images/structure.svg. The floors are the rows of the table of layers in
docs/structure.md, which a test holds against the imports; sizes and imports are counted here.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import dataclass
from html import escape
from math import log
from pathlib import Path

from measure_structure import Module, imports, modules

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "structure.svg"
PAGE = ROOT / "docs" / "structure.md"
WIDTH, ROW, TOP, LEFT = 900, 30, 92, 12
BOX, SIDE = 250, 24  # pixels of the largest box, and of a cell
CELLS = WIDTH - 19 * SIDE - 12
INK, GREY, LINE = "#1f2937", "#5b6573", "#c9d1db"
FLOORS = ("#f7f9fc", "#eef2f8")
FILL, EDGE = "#fdf1e3", "#c98a3c"
ROUND = ' rx="2"'
LIGHT, DARK = (221, 232, 245), (52, 104, 168)  # of a cell


@dataclass(frozen=True)
class Folder:
    """A folder of the package, or a module at its top, and what it holds."""

    name: str
    floor: int
    modules: int
    lines: int


def floors(page: Path) -> list[list[str]]:
    """The folders of every floor, ground floor first."""
    rows = re.findall(r"^\| \d+ \| (`.*?`) \|", page.read_text(encoding="utf-8"), re.M)
    return [re.findall(r"`(\w+)`", row) for row in rows]


def folder_of(module: str) -> str:
    """The part of the package that a module belongs to."""
    return module.split(".")[1]


def folders(found: list[Module], page: Path) -> list[Folder]:
    """All folders, from the roof down."""
    inner = [module for module in found if "." in module.name]
    sizes = Counter(folder_of(module.name) for module in inner)
    lines: Counter[str] = Counter()
    for module in inner:
        lines[folder_of(module.name)] += module.lines
    placed = [(name, k) for k, names in enumerate(floors(page), start=1) for name in names]
    if set(sizes) != {name for name, _ in placed}:
        raise SystemExit(f"{page}: its table of layers does not have the folders of the package")
    return [Folder(name, k, sizes[name], lines[name]) for name, k in reversed(placed)]


def import_counts(found: list[Module]) -> Counter[tuple[str, str]]:
    """How many imports of modules go from one folder to another."""
    by_name = {module.name: module for module in found}
    counts: Counter[tuple[str, str]] = Counter()
    for module in found:
        if "." in module.name:
            for other in imports(module, by_name, anywhere=True):
                if "." in other and folder_of(other) != folder_of(module.name):
                    counts[folder_of(module.name), folder_of(other)] += 1
    return counts


def text(
    x: float, y: float, words: str, *, size: float = 12, fill: str = INK, more: str = ""
) -> str:
    """A line of text that begins at (x, y)."""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}"{more}>{escape(words)}</text>'
    )


def rectangle(x: float, y: float, width: float, height: float, fill: str, more: str = "") -> str:
    """A filled rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"{more}/>'


def shade(count: int, most: int) -> tuple[str, str]:
    """Colours of a cell and of the number in it."""
    share = log(count) / log(most) if most > 1 else 1.0
    mixed = (round(a + (b - a) * share) for a, b in zip(LIGHT, DARK, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed), INK if share < 0.6 else "#ffffff"


def drawn(parts: list[Folder], counts: Counter[tuple[str, str]]) -> str:
    """The picture as SVG."""
    side = (WIDTH - LEFT - CELLS) / len(parts)
    height = TOP + ROW * len(parts) + 14
    largest, most = max(part.lines for part in parts), max(counts.values())
    title = "Folders of the package on their floors; imports go down alone."
    body = [f"<title>{title}</title>", rectangle(0, 0, WIDTH, height, "#ffffff")]
    for j, part in enumerate(parts):
        y = TOP + ROW * j
        body.append(rectangle(LEFT, y, WIDTH - 2 * LEFT, ROW, FLOORS[part.floor % 2]))
        width = max(104.0, BOX * part.lines / largest)
        frame = f' stroke="{EDGE}" rx="4"'
        body.append(rectangle(LEFT + 24, y + 4, width, ROW - 8, FILL, frame))
        body.append(text(LEFT + 32, y + 20, part.name, size=13, more=' font-weight="bold"'))
        if j + 1 == len(parts) or parts[j + 1].floor != part.floor:
            body.append(text(LEFT + 3, y + 20, f"{part.floor}", size=11, fill=GREY))
        several = "module" if part.modules == 1 else "modules"
        size = f"{part.modules} {several}, {part.lines:,} lines"
        body.append(text(LEFT + 24 + width + 8, y + 20, size, size=11, fill=GREY))
        column = CELLS + side * j
        turned = f' transform="rotate(-50 {column + side / 2 + 3:g} {TOP - 8})"'
        body.append(
            text(column + side / 2 + 3, TOP - 8, part.name, size=11, fill=GREY, more=turned)
        )
        for k, other in enumerate(parts):
            x, count = CELLS + side * k, counts[part.name, other.name]
            cell = (x + 1.5, y + 4, side - 3, ROW - 8)
            if j == k:
                body.append(rectangle(*cell, LINE, ROUND))
            elif count:
                colour, ink = shade(count, most)
                meaning = f"{part.name} imports {other.name}: {count} modules"
                square = rectangle(*cell, colour, ROUND)
                body.append(f"<g><title>{meaning}</title>{square}")
                middle = ' text-anchor="middle"'
                body.append(
                    text(x + side / 2, y + 19.5, f"{count}", size=10, fill=ink, more=middle)
                )
                body.append("</g>")
    body.append(text(LEFT, TOP - 8, "floor, folder, size", size=11, fill=GREY))
    body.append(text(CELLS - 62, TOP - 8, "imports →", size=11, fill=GREY))
    inner = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="DejaVu Sans, Verdana, sans-serif">\n{inner}\n</svg>\n'
    )


def main() -> None:
    """Draw and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", nargs="?", type=Path, default=PICTURE)
    options = parser.parse_args()
    found = modules()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    picture = drawn(folders(found, PAGE), import_counts(found))
    options.output.write_text(picture, encoding="utf-8")
    print(options.output)


if __name__ == "__main__":
    main()
