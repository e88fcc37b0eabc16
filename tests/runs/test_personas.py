"""``dbnchurn personas`` and ``assign``: from a table to a page, and month after month."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.statistics import wilson
from dbnchurn.personas import load, save
from dbnchurn.personas.assignment import assign_file
from dbnchurn.personas.customer_ids import refuse_ids
from dbnchurn.personas.differences import figures_of, flows
from dbnchurn.personas.flow_page import flow_page, flow_picture
from dbnchurn.personas.page import personas_page
from dbnchurn.personas.pictures import map_picture
from dbnchurn.runs.personas import load_personas_table, run, summary
from dbnchurn.runs.personas_config import PersonasConfig, read_personas_config
from tests.personas.test_personas import planted


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A table in a file, and the folder of a search of it."""
    place = tmp_path_factory.mktemp("personas")
    frame, group = planted(800)
    frame.insert(0, "customer", [f"{i:04d}" for i in range(len(frame))])
    left = np.random.default_rng(1).random(800) < np.where(group == 1, 0.5, 0.1)
    frame["churn"] = np.where(left, "yes", "no")
    frame["worth"] = np.where(group == 0, np.nan, 100.0 * group)
    frame.to_csv(place / "table.csv", index=False)
    config = PersonasConfig.model_validate(
        {
            "source": {"path": str(place / "table.csv")},
            "columns": {"id": "customer", "label": "churn", "value": "worth"},
            "output": place / "runs",
            "personas": {"n_personas": 4, "n_starts": 4, "refits": 2},
        }
    )
    return run(config), frame, place


def test_the_folder_holds_what_was_found(searched):
    folder, frame, _ = searched
    record = load(folder)
    assigned = pd.read_csv(folder / "assigned.csv", dtype=str)
    assert assigned["customer"].tolist() == frame["customer"].tolist()
    assert assigned["persona"].tolist() == record.assign(frame).tolist()
    assert not {"churn", "worth", "customer"} & {c.name for c in record.schema.columns}
    assert "P4" in summary(folder)


def test_figures_can_be_recomputed_from_the_assignment(searched):
    folder, frame, _ = searched
    table = pd.read_csv(folder / "personas.csv").set_index("persona")
    persona = pd.read_csv(folder / "assigned.csv", dtype=str)["persona"]
    for name in ("P1", "P2", "P3", "P4", "everyone"):
        rows = np.ones(len(frame), bool) if name == "everyone" else (persona == name).to_numpy()
        left = (frame["churn"] == "yes")[rows]
        low, high = wilson(left.sum(), rows.sum())
        assert table.loc[name, "customers"] == rows.sum()
        assert table.loc[name, ["churn", "churn_low", "churn_high"]].tolist() == pytest.approx(
            [left.mean(), float(low), float(high)]
        )
        # "Not known" is never 0: a mean is of the known values, and nothing where there are none.
        assert table.loc[name, "value"] == pytest.approx(frame["worth"][rows].mean(), nan_ok=True)


def test_the_page_has_a_card_for_each_and_escapes_names(searched):
    page = (searched[0] / "personas.html").read_text(encoding="utf-8")
    assert page.count('class="card"') == 4
    assert "Which personas leave, by value" in page
    figures = figures_of(pd.Series(["P1"]), load(searched[0]).names, None, None)
    assert map_picture(figures, None) is None
    hostile = personas_page(load(searched[0]), figures, source="<script>alert(1)</script>")
    assert "<script" not in hostile


def test_months_are_assigned_by_the_frozen_personas(searched, tmp_path):
    folder, frame, _ = searched
    later = frame.iloc[100:].drop(columns=["churn", "worth"])
    later.to_csv(tmp_path / "later.csv", index=False)
    out = tmp_path / "out.csv"
    done = assign_file(  # the column that names the customer is that of the search
        folder, str(tmp_path / "later.csv"), out, earlier=folder / "assigned.csv",
        page=tmp_path / "flow.html",
    )  # fmt: skip
    page = (tmp_path / "flow.html").read_text(encoding="utf-8")
    assert "800 customers in" in page
    assert "100.0 % of the customers with a persona in both kept it" in page
    assert done.kept == 1
    assert done.moves.loc[:, "gone"].sum() == 100
    assert sum(done.customers.values()) == 700
    assert "100.0 % of the customers with a persona in both kept" in done.summary()
    written = pd.read_csv(out, dtype=str).set_index("customer")["persona"]
    before = pd.read_csv(folder / "assigned.csv", dtype=str).set_index("customer")["persona"]
    assert written.equals(before.loc[written.index])


