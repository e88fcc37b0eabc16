"""Markdown pages as the tests see them: fenced blocks, code within lines, links."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<info>.*)$")
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LINK = re.compile(r"\]\((?!\w+:|#)<?([^)\s>]+)>?\)")
ITEM = re.compile(r"^ *([-*+]|\d+\.) ")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """A page: its file, the fenced blocks, and the lines outside them."""

    file: Path
    blocks: tuple[Block, ...]
    prose: tuple[tuple[int, str], ...]

    @property
    def paragraphs(self) -> list[str]:
        """The prose, divided at blank lines."""
        return re.split(r"\n\s*\n", "\n".join(line for _, line in self.prose))

    @property
    def codes(self) -> list[str]:
        """What stands between backticks in the prose; a line break is a blank."""
        return [" ".join(code.split()) for text in self.paragraphs for code in CODE.findall(text)]

    @property
    def links(self) -> list[str]:
        """Targets of links and pictures that name no scheme, without their anchors."""
        found = [target for text in self.paragraphs for target in LINK.findall(CODE.sub("", text))]
        return [target.partition("#")[0] for target in found]

    @property
    def indented(self) -> list[int]:
        """Lines of code that is marked by four blanks alone, so without a language."""
        found, before, in_list = [], "", False
        for number, line in self.prose:
            if line.strip():
                in_list = bool(ITEM.match(line)) or (in_list and line.startswith(" "))
                if line.startswith("    ") and not before.strip() and not in_list:
                    found.append(number)
            before = line
        return found


def read(file: Path) -> Page:
    """Takes a page apart; a fence that is never closed is an error."""
    blocks, prose = [], []
    opened, language, start, held = None, "", 0, []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        found = FENCE.match(line)
        if opened is None and found:
            opened, start, held = found, number + 1, []
            language = found["info"].strip().partition(" ")[0]
        elif opened is None:
            prose.append((number, line))
        elif found and found["marks"].startswith(opened["marks"]) and not found["info"].strip():
            blocks.append(Block(language, "".join(held), start))
            opened = None
        else:
            indent = len(opened["indent"])
            held.append((line[indent:] if not line[:indent].strip() else line) + "\n")
    if opened is not None:
        raise ValueError(f"{file}:{start - 1}: this fence is never closed")
    return Page(file, tuple(blocks), tuple(prose))
