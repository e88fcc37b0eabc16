"""One customer of a table, found by its id and asked about."""

import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.scoring.one_customer import customer_row, what_if_of
from dbnchurn.scoring.scorer import scorer_of
from dbnchurn.tables.streaming import open_files


def test_the_numbers_are_those_of_the_predictor(model, named, write):
    table = write(named, "t.csv")
    customer = str(named["customer"].iloc[4])
    told = what_if_of(model, table, customer, {"plan": []}, id="customer")
    row = named.iloc[[4]].drop(columns="customer")
    expected = Predictor.load(model).what_if(row, {"plan": []})
    assert told.changes["probability"].tolist() == pytest.approx(expected["probability"].tolist())
    text = told.to_text()
    assert text.startswith(f"Customer {customer}: probability of leaving")
    assert "only a campaign with a control group shows" in text


def test_a_customer_who_is_not_there_once_is_refused(model, named, write):
    table = write(named, "t.csv")
    with pytest.raises(DataError, match=r"no rows have the customer 'nobody'; .*such as"):
        what_if_of(model, table, "nobody", id="customer")
    twice = named.assign(customer=named["customer"].iloc[0])
    with pytest.raises(DataError, match="rows have the customer"):
        what_if_of(model, write(twice, "twice.csv"), str(named["customer"].iloc[0]), id="customer")
    source = open_files(write(named.drop(columns="customer"), "bare.csv"))
    with pytest.raises(ConfigError, match="--id"):
        customer_row(scorer_of(Predictor.load(model), source, None), source, "1")
