"""A recalibrated model: a model folder like others, whose probabilities alone are different."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.evaluate import evaluate
from dbnchurn.evaluate.outcome_gaps import outcome_gap
from dbnchurn.months.recalibrated_model import (
    RECALIBRATION,
    Measured,
    recalibrated_until,
    write_recalibrated,
)
from dbnchurn.months.recalibration import Recalibration
from dbnchurn.months.replay import replay
from dbnchurn.predictor.artifact import load
from dbnchurn.runs.backtest import backtest
from dbnchurn.runs.learned_rows import LEARNED
from dbnchurn.scoring.drift import drift
from dbnchurn.tables.reading import read
from tests.predictor.test_artifact_page import PAGE, agree

NUMBERS = Recalibration(0.8, 0.7)


def measured(numbers=NUMBERS, **more):
    y, p = [1, 0, 0, 0], [0.4, 0.1, 0.2, 0.1]
    summary = evaluate(y, numbers.apply(p), 0.5, resamples=5)
    return Measured(
        numbers, 4, summary, outcome_gap(y, p), outcome_gap(y, numbers.apply(p)), **more
    )


@pytest.fixture(scope="module")
def both(fitted, tmp_path_factory):
    """Model folders of the champion and of the same, recalibrated."""
    folder = tmp_path_factory.mktemp("models")
    fitted.save(folder / "old" / "model", about={"id": "customer"})
    new = write_recalibrated(folder / "old" / "model", folder / "new", measured())
    return folder / "old" / "model", new


def test_probabilities_are_recalibrated_and_nothing_else_changes(both, draw_customers):
    X, _ = draw_customers(400, seed=3)
    old, new = (Predictor.load(folder) for folder in both)
    p, q = (model.predict_proba(X)[:, 1] for model in (old, new))
    np.testing.assert_allclose(q, NUMBERS.apply(p), rtol=1e-12)
    assert (old.predict(X) == new.predict(X)).all()
    assert old.version != new.version
    assert old.digest != new.digest
    assert load(both[0])[0].schema == load(both[1])[0].schema


def test_it_has_the_format_that_every_reader_of_the_page_reads(both, draw_customers):
    assert len({json.loads((f / "manifest.json").read_text())["format"] for f in both}) == 1
    (block,) = PAGE.read_text(encoding="utf-8").split("```python\n")[1:]
    names = {}
    exec(compile(block.split("```")[0], str(PAGE), "exec"), names)
    agree(both[1], draw_customers(30, 5)[0], names["score"])


def test_the_scores_of_the_same_customers_have_not_drifted(both, draw_customers):
    X, _ = draw_customers(500, seed=4)
    found = []
    for folder in both:
        predictor = Predictor.load(folder)
        table, _ = read(predictor.schema, X)
        p = predictor.predict_proba(X)[:, 1]
        found.append(drift(predictor.reference, predictor.reference.count(table, p)).score.index)
    assert found[0] == pytest.approx(found[1])


def test_the_card_says_what_was_done_and_of_which_model(both):
    card = (both[1] / "card.md").read_text()
    assert "## Recalibrated" in card
    assert Predictor.load(both[0]).version in card
    assert "times 0.8000 plus 0.7000" in card
    assert "calls the same customers" in card
    about = Predictor.load(both[1]).about
    assert about["threshold"]["value"] == Predictor.load(both[1]).threshold
    told = json.loads((both[1].parent / RECALIBRATION).read_text())
    assert told["of"] == Predictor.load(both[0]).version


def test_a_floor_stays(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    with pytest.raises(ArtifactError, match="floor"):
        write_recalibrated(
            tmp_path / "model", tmp_path / "new", measured(Recalibration(1.0, 0.1, 0.01))
        )
    with pytest.raises(ArtifactError, match="one score"):
        write_recalibrated(tmp_path / "model", tmp_path / "new", measured(Recalibration(0.0, 0.1)))
    assert not (tmp_path / "new").exists()


def test_customers_of_the_two_numbers_are_no_new_customers(both, tmp_path, draw_customers, write):
    X, y = draw_customers(200, seed=6)
    frame = X.assign(customer=[f"C{i}" for i in range(200)], left=np.where(y, "yes", "no"))
    path = write(frame, "month.csv")
    how = {"label": "left", "resamples": 1}
    found = backtest(both[0], path, keep_digests=True, **how)
    new = write_recalibrated(both[0], tmp_path / "new", measured(), digests=found.digests[:120])
    again = backtest(new, path, **how)
    assert (again.learned, again.gaps) == (120, ())
    assert "learned from 120" in again.verdict
    assert len(pd.read_parquet(new.parent / LEARNED)) == 120


def test_a_month_of_the_two_numbers_is_nothing_new(month_by_month, tmp_path):
    told = {"month": date(2024, 8, 1), "closes": date(2024, 9, 1)}
    champion = month_by_month / "model"
    new = write_recalibrated(champion, tmp_path / "new", measured(**told))
    paths = {path.stem: str(path) for path in Path(month_by_month).glob("*.parquet")}
    assert replay(champion, [date(2024, 8, 1)], tables=paths, resamples=1).months
    with pytest.raises(ConfigError, match="outcomes of days before 2024-09-01"):
        replay(new, [date(2024, 8, 1)], tables=paths, resamples=1)


def test_a_date_that_is_none_is_refused():
    assert recalibrated_until({}) is None
    with pytest.raises(ArtifactError, match="closes has to be a date"):
        recalibrated_until({"recalibration": {"closes": "soon"}})
