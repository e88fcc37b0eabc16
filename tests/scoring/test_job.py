"""A scoring job writes the predictor's numbers, whole, or says why it wrote nothing."""

import json
import logging
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError, ConfigError, DataError
from dbnchurn.predictor.artifact import load_stored
from dbnchurn.scoring import Campaign, score_file
from dbnchurn.tables.dialect import CsvSettings


@pytest.fixture
def table(customers, tmp_path):
    path = tmp_path / "new.parquet"
    customers[0].assign(customer=[f"C{i}" for i in range(600)]).to_parquet(path, index=False)
    return path


def read(path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


@pytest.mark.parametrize("source", ["csv", "parquet"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_scores_are_those_of_the_predictor(model, customers, table, tmp_path, source, ending):
    if source == "csv":
        frame = pd.read_parquet(table)
        table = table.with_suffix(".csv")
        frame.to_csv(table, index=False)
    output = tmp_path / "out" / f"scores.{ending}"
    returned = score_file(model, table, output, id="customer", mkdir=True)
    predictor = Predictor.load(model)
    scores = predictor.predict_proba(customers[0])[:, 1]
    for found in (returned.read(), read(output)):
        assert list(found.columns) == ["id", "probability", "decision", "risk", "model"]
        assert set(found["model"]) == {predictor.version}
        assert found["id"].tolist() == [f"C{i}" for i in range(600)]
        np.testing.assert_allclose(found["probability"], scores, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(found["decision"], scores >= predictor.threshold)
    left = sorted(path.name for path in output.parent.iterdir())
    assert left == sorted([output.name, f"{output.name}.job.json"])


def test_the_id_of_training_is_used_where_it_is(fitted, table, tmp_path):
    fitted.save(tmp_path / "model", about={"id": "customer"})
    found = score_file(tmp_path / "model", table, tmp_path / "s.csv")
    assert found.read()["id"].tolist()[:2] == ["C0", "C1"]


def test_another_id_than_that_of_training_is_asked_for(fitted, table, tmp_path, caplog):
    fitted.save(tmp_path / "model", about={"id": "customer"})
    frame, output = pd.read_parquet(table), tmp_path / "s.csv"
    (tmp_path / "month").mkdir()
    first, second = tmp_path / "month" / "1.parquet", tmp_path / "month" / "2.parquet"
    frame.drop(columns="customer").to_parquet(first)
    found = score_file(tmp_path / "model", first, output).read()
    assert found["id"].tolist() == list(range(600))
    assert "no column 'customer', by which the training named the customers: " in caplog.text
    frame.rename(columns={"customer": "KundenNr"}).to_parquet(second)
    with pytest.raises(DataError, match=r"'KundenNr' may name them: say so with --id 'KundenNr'"):
        score_file(tmp_path / "model", second, output)
    named = score_file(tmp_path / "model", second, output, id="KundenNr").read()
    assert named["id"].tolist() == frame["customer"].tolist()
    frame.to_parquet(second)
    with pytest.raises(DataError, match=r"1\.parquet: no column .*2\.parquet has"):
        score_file(tmp_path / "model", first.parent, output)
    caplog.clear()
    predictor = Predictor.load(tmp_path / "model")
    scores = predictor.score(frame.rename(columns={"customer": "KundenNr"}))
    assert scores["id"].tolist() == list(range(600))
    assert "'KundenNr' may name them: say so with id='KundenNr'" in caplog.text


def test_a_new_category_is_scored_and_logged(model, customers, tmp_path, caplog):
    table = tmp_path / "new.csv"
    customers[0].assign(plan="quantum").to_csv(table, index=False)
    with caplog.at_level(logging.WARNING):
        found = score_file(model, table, tmp_path / "s.csv", allow_changed=["plan"])
    assert found.read()["probability"].between(0, 1).all()
    assert found.unusual.unknown_levels == {"plan": 600}
    assert "plan: 600 of 600 rows with a category that no training row has" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X.drop(columns="debt"), "lacks 1 of 5 columns: 'debt'"),
        (
            lambda X: X.astype({"debt": str}).assign(debt="much"),
            "row 0: column 'debt' .number.: 'much' is not a number",
        ),
        (lambda X: X.assign(debt=np.inf), "row 0: column .* inf is infinite"),
        (lambda X: X.iloc[:0], "has 5 columns but no rows"),
    ],
)
def test_tables_that_changed_write_nothing(model, customers, tmp_path, spoil, message):
    table, output = tmp_path / "new.parquet", tmp_path / "s.csv"
    spoil(customers[0]).to_parquet(table)
    output.write_text("last month's scores")
    with pytest.raises(DataError, match=message):
        score_file(model, table, output)
    assert output.read_text() == "last month's scores"


def test_what_cannot_be_used_is_told(model, table, tmp_path):
    with pytest.raises(ArtifactError, match="no such model folder"):
        score_file(tmp_path / "nowhere", table, tmp_path / "s.csv")
    with pytest.raises(DataError, match=r"no such file, did you mean 'new.parquet'"):
        score_file(model, tmp_path / "nwe.parquet", tmp_path / "s.csv")
    with pytest.raises(ConfigError, match=r"s\.xlsx: scores are written as one of '\.csv', "):
        score_file(model, table, tmp_path / "s.xlsx")
    with pytest.raises(DataError, match="no id column 'custmer': did you mean 'customer'"):
        score_file(model, table, tmp_path / "s.csv", id="custmer")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match="scores cannot be written there: it is a folder"):
        score_file(model, table, tmp_path / "folder.csv")
    with pytest.raises(ConfigError, match=r"new\.parquet is a file, not a folder$"):
        score_file(model, table, table / "s.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "folder.csv",
        "model",
        "new.parquet",
    ]


