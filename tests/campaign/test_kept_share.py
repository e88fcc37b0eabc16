"""Shares of leavers that contacts kept: by option, drawn to their mean, refused where few are."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign.arm_names import CONTACT, CONTROL, EXPLORE
from dbnchurn.campaign.feedback import Feedback
from dbnchurn.campaign.kept_share import KeptShare, measured_shares, unmeasured
from dbnchurn.campaign.limits import Option
from dbnchurn.campaign.log import ContactLog
from dbnchurn.core.errors import DataError

GIFT, REBATE = Option("gift", "mail"), Option("rebate", "mail")


def campaign(n=40_000, seed=0, kept=(0.6, 0.1), share=0.5, arms=(CONTACT,), control=0.3):
    """A log with outcomes: two options, of which the first is given to a share of the list."""
    g = np.random.default_rng(seed)
    risk = g.beta(2, 6, n)
    option = (g.random(n) >= share).astype(int)
    held = g.random(n) < control
    arm = np.where(held, CONTROL, np.array(arms, object)[g.integers(0, len(arms), n)])
    after = risk * np.where(held, 1.0, 1 - np.array(kept)[option])
    drawn = arms == (EXPLORE,)
    chance = np.where(held, control, (1 - control) / len(arms))
    chance = chance * np.where(option == 0, share, 1 - share) if drawn else chance
    log = ContactLog.of(pd.DataFrame({
        "customer": np.arange(n), "campaign": "spring",
        "offer": np.array(["gift", "rebate"], object)[option], "channel": "mail",
        "arm": arm, "propensity": chance, "contact_date": "2026-03-02", "score": risk,
    }))  # fmt: skip
    return log.frame, (g.random(n) < after).astype(int), risk


@pytest.mark.parametrize("arm", [CONTACT, EXPLORE])
def test_every_option_is_weighted_by_its_own_effect(arm):
    frame, y, risk = campaign(arms=(arm,))
    found = Feedback(frame, np.arange(len(y)), y).weigh(np.arange(len(y)))
    assert [share.option for share in found.kept] == [GIFT, REBATE]
    for share, truth in zip(found.kept, (0.6, 0.1), strict=True):
        assert share.low - 0.02 < truth < share.high + 0.02
        assert not abs(share.value - share.measured) > 0.02  # so many that hardly anything is drawn
    for option in (GIFT, REBATE):
        mine = ((frame["offer"] == option.offer) & (frame["arm"] == arm)).to_numpy()
        rate = np.average(y[mine], weights=found.weight[mine])
        assert rate == pytest.approx(risk[mine].mean(), abs=0.02)


def test_small_options_are_drawn_to_the_mean_and_that_lowers_the_error():
    errors = {"measured": [], "used": []}
    for seed in range(12):
        frame, y, _ = campaign(3_000, seed, kept=(0.3, 0.3))
        rows = frame.assign(left=y.astype(float))
        shares = measured_shares("spring", rows, [(CONTACT, GIFT), (CONTACT, REBATE)])
        for share, truth in zip(shares.values(), (0.3, 0.3), strict=True):
            measured = share.value if share.measured is None else share.measured
            errors["measured"].append((measured - truth) ** 2)
            errors["used"].append((share.value - truth) ** 2)
    assert np.mean(errors["used"]) < 0.9 * np.mean(errors["measured"])


def test_drawn_options_count_in_the_arm_as_often_as_they_were_drawn():
    """Few got the option that keeps most: the effect of the arm is near that of the other."""
    frame, y, _ = campaign(kept=(0.8, 0.1), share=0.001, arms=(EXPLORE,))
    groups = [(EXPLORE, GIFT), (EXPLORE, REBATE)]
    shares = measured_shares("spring", frame.assign(left=y.astype(float)), groups)
    assert shares[EXPLORE, GIFT].option is None
    assert shares[EXPLORE, GIFT].low < 0.1 < shares[EXPLORE, GIFT].high
    (said,) = unmeasured(shares)
    assert "'explore': of gift by mail too few" in said


def test_an_option_of_which_nobody_is_held_out_is_said_and_takes_the_effect_of_its_arm():
    frame, y, _ = campaign()
    held = ((frame["offer"] == "gift") & (frame["arm"] == CONTROL)).to_numpy()
    sure = frame[~held].reset_index(drop=True)
    sure.loc[sure["offer"] == "gift", "propensity"] = 1.0
    found = Feedback(sure, np.arange(len(sure)), y[~held]).weigh(np.arange(len(sure)))
    assert any("of gift by mail too few were contacted or held out" in n for n in found.notes)
    assert {share.option for share in found.kept} == {None, REBATE}


def test_effects_that_keep_everybody_and_campaigns_without_leavers_are_refused():
    frame, y, _ = campaign(4_000, kept=(1.0, 1.0))
    rows = frame.assign(left=y.astype(float))
    with pytest.raises(DataError, match=r"seem to keep 100% .*feedback.exclude: \['spring'\]"):
        measured_shares("spring", rows, [(CONTACT, GIFT)])
    with pytest.raises(DataError, match=r"controls 0 left; an effect needs at least 100"):
        measured_shares("spring", rows.assign(left=0.0), [(CONTACT, GIFT)])


def test_what_was_drawn_to_the_mean_is_said_beside_what_was_measured():
    share = KeptShare("spring", EXPLORE, 0.2, 0.1, 0.5, 900, 300, GIFT, 0.3)
    assert str(share) == (
        "campaign 'spring', gift by mail, arm 'explore': contacts lowered the rate of leaving by "
        "20.0 %, drawn to the mean of the campaign from a measured 30.0 % (95 % interval 10.0 to "
        "50.0 %; 900 contacted, 300 controls)"
    )
    told = share.as_dict()
    assert told["option"] == "gift by mail"
    assert json.loads(json.dumps(told)) == told
    measured = KeptShare("spring", CONTACT, 0.2, 0.1, 0.5, 900, 300)
    assert "drawn to the mean" not in str(measured)
    assert str(measured).endswith(
        "by 20.0 % (95 % interval 10.0 to 50.0 %; 900 contacted, 300 controls)"
    )


def test_groups_that_differed_before_say_nothing():
    frame, y, risk = campaign(3_000)
    rows = frame.assign(left=y.astype(float))
    held = (rows["arm"] == CONTROL).to_numpy()
    riskier = rows[~held | (risk > np.quantile(risk, 0.4))]
    with pytest.raises(DataError, match=r"the groups differed before .*feedback\.exclude"):
        measured_shares("spring", riskier, [(CONTACT, GIFT)])
    assert measured_shares("spring", rows, [(CONTACT, GIFT)])
