"""Diagnostics of the machines: curves per epoch, and weights beside the names of their units."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.dbn import DBN
from dbnchurn.features.encode_record import encode
from dbnchurn.prepare import Prepare
from dbnchurn.prepare.record import prepare
from dbnchurn.runs.diagnostics import HIDDEN, UNITS, first_weights, machines, unit_names
from dbnchurn.tables.reading import read


@pytest.fixture(scope="module")
def many_levels(small, draw_customers):
    """A classifier with a wide first machine, a category with rare levels, and its frame."""
    X, y = draw_customers(600, seed=1)
    towns = ["abc"[i % 3] if i > 16 else "xy"[i % 2] for i in range(600)]
    X = X.assign(town=towns, same="-", **{f"n{i}": np.sqrt(i * X["debt"] + 1) for i in (5, 9)})
    wide = small(prepare=Prepare(rare=0.05, correlated=1.0), dbn=DBN((30, 4), epochs=2))
    return wide.set_params(network__all_units=True).fit(X, y), X


def test_a_machine_has_its_size_and_one_value_per_epoch(fitted, many_levels):
    assert [machine["name"] for machine in machines(fitted)] == [
        "RBM 1, 8 hidden units",
        "RBM 2, 4 hidden units",
    ]
    for classifier, epochs in ((fitted, 1), (many_levels[0], 2)):
        rbms = classifier.networks_[0].dbn_.rbms_
        for machine, rbm, curve in zip(
            machines(classifier), rbms, classifier.curves_["rbm"], strict=True
        ):
            assert len(machine["reconstruction_error"]) == epochs
            assert machine["rectified"] == (rbm.hidden.kind == "relu")
            for key in ("reconstruction_error", "free_energy_gap", "dead", "saturated"):
                assert machine[key] == [epoch[key] for epoch in curve if key in epoch]


def test_names_are_those_of_the_units_that_values_switch_on(many_levels):
    classifier, X = many_levels
    names = unit_names(classifier, X)
    table = prepare(classifier.prepare_.record_, read(classifier.schema_, X)[0])
    visible = encode(classifier.encode_.record_, table)
    assert len(names["gaussian"]) == visible.gaussian.shape[1]
    assert len(names["binary"]) == visible.binary.shape[1]
    assert len(names["codes"]) == sum(visible.sizes)
    starts = dict(zip(table.code_names, np.cumsum([0, *visible.sizes]), strict=False))
    for column in ("plan", "town"):
        codes = visible.codes[:, table.code_names.index(column)]
        for value, code in zip(X[column], codes, strict=True):
            level = "2 rare levels" if value in ("x", "y") else value
            if code >= 0:
                assert names["codes"][starts[column] + code] == f"{column} = {level}"
    assert "town = 2 rare levels" in names["codes"]
    assert not any(name.startswith("same") for kind in names.values() for name in kind)


def test_intervals_are_named_by_their_number_and_ends(many_levels):
    classifier, X = many_levels
    record = classifier.encode_.record_
    ladder = unit_names(classifier, X)["binary"][len(record.binary) :]
    assert len(ladder) == len(record.rungs) > 0
    table = prepare(classifier.prepare_.record_, read(classifier.schema_, X)[0])
    for name, number, low, high in zip(ladder, record.rungs, record.low, record.high, strict=True):
        assert name == f"{table.number_names[number]}, {low:.3g} to {high:.3g}"


def test_the_strongest_weights_come_first_and_keep_their_names(many_levels):
    classifier, X = many_levels
    top = first_weights(classifier, X)
    blocks = classifier.dbn_.rbms_[0].weights
    names = unit_names(classifier, X)
    own = np.vstack([blocks[kind].detach().cpu()[: len(names[kind])] for kind in blocks])
    row_of = {name: row for row, name in enumerate(n for kind in blocks for n in names[kind])}
    assert (top["of_units"], top["of_hidden"]) == own.shape
    assert len(top["units"]) == min(UNITS, len(own))
    assert len(top["hidden"]) == HIDDEN < own.shape[1]
    rows = [row_of[name] for name in top["units"]]
    shown = own[np.ix_(rows, np.array(top["hidden"]) - 1)]
    np.testing.assert_allclose(top["weights"], shown, rtol=1e-3)
    strengths = np.square(own).sum(1)
    assert strengths[rows].tolist() == sorted(strengths, reverse=True)[: len(rows)]
    by_hidden = np.square(own[rows]).sum(0)
    chosen = by_hidden[np.array(top["hidden"]) - 1]
    assert chosen.tolist() == sorted(by_hidden, reverse=True)[:HIDDEN]
    everything = sum(float(block.detach().square().sum()) for block in blocks.values())
    leaves = everything - float(strengths.sum())
    assert 0 < leaves < everything
    assert top["leaf_share"] == pytest.approx(leaves / everything, rel=1e-4)


def test_machines_of_the_columns_have_no_weights_of_leaves(fitted, customers):
    assert first_weights(fitted, customers[0])["leaf_share"] < 1e-12
    assert all(len(m["pseudo_likelihood"]) == 2 for m in machines(fitted)[:1])
    assert all(m["code_spread"][-1] > 0 for m in machines(fitted))


def test_the_rows_of_the_frame_do_not_matter(fitted, customers):
    X, _ = customers
    missing = X.iloc[:1].assign(plan=None, age=np.nan, since=pd.NaT)
    assert first_weights(fitted, missing) == first_weights(fitted, X)


def test_without_pretraining_there_is_nothing_to_show(small, customers):
    classifier = small(pretrain=False).fit(*customers)
    assert machines(classifier) == []
    assert first_weights(classifier, customers[0]) is None
