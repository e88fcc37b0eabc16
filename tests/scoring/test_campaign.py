"""Campaign lists: the best customers within a budget, some held out, nobody against their will."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign import ContactLog
from dbnchurn.campaign.log import LogEntry
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.scoring import Campaign, score_file, write_campaign


def make_scores(n=2000, seed=0):
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"{i:05d}" for i in generator.permutation(n)],
            "probability": np.round(generator.beta(1, 9, n), 3),  # many are equal
            "risk": generator.choice(["low", "high"], n),
        }
    )


@pytest.fixture
def scores():
    return make_scores()


@pytest.fixture
def choose(tmp_path, write):
    """``choose(scores, budget, ...)`` → the list and how it came out."""

    def run(scores, budget, name="scores.parquet", ending="csv", **how):
        path = tmp_path / f"campaign.{ending}"
        found = write_campaign(write(scores, name), Campaign(path, budget, **how))
        if ending == "parquet":
            return pd.read_parquet(path), found
        return pd.read_csv(path, dtype={"id": str}), found

    return run


def best(scores):
    return scores.sort_values(["probability", "id"], ascending=[False, True])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
def test_the_list_is_the_best_customers_in_order(choose, scores, name, ending):
    found, made = choose(scores, 100, name=name, ending=ending)
    assert list(found.columns) == ["rank", "group", "id", "probability", "risk"]
    assert found["id"].tolist() == best(scores)["id"].tolist()[:100]
    assert found["rank"].tolist() == list(range(1, 101))
    assert set(found["group"]) == {"contact"}
    assert (made.contact, made.control, made.suppressed, made.listed) == (100, 0, 0, 0)


@pytest.mark.parametrize("control", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("budget", [1, 7, 100, 200])
def test_the_budget_is_for_contacts_and_the_control_group_comes_on_top(
    choose, scores, budget, control
):
    found, made = choose(scores, budget, control=control)
    groups = found["group"].value_counts()
    assert groups.get("contact", 0) == made.contact <= budget
    assert groups.get("control", 0) == made.control
    assert made.control == round(control * len(found))
    assert abs(len(found) - budget / (1 - control)) <= 0.5
    assert found["id"].tolist() == best(scores)["id"].tolist()[: len(found)]
    assert not set(found.query("group == 'contact'")["id"]) & set(
        found.query("group == 'control'")["id"]
    )


def test_the_control_group_is_drawn_from_all_of_the_list(choose, scores):
    found, _ = choose(scores, 1000, control=0.5, random_state=1)
    ranks = found.query("group == 'control'")["rank"]
    # The mean of 1000 of 2000 ranks drawn without replacement, within four standard errors.
    error = np.sqrt((2000**2 - 1) / 12 / 1000 * (2000 - 1000) / (2000 - 1))
    assert abs(ranks.mean() - 1000.5) < 4 * error


def test_the_seed_decides_and_the_order_of_rows_does_not(choose, scores):
    first, _ = choose(scores, 100, control=0.3, random_state=4)
    shuffled, _ = choose(scores.sample(frac=1, random_state=0), 100, control=0.3, random_state=4)
    pd.testing.assert_frame_equal(first, shuffled)
    other, _ = choose(scores, 100, control=0.3, random_state=5)
    assert other["id"].tolist() == first["id"].tolist()
    assert other["group"].tolist() != first["group"].tolist()


@pytest.mark.parametrize("name", ["s.csv", "s.parquet", "s.txt", "only.csv"])
def test_suppressed_customers_are_not_on_the_list(choose, scores, tmp_path, write, name):
    gone = best(scores)["id"].tolist()[:50:2]
    path = tmp_path / name
    if name == "s.txt":
        path.write_text("\n".join([*gone, "", " 99999 "]))
    elif name == "only.csv":
        write(pd.DataFrame({"do not call": [*gone, "99999"]}), name)
    else:
        write(pd.DataFrame({"since": 1, "id": [*gone, gone[0], "99999"]}), name)
    found, made = choose(scores, 100, suppress=path, control=0.2)
    kept = best(scores)[lambda s: ~s["id"].isin(gone)]
    assert found["id"].tolist() == kept["id"].tolist()[:125]
    assert (made.suppressed, made.listed) == (25, 26)


def test_numbers_as_ids_are_met_however_they_are_stored(choose, scores, write, caplog):
    scores["id"] = scores["id"].astype(int)
    gone = best(scores)["id"].tolist()[:10]
    for kind in (int, float, str):
        path = write(pd.DataFrame({"id": pd.Series(gone).astype(kind)}), f"{kind.__name__}.parquet")
        _, made = choose(scores, 20, suppress=path)
        assert made.suppressed == 10
    assert not caplog.text
    other = write(pd.DataFrame({"id": [f"C{i}" for i in gone]}), "other.parquet")
    with pytest.raises(DataError, match="none of its 10 ids is the id of a scored customer"):
        choose(scores, 20, suppress=other)
    _, made = choose(scores, 20, suppress=other, allow_unmatched=True)
    assert (made.suppressed, made.listed, made.matched) == (0, 10, 0)


def test_nobody_is_on_the_list_twice_or_without_id(choose, scores):
    scores.loc[scores.index[:5], "id"] = best(scores)["id"].iloc[0]
    scores.loc[scores.index[5:10], "id"] = None
    scores.loc[scores.index[5:10], "probability"] = 1.0
    found, _ = choose(scores, 2000)
    assert found["id"].is_unique
    expected = scores.dropna(subset="id").groupby("id")["probability"].max()
    assert len(found) == len(expected)
    np.testing.assert_array_equal(found["probability"], expected[found["id"]])


def test_budgets_as_shares_and_beyond_all_customers(choose, scores, write):
    assert choose(scores, 0.05)[1].contact == 100
    found, made = choose(scores, 5000, control=0.1)
    assert (made.contact, made.control, len(found)) == (1800, 200, 2000)
    everyone = write(scores[["id"]], "everyone.csv")
    empty, made = choose(scores, 10, suppress=everyone)
    assert (len(empty), made.contact, list(empty.columns)[:2]) == (0, 0, ["rank", "group"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"budget": 0}, "give a number of customers, such as 5000, or"),
        ({"budget": -3}, "budget -3"),
        ({"budget": 10.5}, "budget 10.5"),
        ({"budget": float("nan")}, "budget nan"),
        ({"control": 1.0}, "control share 1"),
        ({"control": -0.1}, "control share -0.1"),
        ({"random_state": -1}, "seed -1"),
        ({"suppress": "nowhere.csv"}, "nowhere.csv: there is no such suppression list"),
        ({"suppress": "list.pdf"}, "list.pdf: a suppression list is one of '.csv', '.csv.gz'"),
        ({"path": "list.pdf"}, "written as one of"),
    ],
)
def test_impossible_campaigns_are_refused(tmp_path, wrong, message):
    (tmp_path / "list.pdf").touch()
    right = {"path": tmp_path / "c.csv", "budget": 10}
    if "path" in wrong or "suppress" in wrong:
        wrong = {name: tmp_path / value for name, value in wrong.items()}
    with pytest.raises(ConfigError, match=message):
        Campaign(**{**right, **wrong})


def test_the_list_does_not_take_the_place_of_the_suppression_list(choose, scores, tmp_path, write):
    suppress = write(scores[["id"]].head(3), "campaign.csv")
    before = suppress.read_bytes()
    with pytest.raises(ConfigError, match="is the suppression list; write"):
        choose(scores, 10, suppress=suppress)
    assert suppress.read_bytes() == before


def test_lists_that_cannot_be_read_are_told(choose, scores, write, tmp_path):
    two = write(pd.DataFrame({"a": [1], "b": [2]}), "two.csv")
    with pytest.raises(DataError, match="a column 'id' or one column alone, this has 'a', 'b'"):
        choose(scores, 10, suppress=two)
    for name, told in (
        ("no.csv", "none of its 1 ids is"),  # Western letters, of nobody
        ("no.parquet", "campaign list: .*no.parquet: "),
        ("no.txt", "not UTF-8 text"),
    ):
        (tmp_path / name).write_bytes(b"id,x\n\xff\xfe,3\n")
        with pytest.raises(DataError, match=told):
            choose(scores, 10, suppress=tmp_path / name)
    with pytest.raises(DataError, match="the scores have no column 'probability'"):
        choose(scores.drop(columns="probability"), 10)
    assert not (tmp_path / "campaign.csv").exists()


def test_a_job_writes_the_list_of_its_scores(model, named, write, tmp_path):
    campaign = Campaign(tmp_path / "c.csv", 50, control=0.2)
    job = score_file(
        model, write(named, "t.csv"), tmp_path / "s.csv", id="customer", campaign=campaign,
        chunk_rows=100,
    )  # fmt: skip
    found = pd.read_csv(tmp_path / "c.csv")
    assert found["id"].tolist() == best(job.read())["id"].tolist()[:62]
    assert (job.campaign.contact, job.campaign.control) == (50, 12)
    assert list(found.columns)[2:] == list(job.read().columns)


def entry(path, campaign="spring"):
    return LogEntry(path, campaign, "discount", "mail", date(2026, 3, 1))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_list_is_added_to_the_contact_log_with_the_chance_of_the_draw(
    choose, scores, tmp_path, ending
):
    log = tmp_path / f"log.{ending}"
    found, made = choose(scores, 90, control=0.1, log=entry(log))
    rows = ContactLog.read(log).frame
    assert made.logged == len(rows) == 100
    assert rows["customer"].tolist() == found["id"].tolist()
    assert rows["arm"].tolist() == found["group"].tolist()
    assert rows["score"].tolist() == found["probability"].tolist()
    assert set(rows.loc[rows["arm"] == "control", "propensity"]) == {0.1}
    assert set(rows.loc[rows["arm"] == "contact", "propensity"]) == {0.9}
    assert choose(scores, 90, control=0.1, log=entry(log))[1].logged == 0  # a job that is repeated
    assert choose(scores, 10, log=entry(log, "autumn"))[1].logged == 10


def test_a_list_that_the_log_refuses_is_not_written(choose, scores, tmp_path):
    log = tmp_path / "log.csv"
    choose(scores, 90, control=0.1, log=entry(log))
    with pytest.raises(DataError, match="already with other values"):
        choose(scores, 90, ending="parquet", control=0.2, log=entry(log))
    assert not (tmp_path / "campaign.parquet").exists()
    with pytest.raises(ConfigError, match="is the contact log"):
        Campaign(log, 10, log=entry(log))
