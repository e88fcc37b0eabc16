"""The card tells what is stored beside the model, and only that."""

import numpy as np

from dbnchurn.evaluate import evaluate
from dbnchurn.predictor.card import model_card

PLAN = {
    "tables": {"basic": {}, "complaints": {}},
    "windows": {
        "cutoffs": ["2024-08-01"],
        "observation": "3 months",
        "gap": "7 days",
        "outcome": "1 month",
    },
    "label": {"table": "basic", "kind": "status", "column": "status", "left": ["churned"]},
}


def test_the_card_of_a_classifier(model, fitted):
    text = (model / "card.md").read_text(encoding="utf-8")
    for heading in ("Data", "How good it is", "Threshold", "Limits", "Versions"):
        assert f"\n## {heading}\n" in text
    assert "600 training rows" in text
    assert f"- Left: label = 1, {100 * fitted.about_['training']['prior']:.1f} % of 600" in text
    assert fitted.about_["training"]["fingerprint"] in text
    assert f"{fitted.threshold_:.6g}, chosen by the rule `expected f1`" in text
    assert "Not measured" in text
    assert "Tables and windows" not in text


def test_the_card_of_a_run_has_windows_and_metrics_with_intervals(fitted):
    generator = np.random.default_rng(0)
    scores = generator.beta(1, 9, 2000)
    metrics = evaluate(generator.random(2000) < scores, scores, 0.2, resamples=50)
    text = model_card({**fitted.about_, "data": PLAN, "metrics": metrics})
    assert "- tables: basic, complaints" in text
    assert "features of the 3 months before the cutoffs 2024-08-01" in text
    assert "outcome of the 1 month from 7 days after a cutoff" in text
    assert "status of the table basic, column status: churned" in text
    assert "On 2000 validation rows" in text
    precision = metrics["precision"]
    row = " | ".join(f"{precision[key]:.3f}" for key in ("value", "low", "high"))
    assert f"| precision | {row} |" in text
    assert text.index("| average precision |") < text.index("| precision |")


def test_undefined_numbers_and_plans_without_windows(fitted):
    metrics = {"n": 3, "base_rate": 0.0, "recall": {"value": None, "low": None, "high": None}}
    plan = {**PLAN, "windows": None, "label": None}
    text = model_card({**fitted.about_, "data": plan, "metrics": metrics})
    assert "| recall | – | – | – |" in text
    assert "cutoff" not in text


def test_a_floor_is_named(fitted):
    assert "No probability is below" not in model_card({**fitted.about_, "floor": 0.0})
    text = model_card({**fitted.about_, "floor": 0.0213})
    assert "No probability is below 2.13%: so many of the validation rows left" in text


def test_numbers_of_an_earlier_fit_are_said_to_be_that(fitted):
    metrics = {"n": 300, "base_rate": 0.2, "recall": {"value": 0.5, "low": 0.4, "high": 0.6}}
    on = {"part": "test", "rows": 390}
    text = model_card({**fitted.about_, "metrics": metrics, "measured": on})
    assert "On 300 test rows" in text
    assert "Measured on the fit of 390 rows" in text
    assert "evaluate this model on later customers only" in text


def test_drawn_customers_are_named(fitted):
    assert "drawn" not in model_card({**fitted.about_, "draw": None})
    draw = {"table_rows": 98_000_000, "rows": 19_999_998, "most_rows": 20_000_000, "seed": 0}
    text = model_card({**fitted.about_, "draw": draw})
    assert "- of a table of 98000000 rows, the 19999998 of customers drawn by a hash" in text


def test_the_card_says_how_the_tables_were_read(fitted):
    note = "table 'bills': column 'debt' is read as numbers: '1,5' is 1.5"
    assert f"## How the tables were read\n\n- {note}\n" in model_card(
        {**fitted.about_, "notes": [note]}
    )
    assert "How the tables were read" not in model_card({**fitted.about_, "notes": []})
