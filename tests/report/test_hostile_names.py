"""Names, levels, labels and titles that are markup change no page: its tags are those of a twin."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.html.plain_page import POLICY
from dbnchurn.data.quality_page import write_quality
from dbnchurn.evaluate.registry import COMPARED
from dbnchurn.report import render
from dbnchurn.report.comparison_content import Compared, Comparison
from dbnchurn.report.comparison_page import render_comparison
from dbnchurn.segments import SegmentMiner, save
from dbnchurn.tables.contract import Customers
from dbnchurn.tables.inspection import inspect_table
from dbnchurn.tables.inspection_page import inspection_page
from tests.report.example_run import full_run

HOSTILE = (
    "<svg onload=alert(1)>", '"><img src=x onerror=alert(1)>', "</style><script>alert(1)</script>",
    "' onmouseover='alert(1)", "<!--", "]]><b>", "{{ 7*7 }}", "&lt;b&gt;", "javascript:alert(1)",
)  # fmt: skip
HARMLESS = tuple(f"harmless name {i}" for i in range(len(HOSTILE)))


class Markup(HTMLParser):
    """Tags with the names of their attributes, and the policy of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.policy = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, tuple(given)))
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]


def quality(names, folder):
    generator = np.random.default_rng(0)
    X = pd.DataFrame({f"{name} {i}": generator.normal(size=90) for i, name in enumerate(names)})
    X["levels"] = pd.Categorical(np.resize(np.array(names, object), 90), list(names))
    y = (np.arange(90) % 3 == 0).astype(int)
    path = folder / "quality.html"
    write_quality(path, Customers(np.arange(90), X, y, None, pd.DataFrame()), notes=names)
    return path.read_text(encoding="utf-8")


def report(names, folder):
    run = full_run(600)
    renamed = dict(zip(("logistic regression", "xgboost"), names, strict=False))
    return render(
        replace(
            run,
            title=names[0],
            scores={renamed.get(name, name): scores for name, scores in run.scores.items()},
            metrics={renamed.get(name, name): found for name, found in run.metrics.items()},
            strongest=dict.fromkeys(names, 0.6),
            facts={name: name for name in names},
            warnings=list(names),
            config_yaml="\n".join(names),
            published_notes=list(names),
            threshold_rule=names[1],
            money=names[2],
        ),
        pictures=False,
    )


def comparison(names, folder):
    numbers = {name: {"value": 0.5, "low": 0.4, "high": 0.6} for name in COMPARED}
    models = [
        Compared(name, 1, numbers, numbers if i else None, 1.0 + i, 2.0, {name: name})
        for i, name in enumerate(names)
    ]
    return render_comparison(Comparison(names[0], "f1", names[1], models, []))


def segments(names, folder):
    generator = np.random.default_rng(0)
    level = generator.choice(len(names), 3000)
    X = pd.DataFrame({names[0]: np.array(names, object)[level]})
    y = generator.random(3000) < np.where(level == 0, 0.8, 0.1)
    found = SegmentMiner(random_state=0, permutations=0).fit(X, y).segments_
    assert len(found)
    return (save(found, folder / "segments") / "segments.html").read_text(encoding="utf-8")


def inspection(names, folder):
    path = folder / "table.csv"
    frame = pd.DataFrame({f"{name} {i}": np.resize(names, 30) for i, name in enumerate(names)})
    frame.to_csv(path, index=False)
    return inspection_page(inspect_table(str(path)))


@pytest.mark.parametrize("page", [quality, report, comparison, segments, inspection])
def test_hostile_names_make_no_markup(page, tmp_path):
    (tmp_path / "twin").mkdir()
    found = Markup(page(HOSTILE, tmp_path))
    twin = Markup(page(HARMLESS, tmp_path / "twin"))
    assert found.policy == twin.policy == POLICY
    assert "script" not in {tag for tag, _ in found.tags}
    assert not [name for _, names in found.tags for name in names if name.startswith("on")]
    assert set(found.tags) == set(twin.tags)


def test_pictures_with_hostile_names_make_no_markup():
    """Letters are drawn as shapes, so that the tags are the same and only their number differs."""
    found, twin = (Markup(comparison(names, None)) for names in (HOSTILE, HARMLESS))
    assert {tag for tag, _ in found.tags} == {tag for tag, _ in twin.tags}
    assert not [name for _, names in found.tags for name in names if name.startswith("on")]