def scored(model, table, output, **how):
    """The bytes of a job's scores."""
    score_file(model, table, output, **how)
    return output.read_bytes()


def test_one_chunk_or_many_give_the_same(model, named, write, tmp_path, predictor):
    table = write(named, "t.parquet")
    whole = score_file(model, table, tmp_path / "whole.parquet", id="customer")
    for rows in (1000, 333, 100):
        many = score_file(model, table, tmp_path / "m.parquet", id="customer", chunk_rows=rows)
        close(many.read(), whole.read())
        assert many.unusual == whole.unusual
        assert many.drift.as_dict() == whole.drift.as_dict()
        assert (many.rows, many.scored, many.called) == (950, 950, whole.called)
    some = score_file(model, table, tmp_path / "some.parquet", id="customer", chunk_rows=13)
    close(some.read(), predictor.score(named, id="customer"))


def close(found, expected):
    """The same, but for the last digits: sums of other lengths are rounded otherwise."""
    np.testing.assert_allclose(found["probability"], expected["probability"], rtol=1e-6)
    exact = ["id", "decision", "risk", "model"]
    pd.testing.assert_frame_equal(found[exact], expected[exact], check_dtype=False)


def test_a_folder_is_the_concatenation_of_its_files(model, named, write, tmp_path):
    whole = score_file(model, write(named, "t.parquet"), tmp_path / "w.csv").read()
    for ending in ("csv", "parquet"):
        for number, start in enumerate((0, 300, 600)):
            piece = named.iloc[start : start + 300 if number < 2 else None]
            write(piece, f"{ending}/part-{number}.{ending}")
        found = score_file(model, tmp_path / ending, tmp_path / "f.csv", chunk_rows=100).read()
        close(found, whole)
        assert found["id"].tolist() == list(range(950))
        pattern = score_file(model, f"{tmp_path / ending}/part-*.{ending}", tmp_path / "p.csv")
        close(pattern.read(), whole)


def test_csv_and_parquet_give_the_same_scores(model, named, write, tmp_path):
    frame = named.assign(customer=np.arange(950) * 7)
    csv = scored(model, write(frame, "t.csv"), tmp_path / "a.csv", id="customer")
    parquet = scored(model, write(frame, "t.parquet"), tmp_path / "b.csv", id="customer")
    assert csv == parquet
    read_back = pd.read_csv(tmp_path / "a.csv")
    score_file(model, tmp_path / "t.csv", tmp_path / "a.parquet", id="customer")
    np.testing.assert_array_equal(
        read_back["probability"], pd.read_parquet(tmp_path / "a.parquet")["probability"]
    )


def test_ids_stay_as_they_are_written(model, named, write, tmp_path):
    table = write(named.assign(customer=[f"{i:05d}" for i in range(950)]), "t.csv")
    score_file(model, table, tmp_path / "s.csv", id="customer")
    assert (tmp_path / "s.csv").read_text().splitlines()[8].startswith("00007,")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("chunk_rows", [100, 100_000])
