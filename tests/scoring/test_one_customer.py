"""One customer of a table, found by its id and asked about."""

import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.scoring.one_customer import WhatIf, customer_row, what_if_of
from dbnchurn.scoring.scorer import scorer_of
from dbnchurn.tables.dialect import CsvSettings
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


def test_what_a_job_refuses_is_refused(model, named, write):
    cents = write(named.assign(debt=named["debt"] * 100), "cents.csv")
    with pytest.raises(DataError, match=r"'debt' .*100 times larger.*--allow-changed 'debt'"):
        what_if_of(model, cents, "C0004", {"plan": []}, id="customer")
    told = what_if_of(model, cents, "C0004", {"plan": []}, id="customer", allow_changed=["debt"])
    assert len(told.changes)
    with pytest.raises(ConfigError, match="allow_changed 'dept'"):
        what_if_of(model, cents, "C0004", id="customer", allow_changed=["dept"])
    total = named.loc[[0]].assign(customer="Total", debt=named["debt"].sum())
    table = write(pd.concat([named, total]), "total.csv")
    with pytest.raises(DataError, match=r"total\.csv: the row of 'Total' is not scored: "):
        what_if_of(model, table, "Total", id="customer")


def test_ids_that_lost_their_zeros_are_refused(fitted, named, tmp_path, write):
    ids = [f"{k:06d}" for k in range(990, 990 * 951, 990)]
    spelled = {"ids": 950, "padded": 101, "shortest": 6, "longest": 6}
    fitted.save(tmp_path / "model", about={"id": "customer", "ids": spelled})
    table = write(named.assign(customer=list(map(int, ids))), "t.parquet")
    with pytest.raises(DataError, match="no id begins with a zero"):
        what_if_of(tmp_path / "model", table, "990", {"plan": []})
    whole = write(named.assign(customer=ids), "whole.parquet")
    assert what_if_of(tmp_path / "model", whole, "000990", {"plan": []}).customer == "000990"


def test_files_are_read_as_told_and_ids_of_two_types_are_refused_by_name(model, named, write):
    polish = named.assign(customer=named["customer"].replace("C0004", "Č4"))
    table = write(polish, "t.csv", encoding="cp1250", sep=";")
    told = what_if_of(
        model, table, "Č4", {"plan": []}, id="customer", csv=CsvSettings(";", "cp1250")
    )
    assert told.customer == "Č4"
    folder = write(named.head(500).assign(customer=range(500)), "two/a.parquet").parent
    write(named.tail(450), "two/b.parquet")
    with pytest.raises(DataError, match=r"b\.parquet: "):
        what_if_of(model, folder, "7", {"plan": []}, id="customer")


def test_a_value_stays_in_its_cell():
    changes = {"column": ["a|b"], "now": ["x\ny"], "value": ["z"], "probability": [0.2]}
    told = WhatIf("7", 0.1, pd.DataFrame({**changes, "change": [0.1]})).to_text()
    assert r"| a\|b | x y | z | 20.0 % |" in told
