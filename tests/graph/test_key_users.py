"""Key users: chosen among customers, measured on later calls, written whole."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.graph import key_users, write_key_users
from dbnchurn.graph.key_users import RANKINGS
from dbnchurn.graph.key_users_page import key_users_page
from dbnchurn.graph.key_users_text import key_users_text
from tests.graph.conftest import HUB


@pytest.fixture(scope="module")
def found(call_rows, tmp_path_factory):
    from dbnchurn.graph import GraphConfig

    path = tmp_path_factory.mktemp("calls") / "calls.parquet"
    call_rows.to_parquet(path)
    return key_users(
        GraphConfig(calls={"path": str(path)}, caller="from", callee="to", date="day", seeds=8)
    )


def test_the_list_holds_measures_and_no_hub(found):
    table = found.table()
    assert len(table) == 8
    assert HUB not in set(table["id"])
    assert (table["reach"].diff().dropna() <= 1e-9).all()
    best = int(np.argmax(found.pagerank))
    measures = found.measures()
    assert len(measures) == len(found.calls.graph)
    assert measures["pagerank"].argmax() == best


def test_the_curve_is_of_later_calls_and_tells_every_ranking(found):
    assert found.curve.held_out
    assert tuple(found.curve.reach) == RANKINGS
    for mean in found.curve.reach.values():
        assert (np.diff(mean) >= 0).all()
        assert (mean >= found.curve.seeds).all()
    text = key_users_text(found)
    assert "those of the second half" in text
    assert "is assumed" in text
    assert f"{HUB} (" in text


def test_without_dates_the_text_says_that_the_lead_is_too_large(call_rows, config):
    made = key_users(config(call_rows, date=None))
    assert not made.curve.held_out
    assert "their lead is too large" in key_users_text(made)


def test_what_is_simulated_in_place_of_passes_on_is_said(found, call_rows, config):
    """People whose calls are few cannot move as many contacts as is assumed."""
    assert "more than half of the partners" not in key_users_text(found)
    made = key_users(config(call_rows[::30], passes_on=9.0))
    text, told = key_users_text(made), made.as_dict()
    assert "passes_on: 9 is more than half of the partners" in text
    half = made.calls.graph.partners.mean() / 2
    assert told["passes_on"] == pytest.approx(half)
    assert told["curve"]["passes_on"] == pytest.approx(made.calls.late.partners.mean() / 2)
    assert f"moves {told['curve']['passes_on']:.3g} contacts" in text


def test_the_calls_of_the_second_half_alone_carry_the_reach(call_rows, config):
    """Where only two people call in the second half, seeds reach them and themselves at most."""
    early = call_rows["day"] < "2026-05-30"
    pair = call_rows[~early].assign(**{"from": 298, "to": 299})
    made = key_users(config(pd.concat([call_rows[early], pair])))
    assert made.curve.held_out
    for mean in made.curve.reach.values():
        assert (mean <= made.curve.seeds + 2).all()


def test_only_customers_are_listed(call_rows, config, tmp_path):
    pd.DataFrame({"id": range(0, 300, 2)}).to_csv(tmp_path / "own.csv", index=False)
    own = {"path": str(tmp_path / "own.csv"), "id": "id"}
    made = key_users(config(call_rows, customers=own))
    assert (made.table()["id"] % 2 == 0).all()
    assert made.table()["partners_place"].max() <= 150
    with pytest.raises(DataError, match="nobody can be a key user"):
        key_users(config(call_rows, customers=own, hubs={"also": list(range(0, 300, 2))}))


def test_everything_is_written_and_agrees(call_rows, config, tmp_path):
    places = {name: tmp_path / f"new/{name}" for name in ("k.csv", "k.html", "k.json", "m.parquet")}
    output, page, facts, measures = places.values()
    settings = config(call_rows)
    with pytest.raises(ConfigError, match="mkdir"):
        write_key_users(settings, output)
    made = write_key_users(settings, output, page=page, facts=facts, measures=measures, mkdir=True)
    told = json.loads(facts.read_text())
    listed = pd.read_csv(output)
    assert listed["id"].tolist() == [row["id"] for row in told["seeds"]]
    assert len(pd.read_parquet(measures)) == told["people"] == len(made.calls.graph)
    assert told["hubs"][0]["id"] == str(HUB)
    html = page.read_text()
    assert all(str(number) in html for number in listed["id"])
    assert "<script" not in html
    with pytest.raises(ConfigError, match="calls"):
        write_key_users(settings, output, measures=tmp_path / "calls.parquet")


def test_ids_are_escaped_on_the_page(call_rows, config):
    frame = call_rows.assign(**{n: "<b>" + call_rows[n].astype(str) for n in ("from", "to")})
    html = key_users_page(key_users(config(frame)))
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_the_same_config_gives_the_same_facts(call_rows, config):
    one, two = (key_users(config(call_rows, seed=3)).as_dict() for _ in range(2))
    assert one == two
