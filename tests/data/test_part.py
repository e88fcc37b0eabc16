"""A table built in parts is the table that is built at once."""

import re
from copy import deepcopy
from datetime import date
from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.build import build
from dbnchurn.data.division import Division
from dbnchurn.data.open import raw_name
from dbnchurn.data.part import Task, build_part, conclude, with_sources, write_part
from dbnchurn.data.plan import DataPlan
from dbnchurn.tables.counts import Counts, NotCounted, folded
from dbnchurn.tables.duckdb import Session
from tests.data.small_crm import PLAN, crm, deep

MOST_ROUNDS = 12


def one_part(task, tables, number, known, folder):
    """The counts of one part, and its features if it came so far."""

    def opened(session, name, table):
        session.store(raw_name(name), tables[name].to_reader())
        return []

    counts = Counts(known, first=number == 0)
    with Session(n_threads=1, counts=counts) as session:
        try:
            part = build_part(session, task, None, opened)
        except DataError as error:
            return counts, error
        write_part(session, part.plan, folder / f"{number}.parquet")
    return counts, None


def in_parts(task, tables, parts, folder):
    """Build in parts until all were built as the counts of the whole say."""
    divided = [{} for _ in range(parts)]
    for name, rows in tables.items():
        table = task.plan.tables[name]
        for i in range(parts):
            divided[i][name] = rows if table.rows == "lookup" else rows.slice(0, 0)
        if table.rows != "lookup":
            for i, some in Division(table, parts).divide(rows):
                divided[i][name] = some
    with Session(n_threads=1) as session:
        kinds = {}
        for name, rows in tables.items():
            session.store(raw_name(name), rows.slice(0, 0).to_reader())
            kinds[name] = session.columns(raw_name(name))
    known = {}
    for rounds in range(1, MOST_ROUNDS):
        found = [one_part(task, divided[i], i, known, folder) for i in range(parts)]
        known = folded([counts.own for counts, _ in found])
        try:
            whole = conclude(task, kinds, known)
        except NotCounted:
            continue
        if all(error is None and counts.defined == whole.defined for counts, error in found):
            return whole.part, rounds
    raise AssertionError("the parts do not agree")


@pytest.fixture
def compare(tmp_path):
    """``compare(tables, changes, parts)``: build at once and in parts; both, and the rounds."""

    def run(tables, changes=None, parts=4, labelled=True, text=False):
        plan = deepcopy(deep(PLAN, changes or {}))
        plan["tables"] = {n: t for n, t in plan["tables"].items() if n in tables}
        arrow = {}
        for name, frame in tables.items():
            ending = "csv" if text else "parquet"
            path = tmp_path / f"{name}.{ending}"
            frame.to_csv(path, index=False) if text else frame.to_parquet(path, index=False)
            plan["tables"][name] = {**plan["tables"][name], "path": str(path)}
            arrow[name] = (
                pa.Table.from_pandas(pd.read_csv(path, dtype=str), preserve_index=False)
                if text
                else pq.read_table(path)
            )
        plan = DataPlan.model_validate(plan)
        cutoffs = tuple(plan.windows.cutoffs)
        task = Task(plan, cutoffs, labelled)
        whole, rounds = in_parts(task, arrow, parts, tmp_path)
        local = build(plan, tmp_path / f"local{parts}", labelled=labelled, n_threads=1)
        found = [pq.read_table(tmp_path / f"{i}.parquet") for i in range(parts)]
        rows = pa.concat_tables(found, promote_options="default")
        ordered = rows.sort_by([("cutoff", "ascending"), ("id", "ascending")])
        assert ordered.to_pydict() == pq.read_table(local.features).to_pydict()
        assert whole.plan == local.plan == with_sources(whole.plan, local.plan)
        assert whole.tables == local.tables
        assert whole.joins == local.joins
        assert whole.coverage == local.coverage
        assert whole.categories == local.categories
        return whole, rounds

    return run


def dirty(n=60, seed=0):
    """Tables with repeats, copies and rows without a key."""
    tables = crm(n, seed)
    basic = tables["basic"]
    tables["basic"] = pd.concat([basic, basic.head(7), basic.head(3).assign(gb=1.5)])
    calls = tables["calls"].astype({"id": "Int64"})
    calls.loc[calls.index[:20], "id"] = pd.NA
    tables["calls"] = calls
    return tables


LENIENT = {"tables": {name: {"max_quarantine": 0.2} for name in ("basic", "calls")}}
CONTRACTS = {
    "tables": {
        "basic": {
            "max_quarantine": 0.2,
            "columns": {
                "gb": {"kind": "number", "high": 80, "otherwise": "missing"},
                "plan": {"kind": "category"},
                "status": {"kind": "category"},
            },
        },
        "calls": {
            "max_quarantine": 0.2,
            "key_kind": "number",
            "columns": {
                "minutes": {"kind": "number"},
                "kind": {"kind": "category", "levels": ["in", "out"]},
            },
        },
    }
}


@pytest.mark.parametrize(
    "parts", [3, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 4, 7))]
)
def test_features_and_counts_are_those_of_one_part(compare, parts):
    whole, rounds = compare(dirty(), LENIENT, parts)
    assert whole.tables["basic"].copies == 7
    assert whole.tables["basic"].quarantined
    assert whole.tables["calls"].quarantined == {"no key id": 20}
    assert rounds <= 3


