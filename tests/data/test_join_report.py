"""Tables whose keys are written otherwise than those of the customers are refused."""

import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from tests.data.small_crm import crm

TEXT = {"tables": {name: {"key_kind": "text"} for name in ("basic", "calls", "leavers")}}


def padded(ids):
    return [f"{i:08d}" for i in ids]


def test_keys_with_leading_zeros_match_as_numbers_and_are_refused_as_text(make):
    tables = crm()
    plain = pd.read_parquet(make(tables).features)
    tables["calls"] = tables["calls"].assign(id=padded(tables["calls"]["id"]))
    numbers = {"tables": {"calls": {"key_kind": "number"}}}
    pd.testing.assert_frame_equal(pd.read_parquet(make(tables, numbers).features), plain)
    message = r"'calls': 60 of 60 keys 'id' \(such as '0000.*key_kind: number in both"
    with pytest.raises(DataError, match=message):
        make(tables, TEXT)


def test_a_part_of_the_keys_that_lost_their_zeros_is_refused(make):
    tables = crm()
    for name in tables:
        tables[name] = tables[name].assign(id=padded(tables[name]["id"]))
    calls = tables["calls"]
    lost = calls["id"].isin(padded(range(1, 7)))
    tables["calls"] = calls.assign(id=calls["id"].where(~lost, calls["id"].str.lstrip("0")))
    with pytest.raises(DataError, match=r"6 of 60 keys .*; 6 are, but for leading zeros"):
        make(tables, TEXT)


def test_a_table_of_other_customers_is_refused(make):
    tables = crm()
    tables["calls"] = tables["calls"].assign(id=tables["calls"]["id"] + 1000)
    with pytest.raises(DataError, match=r"60 of 60 keys 'id' \(such as '1001'\) are no 'id' of"):
        make(tables)


def test_a_lookup_that_matches_nothing_is_refused(make):
    tables = crm()
    tables["tariffs"] = pd.DataFrame({"plan": ["a", "b"], "fee": [1.0, 2.0]})
    way = {"table": "basic", "column": "plan"}
    changes = {
        "tables": {"tariffs": {"key": "plan", "grain": "lookup", "through": way}},
        "features": {"tariffs": {"values": ["fee"]}},
    }
    with pytest.raises(DataError, match=r"2 of 2 keys 'plan' \(such as 'a'\) .* 'A'\); 2 are"):
        make(tables, changes)
