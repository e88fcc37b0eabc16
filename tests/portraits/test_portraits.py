"""Portraits: every figure has a date and a query, blank is not known, private stays inside."""

import json
import re
from html import unescape

import duckdb
import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.portraits import Portraits, read_portrait_config, write_portraits
from dbnchurn.portraits.columns import Column
from dbnchurn.portraits.customer_keys import key_expression, total_ids
from dbnchurn.portraits.customer_page import customer_page
from dbnchurn.portraits.figures import place_query
from dbnchurn.portraits.persona_pages import count_query, file_names, group_rows
from dbnchurn.portraits.place_picture import place_picture
from dbnchurn.portraits.private_names import PrivateNames
from dbnchurn.portraits.profiles import profile_lines
from dbnchurn.portraits.raw_tables import open_raw, original_text
from dbnchurn.portraits.remarks import remarks
from dbnchurn.portraits.typed_tables import contacts_query
from dbnchurn.portraits.words import figure_text, number_text, value_text
from dbnchurn.tables.duckdb import Session
from tests.portraits.conftest import DAYS, config_of, tables_of, write_tables

ENDINGS = pytest.mark.parametrize("ending", [".csv", ".parquet"])


@pytest.fixture(scope="module")
def portraits(telecom):
    with Portraits(config_of(telecom.folder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def written(telecom, tmp_path_factory):
    """Everything that a job writes, from CSV and from Parquet."""
    place = tmp_path_factory.mktemp("written")
    for ending in (".csv", ".parquet"):
        folder = place / ending[1:]
        write_portraits(
            config_of(telecom.folder, ending),
            customer="0007",
            page=folder / "page.html",
            personas=folder / "personas",
            profiles=folder / "profiles.jsonl",
            mkdir=True,
        )
    return place


def profiles_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def anew(folder):
    """A DuckDB of its own with the views that the pages show."""
    connection = duckdb.connect()
    connection.execute((folder / "personas" / "views.sql").read_text(encoding="utf-8"))
    return connection


@ENDINGS
def test_every_figure_is_the_result_of_its_query_over_the_files(written, ending):
    folder = written / ending[1:]
    connection = anew(folder)
    figures = pd.read_csv(folder / "personas" / "figures.csv", dtype=str, keep_default_na=False)
    assert len(figures) > 40
    assert (figures["as_of"] != "").all()
    for row in figures.itertuples():
        again = connection.execute(row.query).fetchone()[0]
        if row.value == "":
            assert int(row.known) < 10
        elif row.value.count("-") == 2:
            assert row.value == str(again)
        else:
            assert float(row.value) == pytest.approx(again, rel=1e-12)


@ENDINGS
def test_every_query_of_a_page_gives_what_the_page_shows(portraits, written, ending):
    folder = written / ending[1:]
    connection = anew(folder)
    found = portraits.customer("0007")
    for row in found.rows:
        assert connection.execute(row.query).fetchone()[0] == row.value, row.query
        for figure in (row.persona, row.everyone):
            if figure is not None and figure.value is not None:
                again = connection.execute(figure.query).fetchone()[0]
                assert again == pytest.approx(figure.value) if isinstance(again, float) else (
                    again == figure.value
                )  # fmt: skip
    place = place_query(Column("behaviour", "fee", "customers", "number"), 12.5)
    assert 0 < connection.execute(place).fetchone()[0] < 1
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert page.count("SELECT") >= 3 * len(found.rows)


@ENDINGS
def test_places_in_the_picture_of_a_persona_have_queries_on_its_page(portraits, written, ending):
    folder = written / ending[1:]
    shown = re.search(r"<pre>(.*?)</pre>", (folder / "personas" / "P1.html").read_text(), re.S)
    queries = dict(re.findall(r"^-- (\w+), place of P1\n(.*);$", unescape(shown.group(1)), re.M))
    assert list(queries) == ["age", "fee", "friends", "probability"]
    connection = anew(folder)
    for column in portraits.columns:
        if column.name in queries:
            median = portraits.figures.figure(column, "P1").value
            place = place_query(column, median)
            assert queries[column.name] == place
            again = connection.execute(place).fetchone()[0]
            assert again == pytest.approx(portraits.session.row(place)[0], rel=1e-12)


def test_figures_are_those_of_pandas(portraits, telecom):
    joined = telecom.customers.merge(telecom.personas, on="customer")
    fee = Column("behaviour", "fee", "customers", "number")
    plan = Column("behaviour", "plan", "customers", "level")
    for persona in ("P1", "P2"):
        rows = joined[joined["persona"] == persona]
        assert portraits.figures.figure(fee, persona).value == rows["fee"].median()
        share = (rows["plan"].dropna() == "S").mean()
        assert portraits.figures.figure(plan, persona, "S").value == pytest.approx(share)
    everyone = portraits.figures.figure(Column("basic", "age", "customers", "number"), None)
    assert everyone.value == telecom.customers["age"].median()
    assert everyone.known == telecom.customers["age"].notna().sum()
    counted = telecom.log[telecom.log["contact_date"] <= "2026-08-29"]
    assert portraits.customer(counted["customer"].iloc[1]).row("contacts", "contacts").value == 1


@ENDINGS
def test_a_profile_holds_what_the_tables_hold(telecom, written, ending):
    profiles = profiles_of(written / ending[1:] / "profiles.jsonl")
    assert [p["customer"] for p in profiles] == sorted(telecom.customers["customer"])
    customers = telecom.customers.set_index("customer")
    scores = telecom.scores.set_index("id")
    for profile in profiles:
        own = customers.loc[profile["customer"]]
        basic, behaviour = profile["basic"]["values"], profile["behaviour"]["values"]
        assert basic["age"] == (None if np.isnan(own["age"]) else own["age"])
        assert basic["joined"] == own["joined"].date().isoformat()
        assert behaviour["plan"] == (None if pd.isna(own["plan"]) else own["plan"])
        assert (behaviour["fee"], behaviour["roaming"]) == (own["fee"], own["roaming"])
        risk = profile["risk"]
        if profile["customer"] in scores.index:
            assert risk["probability"] == scores["probability"][profile["customer"]]
            assert risk["decision"] == (risk["probability"] > 0.5)
        else:
            assert (risk["probability"], risk["risk"], risk["reasons"]) == (None, None, None)
        assert profile["contacts"]["contacts"] <= len(profile["contacts"]["latest"])
    dated = ("persona", "basic", "behaviour", "social", "risk", "contacts", "next")
    assert all(
        re.fullmatch(r"2026-\d\d-\d\d", p[part]["as_of"]) for p in profiles for part in dated
    )
    planned = {p["customer"] for p in profiles if p["next"]["actions"]}
    assert planned == set(telecom.plan["customer"])


def test_csv_and_parquet_give_the_same(written):
    one, other = (profiles_of(written / kind / "profiles.jsonl") for kind in ("csv", "parquet"))
    assert one == other


def test_not_known_is_never_0(portraits, written):
    found = portraits.customer("0000")  # whose age is not known
    assert found.row("basic", "age").value is None
    page = customer_page(portraits, "0000")
    assert re.search(r"<th scope=\"row\">age</th><td[^>]*>not known</td>", page)
    last = portraits.customer("0119")  # without a score
    assert (last.reasons, last.row("risk", "probability").value) == (None, None)
    assert last.row("risk", "probability").as_of is None
    assert portraits.customer("0003").persona is None
    assert "persona P" not in customer_page(portraits, "0003").partition("<details>")[0]
    # A log that names no contact, in contrast, says that there was none.
    profile = profiles_of(written / "csv" / "profiles.jsonl")
    quiet = next(p for p in profile if not p["contacts"]["latest"])
    assert (quiet["contacts"]["contacts"], quiet["contacts"]["last_contact"]) == (0, None)


def test_without_a_table_its_section_is_null(telecom, tmp_path):
    alone = config_of(telecom.folder, scores=None, personas=None, log=None, plan=None, words=None)
    write_portraits(alone, profiles=tmp_path / "p.jsonl", customer="0001", page=tmp_path / "p.html")
    (profile, *_) = profiles_of(tmp_path / "p.jsonl")
    assert [profile[part] for part in ("persona", "risk", "contacts", "next")] == [None] * 4
    assert "persona P" not in (tmp_path / "p.html").read_text()
    scores_alone = config_of(
        telecom.folder, customers=None, personas=None, log=None, plan=None, words=None,
        basic=(), behaviour=(), social=(), private=(),
    )  # fmt: skip
    with Portraits(scores_alone) as portraits:
        assert portraits.figures.customers[None] == len(telecom.scores)


def test_private_columns_never_leave(telecom, written):
    numbers = set(telecom.customers["phone"])
    for path in written.rglob("*"):
        if path.is_file():
            content = path.read_text(encoding="utf-8")
            assert not any(number in content for number in numbers), path
            for text in ('"phone"', "Telephone: 0170", "phone 0170"):
                assert text not in content, path
    (profile, *_) = profiles_of(written / "csv" / "profiles.jsonl")
    assert profile["risk"]["reasons"][1].startswith("hidden")
    assert PrivateNames(["phone"]).are_in("last_phone")
    assert not PrivateNames([]).are_in("phone")


def test_private_columns_are_refused_where_they_would_leave(telecom):
    folder = telecom.folder
    with pytest.raises(ValueError, match="'age' is private and shown"):
        config_of(folder, private=["age"])
    with pytest.raises(ValueError, match="names the customers and cannot be private"):
        config_of(folder, private=["customer"])
    with pytest.raises(DataError, match="no table has the column 'phonee': did you mean 'phone'"):
        Portraits(config_of(folder, private=["phonee"])).__enter__()


def test_a_private_column_is_not_read_under_another_name(telecom):
    source = {"path": str(telecom.folder / "customers.csv"), "as_of": DAYS["customers"]}
    renamed = {**source, "columns": {"number": "phone"}}
    with pytest.raises(DataError, match="'phone' is private, and the config reads"):
        Portraits(config_of(telecom.folder, customers=renamed, basic=["number"])).__enter__()


@ENDINGS
def test_a_plan_without_contacts_plans_none(telecom, tmp_path, ending):
    path = tmp_path / f"plan{ending}"
    empty = telecom.plan[:0]
    empty.to_csv(path, index=False) if ending == ".csv" else empty.to_parquet(path)
    plan = {"path": str(path), "as_of": DAYS["plan"]}
    with Portraits(config_of(telecom.folder, plan=plan)) as portraits:
        assert portraits.customer("0007").actions == ()
        assert all(
            json.loads(line)["next"]["actions"] == []
            for some in profile_lines(portraits)
            for line in some.splitlines()
        )


def test_a_reason_without_its_column_is_refused_where_something_is_private(telecom, tmp_path):
    telecom.scores.drop(columns=["column_1", "column_2"]).to_csv(tmp_path / "s.csv", index=False)
    scores = {"path": str(tmp_path / "s.csv"), "as_of": DAYS["scores"]}
    with pytest.raises(DataError, match="do not say which column they are made of"):
        Portraits(config_of(telecom.folder, scores=scores)).__enter__()
    telecom.scores.drop(columns=["column_2"]).to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(DataError, match="do not say which column they are made of"):
        Portraits(config_of(telecom.folder, scores=scores)).__enter__()


def test_small_groups_have_no_figure(telecom):
    with Portraits(config_of(telecom.folder, fewest=100)) as portraits:
        fee = Column("behaviour", "fee", "customers", "number")
        assert portraits.figures.figure(fee, "P1").value is None
        assert figure_text(fee, portraits.figures.figure(fee, "P1")).startswith("too few")
        assert portraits.figures.figure(fee, None).value is not None


def test_a_persona_that_is_named_as_all_customers_are_is_refused(telecom, tmp_path):
    telecom.personas.assign(persona="everyone").to_parquet(tmp_path / "p.parquet")
    personas = {"path": str(tmp_path / "p.parquet"), "as_of": DAYS["personas"]}
    config = config_of(telecom.folder, ".parquet", personas=personas, words=None)
    with pytest.raises(DataError, match="a persona is named 'everyone', as all customers are"):
        write_portraits(config, personas=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_levels_of_small_groups_are_on_no_page(telecom, tmp_path):
    with Portraits(config_of(telecom.folder, fewest=100)) as portraits:
        rows = group_rows(portraits, "P1")
    plan = [row for row in rows if row.column.name == "plan"]
    assert [row.level for row in plan] == [None]
    assert 0 < plan[0].persona.known < 100
    write_portraits(config_of(telecom.folder, fewest=100), personas=tmp_path / "few")
    figures = pd.read_csv(tmp_path / "few" / "figures.csv")
    assert figures.loc[figures["column"] == "plan", "value"].isna().all()
    page = (tmp_path / "few" / "P1.html").read_text(encoding="utf-8")
    assert "plan: " not in page


def test_a_header_with_blanks_is_read_by_the_views_too(telecom, tmp_path):
    text = telecom.customers.to_csv(index=False).replace(",age,", ", age ,", 1)
    (tmp_path / "c.csv").write_text(f"\n\n{text}", encoding="utf-8")
    source = {"path": str(tmp_path / "c.csv"), "as_of": DAYS["customers"]}
    with Portraits(config_of(telecom.folder, customers=source)) as portraits:
        connection = duckdb.connect()
        connection.execute("\n".join(portraits.views()))
        fee = portraits.figures.figure(Column("behaviour", "fee", "customers", "number"), None)
        assert connection.execute(fee.query).fetchone()[0] == fee.value
        assert connection.execute("SELECT count(*) FROM population").fetchone() == (120,)


def test_a_contact_and_what_is_held_out_are_told_apart(telecom, tmp_path):
    planned = pd.DataFrame(
        {"customer": ["0001", "0001", "0002"], "offer": ["phone", "upgrade", "upgrade"],
         "channel": "call", "arm": ["control", "contact", "control"], "value": [9.0, 5.0, 5.0]}
    )  # fmt: skip
    planned.to_parquet(tmp_path / "plan.parquet")
    plan = {"path": str(tmp_path / "plan.parquet"), "as_of": DAYS["plan"]}
    with Portraits(config_of(telecom.folder, plan=plan)) as portraits:
        both, held_out = (customer_page(portraits, c) for c in ("0001", "0002"))
    assert "Next: upgrade by call; held out from phone by call: do not contact for it" in both
    assert "Held out from upgrade by call: do not contact" in held_out


def test_the_order_of_rows_does_not_matter(telecom, tmp_path, written):
    frames = {name: frame[::-1] for name, frame in tables_of().items()}
    write_tables(frames, tmp_path)
    with Portraits(config_of(tmp_path)) as portraits:
        lines = "".join(profile_lines(portraits))
    assert lines == (written / "csv" / "profiles.jsonl").read_text(encoding="utf-8")


def test_customers_are_joined_in_ranges_of_ids(portraits, written, monkeypatch):
    monkeypatch.setattr("dbnchurn.portraits.profiles.RANGE", 50)  # three ranges, the last smaller
    lines = "".join(profile_lines(portraits))
    assert lines == (written / "csv" / "profiles.jsonl").read_text(encoding="utf-8")


def test_rows_may_have_their_own_date(telecom, tmp_path):
    customers = telecom.customers.assign(told=pd.Timestamp("2026-07-31"))
    customers.loc[0, "told"] = pd.Timestamp("2026-06-30")
    customers.to_csv(tmp_path / "c.csv", index=False)
    source = {"path": str(tmp_path / "c.csv"), "date": "told"}
    with Portraits(config_of(telecom.folder, customers=source)) as portraits:
        assert str(portraits.customer("0000").row("behaviour", "fee").as_of) == "2026-06-30"
        first = json.loads("".join(profile_lines(portraits)).splitlines()[0])
    assert first["basic"]["as_of"] == "2026-06-30"
    customers.loc[0, "told"] = None
    customers.to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(DataError, match="column 'date' is empty in 1 rows"):
        Portraits(config_of(telecom.folder, customers=source)).__enter__()


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("customers", lambda f: pd.concat([f, f[:2]]), "2 rows repeat an id of column 'customer'"),
        ("customers", lambda f: f.drop(columns="fee"), "there is no column 'fee'"),
        ("customers", lambda f: f.assign(fee=np.inf), "'fee' is infinite in 120 rows"),
        ("scores", lambda f: f.assign(probability=1.5), "probability is not from 0 to 1"),
        ("scores", lambda f: f.assign(id="x" + f["id"]), "no customer of .* is in"),
        ("personas", lambda f: f.assign(customer="4.9E+15"), "written with an exponent"),
        ("log", lambda f: f.assign(arm="other"), "unknown arm 'other'"),
        ("log", lambda f: f.assign(customer=None), "is empty in 70 rows: name each customer"),
        ("plan", lambda f: f.rename(columns={"offer": "deal"}), "there is no column 'offer'"),
        ("plan", lambda f: f.assign(arm=f["arm"].replace("control", None)),
         "'arm' is empty in 3 rows"),
        ("log", lambda f: f.assign(contact_date=pd.Timestamp("2026-03-01 23:30", tz="UTC")),
         "'contact_date' holds times with a zone"),
        ("log", lambda f: f.assign(contact_date="2026-03-01T23:30:00-05:00"),
         "'contact_date' holds times with a zone"),
    ],
)  # fmt: skip
def test_tables_are_refused_with_reasons(telecom, tmp_path, table, change, message):
    change(getattr(telecom, table)).to_parquet(tmp_path / "t.parquet")
    source = {"path": str(tmp_path / "t.parquet"), "as_of": DAYS[table]}
    with pytest.raises(DataError, match=message):
        Portraits(config_of(telecom.folder, ".parquet", **{table: source})).__enter__()


def test_what_is_left_out_is_said(telecom, tmp_path, portraits):
    said = "\n".join(portraits.notes)
    assert "3 customers of" in said
    assert "(scores): not known" in said
    assert "1 columns of" in said
    assert "'street'" in said
    assert "tell of different days" in said
    assert "the words of 'P2' name a private column" in said
    strangers = pd.concat([telecom.scores, telecom.scores[:1].assign(id="stranger")])
    strangers.to_csv(tmp_path / "s.csv", index=False)
    scores = {"path": str(tmp_path / "s.csv"), "as_of": DAYS["scores"]}
    with Portraits(config_of(telecom.folder, scores=scores)) as opened:
        assert any("1 customers of" in n and "have no portrait" in n for n in opened.notes)
    totals = pd.concat([telecom.customers, telecom.customers[:1].assign(customer="Total")])
    totals.to_csv(tmp_path / "c.csv", index=False)
    customers = {"path": str(tmp_path / "c.csv"), "as_of": DAYS["customers"]}
    with Portraits(config_of(telecom.folder, customers=customers)) as opened:
        assert any("are totals and are set aside" in n for n in opened.notes)
        assert opened.figures.customers[None] == len(telecom.customers)


def test_numbers_in_other_formats_are_read_and_recomputed(telecom, tmp_path):
    shown = telecom.customers.assign(
        fee=telecom.customers["fee"].map(lambda fee: f"{fee:.2f}".replace(".", ",")),
        joined=telecom.customers["joined"].dt.strftime("%d.%m.%Y"),
    )
    shown.to_csv(tmp_path / "c.csv", index=False, sep=";")
    source = {"path": str(tmp_path / "c.csv"), "as_of": DAYS["customers"]}
    with Portraits(config_of(telecom.folder, customers=source)) as portraits:
        connection = duckdb.connect()
        connection.execute("\n".join(portraits.views()))
        fee = portraits.figures.figure(Column("behaviour", "fee", "customers", "number"), None)
        assert fee.value == telecom.customers["fee"].median()
        assert connection.execute(fee.query).fetchone()[0] == fee.value
        joined = portraits.figures.figure(Column("basic", "joined", "customers", "date"), None)
        assert connection.execute(joined.query).fetchone()[0] == joined.value


def test_hostile_values_are_text(telecom, tmp_path):
    evil = "<script>alert(1)</script>'; DROP TABLE log; --"
    frames = tables_of()
    frames["customers"].loc[0, "plan"] = evil
    frames["personas"]["persona"] = frames["personas"]["persona"].replace({"P1": "../" + evil})
    frames["customers"].loc[1, "customer"] = frames["personas"].loc[1, "customer"] = "=1+1"
    write_tables(frames, tmp_path)
    out = tmp_path / "out"
    write_portraits(config_of(tmp_path), customer="=1+1", page=tmp_path / "p.html",
                    personas=out, profiles=tmp_path / "p.jsonl")  # fmt: skip
    for path in (tmp_path / "p.html", *out.glob("*.html")):
        assert "<script" not in path.read_text(encoding="utf-8")
    assert sorted(p.name for p in out.glob("*.html")) == ["P2.html", "index.html", "persona_1.html"]
    assert {p["customer"] for p in profiles_of(tmp_path / "p.jsonl")} >= {"=1+1", "0000"}
    assert file_names(["index", "A", "a"])["index"] != "index.html"


def test_the_job_refuses_before_it_writes(telecom, tmp_path):
    config = config_of(telecom.folder)
    with pytest.raises(ConfigError, match="nothing is asked for"):
        write_portraits(config)
    with pytest.raises(ConfigError, match="give both --customer ID and --page FILE"):
        write_portraits(config, page=tmp_path / "p.html")
    with pytest.raises(DataError, match=r"there is no customer '7' in .* such as '0000'"):
        write_portraits(config, customer="7", page=tmp_path / "p.html",
                        profiles=tmp_path / "p.jsonl")  # fmt: skip
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(ConfigError, match="holds no portraits"):
        write_portraits(config, personas=tmp_path / "mine")
    with pytest.raises(ConfigError, match="does not exist"):
        write_portraits(config, profiles=tmp_path / "new" / "p.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    for _ in range(2):  # an earlier folder of portraits is replaced
        write_portraits(config, personas=tmp_path / "portraits")
    (tmp_path / "portraits" / "mine.txt").touch()
    with pytest.raises(ConfigError, match=r"'mine.txt' in it are no pages of personas"):
        write_portraits(config, personas=tmp_path / "portraits")
    assert (tmp_path / "portraits" / "mine.txt").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id: id\n", "give one of the tables"),
        ("id: id\nscores: {path: a.csv}\n", "no figure is shown without a date"),
        ("id: id\nbasic: [age]\nscores: {path: a, as_of: 2026-08-31}\n", "which is not given"),
        ("id: id\nwords: w.csv\nscores: {path: a, as_of: 2026-08-31}\n", "'personas' is not given"),
        ("id: id\ncustomers: {path: a, as_of: 2026-08-31, date: d}\n", "not both"),
        ("id: id\nbasic: [a]\nsocial: [a]\ncustomers: {path: a, date: d}\n", "named twice"),
    ],
)
def test_configs_are_refused_with_reasons(tmp_path, text, message):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_portrait_config(tmp_path / "p.yaml")


