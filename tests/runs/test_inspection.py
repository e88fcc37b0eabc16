"""An inspection by a config: its settings count, and what they leave open is asked."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.inspection import inspect_with

TABLE = (
    "id;debt;day;plan;note;churned\n7;1.250;03/04/2026;basic;x;yes\n8;7.685;05/06/2026;none;y;no\n"
)


@pytest.fixture
def table(tmp_path):
    (tmp_path / "a.csv").write_text(TABLE)
    return tmp_path / "a.csv"


def test_settings_of_one_table_count_and_the_rest_is_asked(table):
    config = RunConfig.model_validate(
        {
            "source": {"path": str(table), "formats": {"debt": "1.234,5"}, "missing": ["none"]},
            "columns": {
                "id": "id",
                "label": "churned",
                "date": "day",
                "drop": ["note"],
                "kinds": {"plan": "flag"},
            },
        }
    )
    found = inspect_with(table, config)
    assert {c.name: c.kind for c in found.columns} == {
        "id": "id", "debt": "number", "day": "date", "plan": "flag", "note": "ignore",
        "churned": "label",
    }  # fmt: skip
    assert found["debt"].examples == (("1.250", "1250"), ("7.685", "7685"))
    assert found["plan"].missing == {"none": 1}
    assert (found.roles.id, found.roles.label, found.roles.date) == ("id", "churned", "day")
    assert set(found.roles.why.values()) == {"it was named as such"}
    (question,) = found.questions
    assert question.text.endswith("source.formats: {day: '%m/%d/%Y'}")


@pytest.fixture
def several(table):
    return {
        "data": {
            "tables": {
                "bills": {
                    "path": str(table),
                    "key": "id",
                    "csv": {"delimiter": ";"},
                    "columns": {
                        "debt": {"kind": "number", "format": "1234.5"},
                        "day": {"kind": "date"},
                        "plan": {"kind": "text"},
                    },
                }
            },
            "base": "bills",
        }
    }


def test_the_contract_of_a_table_counts(table, several):
    found = inspect_with(table, RunConfig.model_validate(several))
    assert found["debt"].examples[0] == ("1.250", "1.25")
    assert (found["id"].kind, found["plan"].kind, found["note"].kind) == (
        "id",
        "category",
        "ignore",
    )
    assert [question.column for question in found.questions] == ["day"]


def test_a_file_that_is_no_table_of_the_config_is_refused(table, several, tmp_path):
    (tmp_path / "other.csv").write_text(TABLE)
    with pytest.raises(ConfigError, match="none of the config's tables is there; they are at"):
        inspect_with(tmp_path / "other.csv", RunConfig.model_validate(several))