def test_one_round_is_enough_where_the_contract_says_how_columns_are_read(compare):
    whole, rounds = compare(dirty(n=200), CONTRACTS, parts=2)
    assert whole.tables["basic"].blanked["gb"] > 0
    assert rounds == 1


def test_texts_are_read_in_every_part_as_the_whole_is(compare):
    dated = {"tables": {"leavers": {"columns": {"on": {"kind": "date"}}}}}
    whole, rounds = compare(crm(), deep(CONTRACTS, dated), parts=3, text=True)
    assert whole.plan.tables["basic"].columns
    assert rounds <= 3


def test_two_cutoffs_a_lookup_and_more_parts_than_customers(compare):
    tables = crm(4)
    tables["tariffs"] = pd.DataFrame({"plan": ["A", "B", "C"], "price": [10.0, 20.5, 1.0]})
    changes = {
        "windows": {"cutoffs": ["2024-07-01", "2024-08-01"], "observation": "2 months"},
        "tables": {
            "tariffs": {
                "key": "plan",
                "grain": "lookup",
                "through": {"table": "plans", "column": "plan"},
            },
            "plans": {"key": "id", "columns": {"plan": {"kind": "category"}}},
        },
        "features": {"tariffs": {"values": "all"}},
    }
    tables["plans"] = pd.DataFrame({"id": range(1, 5), "plan": list("ABAB")})
    whole, rounds = compare(tables, changes, parts=5)
    assert rounds <= 4
    lookup = next(join for join in whole.joins if join.table == "tariffs")
    assert (lookup.keys, lookup.orphans, lookup.matched) == (3, 1, 2 / 3)


@pytest.mark.long
def test_a_level_of_one_part_alone_and_a_month_to_score(compare):
    tables = crm()
    tables["basic"].loc[tables["basic"]["id"] == 7, "plan"] = "only here"
    compare(tables, {"features": {"basic": {"window": {"levels": ["plan"]}}}}, parts=6)
    compare(tables, parts=3, labelled=False)


@pytest.mark.parametrize(
    ("spoil", "changes", "message"),
    [
        (
            lambda t: t["calls"].__setitem__(
                "id", [*["A1"] * 60, *t["calls"]["id"].astype(str)[60:]]
            ),
            {"tables": {"calls": {"key_kind": "number"}, "basic": {"key_kind": "number"}}},
            "60 of 480 rows break the contract",
        ),
        (
            lambda t: t["calls"].__setitem__(
                "id", t["calls"]["id"].astype(str).replace("7", "7.4")
            ),
            {},
            r"the key 'id' mixes types: 475 are numbers like '1', 5 are not, like '7\.4'",
        ),
        (
            lambda t: t["calls"].__setitem__("id", t["calls"]["id"].map("{:03d}".format)),
            {},
            "keys of mixed types: 'id' is a number in 'basic' and 'id' is text in 'calls'",
        ),
        (
            lambda t: t["basic"].__setitem__(
                "month",
                [
                    d.strftime("%Y-%m-%d" if i % 300 < 150 else "%d.%m.%Y")
                    for i, d in enumerate(t["basic"]["month"])
                ],
            ),
            {},
            "'month' has dates in two formats: 150 like '2024-04-01' and 150 like",
        ),
        (
            lambda t: t["calls"].__setitem__("id", None),
            {},
            "480 of 480 rows break the contract",
        ),
        (
            lambda t: t["leavers"].__setitem__("id", t["leavers"]["id"] + 1000),
            {"label": {"table": "leavers", "kind": "events", "column": None, "left": ()}},
            "has 15 customers that 'basic' does not know, the first is 1001",
        ),
        (
            lambda t: None,
            {"windows": {"cutoffs": ["2024-12-01"]}},
            "no customers|is empty|no rows",
        ),
    ],
)
def test_refusals_have_the_numbers_of_the_whole(tmp_path, spoil, changes, message):
    tables = crm()
    spoil(tables)
    plan = deepcopy(deep(PLAN, changes))
    arrow = {}
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        plan["tables"][name] = {**plan["tables"][name], "path": str(tmp_path / f"{name}.parquet")}
        arrow[name] = pq.read_table(tmp_path / f"{name}.parquet")
    plan = DataPlan.model_validate(plan)
    task = Task(plan, tuple(plan.windows.cutoffs), True)

    def error_of(run):
        try:
            run()
        except DataError as error:
            return str(error)
        return None

    local = error_of(partial(build, plan, tmp_path / "local", n_threads=1))
    divided = error_of(partial(in_parts, task, arrow, 4, tmp_path))
    assert divided == local
    assert local is not None
    assert re.search(message, local)


def test_a_cutoff_inside_a_month_is_refused_where_rows_are_months():
    tables = {name: {**table, "path": f"{name}.csv"} for name, table in PLAN["tables"].items()}
    plan = DataPlan.model_validate({**PLAN, "tables": tables})
    assert any(table.rows == "month" for table in plan.tables.values())
    with pytest.raises(ConfigError, match=r"2024-09-15 lies inside a month.*give 2024-09-01, or"):
        Task(plan, (date(2024, 9, 15),), labelled=False)
    own = plan.windows.model_copy(update={"cutoffs": (date(2024, 9, 15),)})
    Task(plan.model_copy(update={"windows": own}), (date(2024, 10, 15),), labelled=False)
