"""What every page of the package shares: its frame, its macros, and how pictures get into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from dbnchurn.core.html import format
from dbnchurn.core.html.figure import Picture, with_shared_letters


def render_page(
    package: str, template: str, pictures: Mapping[str, Sequence[Picture]], **content: object
) -> str:
    """A page as HTML text.

    Parameters
    ----------
    package : str
        Package that holds the template.
    template : str
        File of that package that extends ``layout.html`` of this one.
    pictures : mapping
        Name that the template knows → pictures.
    **content
        What else it shows; ``title``, ``verdict`` and ``warnings`` are in the frame.
    """
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("dbnchurn.core.html", "."), PackageLoader(package, ".")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": format.percent,
        "percents": format.percents,
        "plain": format.plain,
        "span": format.span,
    }
    lighter, letters = with_shared_letters(list(pictures.values()))
    shown = dict(zip(pictures, lighter, strict=True))
    return environment.get_template(template).render(letters=letters, **shown, **content)
