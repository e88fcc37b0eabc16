"""Advice on planted changes: named in the month in which they are, and not before."""

import dataclasses

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.months.campaign_months import CampaignMonth
from dbnchurn.months.history import differing_customers
from dbnchurn.months.monitor import monitor
from dbnchurn.months.monitor_page import monitor_page, monitor_text, month_rows
from dbnchurn.months.month_names import month_name
from dbnchurn.months.month_state import drift_lines, state_of
from tests.months.made_months import made


def test_true_scores_need_nothing_and_false_alarms_are_rare():
    months = [made(number, n=1000) for number in range(24)]
    advice = [monitor([month]).advice for month in months]
    assert advice.count("nothing") >= 23  # two checks at 1 % each: 0.5 expected of 24
    held, judged = monitor(months).estimates_held
    assert judged == 24
    assert held >= 20


def test_a_price_change_asks_for_recalibration_at_once_and_says_since_when():
    months = [made(n, shift=0.8 if n >= 5 else 0.0) for n in range(8)]
    assert monitor(months[:5]).advice == "nothing"
    first, last = monitor(months[:6]), monitor(months)
    assert first.advice == last.advice == "recalibrate"
    assert first.since == last.since == months[5].month
    assert last.recalibration.shift == pytest.approx(0.8, abs=0.25)
    assert "a recalibration suffices" in first.verdict


def test_a_ranking_that_is_gone_asks_for_a_new_model():
    months = [made(n, noise=n >= 3) for n in range(4)]
    found = monitor(months)
    assert (found.advice, found.since) == ("retrain", months[3].month)
    assert "no recalibration mends a ranking" in found.reason


def test_drift_is_watched_and_whether_it_matters_is_said():
    months = [made(n) for n in range(3)]
    quiet = made(3, outcome=False, drift={"column": 0.6})
    loud = made(3, outcome=False, drift={"column": 0.6, "index": 0.3})
    found = monitor([*months, quiet])
    assert (found.advice, found.since) == ("watch", quiet.month)
    assert "debt (0.60); the scores hardly moved" in drift_lines(found.states[-1:])[0]
    assert "this may matter, as the scores moved too" in drift_lines([state_of(loud)])[0]
    assert "is not known yet" in " ".join(found.lines())
    few = dataclasses.replace(quiet, scores={**quiet.scores, "drift": {
        "score": {"index": 0.2, "by_chance": 0.1}, "columns": {}}})  # fmt: skip
    assert monitor([*months, few]).advice == "nothing"


def test_drift_matters_where_outcomes_of_months_with_it_were_not_as_promised():
    bad = made(1, drift={"column": 0.6}, noise=True)
    lines = drift_lines(
        [state_of(bad), state_of(made(2)), state_of(made(3, outcome=False, drift={"column": 0.6}))]
    )
    assert all("the outcomes of February 2025 are not as promised" in line for line in lines)
    other = dataclasses.replace(bad, model="old")
    lines = drift_lines([state_of(other), state_of(made(3, outcome=False, drift={"column": 0.7}))])
    assert "of February" not in lines[-1].partition(";")[2]


def test_a_new_model_begins_anew():
    months = [made(0, shift=0.8), made(1, shift=0.8), made(2, model="new")]
    found = monitor(months)
    assert (found.advice, found.others) == ("nothing", ("0a1b",))
    assert len(found.states) == 1


@pytest.mark.usefixtures("empty_pictures")
def test_the_page_and_the_terminal_show_every_month():
    months = [made(0), made(1, shift=0.8), made(2, outcome=False)]
    found = monitor(months)
    page, text = monitor_page(found), monitor_text(found)
    assert found.verdict in text
    for month, row in zip(months, month_rows(found), strict=True):
        assert row[0] == month_name(month.month)
        assert all(cell in page and cell in text for cell in row)
    assert "Recalibrate the scores (since February 2025)" in page


def test_an_empty_history_is_refused():
    with pytest.raises(DataError, match="no month yet"):
        monitor([])


