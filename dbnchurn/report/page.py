"""The report of a run: one HTML file that needs no other."""

from __future__ import annotations

import json
from pathlib import Path

from dbnchurn.core.files import write_whole
from dbnchurn.core.html.format import points
from dbnchurn.core.html.page import render_page
from dbnchurn.core.made_by import RUN
from dbnchurn.evaluate.registry import METRICS, PRIMARY, PRINTED, MetricTable, columns
from dbnchurn.report.business import GLOSSARY, business_page, leaderboard
from dbnchurn.report.code_text import coded
from dbnchurn.report.driver_pictures import dependence_pictures, driver_pictures
from dbnchurn.report.group_pictures import group_pictures
from dbnchurn.report.one_customer import one_customer
from dbnchurn.report.outcome_pictures import outcome_pictures
from dbnchurn.report.report_input import ReportInput
from dbnchurn.report.training_pictures import training_pictures
from dbnchurn.report.verdict import cautions, headlines, standing, verdict

COLUMNS = {name: metric.label for name, metric in columns(MetricTable.REPORT).items()}
PUBLISHED = {name: METRICS[name].label for name in PRINTED}
FURTHER = {
    name: metric.long_label or metric.label
    for name, metric in METRICS.items()
    if not metric.headline
}


def render(run: ReportInput, *, pictures: bool = True) -> str:
    """Render the report of a run as HTML text, with its pictures inside.

    Parameters
    ----------
    run : ReportInput
    pictures : bool, default True
        False leaves them out; drawing takes nearly all of the time.

    Returns
    -------
    str

    Examples
    --------
    >>> from dbnchurn.evaluate import compare
    >>> from dbnchurn.report import PartSummary
    >>> y, p = [0, 1] * 20, [0.1, 0.3] * 20
    >>> numbers = compare(y, {"dbn": p}, {"dbn": 0.2}, resamples=5)
    >>> run = ReportInput("demo", y, {"dbn": p}, numbers, "fixed", [PartSummary("test", 40, 0.5)])
    >>> render(run, pictures=False)[:15]
    '<!doctype html>'
    """
    return render_page(
        "dbnchurn.report",
        "page.html",
        {
            "outcome_pictures": outcome_pictures(run) if pictures else [],
            "group_pictures": group_pictures(run) if pictures else [],
            "driver_pictures": driver_pictures(run.reasons) if pictures else [],
            "dependence_pictures": dependence_pictures(run.reasons) if pictures else [],
            "training_pictures": training_pictures(run) if pictures else [],
        },
        made_of=json.dumps(RUN),
        title=run.title,
        verdict=verdict(run),
        warnings=[*run.warnings, *cautions(run)],
        run=run,
        headlines=headlines(run),
        standing=standing(run),
        about=_about(run),
        coded=coded,
        columns=COLUMNS,
        published=PUBLISHED,
        business=business_page(run),
        one_customer=one_customer(run),
        points=points,
        leaderboard=leaderboard(run),
        primary=PRIMARY,
        glossary=GLOSSARY,
        further={key: name for key, name in FURTHER.items() if key in run.own},
    )


def _about(run: ReportInput) -> str:
    """Which table the run is of, and of which months, where that is known."""
    source = run.facts.get("source")
    months = [group["name"] for part in run.breakdowns if part.by_time for group in part.groups]
    of = f", test customers of {months[0]}" if months else ""
    of += f" to {months[-1]}" if len(months) > 1 else ""
    return f"Table: {source}{of}." if source else ""


def write(path: str | Path, run: ReportInput) -> None:
    """Write the report of a run to one HTML file.

    Parameters
    ----------
    path : path
        File to write; a page for a million test customers has less than a megabyte.
    run : ReportInput
        What the page shows.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from dbnchurn.evaluate import compare
    >>> from dbnchurn.report import PartSummary
    >>> generator = np.random.default_rng(0)
    >>> p = generator.beta(1, 9, 500)
    >>> y = (generator.random(500) < p).astype(int)
    >>> scores = {"dbn": p, "chance": generator.random(500)}
    >>> run = ReportInput("demo", y, scores, compare(y, scores, {"dbn": 0.2, "chance": 0.9}),
    ...                   "for the best F1", [PartSummary("test", 500, y.mean())])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder, "report.html"), run)
    ...     Path(folder, "report.html").read_text(encoding="utf-8")[:15]
    '<!doctype html>'
    """
    write_whole(Path(path), render(run))
