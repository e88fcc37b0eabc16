"""The verdict of a comparison: each model by the interval of its difference, in words."""

import pytest

from dbnchurn.report.comparison_content import Compared, Comparison


def number(low: float | None, high: float | None) -> dict[str, float | None]:
    return {"value": None if low is None else (low + high) / 2, "low": low, "high": high}


def make_model(name: str, metric: str = "roc_auc", difference=None) -> Compared:
    paired = None if difference is None else {metric: number(*difference)}
    return Compared(name, 5, {metric: number(0.7, 0.8)}, paired, None, 1.0)


def make_comparison(*models: Compared, metric: str = "roc_auc") -> Comparison:
    reference = make_model("reference", metric)
    return Comparison("title", metric, "method", [reference, *models], [])


@pytest.mark.parametrize(
    ("metric", "difference", "standing"),
    [
        ("roc_auc", (0.01, 0.03), "better than"),
        ("roc_auc", (-0.03, -0.01), "worse than"),
        ("brier", (0.01, 0.03), "worse than"),  # lower is better
        ("brier", (-0.03, -0.01), "better than"),
        ("roc_auc", (-0.01, 0.03), "not told apart from"),
        ("roc_auc", (0.0, 0.03), "not told apart from"),
        ("roc_auc", (-0.03, 0.0), "not told apart from"),
        ("roc_auc", (None, None), "not compared with"),
        ("roc_auc", None, "not compared with"),
    ],
)
def test_a_standing_needs_an_interval_without_zero(metric, difference, standing):
    model = make_model("m", metric, difference)
    assert make_comparison(model, metric=metric).standing(model) == standing


def test_the_metric_of_the_comparison_decides():
    both = {"roc_auc": number(0.01, 0.03), "log_loss": number(0.01, 0.03)}
    model = Compared("m", 5, {}, both, None, 1.0)
    assert make_comparison(model, metric="roc_auc").standing(model) == "better than"
    assert make_comparison(model, metric="log_loss").standing(model) == "worse than"


def test_the_first_model_is_the_reference():
    comparison = make_comparison(make_model("a"), make_model("b"))
    assert comparison.reference.name == "reference"
    assert [model.name for model in comparison.others] == ["a", "b"]


def test_the_verdict_groups_models_by_standing_the_better_ones_first():
    comparison = make_comparison(
        make_model("a", difference=(-0.2, -0.1)),
        make_model("b", difference=(0.1, 0.2)),
        make_model("c", difference=(-0.1, 0.1)),
        make_model("d", difference=(0.1, 0.3)),
        make_model("e"),
    )
    assert comparison.verdict == (
        "By ROC AUC, b and d are better than reference; a is worse than reference; "
        "c is not told apart from reference; e is not compared with reference."
    )


def test_a_single_model_has_no_verdict():
    assert make_comparison().verdict == (
        "There is one model only, reference, so nothing is compared."
    )