def test_rows_that_cannot_be_read_are_listed_and_the_others_scored(
    model, named, spoiled, write, tmp_path, ending, chunk_rows
):
    table = write(spoiled.astype({"age": float, "debt": str}), f"t.{ending}")
    output = tmp_path / f"s.{ending}"
    job = score_file(model, table, output, id="customer", chunk_rows=chunk_rows)
    kept = named.drop(index=[3, 500, 501])
    kept = write(kept, "kept.parquet")
    expected = score_file(model, kept, tmp_path / "k.csv", id="customer")
    close(job.read(), expected.read())
    rejected = read(tmp_path / f"s.rejected.{ending}")
    assert job.rejected == tmp_path / f"s.rejected.{ending}"
    assert rejected["row"].tolist() == [3, 500, 501]
    assert rejected["id"].tolist() == ["C0003", "C0500", "C0501"]
    assert set(rejected["file"]) == {str(table)}
    assert "'much' is not a number" in rejected["reason"][0]
    assert "infinite" in rejected["reason"][1]
    assert "'last May' is not a date" in rejected["reason"][1]
    assert (job.rows, job.scored) == (950, 947)


def test_rejected_rows_and_campaign_may_lie_elsewhere(model, spoiled, write, tmp_path):
    elsewhere = tmp_path / "new" / "bad.parquet"
    campaign = Campaign(tmp_path / "marketing" / "list.csv", 10)
    job = score_file(
        model, write(spoiled, "t.csv"), tmp_path / "s.csv", rejected=elsewhere, campaign=campaign,
        mkdir=True,
    )  # fmt: skip
    assert job.rejected == elsewhere
    assert len(pd.read_parquet(elsewhere)) == 3
    assert len(pd.read_csv(campaign.path)) == 10
    with pytest.raises(ConfigError, match=r"bad.xlsx: scores are written as one of"):
        score_file(model, tmp_path / "t.csv", tmp_path / "s.csv", rejected="bad.xlsx")


def test_broken_lines_are_rejected_and_a_later_job_without_any_takes_the_list_away(
    model, named, write, tmp_path
):
    table = write(named, "t.csv")
    lines = table.read_text().splitlines()
    lines[5] = lines[5] + ",surplus"
    lines[-1] = lines[-1][:10]
    table.write_text("\n".join(lines))
    job = score_file(model, table, tmp_path / "s.csv", chunk_rows=90)
    assert pd.read_csv(job.rejected)["row"].tolist() == [4, 949]
    ids = job.read()["id"].tolist()
    assert ids == [i for i in range(950) if i not in (4, 949)]
    score_file(model, write(named, "t.csv"), tmp_path / "s.csv")
    assert not job.rejected.exists()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_too_many_rejected_rows_stop_the_job(model, spoiled, write, tmp_path, ending):
    table = write(spoiled.astype({"age": float, "debt": str}), f"t.{ending}")
    output = tmp_path / "s.csv"
    with pytest.raises(DataError, match=r"3 of 950 rows cannot be scored, more than the 0.30%"):
        score_file(model, table, output, max_rejected=0.003, chunk_rows=400)
    assert not output.exists()
    assert "much" in pd.read_csv(tmp_path / "s.rejected.csv")["reason"][0]
    assert score_file(model, table, output, max_rejected=0.0032, chunk_rows=400).scored == 947
    assert not (tmp_path / "s.csv.parts").exists()


@pytest.mark.parametrize("chunk_rows", [100, 100_000])
def test_a_table_of_which_no_row_can_be_scored_is_refused_whatever_is_allowed(
    model, named, write, tmp_path, chunk_rows
):
    table = write(named.assign(debt="much"), "t.csv")
    output = tmp_path / "s.csv"
    with pytest.raises(DataError, match="950 of 950 rows cannot be scored, so there are no scores"):
        score_file(model, table, output, max_rejected=1, chunk_rows=chunk_rows)
    assert not output.exists()
    assert len(pd.read_csv(tmp_path / "s.rejected.csv")) == 950
    write(named.assign(debt=["much"] * 949 + [1.0]), "t.csv")
    assert score_file(model, table, output, max_rejected=1, chunk_rows=chunk_rows).scored == 1


