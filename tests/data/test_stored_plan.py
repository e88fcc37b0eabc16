"""A model holds the structure of its tables, and no statement, database or bound of memory."""

import copy
import json

import pytest

from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.stored_plan import (
    MOST_FEATURES,
    features_count,
    read_stored_plan,
    storable_plan,
)
from dbnchurn.data.windows import shift
from tests.data.small_crm import CUTOFF, PLAN


def plan(**sources):
    made = copy.deepcopy(PLAN)
    for name, table in made["tables"].items():
        table |= sources.get(name, {"path": f"{name}.parquet"})
    return made


SOURCES = {
    "basic": {"query": "SELECT 1 AS id"},
    "calls": {"postgres": {"url": "CRM", "table": "calls"}},
}


def test_what_is_stored_names_no_statement_and_no_database():
    stored = storable_plan(DataPlan.model_validate({**plan(**SOURCES), "memory": "900GB"}))
    text = json.dumps(stored)
    for word in ("SELECT", "query", "postgres", "CRM", "memory"):
        assert word not in text
    read = read_stored_plan(stored)
    assert (read.dropped, read.notes) == ((), [])
    assert read.plan.tables["basic"].path is None
    assert read.plan.tables["leavers"].path == "leavers.parquet"
    assert read.plan.features == DataPlan.model_validate(plan()).features


def test_statements_of_older_models_are_dropped_and_said():
    older = DataPlan.model_validate({**plan(**SOURCES), "memory": "900GB"}).model_dump(mode="json")
    read = read_stored_plan(older)
    assert read.dropped == ("basic", "calls")
    assert read.plan.memory == DataPlan.model_validate(plan()).memory
    assert [t.query or t.postgres for t in read.plan.tables.values()] == [None] * 3
    assert read.notes[0].startswith("the model holds SQL or a database for 'basic', 'calls', which")


def test_a_plan_of_a_config_still_needs_a_source():
    with pytest.raises(ValueError, match="exactly one of 'path', 'query', 'postgres' and 'table'"):
        DataPlan.model_validate(plan(basic={}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tables": {}}, "cannot be read: "),
        ({"base": "x"}, "names the table 'x'"),
        ({"script": "x"}, "script"),
        ({"windows": {"cutoffs": ["2024-08-01"], "observation": "99999999999 months"}}, "century"),
        ({"features": {"basic": {"month": {"sum": [f"c{i}" for i in range(20_000)]}}}},
         f"makes 600.. features, at most {MOST_FEATURES}"),
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused_in_a_sentence(change, message):
    with pytest.raises(ArtifactError, match=message) as told:
        read_stored_plan({**plan(), **change})
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 1_000


def test_features_are_counted_with_levels_and_months():
    assert features_count(DataPlan.model_validate(plan())) == 1 + 9 + 3 + 10 + 6
    with pytest.raises(ArtifactError, match="it is no mapping"):
        read_stored_plan(["tables"])


def test_a_date_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match="30000 months before 2024-08-01 there is no date"):
        shift(CUTOFF, "30000 months", -1)
