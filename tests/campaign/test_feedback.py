"""Labels weighted as if nobody had been contacted: the rate is restored, refusals say why."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign.contacts_in_windows import matched
from dbnchurn.campaign.feedback import Feedback, FeedbackSection
from dbnchurn.campaign.kept_share import KeptShare
from dbnchurn.campaign.label_weights import weights_without_contact
from dbnchurn.campaign.log import ContactLog
from dbnchurn.core.errors import ConfigError, DataError

N = 10_000


def campaign_log(n=N, arm=None, **columns):
    arm = np.where(np.arange(n) % 5 == 0, "control", "contact") if arm is None else arm
    frame = {
        "customer": np.arange(n),
        "campaign": "spring",
        "offer": "discount",
        "channel": "mail",
        "arm": arm,
        "propensity": np.where(arm == "control", 0.2, 0.8),
        "contact_date": "2026-03-02",
        **columns,
    }
    return ContactLog.of(pd.DataFrame(frame))


@pytest.fixture(scope="module")
def month():
    """Contacts keep 40 % of the leavers, whatever their risk."""
    generator = np.random.default_rng(0)
    risk = generator.beta(1, 6, N)
    log = campaign_log(score=risk)
    contacted = (log.frame["arm"] != "control").to_numpy()
    y = (generator.random(N) < risk * np.where(contacted, 0.6, 1.0)).astype(int)
    return log, risk, y


def windows(n=N):
    return np.full(n, np.datetime64("2026-03-01")), np.full(n, np.datetime64("2026-04-01"))


def test_the_share_kept_and_the_rate_without_contacts_are_found(month):
    log, risk, y = month
    found = Feedback(log.frame, np.arange(N), y).weigh(np.arange(N))
    (kept,) = found.kept
    assert kept.low <= 0.4 <= kept.high
    contacted = (log.frame["arm"] != "control").to_numpy()
    assert (found.weight[~contacted] == 1).all()
    assert found.weight[contacted].sum() == pytest.approx(contacted.sum())
    rate = np.average(y, weights=found.weight)
    # The control group alone says the rate to this standard error; all others follow from it.
    error = np.sqrt(risk.mean() * (1 - risk.mean()) / (~contacted).sum())
    assert abs(rate - risk.mean()) < 4 * error
    assert found.counts == {
        "contacted": 8_000, "controls": 2_000, "left_out": 0, "untouched": 0
    }  # fmt: skip


def test_every_tier_of_the_score_gets_its_rate_back(month):
    log, risk, y = month
    contacted = np.flatnonzero(log.frame["arm"] != "control")
    weight, note = weights_without_contact(y[contacted], 0.4, risk[contacted])
    assert note == ""
    for tier in np.array_split(np.argsort(risk[contacted]), 5):
        true = risk[contacted][tier].mean()
        rate = np.average(y[contacted][tier], weights=weight[tier])
        assert abs(rate - true) < 4 * np.sqrt(true / 0.6 / len(tier))


def test_without_effect_nothing_changes_and_a_harmful_campaign_weighs_its_leavers_less():
    y = np.array([1, 0, 0, 1])
    assert weights_without_contact(y, 0.0)[0].tolist() == [1.0] * 4
    assert weights_without_contact(y, -1.0)[0].tolist() == [0.5, 1.5, 1.5, 0.5]


def test_a_tier_with_more_leavers_than_customers_is_said():
    weight, note = weights_without_contact(np.array([1, 1, 1, 0]), 0.5)
    assert weight[3] == 0.05
    assert "more would have left" in note


def test_rows_on_no_list_and_other_months_keep_their_labels(month):
    log, _, y = month
    opens, closes = windows()
    later = opens.copy()
    later[:100], closes[:100] = np.datetime64("2026-05-01"), np.datetime64("2026-06-01")
    row = matched(log, np.arange(N), later, closes)
    assert (row[:100] == -1).all()
    assert (row[100:] == np.arange(100, N)).all()
    assert (Feedback(log.frame, row, y).weigh(np.arange(N)).weight[:100] == 1).all()


def test_the_order_of_rows_and_of_the_log_does_not_matter(month):
    log, _, y = month
    order = np.random.default_rng(1).permutation(N)
    shuffled = ContactLog.of(log.frame.iloc[order])
    straight = Feedback(log.frame, np.arange(N), y).weigh(np.arange(N)).weight
    row = matched(shuffled, np.arange(N), *windows())
    np.testing.assert_allclose(
        Feedback(shuffled.frame, row, y).weigh(order).weight, straight[order]
    )


def test_an_effect_that_is_known_needs_no_control_group(month):
    log, _, y = month
    contacted = log.frame[log.frame["arm"] != "control"].reset_index(drop=True)
    rows = np.arange(len(contacted))
    labels = y[log.frame["arm"] != "control"]
    found = Feedback(contacted, rows, labels, effect={"spring": 0.4}).weigh(rows)
    leavers = found.weight[labels == 1]
    np.testing.assert_allclose(leavers, 1 / 0.6)
    with pytest.raises(DataError, match=r"'spring' has no control group.*feedback.effect"):
        Feedback(contacted, rows, labels).weigh(rows)
    left_out = Feedback(contacted, rows, labels, exclude=("spring",))
    with pytest.raises(DataError, match="every row is left out"):
        left_out.weigh(rows)


def test_outcomes_of_rows_that_are_not_measured_on_change_nothing(month):
    """Effects for training rows do not depend on the outcomes of test rows."""
    log, _, y = month
    train, test = np.arange(7_500), np.arange(7_500, N)
    changed = y.astype(float)
    changed[test] = 1.0
    weights = [
        Feedback(log.frame, np.arange(N), y, outcomes=outcomes).weigh(train).weight
        for outcomes in (y.astype(float), changed)
    ]
    np.testing.assert_array_equal(*weights)


def test_explorers_have_an_effect_of_their_own_or_the_campaigns(month):
    _, _, y = month
    arm = np.select(
        [np.arange(N) % 5 == 0, np.arange(N) % 5 == 1], ["control", "explore"], "contact"
    )
    log = campaign_log(arm=arm)
    kept = Feedback(log.frame, np.arange(N), y).weigh(np.arange(N)).kept
    assert [share.arm for share in kept] == ["contact", "explore"]
    few = np.where((arm == "explore") & (np.arange(N) > 200), "contact", arm)
    kept = Feedback(campaign_log(arm=few).frame, np.arange(N), y).weigh(np.arange(N)).kept
    assert kept[1].contacted == 8_000


def _matched_and_weighed(log, y):
    row = matched(log, np.arange(N), *windows())
    return Feedback(log.frame, row, y).weigh(np.arange(N))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"n": 400}, "of its 80 controls"),
        ({"customer": [f"c{i}" for i in range(N)]}, "no customer of the table is in"),
        ({"contact_date": "2026-07-01"}, "no contact of contact log"),
    ],
)
def test_logs_that_say_nothing_are_refused(month, change, told):
    log = campaign_log(**change)
    y = month[2]
    with pytest.raises(DataError, match=told):
        _matched_and_weighed(log, y)


def test_two_campaigns_in_one_window_are_refused(month):
    frame = month[0].frame
    both = ContactLog.of(pd.concat([frame, frame.assign(campaign="again")]))
    with pytest.raises(DataError, match="several campaigns"):
        matched(both, np.arange(N), *windows())


def test_the_section_is_read_from_paths(tmp_path, month):
    log, _, y = month
    path = tmp_path / "log.csv"
    log.append_to(path)
    section = FeedbackSection(log=str(path))
    assert section.paths == [str(path)]
    found = Feedback.read(section, np.arange(N), y, *windows())
    np.testing.assert_array_equal(found.row, np.arange(N))
    outcomes = tmp_path / "outcomes.csv"
    pd.DataFrame({"customer": np.arange(N), "left": y}).to_csv(outcomes, index=False)
    read = Feedback.read(
        FeedbackSection(log=str(path), outcomes=str(outcomes)), np.arange(N), y, *windows()
    )
    np.testing.assert_array_equal(read.weigh(np.arange(N)).weight, found.weigh(np.arange(N)).weight)
    with pytest.raises(ConfigError, match="did you mean 'spring'"):
        Feedback.read(
            FeedbackSection(log=str(path), exclude=("sprung",)), np.arange(N), y, *windows()
        )
    with pytest.raises(ValueError, match="give 'outcomes'"):
        FeedbackSection(log="a", outcomes="b", effect=0.2)


def test_what_was_kept_is_said_with_its_interval():
    said = str(KeptShare("spring", "contact", 0.1, -0.2, 0.4, 900, 100))
    assert "lowered the rate of leaving by 10.0 %" in said
    assert said.endswith("which may be chance")
    assert "raised" in str(KeptShare("spring", "explore", -0.1))