def test_ids_that_come_twice_or_not_at_all_are_counted(model, named, write, tmp_path, caplog):
    frame = named.copy()
    frame.loc[[10, 900], "customer"] = "C0003"
    frame.loc[7, "customer"] = None
    for name in ("t.csv", "t.parquet"):
        caplog.clear()
        job = score_file(
            model, write(frame, name), tmp_path / "s.csv", id="customer", chunk_rows=99
        )
        assert (job.without_id, job.repeated_ids, job.scored) == (1, 2, 950)
        assert "1 row has no customer" in caplog.text
        assert "2 rows repeat the customer of another row" in caplog.text


def test_the_summary_says_what_was_unusual_and_how_far_it_moved(model, named, write, tmp_path):
    frame = named.assign(debt=named["debt"] + 1000, plan="quantum", age=np.nan)
    job = score_file(
        model, write(frame, "t.parquet"), tmp_path / "s.csv", chunk_rows=100,
        allow_changed=["age", "plan", "debt"],
    )  # fmt: skip
    summary = json.loads((tmp_path / "s.csv.job.json").read_text())
    assert summary["unusual"]["out_of_range"]["debt"] == 950
    assert summary["unusual"]["unknown_levels"] == {"plan": 950}
    assert summary["unusual"]["missing"]["age"]["share"] == 1
    columns = summary["drift"]["columns"]
    assert {"debt", "plan", "age"} == {
        name for name, found in columns.items() if found["index"] > 2
    }
    assert {shift.column for shift in job.drift.beyond(2)} >= {"debt", "plan", "age"}
    assert summary["mean_probability"] == pytest.approx(job.read()["probability"].mean())
    assert summary["at_or_above_threshold"] == job.read()["decision"].sum()


def test_output_must_not_lie_in_the_input(model, named, write, tmp_path):
    table = write(named, "in/t.parquet")
    with pytest.raises(ConfigError, match="output and input are the same file"):
        score_file(model, table, table)
    with pytest.raises(ConfigError, match=r"s\.csv lies in what is read \(input "):
        score_file(model, table.parent, tmp_path / "in" / "s.csv")


def test_a_file_that_lacks_a_column_stops_the_job_before_the_first_row(
    model, named, write, tmp_path
):
    write(named, "in/0.parquet")
    late = write(named.drop(columns="plan"), "in/1.parquet")
    with pytest.raises(DataError, match=f"{late}: the table lacks 1 of 5 columns: 'plan'"):
        score_file(model, tmp_path / "in", tmp_path / "s.csv")
    write(named.rename(columns={"customer": "client"}), "in/1.parquet")
    with pytest.raises(DataError, match="no id column 'customer'"):
        score_file(model, tmp_path / "in", tmp_path / "s.csv", id="customer")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "model"]


def test_a_column_of_another_kind_stops_the_job(model, named, write, tmp_path):
    table = write(named.assign(since=20241301), "t.parquet")
    with pytest.raises(DataError, match=r"t.parquet: column 'since' has to hold dates, it holds"):
        score_file(model, table, tmp_path / "s.csv")


@pytest.mark.parametrize(
    "wrong", [{"chunk_rows": 0}, {"max_rejected": 1.5}, {"max_rejected": -0.1}, {"reasons": -1}]
)
def test_numbers_out_of_their_range_are_told(model, named, write, tmp_path, wrong):
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} .* is out of its range"):
        score_file(model, write(named, "t.csv"), tmp_path / "s.csv", **wrong)


def test_a_model_that_forgot_its_training_scores_without_drift(
    model, named, write, tmp_path, monkeypatch
):
    table = write(named, "t.csv")
    expected = scored(model, table, tmp_path / "s.csv")
    stored = load_stored(model)
    loaded = Predictor(replace(stored.model, reference=None), stored.about, version=stored.version)
    monkeypatch.setattr(Predictor, "load", lambda *_, **__: loaded)
    job = score_file(model, table, tmp_path / "s.csv")
    assert job.drift is None
    assert (tmp_path / "s.csv").read_bytes() == expected


