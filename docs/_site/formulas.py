"""Formulas of the pages ($…$ and $$…$$) become MathML while the site is built.

Browsers show MathML themselves, so that the pages need no script and no font from elsewhere.
"""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError

# What the extension arithmatex leaves in a page, with generic: true.
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\\\[(.*?)\\\]</div>', re.DOTALL)
OPENING, CLOSING = re.compile(r"(?<!\\){"), re.compile(r"(?<!\\)}")
# The converter knows these brackets, but not where \Big makes them larger.
BRACKETS = {r"\langle": "⟨", r"\rangle": "⟩"}
# "log x" wants a thin space, "log(x)" wants none.
NAMED = re.compile(r"(<mi>(?:log|exp|max|min)</mi>)(?=<(?!mo))")
THIN = r'\1<mspace width="0.17em" />'


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """The page with MathML in the place of its formulas."""

    def inline(found: re.Match[str]) -> str:
        return mathml(found[1], "inline", page.file.src_uri)

    def block(found: re.Match[str]) -> str:
        return mathml(found[1], "block", page.file.src_uri)

    return BLOCK.sub(block, INLINE.sub(inline, content))


def mathml(formula: str, display: str, page: str) -> str:
    """One formula as a ``math`` element; what is not understood stops the build."""
    formula = html.unescape(formula).strip()
    if len(OPENING.findall(formula)) != len(CLOSING.findall(formula)):
        raise PluginError(f"{page}: the braces of the formula {formula} do not match")
    try:
        element: str = convert(formula, display=display)
    except Exception as error:
        raise PluginError(f"{page}: the formula {formula} cannot be converted: {error}") from error
    for command, bracket in BRACKETS.items():
        element = element.replace(f">{command}<", f">{bracket}<")
    if "\\" in element:
        raise PluginError(f"{page}: a command in the formula {formula} is not known")
    return NAMED.sub(THIN, element)
