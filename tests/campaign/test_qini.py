"""The Qini curve: known areas, no effect of the order of rows, intervals that hold."""

import numpy as np
import pytest

from dbnchurn.campaign.qini import measure_qini
from dbnchurn.core.errors import DataError
from tests.campaign.known_test import draw_test


@pytest.fixture(scope="module")
def drawn():
    return draw_test(8_000)


def test_the_true_effect_ranks_well_its_reverse_badly_and_one_value_for_all_not_at_all(drawn):
    call_or_none = drawn.option != "mail"
    option, left = drawn.option[call_or_none], drawn.left[call_or_none]
    effect = drawn.effect[call_or_none, 0]
    good, bad, none = (
        measure_qini(ranking, option, left, resamples=50)
        for ranking in (effect, -effect, 0 * effect)
    )
    assert good.coefficient.low > 0 > bad.coefficient.high
    assert abs(none.coefficient.value) < 1e-12
    assert good.average.value == pytest.approx(bad.average.value)
    # Half of the customers are in debt, and of these the old have an effect of .3.
    assert abs(good.top.value - 0.3) < 4 * np.sqrt(0.5 / (0.3 * len(option) / 2))


def test_curve_deciles_and_average_agree(drawn):
    found = measure_qini(
        drawn.effect.max(axis=1), drawn.option, drawn.left, drawn.propensity, resamples=50
    )
    assert found.gained[0] == 0
    assert found.gained[-1] == pytest.approx(found.average.value)
    assert sum(d.contacted + d.controls for d in found.deciles) == len(drawn.left)


def test_neither_the_order_of_rows_nor_the_scale_of_the_ranking_matters(drawn):
    ranking = drawn.effect[:, 0]
    order = np.random.default_rng(0).permutation(len(ranking))
    one = measure_qini(ranking, drawn.option, drawn.left, resamples=20)
    two = measure_qini(np.exp(ranking[order]), drawn.option[order], drawn.left[order], resamples=20)
    np.testing.assert_allclose(one.gained, two.gained)


def test_refusals(drawn):
    with pytest.raises(DataError, match="none missing"):
        measure_qini(np.full(len(drawn.left), np.nan), drawn.option, drawn.left)
    with pytest.raises(DataError, match="share has to be"):
        measure_qini(drawn.effect[:, 0], drawn.option, drawn.left, share=0)


def test_what_is_wanted_is_not_guessed(drawn):
    with pytest.raises(DataError, match="wanted is 'less' or 'more', got 'lesss'"):
        measure_qini(drawn.effect.max(axis=1), drawn.option, drawn.left, wanted="lesss")