def test_ids_are_compared_as_text():
    with Session(n_threads=1) as session:
        session.run("CREATE TABLE a AS SELECT unnest(['7.0', '8.0', '10']) AS id")
        key = key_expression(session, "a", "id", "a.csv")
        assert session.rows(f"SELECT {key} FROM a ORDER BY 1") == [("10",), ("7",), ("8",)]
        session.run("CREATE TABLE b AS SELECT 7.5::DOUBLE AS id")
        with pytest.raises(DataError, match="decimals"):
            key_expression(session, "b", "id", "b.csv")
        session.run("CREATE TABLE c AS SELECT DATE '2026-01-01' AS id")
        with pytest.raises(DataError, match="whole numbers or text"):
            key_expression(session, "c", "id", "c.csv")
        session.run("CREATE TABLE d AS SELECT unnest(['ann', 'total']) AS customer")
        assert total_ids(session, "d") == []  # names, of which one is such a word
        text = original_text("'''=1'")
        assert session.row(f"SELECT {text}") == ("=1",)


def test_remarks_are_of_the_tables_that_are_there(portraits):
    assert remarks(portraits.config, {}, []) == ["private, and in no output: 'phone'"]


def test_a_table_without_rows_is_refused_where_customers_are_named(telecom, tmp_path):
    telecom.customers[:0].to_csv(tmp_path / "c.csv", index=False)
    source = {"path": str(tmp_path / "c.csv"), "as_of": DAYS["customers"]}
    config = config_of(telecom.folder, customers=source)
    with pytest.raises(DataError, match="no rows"):
        Portraits(config).__enter__()
    with Session(n_threads=1) as session:
        raw = open_raw(
            session, "plan", config.customers, {"customer"}, "customer", (), (), may_be_empty=True
        )
        assert session.row(f"SELECT count(*) FROM {raw.relation}") == (0,)


def test_words_and_pictures():
    fee = Column("behaviour", "fee", "customers", "number")
    assert (value_text(fee, True), number_text(0.5), figure_text(fee, None)) == ("yes", "0.5", "–")
    assert place_picture(["fee"], [None], [None], "customer 7") is None
    shown = place_picture(["fee"], [0.25], [0.5], "customer 7", "persona P1")
    assert shown.alt == "fee: above 25 % of all"
    assert "P''1" in count_query("P'1")
    assert "LEFT JOIN log" in contacts_query(DAYS["log"])
