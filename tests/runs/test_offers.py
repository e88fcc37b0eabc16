"""One search: tables and config in; lists, rules, page and figures out, and refusals."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.runs.offers import run
from dbnchurn.runs.offers_config import OffersConfig, read_offers_config
from dbnchurn.runs.offers_input import read_offers_input
from tests.offers.conftest import WEEKS, make_purchases


def sales_table():
    bought = make_purchases(900)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * bought.week + 6, "D")
    return pd.DataFrame(
        {
            "customer": np.array(bought.customers)[bought.customer],
            "item": np.array(bought.items)[bought.item],
            "day": day.strftime("%Y-%m-%d"),
            "kind": np.array(bought.groups)[bought.item],
        }
    )


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sales")
    sales_table().to_csv(folder / "sales.csv", index=False)
    ids = [f"c{k:05d}" for k in range(901)]
    age = np.where(np.arange(901) % 2 == 0, 30, 60)
    about = pd.DataFrame({"customer": ids, "age": age, "consent": "yes"})
    about.to_csv(folder / "about.csv", index=False)
    pd.DataFrame({"customer": [*ids[:3], "stranger"], "item": ["item 00"] * 4}).to_csv(
        folder / "exclude.csv", index=False
    )
    return folder


def config_of(tables, output, **changes):
    plain = {
        "purchases": {"source": {"path": str(tables / "sales.csv")}, "customer": "customer",
                      "item": "item", "date": "day", "group": "kind"},
        "customers": {"source": {"path": str(tables / "about.csv")}, "customer": "customer"},
        "eligible": {"item 05": {"age": {"at_least": 40}}, "fresh": {"age": {"at_most": 40}}},
        "never": ["item 09"],
        "exclude": {"path": str(tables / "exclude.csv")},
        "new_items": {"fresh": "kind 1"},
        "acceptance_of": ["item 05", "item 06"],
        "output": str(output),
        "offers": {"window": 4, "n_offers": 5},
    }  # fmt: skip
    return OffersConfig.model_validate({**plain, **changes})


@pytest.fixture(scope="module")
def found(tables, tmp_path_factory):
    return run(config_of(tables, tmp_path_factory.mktemp("runs")))


def test_lists_keep_all_rules(found, tables):
    lists = pd.read_csv(found.folder / "offers.csv")
    held = sales_table()[["customer", "item"]].rename(columns={"item": "offer"})
    assert lists.merge(held, on=["customer", "offer"]).empty
    assert "item 09" not in set(lists["offer"])
    about = pd.read_csv(tables / "about.csv").set_index("customer")["age"]
    assert (about[lists.loc[lists["offer"] == "item 05", "customer"]] >= 40).all()
    closed = pd.read_csv(tables / "exclude.csv").rename(columns={"item": "offer"})
    assert lists.merge(closed, on=["customer", "offer"]).empty
    new = pd.read_csv(found.folder / "new_items.csv")
    assert (about[new["customer"]] <= 40).all()
    assert len(new) > 100


def test_files_say_what_the_summary_says(found):
    facts = json.loads((found.folder / "offers.json").read_text())
    assert facts["quality"]["recall"]["value"] == found.summary.quality.recall.value
    rules = pd.read_csv(found.folder / "rules.csv")
    assert len(rules) == len(found.summary.rules)
    wide = pd.read_csv(found.folder / "acceptance.csv")
    assert list(wide) == [
        "customer", "acceptance item 05", "open item 05", "acceptance item 06", "open item 06",
    ]  # fmt: skip
    assert len(wide) == 901
    assert read_offers_config(found.folder / "config.yaml").never == ("item 09",)
    assert found.summary.verdict() in (found.folder / "offers.html").read_text().replace(
        "&#x27;", "'"
    )


def test_what_was_assumed_is_said(found):
    notes = " ".join(found.summary.notes)
    for part in (
        "1 customers of", "bought nothing", "'item 05' ('eligible')",
        "4 pairs must not be offered", "1 of them are of customers who are not",
    ):  # fmt: skip
        assert part in notes
    assert "new item fresh" in found.summary.text()


def test_parquet_and_csv_make_the_same_input(tables, tmp_path):
    frame = sales_table().assign(day=lambda f: pd.to_datetime(f["day"]).dt.date)
    frame.to_parquet(tmp_path / "sales.parquet")
    one = read_offers_input(config_of(tables, tmp_path)).history
    section = {**config_of(tables, tmp_path).model_dump()["purchases"]}
    section["source"] = {"path": str(tmp_path / "sales.parquet")}
    other = read_offers_input(config_of(tables, tmp_path, purchases=section)).history
    assert (one.customers, one.items, one.until) == (other.customers, other.items, other.until)
    assert one.n_weeks == other.n_weeks == WEEKS - 1  # each week has its last day alone
    assert (one.held(WEEKS) != other.held(WEEKS)).nnz == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"only": ["itm 1"]}, "only: there is no item 'itm 1'"),
        ({"eligible": {"item 01": {"agee": {"at_least": 3}}}}, r"no column 'agee'.*age"),
        ({"new_items": {"item 01": "kind 1"}}, "'item 01' is held or bought already"),
        ({"portrait": ["shoe"]}, "portrait: there is no column 'shoe'"),
    ],
)
def test_names_that_no_table_has_are_refused(tables, tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        read_offers_input(config_of(tables, tmp_path, **{"eligible": {}, **changes}))


def test_customers_of_another_table_are_refused(tables, tmp_path):
    other = tmp_path / "about.csv"
    pd.DataFrame({"customer": ["x", "y"], "age": [50, 60]}).to_csv(other, index=False)
    with pytest.raises(DataError, match="none of its 2 customers"):
        read_offers_input(
            config_of(
                tables, tmp_path, customers={"source": {"path": str(other)}, "customer": "customer"}
            )
        )


HOLDINGS = {"source": {"path": "t.csv"}, "customer": "id", "items": ["a", "b"]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "exactly one of 'purchases'"),
        ({"holdings": {**HOLDINGS, "items": ["a", "a"]}}, "names a column twice"),
        ({"holdings": {**HOLDINGS, "items": ["a", "id"]}}, "names the customer and is no item"),
        ({"holdings": {**HOLDINGS, "groups": {"c": "x"}}}, "'groups' has 'c'"),
        ({"holdings": HOLDINGS, "acceptance_of": ["a"]}, "nobody is seen to accept"),
        ({"holdings": HOLDINGS, "portrait": ["a"]}, "'a' is an item"),
        ({"holdings": HOLDINGS, "only": ["a"], "never": ["a"]}, "in 'only' and in 'never'"),
        ({"holdings": HOLDINGS, "offers": {"random_state": 3}}, "renamed to"),
        ({"holdings": HOLDINGS, "memory": "much"}, "memory"),
        (
            {"purchases": {"source": {"sample": "tv_subscriptions"}, "customer": "c", "item": "i",
                           "date": "d"}},
            "no sample has dates",
        ),
        (
            {"purchases": {"source": {"path": "t.csv"}, "customer": "c", "item": "i", "date": "d"},
             "portrait": ["age"]},
            "'portrait' names columns of 'customers'",
        ),
    ],
)  # fmt: skip
def test_configs_that_contradict_themselves_are_refused(tmp_path, given, message):
    file = tmp_path / "offers.yaml"
    file.write_text(json.dumps(given))
    with pytest.raises(ConfigError, match=message):
        read_offers_config(file)


def test_holdings_of_a_table_have_their_conditions_beside_them(tmp_path):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame((generator.random((300, 8)) < 0.4).astype(int), columns=list("abcdefgh"))
    frame.insert(0, "id", range(300))
    frame["age"] = generator.integers(18, 80, 300)
    frame.to_csv(tmp_path / "t.csv", index=False)
    config = OffersConfig.model_validate(
        {
            "holdings": {"source": {"path": str(tmp_path / "t.csv")}, "customer": "id",
                         "items": list("abcdefgh")},
            "eligible": {"a": {"age": {"at_least": 50}}},
            "table": "parquet",
            "output": str(tmp_path / "runs"),
        }
    )  # fmt: skip
    made = run(config)
    lists = pd.read_parquet(made.folder / "offers.parquet")
    about = frame.set_index(frame["id"].astype(str))
    assert (about.loc[lists.loc[lists["offer"] == "a", "customer"], "age"] >= 50).all()
    assert "no acceptance" in made.summary.text()
    assert not (made.folder / "acceptance.parquet").exists()


def test_lists_of_a_later_day_need_no_learning(found, tables, tmp_path):
    """The same tables give the same lists; another item takes no part, and it is said."""
    again = run(config_of(tables, tmp_path / "same", offers={}), model=found.folder, mkdir=True)
    names = ("offers.csv", "rules.csv", "acceptance.csv", "new_items.csv")
    for name in names:
        assert (again.folder / name).read_bytes() == (found.folder / name).read_bytes(), name
    assert any("measured then, not on these customers" in note for note in again.summary.notes)
    later = sales_table()
    later.loc[later["item"] == "item 07", "item"] = "item 99"
    later.to_csv(tmp_path / "sales.csv", index=False)
    purchases = {"source": {"path": str(tmp_path / "sales.csv")}, "customer": "customer",
                 "item": "item", "date": "day", "group": "kind"}  # fmt: skip
    changes = config_of(tables, tmp_path / "later", purchases=purchases)
    made = run(changes, model=found.folder / "model", mkdir=True)
    assert "item 99" not in set(pd.read_csv(made.folder / "offers.csv")["offer"])
    told = " ".join(made.summary.notes)
    assert "of 1 items that were not learned from, such as 'item 99'" in told
    assert "the keys 'n_offers', 'window' of 'offers' take no part" in told
