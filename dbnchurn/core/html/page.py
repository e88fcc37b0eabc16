"""Render a page: a template of any package in the frame that all pages share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from dbnchurn.core.html import format
from dbnchurn.core.html.picture import Picture, with_shared_letters
from dbnchurn.core.html.plain_page import POLICY
from dbnchurn.core.made_by import made_by

FILTERS = (format.amount, format.percent, format.percents, format.plain, format.span,
           format.thousands)  # fmt: skip


def render_page(
    package: str,
    template: str,
    pictures: Mapping[str, Sequence[Picture]] | None = None,
    *,
    title: str,
    verdict: str = "",
    warnings: Sequence[str] = (),
    made_of: str = "",
    **content: object,
) -> str:
    """Render a page as HTML text.

    Parameters
    ----------
    package : str
        Package that holds the template.
    template : str
        File of that package that extends ``layout.html`` of this one.
    pictures : mapping, optional
        Name in the template → pictures.
    title : str
        Heading of the page.
    verdict : str, default ""
        The result in a sentence or two, below the heading.
    warnings : sequence of str, default ()
        One sentence each, below the verdict.
    made_of : str, default ""
        What the page is made of, as JSON; by default the command that runs.
    **content
        Further names in the template.

    Returns
    -------
    str
        A page that needs no other file.
    """
    pictures = pictures or {}
    lighter, letters = with_shared_letters(list(pictures.values()))
    return (
        _environment(package)
        .get_template(template)
        .render(
            policy=POLICY,
            made_by=made_of or made_by(),
            letters=letters,
            title=title,
            verdict=verdict,
            warnings=warnings,
            **dict(zip(pictures, lighter, strict=True)),
            **content,
        )
    )


@cache
def _environment(package: str) -> Environment:
    """The templates of a package, each compiled once in a process."""
    loaders = [PackageLoader(name, ".") for name in ("dbnchurn.core.html", package)]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {function.__name__: function for function in FILTERS}
    return environment