def test_reasons_become_columns(model, named, spoiled, write, tmp_path, predictor):
    table = write(spoiled.astype({"age": float, "debt": str}), "t.parquet")
    job = score_file(model, table, tmp_path / "s.parquet", reasons=2, chunk_rows=120)
    expected = predictor.reasons(named.drop(index=[3, 500, 501]), 2)
    found = job.read()
    assert list(found.columns)[5:] == list(expected.columns)
    for rank in (1, 2):
        for part in ("reason", "column", "value"):
            name = f"{part}_{rank}"
            assert found[name].fillna("-").tolist() == expected[name].fillna("-").tolist()
        effect = f"contribution_{rank}"
        np.testing.assert_allclose(found[effect], expected[effect], atol=2e-4)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_highest_are_those_that_sorting_finds(model, named, write, tmp_path, ending):
    table = write(named, "t.csv")
    job = score_file(model, table, tmp_path / f"s.{ending}", reasons=1, id="customer")
    every = job.read().sort_values(["probability", "id"], ascending=[False, True])
    highest = job.highest(7)
    assert highest["id"].tolist() == every["id"].tolist()[:7]
    np.testing.assert_array_equal(highest["contribution_1"], every["contribution_1"][:7])


def test_chunks_without_a_reason_have_the_columns_all_the_same(
    model, named, write, tmp_path, monkeypatch
):
    def none(self, frame, k):
        empty = pd.array(len(frame) * [None], dtype="string")
        return pd.DataFrame({"reason_1": empty, "contribution_1": np.full(len(frame), np.nan)})

    real = Predictor.reasons
    monkeypatch.setattr(
        Predictor, "reasons", lambda self, X, k: (none if X.index[0] < 300 else real)(self, X, k)
        [["reason_1", "contribution_1"]],
    )  # fmt: skip
    job = score_file(
        model, write(named, "t.csv"), tmp_path / "s.parquet", reasons=1, chunk_rows=100
    )
    found = job.read()
    assert found["reason_1"][:300].isna().all()
    assert found["reason_1"][300:].notna().any()


def test_totals_and_ids_without_any_value_are_rejected_and_extra_columns_said(
    model, named, write, tmp_path, caplog
):
    known = named.assign(customer=np.arange(len(named), dtype=float), town="x")
    last = known.iloc[[0, 1]].assign(customer=[5000.0, 7.4]).astype(object)
    features = [name for name in named if name != "customer"]
    last.loc[last.index[0], features[1:]] = None
    table = write(pd.concat([known, last], ignore_index=True), "t.parquet")
    with caplog.at_level("INFO", "dbnchurn.notes"):
        score_file(model, table, tmp_path / "s.csv", id="customer")
    rejected = read(tmp_path / "s.rejected.csv")
    assert rejected["reason"].tolist() == ["an id and nothing else", "the id is no whole number"]
    assert read(tmp_path / "s.csv")["id"].tolist() == list(range(len(named)))
    said = [r.getMessage() for r in caplog.records if r.name == "dbnchurn.notes"]
    assert said == ["1 column is passed over, as the model was not trained with it: 'town'"]


def test_a_total_of_a_text_file_is_rejected(model, named, write, tmp_path):
    known = named.assign(customer=np.arange(len(named)).astype(str))
    total = known.iloc[[0]].assign(customer="Total")
    table = write(pd.concat([known, total], ignore_index=True), "t.csv")
    score_file(model, table, tmp_path / "s.csv", id="customer")
    rejected = read(tmp_path / "s.rejected.csv")
    assert rejected["reason"].tolist() == ["a total, not a customer"]


def test_a_total_alone_in_the_last_chunk_is_rejected(model, named, write, tmp_path):
    known = named.assign(customer=np.arange(len(named)).astype(str))
    total = known.iloc[[0]].assign(customer="Total")
    table = write(pd.concat([known, total], ignore_index=True), "t.csv")
    score_file(model, table, tmp_path / "s.csv", id="customer", chunk_rows=len(known))
    assert read(tmp_path / "s.rejected.csv")["row"].tolist() == [len(known)]


@pytest.mark.parametrize("id", ["Spolu", None, "99999"])
def test_a_row_of_sums_is_rejected_whatever_its_id(model, named, write, tmp_path, id):
    known = named.assign(customer=np.arange(len(named)).astype(str))
    sums = known[["debt", "age"]].sum().to_frame().T.assign(customer=id)
    table = write(pd.concat([known, sums], ignore_index=True), "t.csv")
    score_file(model, table, tmp_path / "s.csv", id="customer")
    rejected = read(tmp_path / "s.rejected.csv")
    assert rejected["reason"].tolist() == ["a total, not a customer"]
    assert rejected["row"].tolist() == [len(known)]


