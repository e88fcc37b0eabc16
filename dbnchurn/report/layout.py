"""What every page of the package shares: its frame, its macros, and how pictures get into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from dbnchurn.report import words
from dbnchurn.report.canvas import Picture, with_shared_letters


def filled(template: str, pictures: Mapping[str, Sequence[Picture]], **content: object) -> str:
    """A page as HTML text.

    Parameters
    ----------
    template : str
        File of this folder that extends ``layout.html``.
    pictures : mapping
        Name that the template knows → pictures.
    **content
        What else it shows; ``title``, ``verdict`` and ``warnings`` are in the frame.
    """
    environment = Environment(
        loader=PackageLoader("dbnchurn.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": words.percent,
        "percents": words.percents,
        "plain": words.plain,
        "span": words.span,
    }
    lighter, letters = with_shared_letters(list(pictures.values()))
    shown = dict(zip(pictures, lighter, strict=True))
    return environment.get_template(template).render(letters=letters, **shown, **content)
