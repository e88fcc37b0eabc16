"""A proposed config reads the table again as it was, and asks what has to be decided."""

import numpy as np
import pandas as pd
import pytest
import yaml

from dbnchurn.core.errors import DataError
from dbnchurn.data.inferred import infer_table
from dbnchurn.data.proposal import propose_config, write_proposal

N = 400


def export(**more) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = {
        "Kundennummer": [f"{k:05d}" for k in range(N)],
        "Umsatz": [f"1.{k:03d},5{k % 10}" for k in range(N)],
        "Alter": rng.choice(["NA", *map(str, range(18, 80))], N),
        "Tarif": rng.choice(["basic", "NA", "Famülie"], N),
        "Eröffnungsdatum": [f"{k % 28 + 1:02d}.{k % 12 + 1:02d}.20{k % 20 + 10}" for k in range(N)],
        "churned": rng.choice(["yes", "no"], N),
    }
    return pd.DataFrame(columns | more)


@pytest.fixture
def write(tmp_path):
    def write(frame, name="customers.csv", encoding="cp1252"):
        frame.to_csv(tmp_path / name, index=False, sep=";", encoding=encoding)
        return str(tmp_path / name)

    return write


def test_all_that_the_reading_needed_is_written(write):
    path = write(export())
    text, found = propose_config(path, label="churned")
    assert yaml.safe_load(text) == {
        "source": {
            "path": path,
            "csv": {"delimiter": ";", "encoding": "cp1252"},
            "formats": {"Umsatz": "1.234,5", "Eröffnungsdatum": "%d.%m.%Y"},
            "missing": ["NA"],
        },
        "columns": {"id": "Kundennummer", "label": "churned"},
    }
    assert "date: none, so parts are divided at random; 'Eröffnungsdatum' holds dates" in text
    assert "To be decided" not in text
    assert found.rows == N


def test_a_snapshot_of_enough_dates_divides_the_parts(write):
    months = np.repeat(["31.01.2026", "28.02.2026", "31.03.2026", "30.04.2026"], N // 4)
    text, _ = propose_config(write(export(Stichtag=months)), label="churned")
    assert yaml.safe_load(text)["columns"]["date"] == "Stichtag"
    text, _ = propose_config(write(export(Stichtag="31.01.2026")), label="churned")
    assert "date" not in yaml.safe_load(text)["columns"]
    assert "'Stichtag' has 1 dates, and 3 are needed" in text


def test_what_is_to_be_decided_stands_there_with_both_choices(write, tmp_path):
    frame = export(churned=np.where(np.arange(N) % 3, "A", "B"))
    frame["Umsatz"] = [f"1.{k:03d}" for k in range(N)]
    path = write(frame)
    said = write_proposal(path, tmp_path / "my.yaml", label="churned", key="Kundennummer")
    text = (tmp_path / "my.yaml").read_text()
    assert "Umsatz" not in yaml.safe_load(text)["source"]["formats"]
    for line in ("#   Umsatz: '1234.5'", "#   Umsatz: '1.234,5'", "#   positive: 'A'"):
        assert line in text.splitlines()
        assert line.removeprefix("# ") in said
    with pytest.raises(DataError, match="exists already"):
        write_proposal(path, tmp_path / "my.yaml", label="churned")


def test_what_cannot_be_proposed_is_refused(write):
    path = write(export(churned="yes"))
    with pytest.raises(DataError, match="holds 'yes' alone; both those who left"):
        propose_config(path, label="churned")
    with pytest.raises(DataError, match="no label column 'chruned': did you mean 'churned'"):
        propose_config(path, label="chruned")
    with pytest.raises(DataError, match="no date column 'day'"):
        propose_config(path, label="churned", date="day")


def test_a_contract_reads_text_as_the_reader_does(write):
    plan = infer_table("customers", path=write(export())).plan
    assert (plan.csv.delimiter, plan.csv.encoding, plan.csv.decimal) == (";", "cp1252", ",")
    assert (plan.key, plan.date, plan.rows, plan.missing) == (
        "Kundennummer", None, "customer", ("NA",),
    )  # fmt: skip
    rules = plan.columns
    assert (rules["Umsatz"].kind, rules["Umsatz"].format) == ("number", "1.234,5")
    assert (rules["Eröffnungsdatum"].kind, rules["Eröffnungsdatum"].format) == ("date", "%d.%m.%Y")
    assert (rules["Alter"].kind, rules["Alter"].low) == ("integer", 0.0)
    assert set(rules["Tarif"].levels) == {"basic", "Famülie"}


def test_a_contract_leaves_open_what_has_two_readings(write):
    frame = export().assign(Umsatz=[f"1.{k:03d}" for k in range(N)])
    inferred = infer_table("customers", path=write(frame))
    assert inferred.plan.columns["Umsatz"].format is None
    (question,) = inferred.questions
    assert question.formats == ("1234.5", "1.234,5")
    assert any("no date: 'Eröffnungsdatum' holds dates of each" in note for note in inferred.notes)


def test_a_label_with_several_classes_is_asked_with_the_rows_of_each(write):
    status = np.repeat(["active", "paused", "cancelled", "expired"], [200, 100, 60, 40])
    text, _ = propose_config(write(export(Status=status)), label="Status")
    assert "'active' (200 rows, 50.0 %)" in text
    assert "'expired' (40 rows, 10.0 %)" in text
    two = np.repeat(["A", "B"], [300, 100])
    text, _ = propose_config(write(export(Status=two)), label="Status")
    assert "'A' (300 rows, 75.0 %), 'B' (100 rows, 25.0 %)" in text


def test_a_total_among_the_ids_leaves_them_the_id(write):
    frame = export().assign(Kundennummer=[str(10_000 + k) for k in range(N)])
    frame["Telefon"] = [str(3_012_345_678 + 7 * k) for k in range(N)]
    frame.loc[[99, N - 1], "Kundennummer"] = ["Summe Nord", "Gesamt"]
    text, _ = propose_config(write(frame), label="churned")
    assert yaml.safe_load(text)["columns"]["id"] == "Kundennummer"


def test_words_that_training_refuses_are_to_be_decided(write):
    last = np.where(np.arange(N) % 10 == 0, "never", "2026-08-31")
    last[1::2] = [f"2026-{k % 12 + 1:02d}-{k % 28 + 1:02d}" for k in range(N // 2)]
    text, found = propose_config(write(export(last=last)), label="churned")
    rows = int((last == "never").sum())
    assert f"column 'last': {rows} rows are no date, such as 'never', which training" in text
    assert "say source.missing: ['never']" in text
    assert found["last"].unread == {"never": rows}
