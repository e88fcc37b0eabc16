"""The contact log: what it refuses, and that what is added to it is neither lost nor doubled."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign import ContactLog
from dbnchurn.campaign.log import COLUMNS, LogEntry
from dbnchurn.campaign.source import CampaignSource, as_numbers
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.locks import folder_lock


def make_log(n=6, **changes):
    frame = pd.DataFrame(
        {
            "customer": [f"{i:03d}" for i in range(n)],
            "campaign": "spring",
            "offer": "=discount",  # a text that a spreadsheet would compute
            "channel": "mail",
            "arm": (["contact", "control"] * n)[:n],
            "propensity": 0.5,
            "contact_date": "2026-03-01",
            "score": np.linspace(0, 1, n) / 3,
            "segment": (["town", None] * n)[:n],
        }
    )
    return frame.assign(**changes)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_log_is_read_as_it_was_written_and_grows_once(tmp_path, ending):
    path, log = tmp_path / f"log.{ending}", ContactLog.of(make_log())
    assert (log.append_to(path), log.append_to(path)) == (6, 0)
    pd.testing.assert_frame_equal(ContactLog.read(path).frame, log.frame)
    other = ContactLog.of(make_log(campaign="autumn").drop(columns="score").assign(value=2.5))
    assert other.append_to(path) == 6
    both = ContactLog.read(path)
    assert both.campaigns == ("autumn", "spring")
    assert list(both.frame) == [name for name in COLUMNS if name != "cost"]
    assert both.of_campaign("spring").frame["score"].tolist() == log.frame["score"].tolist()
    assert both.of_campaign("autumn").frame["value"].tolist() == [2.5] * 6
    assert both.of_campaign(None, every=True) is both
    with pytest.raises(ConfigError, match="2 campaigns, 'autumn', 'spring'; name one"):
        both.of_campaign(None)
    with pytest.raises(ConfigError, match="did you mean 'spring'"):
        both.of_campaign("sprnig")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_log_of_an_empty_list_is_read_and_grows(tmp_path, ending):
    path, log = tmp_path / f"log.{ending}", ContactLog.of(make_log())
    none = ContactLog.of(log.frame.head(0))
    assert (none.append_to(path), none.append_to(path)) == (0, 0)
    assert len(ContactLog.read(path).frame) == 0
    assert log.append_to(path) == 6
    pd.testing.assert_frame_equal(ContactLog.read(path).frame, log.frame)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_customer_with_other_values_is_refused_and_the_log_stays(tmp_path, ending):
    path = tmp_path / f"log.{ending}"
    ContactLog.of(make_log()).append_to(path)
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"6 customers .* already with other values, such as '000'"):
        ContactLog.of(make_log(propensity=0.25)).append_to(path)
    with pytest.raises(DataError, match="already with other values"):
        ContactLog.of(make_log(cost=1.0)).append_to(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_log_is_not_appended_to(tmp_path):
    path = tmp_path / "log.csv"
    make_log().assign(town="Lille").to_csv(path, index=False)
    before = path.read_bytes()
    with pytest.raises(DataError, match="no column 'town'"):
        ContactLog.of(make_log(campaign="b")).append_to(path)
    assert path.read_bytes() == before
    assert "no use for 'town'" in ContactLog.read(path).notes[0]
    with pytest.raises(ConfigError, match="folder"):
        ContactLog.of(make_log()).append_to(tmp_path / "none" / "log.csv")
    assert ContactLog.of(make_log()).append_to(tmp_path / "none" / "log.csv", mkdir=True) == 6


def test_the_log_of_an_empty_list_is_read_as_a_spreadsheet_stores_it(tmp_path):
    path = tmp_path / "log.csv"
    ContactLog.of(make_log()).append_to(path)
    header = path.read_text(encoding="utf-8").splitlines()[0]
    path.write_text(header + "\r\n", encoding="utf-8-sig", newline="")
    assert len(ContactLog.read(path).frame) == 0


def test_a_total_in_a_log_is_left_out_and_stops_what_would_write_it_again(tmp_path):
    path, log = tmp_path / "log.csv", ContactLog.of(make_log())
    make_log(7).replace({"customer": {"006": "Total"}}).to_csv(path, index=False)
    before = path.read_bytes()
    found = ContactLog.read(path)
    assert found.frame["customer"].tolist() == log.frame["customer"].tolist()
    assert any("a total, not a customer, in 1 row" in note for note in found.notes)
    with pytest.raises(DataError, match="holds customers alone, and this one has 1 total; take"):
        ContactLog.of(make_log(campaign="autumn")).append_to(path)
    assert path.read_bytes() == before


def test_who_appends_waits_for_others(tmp_path, monkeypatch):
    monkeypatch.setattr("dbnchurn.campaign.log.WAIT", 0.05)
    with folder_lock(tmp_path, 1.0), pytest.raises(ValueError, match="another process"):
        ContactLog.of(make_log()).append_to(tmp_path / "log.csv")
    assert not (tmp_path / "log.csv").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"customer": ["a", "a", "b", "c", "d", "e"]},
            r"1 customers are .* twice in 2 rows",
        ),
        (
            {"arm": ["contact", "kontrol"] * 3},
            "unknown arm .kontrol. in 3 rows",
        ),
        (
            {"propensity": [0.5, 0.0, 1.5, 0.5, 0.5, 0.5]},
            r"propensity 0 .* \(row 2, row 3",
        ),
        (
            {"propensity": [0.5, None] * 3},
            r"'propensity' is empty in 3 rows \(row 2, row 4",
        ),
        ({"propensity": ["x"] * 6}, "'propensity' holds no number in 6 rows"),
        ({"contact_date": ["2026-03-01", "soon"] * 3}, "'contact_date' holds no date .*'soon'"),
        ({"contact_date": 20260301}, "holds numbers where dates are wanted"),
        ({"offer": [None, "a"] * 3}, r"'offer' is empty in 3 rows"),
        ({"score": 7.0}, "score 7 is out of its range"),
        ({"customer": [1.5, 2, 3, 4, 5, 6]}, "ids with decimals, in 1 row"),
        ({"customer": ["4.917E+15"] * 6}, "written with an exponent"),
    ],
)
def test_a_wrong_log_is_refused_with_rows_and_remedy(changes, told):
    with pytest.raises(DataError, match=told):
        ContactLog.of(make_log(**changes), "log.csv")


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_changed():
    frame = make_log(arm="x", propensity=0.0)
    before = frame.copy()
    with pytest.raises(DataError, match=r"unknown arm.*propensity 0"):
        ContactLog.of(frame)
    pd.testing.assert_frame_equal(frame, before)
    with pytest.raises(DataError, match="needs the column 'arm', 'propensity'"):
        ContactLog.of(frame.drop(columns=["arm", "propensity"]))


def test_columns_of_other_names_and_date_formats_are_named(tmp_path):
    path = tmp_path / "log.csv"
    frame = make_log(contact_date="01.03.2026").rename(columns={"customer": "id"})
    frame.to_csv(path, index=False, sep=";")
    source = CampaignSource(
        path=str(path), columns={"customer": "id"}, formats={"contact_date": "%d.%m.%Y"}
    )
    log = ContactLog.read(source)
    assert log.frame["customer"].tolist() == [f"{i:03d}" for i in range(6)]
    assert set(log.frame["contact_date"]) == {pd.Timestamp("2026-03-01")}
    with pytest.raises(DataError, match="no column 'number'"):
        ContactLog.read(CampaignSource(path=str(path), columns={"customer": "number"}))


def test_ids_of_other_types_are_text():
    numbers = pd.Series([7.0, 8.0, 9.0, 10.0, 11.0, 12.0])
    assert ContactLog.of(make_log(customer=numbers)).frame["customer"].tolist()[0] == "7"
    with pytest.raises(DataError, match="no number in 1 row"):
        as_numbers(pd.Series([1.0, np.inf], name="cost"), "log")


def test_an_entry_names_everything():
    with pytest.raises(ConfigError, match="name of the offer is empty"):
        LogEntry("log.csv", "spring", " ", "mail", date(2026, 3, 1))


def test_a_table_with_other_names_is_told_with_its_columns(tmp_path):
    path = tmp_path / "hand.csv"
    path.write_text("Kunde;Gruppe\n1;a\n2;b\n")
    with pytest.raises(DataError, match=r"this has 'Kunde', 'Gruppe'; .* columns: \{customer"):
        ContactLog.read(path)