def test_another_locale_and_a_total_change_no_persona(searched, tmp_path):
    folder, frame, _ = searched
    later = frame.iloc[:300].drop(columns=["churn", "worth"])
    numbers = later.select_dtypes("number").columns
    written = later.assign(**{n: later[n].map("{:,.3f}".format) for n in numbers})
    german = written.assign(
        **{n: written[n].str.translate(str.maketrans(",.", ".,")) for n in numbers}
    )
    with (tmp_path / "later.csv").open("w") as file:
        german.to_csv(file, index=False, sep=";")
        file.write("Total" + ";1.234,000" * (german.shape[1] - 1) + "\n")
    done = assign_file(folder, str(tmp_path / "later.csv"), tmp_path / "out.csv", id="customer")
    assert "1 row is left out: a total, not a customer" in done.summary()
    found = pd.read_csv(tmp_path / "out.csv", dtype=str)["persona"]
    assert found.tolist() == load(folder).assign(later).tolist()


def test_assigning_refuses_what_it_cannot_do(searched, tmp_path):
    folder, frame, _ = searched
    table = tmp_path / "later.csv"
    pd.concat([frame, frame.head(1)]).to_csv(table, index=False)
    with pytest.raises(DataError, match=r"1 rows of .* repeat an id"):
        assign_file(folder, str(table), tmp_path / "out.csv")
    frame.assign(customer=[None, "4.9E+15", *frame["customer"][2:]]).to_csv(table, index=False)
    with pytest.raises(DataError, match="written with an exponent"):
        assign_file(folder, str(table), tmp_path / "out.csv")
    frame.assign(customer=[None, *frame["customer"][1:]]).to_csv(table, index=False)
    with pytest.raises(DataError, match=r"1 rows have no id in column 'customer' .*is row 1"):
        assign_file(folder, str(table), tmp_path / "out.csv")
    with pytest.raises(ConfigError, match="needs --earlier"):
        assign_file(folder, str(table), tmp_path / "out.csv", page=tmp_path / "p.html")
    frame[["customer"]].assign(persona="Q1").to_csv(tmp_path / "other.csv", index=False)
    frame.to_csv(table, index=False)
    with pytest.raises(DataError, match="assigned by other personas"):
        assign_file(folder, str(table), tmp_path / "out.csv", earlier=tmp_path / "other.csv")
    frame[["customer"]].assign(customer="x" + frame["customer"].astype(str), persona="P1").to_csv(
        tmp_path / "other.csv", index=False
    )
    with pytest.raises(DataError, match=r"no customer of .*later.csv is in .*other.csv: ids such"):
        assign_file(folder, str(table), tmp_path / "out.csv", earlier=tmp_path / "other.csv")
    assert not (tmp_path / "out.csv").exists()
    nameless = save(replace(load(folder), id=None), tmp_path / "nameless")
    with pytest.raises(ConfigError, match="say it with --id"):
        assign_file(nameless, str(table), tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    with pytest.raises(ConfigError, match="'persona' is the column of the result"):
        assign_file(folder, str(table), tmp_path / "out.csv", id="persona")
    with pytest.raises(ConfigError, match="same file"):
        assign_file(folder, str(table), table, id="customer")
    frame.drop(columns="plan").to_csv(table, index=False)
    with pytest.raises(DataError, match=r"lacks 1 of \d+ columns: 'plan'; it has"):
        assign_file(folder, str(table), tmp_path / "out.csv", id="customer")


def test_customers_who_come_and_go_are_counted():
    before = pd.Series({"a": "P1", "b": None, "d": None, "e": "P1", "f": "P2"})
    after = pd.Series({"b": "P1", "c": "P1", "d": None, "e": "P1", "f": "P1"})
    table, kept = flows(before, after)
    assert table.loc["not known", "P1"] == table.loc["not known", "not known"] == 1
    assert table.loc["P1", "gone"] == 1
    assert kept == 0.5  # who has no persona kept none, and changed none
    assert flows(pd.Series({"a": "P1"}), pd.Series({"b": "P1"}))[1] is None
    apart = flow_page(*flows(pd.Series({"a": "<b>"}), pd.Series({"b": "P1"})), "a", "b")
    assert "no customer has a persona in both" in apart
    assert "<b>" not in apart
    moves, _ = flows(pd.Series({"a": "P1", "b": "P1"}), pd.Series({"a": "P1", "b": "P2"}))
    assert flow_picture(moves).alt == "P1 to P1: 50 %; P1 to P2: 50 %"


def test_totals_are_set_aside_and_said(searched, tmp_path):
    folder, frame, place = searched
    totals = pd.concat([frame, frame.head(1).assign(customer="Total")])
    totals.to_csv(tmp_path / "t.csv", index=False)
    done = assign_file(folder, str(tmp_path / "t.csv"), tmp_path / "out.csv")
    assert (done.totals, sum(done.customers.values())) == (1, len(frame))
    assert "1 row is left out: a total" in done.summary()
    source = {"path": str(tmp_path / "t.csv")}
    columns = {"id": "customer", "label": "churn", "drop": ["worth"]}
    table = load_personas_table(
        PersonasConfig.model_validate({"source": source, "columns": columns, "output": place})
    )
    assert len(table.X) == len(frame)
    assert any("1 row is left out: a total" in note for note in table.notes)


def test_private_columns_make_no_personas_and_leave_nowhere(searched, tmp_path):
    _, frame, _ = searched
    frame.assign(town=np.where(frame["online"], "Northtown", "Southtown")).to_csv(
        tmp_path / "t.csv", index=False
    )
    settings = {
        "source": {"path": str(tmp_path / "t.csv")},
        "columns": {"id": "customer", "label": "churn", "drop": ["worth"], "private": ["town"]},
        "output": tmp_path / "runs",
        "personas": {"n_personas": 3, "n_starts": 2, "refits": 2},
    }
    folder = run(PersonasConfig.model_validate(settings))
    for path in folder.rglob("*"):
        assert path.is_dir() or b"thtown" not in path.read_bytes(), path
    with pytest.raises(ValueError, match="'customer' is private and the id"):
        PersonasConfig.model_validate(
            {**settings, "columns": {"id": "customer", "private": ["customer"]}}
        )
    with pytest.raises(DataError, match="no column 'twon'"):
        run(
            PersonasConfig.model_validate(
                {**settings, "columns": {**settings["columns"], "private": ["twon"]}}
            )
        )


def test_both_faults_of_ids_are_said_at_once():
    with pytest.raises(DataError, match=r"1 rows have no id.*; 1 rows of t repeat an id"):
        refuse_ids(pd.Series(["7", None, "7"]), "id", "t")


def test_configs_are_refused_with_reasons(searched, tmp_path):
    config = tmp_path / "personas.yaml"
    text = f"source: {{path: {searched[2] / 'table.csv'}}}\noutput: {tmp_path}\n"
    config.write_text(text + "personas: {random_state: 1}\n")
    with pytest.raises(ConfigError, match="seed"):
        read_personas_config(config)
    config.write_text(text + "columns: {drop: [worth]}\n")
    with pytest.raises(DataError, match="'churn' is named like an outcome"):
        run(read_personas_config(config))
    config.write_text(text + "columns: {id: plan, drop: [worth, churn]}\n")
    with pytest.raises(DataError, match="repeat an id of column 'plan'"):
        run(read_personas_config(config))


def test_words_for_missing_and_the_sheet_hold_for_later_months(searched, tmp_path):
    folder, frame, _ = searched
    number = next(c.name for c in load(folder).schema.used if c.kind == "number")
    month = frame.head(40).astype({number: object})
    month.loc[[3, 5], number] = "never"
    with pd.ExcelWriter(tmp_path / "month.xlsx") as book:
        month.to_excel(book, sheet_name="May", index=False)
        month.to_excel(book, sheet_name="notes", index=False)
    save(replace(load(folder), missing=("never",)), tmp_path / "personas")
    record = load(tmp_path / "personas")
    assert record.missing == ("never",)
    with pytest.raises(DataError, match="2 sheets hold something"):
        assign_file(tmp_path / "personas", str(tmp_path / "month.xlsx"), tmp_path / "a.csv")
    assign_file(
        tmp_path / "personas", str(tmp_path / "month.xlsx"), tmp_path / "a.csv", sheet="May"
    )
    month.loc[[3, 5], number] = None
    found = pd.read_csv(tmp_path / "a.csv")["persona"].tolist()
    assert found == record.assign(month).tolist()
    with pytest.raises(DataError, match="'never' is not a number"):
        load(folder).assign(month.assign(**{number: ["never"] * 40}))