@pytest.mark.usefixtures("empty_pictures")
def test_a_campaign_that_kept_customers_is_shown_beside_the_leavers_who_did_not_come():
    fewer = made(1, shift=-0.8)
    kept = CampaignMonth(fewer.month, "spring", "kept", -0.03, -0.04, -0.02, 0.95, 900, 100, False)
    found = monitor([made(0), fewer], [kept])
    assert found.advice == monitor([made(0), fewer]).advice == "recalibrate"
    text, page = monitor_text(found), monitor_page(found)
    for shown in (kept.interval, "spring", "900"):
        assert shown in text
        assert shown in page
    assert "when a campaign kept customers" in text
    lost = dataclasses.replace(kept, claim="not told")
    assert "when a campaign kept" not in monitor_text(monitor([made(0), fewer], [lost]))


def test_outcomes_of_other_customers_than_the_scores_are_named():
    month = made(0)
    same, others = monitor([month]), dict(month.scores, scored=5000)
    assert "not of the same customers" not in " ".join(same.lines())
    found = monitor([dataclasses.replace(month, scores=others)])
    assert "5,000 customers were scored" in " ".join(found.lines())
    moved = dict(month.scores, mean=month.scores["mean"] + 0.01)
    assert differing_customers(dataclasses.replace(month, scores=moved))
    rows, mean = month.scores["scored"], month.scores["mean"]
    few = dict(month.scores, scored=rows + 2, mean=(mean * rows + 0.5) / (rows + 2))
    told = differing_customers(dataclasses.replace(month, scores=few))
    assert told is not None
    assert "have no outcome and are not counted" in told
    high = dict(few, mean=(mean * rows + 9) / (rows + 2))  # two scores of 4.5 each there cannot be
    assert "not of the same" in (differing_customers(dataclasses.replace(month, scores=high)) or "")


def test_a_month_without_outcomes_is_not_called_as_expected():
    months = [made(0), made(1, shift=0.8), made(2, outcome=False)]
    assert [row[1] for row in month_rows(monitor(months))] == [
        "as expected", "more left than promised: recalibrate", "outcome not known yet",
    ]  # fmt: skip
    drifted = made(2, outcome=False, drift={"column": 0.6})
    assert state_of(drifted).said == "outcome not known yet; drift"
    assert state_of(made(1, shift=-0.8)).said == "fewer left than promised: recalibrate"
    assert state_of(made(3, noise=True)).said == "ranking worse: retrain"


def test_what_to_do_names_the_command_the_order_of_the_list_and_the_business():
    found = monitor([made(0), made(1, shift=0.8), made(2, outcome=False)])
    said = " ".join(found.to_do())
    assert "dbnchurn retrain" in said
    assert "does not change the order of the list" in said
    assert "look for what changed since February 2025" in said
    assert f"{round(found.correction.more):,} more." in said
    fewer = " ".join(monitor([made(0), made(1, shift=-0.8)]).to_do())
    assert " fewer." in fewer
    assert "The fall of leavers" in fewer
    assert "changes the order" in " ".join(monitor([made(0, noise=True)]).to_do())
    quiet = monitor([made(0)])
    assert "can be used as they are" in quiet.to_do()[0]
    assert quiet.correction is None


def test_the_forecast_of_a_month_is_corrected_where_recent_months_say_so():
    months = [made(0), made(1, shift=0.8), made(2, outcome=False)]
    found = monitor(months)
    line = next(line for line in found.lines() if "the outcome is not known yet" in line)
    mean = months[2].scores["mean"]
    assert f"{100 * mean:.1f} %" in line
    assert f"{100 * mean * found.correction.ratio:.1f} %" in line
    true = monitor([made(0), made(2, outcome=False)]).lines()[0]
    assert "the scores promise" in true
    assert "interval" not in true


def test_months_with_the_same_drift_share_a_sentence():
    drift = {"column": 0.6, "index": 0.3}
    states = monitor([made(0), *(made(n, drift=drift) for n in (1, 2, 3))]).states
    (line,) = drift_lines(states)
    assert line.startswith("Drifted in February to April 2025 against the training: debt (0.60);")