def test_lists_hold_no_formula_and_their_ids_come_back(model, table, tmp_path, caplog):
    hostile = ["=HYPERLINK(1)", "+1+1", "-1+1", "@x", "\t=1", "'=y"]
    frame = pd.read_parquet(table)
    frame.loc[:5, "customer"] = hostile
    frame.to_parquet(table, index=False)
    first = Campaign(tmp_path / "first.csv", 600)
    job = score_file(model, table, tmp_path / "s.csv", id="customer", campaign=first)
    assert "texts that a spreadsheet would compute are written with an apostrophe" in caplog.text
    assert job.read()["id"].tolist()[:6] == hostile
    assert set(hostile) < set(job.highest(600)["id"])
    for path in (job.output, first.path):
        written = pd.read_csv(path, dtype=str)["id"]
        assert not written.str.match(r"[=+\-@\t\r]").any()
        assert written.str.startswith("'").sum() == 6

    # A list that was written keeps the same customers off the next one.
    listed = pd.read_csv(first.path, dtype=str)
    listed[listed["id"].str.startswith("'")].to_csv(tmp_path / "six.csv", index=False)
    second = Campaign(tmp_path / "second.csv", 600, suppress=tmp_path / "six.csv")
    made = score_file(model, table, tmp_path / "t.csv", id="customer", campaign=second).campaign
    assert (made.matched, made.suppressed) == (6, 6)


def test_raw_text_leaves_texts_and_belongs_to_csv(model, table, tmp_path):
    frame = pd.read_parquet(table)
    frame.loc[0, "customer"] = "=1+1"
    frame.to_parquet(table, index=False)
    job = score_file(model, table, tmp_path / "s.csv", id="customer", raw_text=True)
    assert pd.read_csv(job.output)["id"][0] == job.read()["id"][0] == "=1+1"
    with pytest.raises(ConfigError, match=r"raw_text .* is about texts of CSV"):
        score_file(model, table, tmp_path / "s.parquet", id="customer", raw_text=True)


def test_what_cannot_be_found_out_of_a_file_is_told(model, customers, tmp_path):
    frame = customers[0].assign(customer=[f"C{i}" for i in range(600)])
    found = Predictor.load(model).predict_proba(frame)[:, 1]
    frame.to_csv(tmp_path / "t.csv", sep="#", index=False, encoding="utf-16-le")
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        frame.assign(customer="C0").to_excel(book, sheet_name="old", index=False)
        frame.to_excel(book, sheet_name="new", index=False)
    with pytest.raises(DataError, match="2 sheets hold something"):
        score_file(model, tmp_path / "t.xlsx", tmp_path / "s.csv", id="customer")
    told = {
        "t.csv": {"csv": CsvSettings(delimiter="#", encoding="utf-16-le")},
        "t.xlsx": {"sheet": "new"},
    }
    for name, how in told.items():
        job = score_file(model, tmp_path / name, tmp_path / "s.csv", id="customer", **how)
        assert job.read()["id"].tolist() == frame["customer"].tolist()
        np.testing.assert_allclose(job.read()["probability"], found, rtol=0, atol=1e-12)
    with pytest.raises(ConfigError, match="--sheet"):
        score_file(model, None, tmp_path / "s.csv", cutoff=date(2026, 8, 1), sheet="new")


def test_one_of_several_sheets_is_scored_as_the_same_table_alone(model, named, tmp_path):
    named = named.head(60)
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        named.to_excel(book, sheet_name="July", index=False, startrow=3)
        book.sheets["July"]["A1"] = "Customers of July"
        named.head(5).to_excel(book, sheet_name="notes", index=False)
    named.to_csv(tmp_path / "t.csv", index=False)
    output = tmp_path / "s.csv"
    with pytest.raises(DataError, match=r"2 sheets hold something; .*--sheet 'July'"):
        score_file(model, tmp_path / "t.xlsx", output, id="customer")
    found = score_file(model, tmp_path / "t.xlsx", output, id="customer", sheet="July")
    alone = score_file(model, tmp_path / "t.csv", tmp_path / "alone.csv", id="customer")
    pd.testing.assert_frame_equal(found.read(), alone.read())
    said = (tmp_path / "s.csv.job.json").read_text()
    assert "above the names of the columns" in said
    with pytest.raises(ConfigError, match="are about a file"):
        score_file(model, None, output, cutoff=pd.Timestamp("2026-01-01"), sheet="July")
