"""An edited file of a history is refused with the line and the field that cannot be."""

import json
from datetime import date

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.months.campaign_months import read_campaigns
from dbnchurn.months.history import add_month, outcome_facts, read_history
from dbnchurn.months.stored_facts import StoredCampaigns, StoredMonth, parse_stored
from tests.months.made_months import draw, measured, scored

CAMPAIGN = {
    "campaign": "spring", "claim": "kept", "effect": -0.02, "low": -0.03, "high": -0.01,
    "confidence": 0.95, "contacted": 900, "control": 100, "preliminary": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    """A month with scores and outcomes, as it is written."""
    folder = tmp_path_factory.mktemp("history")
    scores, y = draw(0, n=300)
    add_month(folder, date(2024, 7, 1), "0a1b", "scores", scored(scores))
    add_month(folder, date(2024, 7, 1), "0a1b", "outcomes", outcome_facts(measured(scores, y)))
    return json.loads((folder / "2024-07-01.0a1b.json").read_text())


def line_of(text, path):
    """Line of a field: keys stand in the order of the path, each after the one before."""
    at = 0
    for key in path:
        at = text.index(f'"{key}":', at)
    return text.count("\n", 0, at) + 1


def changed(content, path, value):
    """A copy with another value; without the field for `...`."""
    copy = json.loads(json.dumps(content))
    place = copy
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("scores", "mean"), "0.1", "scores.mean should be a number, got '0.1'"),
        (("scores", "scored"), None, "scores.scored should be an integer, got null"),
        (("scores", "mean"), 1.5, "scores.mean should be at most 1, got 1.5"),
        (("scores", "drift", "columns", "debt"), 3, "a section of keys and values, got 3"),
        (("outcomes", "gap", "rows"), 0, "outcomes.gap.rows should be above 0, got 0"),
        (("outcomes", "measured", "roc_auc"), [], "outcomes.measured.roc_auc should be"),
        (("outcomes", "groups"), {}, "outcomes.groups should be a list"),
        (("month",), "soon", "'soon' is no date"),
        (("format",), "1", "format should be an integer, got '1'"),
    ],
)
def test_every_field_of_a_month_has_its_type(month, tmp_path, path, value, words):
    file = tmp_path / "2024-07-01.0a1b.json"
    file.write_text(text := json.dumps(changed(month, path, value), indent=1, sort_keys=True))
    with pytest.raises(DataError) as refused:
        read_history(tmp_path)
    told = str(refused.value)
    assert words in told
    assert f"{file}:{line_of(text, path)}" in told


def test_all_that_is_wrong_is_said_at_once(month, tmp_path):
    file = tmp_path / "2024-07-01.0a1b.json"
    both = changed(changed(month, ("scores", "mean"), ...), ("outcomes", "gap", "left"), "3")
    file.write_text(json.dumps(both, indent=1))
    with pytest.raises(DataError, match=r"scores\.mean: required") as refused:
        parse_stored(file.read_text(), str(file), StoredMonth, 1)
    assert "outcomes.gap.left should be an integer" in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("effect", "small", "spring.effect should be"),
        ("contacted", -1, "spring.contacted should be at least 0"),
        ("claim", "won", "spring.claim should be"),
        ("preliminary", 0, "spring.preliminary should be true or false"),
        ("control", ..., "spring.control: required"),
        ("campaign", "autumn", "another campaign than 'spring'"),
    ],
)
def test_every_field_of_a_campaign_has_its_type(tmp_path, field, value, words):
    content = {"format": 1, "month": "2024-07-01", "campaigns": {"spring": CAMPAIGN}}
    file = tmp_path / "campaigns.2024-07-01.json"
    file.write_text(json.dumps(content))
    assert parse_stored(file.read_text(), str(file), StoredCampaigns, 1) == content
    (found,) = read_campaigns(tmp_path)
    assert found.contacted == 900
    file.write_text(json.dumps(changed(content, ("campaigns", "spring", field), value)))
    with pytest.raises(DataError, match=words):
        read_campaigns(tmp_path)
