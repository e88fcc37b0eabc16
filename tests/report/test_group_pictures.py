"""Pictures of groups: every group at its own number, in the drawing and in the text."""

import numpy as np
import pytest

from dbnchurn.core.html.figure import COLOURS
from dbnchurn.report import Breakdown, ReportInput
from dbnchurn.report.group_pictures import SHOWN, group_pictures, promises, ranking
from tests.report.drawn import lines, marks

DOT, DIAMOND = f"fill: {COLOURS[0]}", f"stroke: {COLOURS[1]}"


def number(value: float | None, width: float = 0.05) -> dict[str, float | None]:
    if value is None:
        return {"value": None, "low": None, "high": None}
    return {"value": value, "low": value - width, "high": value + width}


def make_group(name: str, auc: float | None, rate: float, score: float | None) -> dict:
    return {
        "name": name,
        "rows": 1200,
        "roc_auc": number(auc),
        "rate": number(rate),
        "mean_score": number(score),
    }


@pytest.fixture
def plans() -> Breakdown:
    groups = [
        make_group("basic", 0.81, 0.10, 0.12),
        make_group("sport", None, 0.30, None),
        make_group("family", 0.62, 0.21, 0.18),
    ]
    return Breakdown("plan", False, groups)


def make_run(*breakdowns: Breakdown, auc: float | None = 0.75) -> ReportInput:
    metrics = {"dbnchurn": {"roc_auc": number(auc)}, "xgboost": {"roc_auc": number(0.5)}}
    scores = {name: [0.2, 0.7] for name in metrics}
    return ReportInput("run", [0, 1], scores, metrics, "fixed", [], breakdowns=breakdowns)


def test_the_text_beside_a_picture_has_the_numbers_of_every_group(plans):
    assert ranking(make_run(plans), plans).alt == (
        "ROC AUC by plan: basic 0.810; sport –; family 0.620."
    )
    assert promises(plans).alt == (
        "Churn rate and mean score by plan: basic 10.0 % and 12.0 %; sport 30.0 % and –; "
        "family 21.0 % and 18.0 %."
    )


def test_rates_are_dots_and_mean_scores_diamonds_on_one_scale(plans):
    svg = promises(plans).svg
    dots, diamonds = marks(svg, DOT)[:3], marks(svg, DIAMOND)[:2]
    assert sorted(y for _, y in dots) == [y for _, y in dots]  # from the top down
    assert [y for _, y in diamonds] == [dots[0][1], dots[2][1]]  # sport has no mean score
    drawn = [x for x, _ in dots + diamonds]
    slope, start = np.polyfit(drawn, [0.10, 0.30, 0.21, 0.12, 0.18], 1)
    np.testing.assert_allclose(
        slope * np.array(drawn) + start, [0.10, 0.30, 0.21, 0.12, 0.18], atol=1e-4
    )
    assert slope > 0


def test_intervals_reach_from_low_to_high(plans):
    svg = promises(plans).svg
    for (x, y), line in zip(marks(svg, DOT)[:3], lines(svg, COLOURS[0]), strict=True):
        (low, y_low), (high, y_high) = line
        assert y_low == pytest.approx(y, abs=0.02)
        assert y_high == pytest.approx(y, abs=0.02)
        assert x - low == pytest.approx(high - x, abs=0.05) != 0


def test_a_group_with_too_few_churners_has_no_dot(plans):
    svg = ranking(make_run(plans), plans).svg
    inside = marks(svg, DOT)[:-1]  # the last is that of the legend
    assert len(inside) == 2
    assert inside[0][0] > inside[1][0]


def test_the_models_own_number_is_marked_where_there_is_one(plans):
    svg = ranking(make_run(plans), plans).svg
    (overall,), (basic, family) = vertical_lines(svg)[:1], marks(svg, DOT)[:2]
    assert family[0] < overall < basic[0]
    share = (overall - family[0]) / (basic[0] - family[0])
    assert share == pytest.approx((0.75 - 0.62) / (0.81 - 0.62), abs=0.01)
    undefined = ranking(make_run(plans, auc=None), plans).svg
    assert len(vertical_lines(undefined)) == len(vertical_lines(svg)) - 1 == 1


def vertical_lines(svg: str) -> list[float]:
    drawn = [line for line in lines(svg, "#444444") if len(line) == 2]
    return [first[0] for first, second in drawn if first[0] == second[0]]


def test_of_many_groups_the_last_are_shown():
    groups = [make_group(f"2020-{i:03d}", 0.7, 0.1, 0.1) for i in range(SHOWN + 2)]
    months = Breakdown("month", True, groups)
    for picture in group_pictures(make_run(months)):
        assert "2020-001" not in picture.alt
        assert "2020-002" in picture.alt
        assert f"2020-{SHOWN + 1:03d}" in picture.alt
        assert "in every month?" in picture.title


def test_every_breakdown_has_two_pictures_with_titles_of_their_own(plans):
    months = Breakdown("month", True, plans.groups)
    pictures = group_pictures(make_run(plans, months))
    assert len({picture.title for picture in pictures}) == len(pictures) == 4
    assert [picture.alt.split(":")[0] for picture in pictures] == [
        "ROC AUC by plan",
        "Churn rate and mean score by plan",
        "ROC AUC by month",
        "Churn rate and mean score by month",
    ]
    assert group_pictures(make_run()) == []
