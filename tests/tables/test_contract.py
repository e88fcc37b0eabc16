"""Rows that keep the contract become customers; the others are set aside with a reason."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables import Contract, apply_contract

TELCO = Contract(label="Churn", id="customerID")


def test_columns_take_their_roles(telco):
    before = telco.copy()
    found = apply_contract(telco, Contract(label="Churn", id="customerID", drop=("gender",)))
    assert list(found.X) == [c for c in telco if c not in ("customerID", "Churn", "gender")]
    assert found.y.tolist() == (telco["Churn"] == "Yes").astype(int).tolist()
    assert found.ids.tolist() == telco["customerID"].tolist()
    assert len(found.quarantine) == 0
    pd.testing.assert_frame_equal(telco, before)


@pytest.mark.parametrize(
    ("labels", "positive", "left"),
    [
        (["Yes", "No"], None, "Yes"),
        (["churned", "ACTIVE"], None, "churned"),
        ([True, False], None, True),
        ([1, 0], None, 1),
        ([1.0, 0.0], None, 1.0),
        (["A", "B"], "B", "B"),
        ([1, 2], 2, 2),
        ([0, 1], 0, 0),
    ],
)
def test_who_left(telco, labels, positive, left):
    column = pd.Series(labels * 300)
    found = apply_contract(telco.assign(Churn=column), Contract(label="Churn", positive=positive))
    assert found.y.tolist() == (column == left).astype(int).tolist()


def test_who_left_is_said_in_the_type_of_the_column(telco):
    for column, words in (([1.0, 0.0], "1"), ([True, False], "True"), (["1", "0"], "'1'")):
        found = apply_contract(telco.assign(Churn=column * 300), TELCO)
        assert found.meaning.condition == f"Churn = {words}"


@pytest.mark.parametrize(
    ("changes", "contract", "message"),
    [
        ({}, {"label": "churn"}, "no label column 'churn': did you mean 'Churn'"),
        ({}, {"id": "customer"}, "no id column 'customer': did you mean 'customerID'"),
        ({}, {"date": "day"}, "no date column 'day'"),
        (
            {},
            {"drop": ("Gender",)},
            "'Gender', which is to be left out: did you mean 'gender'",
        ),
        ({"Churn": "No"}, {}, r"one class only \('No' in all 600 rows\)"),
        (
            {"Churn": ["Yes", "No", "?"] * 200},
            {},
            r"holds 3 classes: '[?]' \(200 rows, 33",
        ),
        (
            {"Churn": ["A", "B"] * 300},
            {},
            "'A' .*, 'B' .*; .*say which .* left: columns.positive: 'A' or columns.positive: 'B'",
        ),
        ({}, {"positive": "left"}, "never holds the positive value 'left'; it holds 'No' .*'Yes'"),
        (
            {"customerID": "x"},
            {},
            "'customerID': 600 rows share their id .*first is 'x'; name a date",
        ),
        ({"Churn": None}, {}, "label column 'Churn' is empty in all 600 rows"),
        ({"tenure": "x"}, {"date": "tenure"}, "600 of 600 rows .*'no readable date'"),
        ({}, {"date": "tenure"}, "date column 'tenure' holds numbers; write dates as 2026"),
    ],
)
def test_tables_that_break_the_contract_are_refused(telco, changes, contract, message):
    frame = telco.assign(**changes)
    with pytest.raises(DataError, match=message):
        apply_contract(frame, Contract(**{"label": "Churn", "id": "customerID", **contract}))


def test_no_feature_column():
    frame = pd.DataFrame({"id": [1, 2], "Churn": ["Yes", "No"]})
    with pytest.raises(DataError, match="no feature column beside id, label and date"):
        apply_contract(frame, Contract(label="Churn", id="id"))


def test_rows_without_id_are_set_aside_and_those_without_label_are_unlabelled(telco):
    telco.loc[[3, 5], "Churn"] = None
    telco.loc[7, "customerID"] = None
    found = apply_contract(telco, TELCO)
    assert found.quarantine["reason"].to_dict() == {7: "no id"}
    assert len(found) == len(found.X) == len(found.ids) == 597
    assert list(found.unlabelled) == list(found.X)
    assert found.unlabelled["tenure"].tolist() == telco.loc[[3, 5], "tenure"].tolist()


def test_unlabelled_rows_keep_their_dates(telco):
    telco["day"] = pd.date_range("2024-01-01", periods=600).astype(str)
    telco.loc[[3, 599], "Churn"] = None
    found = apply_contract(telco, Contract(label="Churn", id="customerID", date="day"))
    days = found.unlabelled_dates.astype("datetime64[D]").astype(str).tolist()
    assert days == telco.loc[[3, 599], "day"].tolist()


def test_too_many_rows_set_aside_stop_the_run(telco):
    telco.loc[:59, "customerID"] = None
    with pytest.raises(DataError, match=r"60 of 600 rows .*'no id'.*share of 5%; mend the table"):
        apply_contract(telco, TELCO)
    allowed = Contract(label="Churn", id="customerID", max_quarantine=0.1)
    assert len(apply_contract(telco, allowed)) == 540


def test_exact_repetitions_are_dropped_and_snapshots_are_not(telco):
    twice = pd.concat([telco, telco])
    assert len(apply_contract(twice, TELCO)) == 600
    months = pd.concat([telco.assign(day="2024-01-31"), telco.assign(day="2024-02-29")])
    found = apply_contract(months, Contract(label="Churn", id="customerID", date="day"))
    assert len(found) == 1200
    assert np.unique(found.dates).astype("datetime64[D]").astype(str).tolist() == [
        "2024-01-31",
        "2024-02-29",
    ]
    with pytest.raises(DataError, match="share their id and date with another row that differs"):
        apply_contract(
            pd.concat([months, months.assign(tenure=1)]),
            Contract(label="Churn", id="customerID", date="day"),
        )
