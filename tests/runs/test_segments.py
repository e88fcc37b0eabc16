"""A search by config: the published one, a table of one's own, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.runs.config import ColumnsSection
from dbnchurn.runs.segments import load_table, run, summary
from dbnchurn.runs.segments_config import SegmentColumnsSection, read_segments_config
from dbnchurn.segments import load
from dbnchurn.segments.columns import columns_of
from dbnchurn.tables.kinds import infer


@pytest.fixture
def published(root, tmp_path):
    """``published(*overrides)`` → the published config, writing where the test may."""

    def read(*overrides):
        path = root / "configs" / "segments.yaml"
        return read_segments_config(path, [f"output={tmp_path}", *overrides])

    return read


@pytest.fixture
def own(tmp_path):
    """A config with a CSV file of customers, two answers each, of whom a > 0.8 say yes."""
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.random((2000, 4)), columns=list("abcd"))
    y = generator.random(2000) < np.where(X["a"] > 0.8, 0.3, 0.08)
    table = X.assign(won=np.where(y, "yes", "no"), id=np.arange(2000) // 2, note="x")
    table.to_csv(tmp_path / "customers.csv", index=False)
    config = tmp_path / "own.yaml"
    config.write_text(
        f"source: {{path: {tmp_path / 'customers.csv'}}}\n"
        "columns: {label: won, id: id}\n"
        "miner: {edges: {a: [0.5, 0.8]}, min_count: 10, max_length: 2}\n"
        f"output: {tmp_path / 'runs'}\n"
    )
    return config


def test_the_published_config_runs(published, tmp_path):
    quick = ("sweeps.repeats=1", "sweeps.bins=[10]", "sweeps.min_count=[30]")
    folder = run(published("miner.permutations=1", *quick), "bank")
    files = {path.name for path in folder.iterdir()}
    assert {"segments.html", "candidates.csv", "config.yaml", "sweep_bins.png"} <= files
    assert set(pd.read_csv(folder / "sweeps.csv")["parameter"]) == {"bins", "min_count"}
    text = summary(folder)
    assert "Of all customers 12.6 % subscribe" in text
    assert "On shuffled answers" in text
    assert "Best patterns together" in text
    assert str(folder / "segments.html") in text
    found = load(folder)
    reached = found.total()
    assert reached.value >= 2 * found.base["report"].value
    assert reached.rows >= 0.05 * found.base["report"].rows
    # the resolved config is a config, and gives the same list in a folder of its own
    again = run(read_segments_config(folder / "config.yaml", ["sweeps=null"]), "bank")
    assert again == tmp_path / "bank-2"
    assert load(again) == found
    assert not (again / "sweeps.csv").exists()


def test_a_table_of_ones_own_with_groups(own, caplog):
    caplog.set_level("INFO")
    folder = run(read_segments_config(own), "own")
    assert "a 0.8 or more" in summary(folder)
    assert "column 'note' is left out" in caplog.text
    assert folder == own.parent / "runs" / "own"
    assert [path.name for path in folder.parent.iterdir()] == ["own"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["miner.bins=1"], r"miner\.bins should be at least 2, got 1"),
        (["miner.bin=1"], r"miner\.bin: unknown key, did you mean 'bins'"),
        (["miner.mode=range"], "should be 'ranges' or 'paper', got 'range'"),
        (["source.path=nowhere.csv"], "exactly one of"),
        (["columns.group=customer"], r"columns\.group: renamed to columns\.id"),
        (["columns.dat=day"], r"columns\.dat: unknown key, did you mean 'date'"),
        (["columns.max_quarantine=0.1"], r"columns\.max_quarantine: unknown key"),
        (["columns.kinds={age: text}"], "should be 'number', 'flag', 'category', 'date' or"),
        (["miner.positive=1"], r"miner\.positive: renamed to columns\.positive"),
        (["miner.negative=1"], r"miner\.negative: renamed to columns\.negative"),
        (["miner.date=day"], r"miner\.date: renamed to columns\.date"),
        (["miner.random_state=1"], r"miner\.random_state: renamed to seed"),
        (["miner.threshold=0.5", "columns.positive=1"], "give either columns.positive"),
    ],
)
def test_configs_that_are_refused(published, overrides, message):
    with pytest.raises(ConfigError, match=message):
        published(*overrides)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("columns.label=wonn", "no column 'wonn': did you mean 'won'"),
        ("columns.id=idd", "no column 'idd': did you mean 'id'"),
        ("source.path=nowhere.csv", "nowhere.csv: no such file"),
        ("sweeps={columns: [won], bins: [5]}", "no column 'won'"),
        ("columns.date=day", "no column 'day'"),
        ("columns.drop=[notes]", "no column 'notes': did you mean 'note'"),
        ("columns.kinds={won: number}", "kinds names the column 'won'"),
        ("columns.kinds={note: number}", "column 'note' .number., row 0: 'x' is not a number"),
        ("columns.kinds={a: flag}", "column 'a' .flag. holds other values than 0 and 1"),
        ("columns.positive=maybe", "never holds the positive value 'maybe'; it holds 'no' "),
        ("columns.label=note", "holds one class only .'x' in all"),
        ("columns.label=b", "holds 2000 classes: .* set miner.threshold"),
    ],
)
def test_tables_that_do_not_fit_leave_nothing_behind(own, override, message):
    with pytest.raises(DataError, match=message):
        run(read_segments_config(own, [override]))
    assert not list((own.parent / "runs").iterdir())


def test_the_columns_are_told_as_in_the_config_of_a_run():
    segments, of_run = SegmentColumnsSection.model_fields, ColumnsSection.model_fields
    assert set(of_run) - set(segments) == {"max_quarantine"}
    for name, field in segments.items():
        assert field.annotation == of_run[name].annotation, name
        assert field.default == of_run[name].default, name


@pytest.fixture
def read_own(own):
    """``read_own(frame, *overrides)``: the table of `own` in place of that of the file."""

    def read(frame, *overrides):
        frame.to_csv(own.parent / "customers.csv", index=False)
        return load_table(read_segments_config(own, overrides))

    return read


@pytest.mark.parametrize(
    ("answers", "given", "positive"),
    [
        (["yes", "no"], None, "yes"),
        (["Stayed", "Left"], None, "Left"),
        ([0, 1], None, "1"),
        ([True, False], None, "True"),
        (["A", "B"], "A", "A"),
        ([1, 2], 2, "2"),
        ([1, 2], "'2'", "2"),
    ],
)
def test_the_answer_that_means_yes(read_own, answers, given, positive):
    frame = pd.DataFrame({"id": [1, 2], "won": answers, "a": [3.0, 4.0]})
    table = read_own(frame, *([] if given is None else [f"columns.positive={given}"]))
    assert table.meaning.positive == (positive,)  # as the file has it


def test_answers_that_can_be_read_in_two_ways_are_refused(read_own):
    frame = pd.DataFrame({"id": [1, 2], "won": ["A", "B"], "a": [3.0, 4.0]})
    with pytest.raises(DataError, match=r"means yes: columns\.positive: 'A' or col"):
        read_own(frame)


def test_kinds_are_heeded(read_own):
    frame = pd.DataFrame({"won": ["yes", "no", "no"], "id": [1, 2, 3], "plan": [1, 2, None]})
    frame = frame.assign(debt=["1.5", " ", "7"], tv=[1, 0, None], number=[8, 9, 10])
    kinds = "columns.kinds={plan: category, debt: number, tv: flag, number: ignore}"
    table = read_own(frame, kinds)
    told = {"plan": "category", "debt": "number", "tv": "flag", "number": "ignore"}
    columns = {c.name: c for c in columns_of(infer(table.X, told), table.X)}
    assert list(columns) == ["plan", "debt", "tv"]
    assert columns["plan"].values.tolist() == ["1", "2", None]
    assert pd.Series(columns["debt"].values).fillna(-1).tolist() == [1.5, -1, 7]
    assert columns["tv"].kind == "boolean"
    assert pd.Series(columns["tv"].values).fillna(-1).tolist() == [1, 0, -1]


def test_ids_keep_the_rows_of_a_customer_together_and_dates_divide_by_time(own, caplog):
    table = pd.read_csv(own.parent / "customers.csv", dtype={"id": str})
    table["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(2000) % 100, "D")
    table.to_csv(own.parent / "customers.csv", index=False)
    dated = run(read_segments_config(own, ["columns.date=day", "columns.drop=[note]"]), "dated")
    assert "customers in the part to report from are in earlier parts too" in caplog.text
    caplog.clear()
    settings = ["columns.drop=[note, day]"]
    by_customer = run(read_segments_config(own, settings), "by_customer")
    assert "earlier parts" not in caplog.text
    for folder in (dated, by_customer):
        assert "a 0.8 or more" in summary(folder)
        used = {c.column for s in load(folder).segments for c in s.conditions}
        assert used <= set("abcd")


def test_rows_that_are_no_customers_are_set_aside_and_said(read_own, caplog):
    caplog.set_level("INFO")
    frame = pd.DataFrame({"id": ["C1", "C2", "C3", "Total"], "won": ["yes", "no", "no", "yes"]})
    table = read_own(frame.assign(a=[3.0, 4.0, None, 7.0], b=[1.0, 1.5, None, 2.5]))
    assert table.X["a"].tolist() == [3.0, 4.0]
    assert "1 rows are set aside: a total, not a customer" in caplog.text
    assert "1 rows are set aside: an id and nothing else" in caplog.text


def test_ids_that_all_differ_change_nothing(own):
    table = pd.read_csv(own.parent / "customers.csv").assign(id=np.arange(2000))
    table.to_csv(own.parent / "customers.csv", index=False)
    named = run(read_segments_config(own), "named")
    alone = ("columns.id=null", "columns.drop=[id, note]")
    dropped = run(read_segments_config(own, alone), "dropped")
    assert len(load(named)) > 0
    assert load(named) == load(dropped)


def test_an_output_that_is_a_file_is_refused_at_once(own):
    with pytest.raises(ConfigError, match="no run can be written to"):
        run(read_segments_config(own, [f"output={own}"]))


def test_texts_that_stand_for_missing_do_so_in_scoring_too(own):
    path = own.parent / "customers.csv"
    table = pd.read_csv(path)
    table["a"] = table["a"].where(table.index % 50 > 0, -999)
    table.to_csv(path, index=False)
    found = load(run(read_segments_config(own, ["source.missing=['-999']"]), "own"))
    assert found.missing == ("-999",)
    gone = table.assign(a=np.nan)
    assert found.assign(table.assign(a=-999)).equals(found.assign(gone))
