"""The ids of a suppression list are those of the customers, or the job stops."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign.suppression import MATCHES, check_suppression
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.scoring import Campaign, score_file, write_campaign
from dbnchurn.tables.dialect import CsvSettings


@pytest.fixture
def choose(tmp_path, write):
    """``choose(ids of the scores, list, ...)`` → how the campaign came out, and who is on it."""

    def run(ids, listed, name="no.csv", header="id", column="id", **how):
        scores = pd.DataFrame({"id": ids, "probability": np.linspace(0.9, 0.1, len(ids))})
        path = tmp_path / name
        if isinstance(listed, pd.DataFrame):
            write(listed, name)
        else:
            path.write_text("\n".join([header, *listed] if header else listed), encoding="utf-8")
        campaign = Campaign(tmp_path / "c.csv", len(ids), suppress=path, **how)
        made = write_campaign(write(scores, "scores.parquet"), campaign, id=column)
        return made, pd.read_csv(tmp_path / "c.csv", dtype={"id": str})["id"].tolist()

    return run


TEXTS = [f"{i:03d}" for i in range(1, 41)]
SPELLINGS = {
    "leading zeros": (range(1, 41), TEXTS, "digits"),
    "no leading zeros": (TEXTS, map(str, range(1, 41)), "digits"),
    "a .0": (range(1, 41), [f"{i}.0" for i in range(1, 41)], "digits"),
    "blanks": ([f"12{t}" for t in TEXTS], [f"12 {t}" for t in TEXTS], "digits"),
    "case": ([f"C{t}" for t in TEXTS], [f"c{t}" for t in TEXTS], "loose"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_ids_that_are_written_otherwise_stop_and_the_way_out_is_told(choose, tmp_path, spelling):
    ids, listed, match = SPELLINGS[spelling]
    ids, listed = list(ids), list(listed)
    with pytest.raises(DataError) as told:
        choose(ids, listed[:10])
    assert "none of its 10 ids is the id of a scored customer" in str(told.value)
    assert "10 more would be" in str(told.value)
    assert f"{listed[0]!r} in the list for {str(ids[0])!r} in the scores" in str(told.value)
    assert f"--suppress-match {match}" in str(told.value)
    assert not (tmp_path / "c.csv").exists()
    made, chosen = choose(ids, listed[:10], suppress_match=match)
    assert (made.suppressed, made.matched, made.listed, made.match) == (10, 10, 10, match)
    assert chosen == [str(name) for name in ids[10:]]


def test_spreadsheets_packed_files_and_other_encodings_are_lists(choose, tmp_path):
    ids = [f"K{i:03d}" for i in range(1, 41)]
    listed = pd.DataFrame({"name": "Zoë", "id": ids[:3]})
    listed.to_excel(tmp_path / "a.xlsx", index=False)
    listed.to_csv(tmp_path / "b.csv", sep=";", index=False, encoding="utf-16")
    listed.to_csv(tmp_path / "c.csv", index=False, encoding="cp1252")
    listed.to_csv(tmp_path / "d.csv.gz", index=False)
    listed.to_csv(tmp_path / "e.tsv", index=False, sep="\t")
    listed.to_parquet(tmp_path / "f.pq", index=False)
    scores = pd.DataFrame({"id": ids, "probability": np.linspace(0.9, 0.1, 40)})
    scores.to_parquet(tmp_path / "s.parquet")
    for name in ("a.xlsx", "b.csv", "c.csv", "d.csv.gz", "e.tsv", "f.pq"):
        check_suppression(tmp_path / name, "id")
        campaign = Campaign(tmp_path / "list.csv", 40, suppress=tmp_path / name)
        made = write_campaign(tmp_path / "s.parquet", campaign, id="id")
        assert (made.suppressed, made.matched) == (3, 3), name
        assert pd.read_csv(tmp_path / "list.csv")["id"].tolist() == ids[3:]


@pytest.mark.parametrize("ending", ["csv", "txt", "csv.gz", "parquet", "xlsx"])
def test_lists_that_are_not_there_and_folders_are_named(tmp_path, ending):
    with pytest.raises(ConfigError, match=rf"gone\.{ending}: there is no such suppression list"):
        check_suppression(tmp_path / f"gone.{ending}", "id")
    (tmp_path / f"folder.{ending}").mkdir()
    with pytest.raises(ConfigError, match=rf"folder\.{ending}.* folder"):
        check_suppression(tmp_path / f"folder.{ending}", "id")


def test_a_list_whose_first_line_is_an_id_is_no_table(tmp_path):
    pd.DataFrame({"only": [4917, 4918]}).to_excel(tmp_path / "a.xlsx", index=False, header=False)
    with pytest.raises(DataError, match=r"the first line '4917.*' is an id"):
        check_suppression(tmp_path / "a.xlsx", None)
    (tmp_path / "b.txt").write_bytes("7\n8\n".encode("utf-16"))
    with pytest.raises(DataError, match=r"b\.txt: the list is not UTF-8 text; save it"):
        check_suppression(tmp_path / "b.txt", None)
    pd.Series(["K1", "K2"]).to_csv(tmp_path / "c.txt.gz", index=False, header=False)
    with pytest.raises(ConfigError, match=r"unpack it, or begin it with the line id and call it"):
        check_suppression(tmp_path / "c.txt.gz", None)


def test_none_that_match_stop_even_where_unmatched_ids_are_allowed(choose):
    with pytest.raises(DataError, match="none of its 2 ids"):
        choose(range(1, 41), ["001", "002"], allow_unmatched=True)


def test_a_part_that_is_written_otherwise_stops_unless_it_is_allowed(choose):
    ids, listed = list(range(1, 41)), ["1", "2", "3", "004", "005", "006", "007"]
    with pytest.raises(DataError, match="3 of its 7 ids are ids of scored customers; compared wi"):
        choose(ids, listed)
    made, chosen = choose(ids, listed, allow_unmatched=True)
    assert made.matched == 3
    assert chosen[0] == "4"


def test_people_who_are_no_customers_are_counted_and_do_not_stop(choose, caplog):
    made, chosen = choose([f"C{t}" for t in TEXTS], ["C001", *(f"X{i}" for i in range(500))])
    assert (made.suppressed, made.matched, made.listed) == (1, 1, 501)
    assert "C001" not in chosen
    with pytest.raises(DataError, match=r"it has ids such as 'X0', 'X1', the scores such as 'C001"):
        choose([f"C{t}" for t in TEXTS], ["X0", "X1"])
    made, _ = choose([f"C{t}" for t in TEXTS], ["X0"], allow_unmatched=True)
    assert (made.suppressed, made.matched) == (0, 0)


def test_one_id_that_is_written_otherwise_is_told(choose, caplog):
    made, _ = choose(range(1, 41), [*map(str, range(1, 31)), "031"])
    assert made.matched == 30
    assert "1 more would be: '031' in the list for '31' in the scores" in caplog.text


def test_blanks_around_an_id_never_count_and_repetitions_are_told(choose):
    made, _ = choose(range(1, 41), [" 1", "2\u00a0", "2", "2"])
    assert (made.matched, made.listed, made.repeated) == (2, 2, 2)
    floats = pd.DataFrame({"id": [1.0, 2.0, None, 123.0]})
    made, _ = choose(range(1, 200), floats, name="no.parquet")
    assert (made.matched, made.listed) == (3, 3)


def test_an_empty_list_is_told(choose, caplog):
    choose(range(1, 41), pd.DataFrame({"id": []}), name="no.csv.gz")
    assert "the suppression list is empty, so nobody is kept off" in caplog.text
    caplog.clear()
    made, chosen = choose(range(1, 41), ["", " "])
    assert (made.listed, made.given, len(chosen)) == (0, True, 40)
    assert "the suppression list is empty, so nobody is kept off" in caplog.text


def test_the_column_is_id_or_that_of_the_model_or_the_only_one(choose):
    ids = list(range(1, 41))
    for frame in (
        pd.DataFrame({"since": 1, "id": [3]}),
        pd.DataFrame({"since": 1, "customer": [3]}),
        pd.DataFrame({"do not call": [3]}),
    ):
        for name in ("no.csv", "no.parquet"):
            made, _ = choose(ids, frame, name=name, column="customer")
            assert made.matched == 1
    with pytest.raises(DataError, match=r"a column 'id' or 'customer' or .* has 'since', 'cust'"):
        choose(ids, pd.DataFrame({"since": 1, "cust": [3]}), column="customer")
    with pytest.raises(DataError, match="may be in 'id' or in 'customer'; leave one"):
        choose(ids, pd.DataFrame({"id": [0], "customer": [3]}), column="customer")
    with pytest.raises(DataError, match="columns need different names"):
        choose(ids, ["1,2"], header="id,id")


def test_a_first_line_that_is_an_id_is_no_header(choose):
    with pytest.raises(DataError, match="the first line '1' is an id, not the name of a column"):
        choose(range(1, 41), ["1", "2", "3"], header=None)
    with pytest.raises(DataError, match="the first line 'C001' is an id"):
        choose([f"C{t}" for t in TEXTS], ["C001", "C002"], header=None)
    made, _ = choose(range(1, 41), ["1", "2"], name="no.txt", header=None)
    assert made.matched == 2


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_ids_are_read_as_text_exactly_as_written(choose, mark):
    listed = [f'"007"{mark}x', f"1e5{mark}y", f"2024-01-02{mark}z", f"true{mark}z"]
    ids = ["007", "1e5", "2024-01-02", "true", "7", "100000"]
    made, chosen = choose(ids, listed, header=f"id{mark}why")
    assert made.matched == 4
    assert chosen == ["7", "100000"]
    made, _ = choose(["A|1", "A;2"], ["A|1", "A;2"])  # the header says that there is one column
    assert made.matched == 2


def test_floats_that_lost_their_last_digits_are_refused(choose):
    ids = pd.DataFrame({"id": [2.0**53, 2.0**53 + 2]})
    with pytest.raises(DataError, match=r"floats beyond 2\^53, whose last digits are lost"):
        choose([2**53], ids, name="no.parquet")


def test_a_list_that_cannot_be_read_stops_a_job_before_the_first_row(model, named, write, tmp_path):
    table, output = write(named.assign(debt="much"), "t.csv"), tmp_path / "s.csv"
    two = write(pd.DataFrame({"a": [1], "b": [2]}), "two.csv")
    campaign = Campaign(tmp_path / "c.csv", 10, suppress=two)
    with pytest.raises(DataError, match=r"two.csv: a suppression list has a column"):
        score_file(model, table, output, campaign=campaign, id="customer")
    with pytest.raises(ConfigError, match="the rows are only numbered; name their column"):
        score_file(model, table, output, campaign=campaign)
    with pytest.raises(ConfigError, match="suppress_match 'digit': did you mean 'digits'"):
        Campaign(tmp_path / "c.csv", 10, suppress=two, suppress_match="digit")
    check_suppression(write(named[["customer"]], "right.csv"), None)
    assert set(MATCHES) == {"exact", "digits", "loose"}


def test_a_job_whose_list_matches_nobody_leaves_nothing(model, named, write, spoiled, tmp_path):
    table = write(spoiled.astype({"age": float, "debt": str}), "t.csv")
    lower = write(named[["customer"]].map(str.lower).head(20), "no.csv")
    campaign = Campaign(tmp_path / "c.csv", 10, suppress=lower)
    with pytest.raises(DataError, match="--suppress-match loose"):
        score_file(model, table, tmp_path / "s.csv", campaign=campaign, id="customer")
    assert {path.name for path in tmp_path.iterdir()} == {"model", "t.csv", "no.csv"}
    loose = Campaign(tmp_path / "c.csv", 10, suppress=lower, suppress_match="loose")
    job = score_file(model, table, tmp_path / "s.csv", campaign=loose, id="customer")
    assert job.campaign.matched == job.as_dict()["campaign"]["matched"] == 19


def test_a_list_is_read_as_told(choose, tmp_path, caplog):
    ids = [f"K{i:03d}" for i in range(1, 41)]
    told = {"suppress_csv": CsvSettings("^", "cp1251")}
    path = tmp_path / "no.csv"
    scores = pd.DataFrame({"id": ids, "probability": np.linspace(0.9, 0.1, 40)})
    scores.to_parquet(tmp_path / "s.parquet")
    path.write_text("имя^id\n" + "".join(f"Зоя^{id}\n" for id in ids[:3]), encoding="cp1251")
    with pytest.raises(DataError):
        check_suppression(path, "id")
    with pd.ExcelWriter(tmp_path / "no.xlsx") as book:
        pd.DataFrame({"id": ids[:3]}).to_excel(book, sheet_name="stop", index=False)
        pd.DataFrame({"id": ids[3:9]}).to_excel(book, sheet_name="old", index=False)
    book = tmp_path / "no.xlsx"
    for file, how in ((path, told), (book, {"suppress_sheet": "stop"})):
        check_suppression(file, "id", how.get("suppress_csv"), how.get("suppress_sheet"))
        campaign = Campaign(tmp_path / "list.csv", 40, suppress=file, **how)
        assert write_campaign(tmp_path / "s.parquet", campaign, id="id").suppressed == 3
    for how in ({"suppress_sheet": "a"}, told):
        with pytest.raises(ConfigError, match="are about a suppression list"):
            Campaign(tmp_path / "list.csv", 40, **how)
    with pytest.raises(ConfigError, match="this is no spreadsheet but CSV"):
        check_suppression(path, "id", sheet="stop")
    with pytest.raises(ConfigError, match="this is no CSV file but Excel"):
        check_suppression(tmp_path / "no.xlsx", "id", CsvSettings("^"))
    pd.DataFrame({"id": ids[:3], "name": "Zoë"}).to_csv(path, index=False, encoding="cp1252")
    caplog.clear()
    campaign = Campaign(tmp_path / "list.csv", 40, suppress=path)
    write_campaign(tmp_path / "s.parquet", campaign, id="id")
    assert caplog.text.count("cp1252") == 1  # what was assumed is said, once
