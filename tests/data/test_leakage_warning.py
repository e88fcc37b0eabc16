"""Estimators warn once of what a run would stop for, and only where there are rows enough."""

import warnings

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError, LeakageWarning
from dbnchurn.data.leakage_warning import OF_THE_OUTCOME, warn_of_leaks
from dbnchurn.tables.model_columns import ModelColumns


def table(n=600):
    generator = np.random.default_rng(0)
    y = (generator.random(n) < 0.3).astype(int)
    frame = pd.DataFrame(
        {
            "debt": generator.normal(size=n),
            "cents": generator.choice(10**7, n, replace=False),
            "changed": pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.random(n) * 900, "D"),
        }
    )
    return frame, y


def silent(frame, y, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_leaks(ModelColumns.of(frame), y, settings.pop("action", "warn"), **settings)


def test_amounts_and_timestamps_that_all_differ_are_no_identifiers():
    silent(*table())


def test_all_findings_are_one_warning_or_one_error():
    frame, y = table()
    frame = frame.assign(
        told=y * 0.9,
        ended=pd.Series(pd.Timestamp("2024-05-01")).repeat(len(y)).where(y == 1).to_numpy(),
        row=range(len(y)),
        customer_id=frame["cents"],
        name=[f"n{k}" for k in range(len(y))],
    )
    with pytest.warns(LeakageWarning) as caught:
        warn_of_leaks(ModelColumns.of(frame), y, "warn")
    (warning,) = caught
    for found in (
        "5 columns seem", "single_column: told", "missingness: ended", "identifier: row",
        "identifier: customer_id", "identifier: name", "leakage='off'",
    ):  # fmt: skip
        assert found in str(warning.message)
    with pytest.raises(DataError, match="5 columns seem to reveal"):
        warn_of_leaks(ModelColumns.of(frame), y, "error")
    silent(frame, y, action="off")
    silent(frame[["debt", "row", "name"]], y, checks=OF_THE_OUTCOME)


@pytest.mark.parametrize(("n", "churners"), [(199, 60), (400, 19)])
def test_few_rows_are_not_looked_at(n, churners):
    y = np.r_[np.ones(churners, int), np.zeros(n - churners, int)]
    silent(pd.DataFrame({"told": y * 0.9, "row": range(n)}), y)
