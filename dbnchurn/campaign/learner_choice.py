"""The learner of effects whose plan is worth most, and what that plan will bring.

Every learner makes plans for rows that it was not fitted on, and the outcomes of these rows say
what the plans are worth. The best of several is best partly by chance: its value is promised from
resamples in which other rows chose it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from dbnchurn.campaign.learners import LEARNERS, TestRows, cross_fitted, folds_of
from dbnchurn.campaign.policy_value import PolicyValue, corrected_gains
from dbnchurn.campaign.uplift import Uplift
from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.statistics import normal_quantile
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.evaluate.bootstrap import poisson_counts

CANDIDATES = (
    "proportional",
    "single model",
    "two models",
    "crossed models",
    "doubly robust",
    "transformed outcome",
)
RISK = "by risk"


@dataclass(frozen=True, eq=False)
class Money:
    """What effects and contacts are worth on the rows of a test, in one currency.

    Parameters
    ----------
    worth : float64 array of shape (n,)
        Of an effect of 1: what keeping the customer is worth.
    expected : float64 array of shape (n, options)
        Further gain of a contact, less its cost: what is expected when the plan is made.
    realised : float64 array of shape (n,)
        The same for what each customer got, as it turned out; 0 for controls.

    Examples
    --------
    >>> Money.of_cost(np.full(3, 100.0), np.array([0, 1, 1]), [4.0]).realised.tolist()
    [0.0, -4.0, -4.0]
    """

    worth: Floats
    expected: Floats
    realised: Floats

    @classmethod
    def of_cost(cls, worth: Floats, code: Ints, cost: Sequence[float]) -> Money:
        """Where a contact costs the same for every customer, and brings nothing but its effect.

        Parameters
        ----------
        worth : float64 array of shape (n,)
        code : int array of shape (n,)
            0 for controls, else 1 + the position of the option.
        cost : sequence of float
            Of each option, in sorted order.

        Returns
        -------
        Money
        """
        costs = np.asarray(cost, np.float64)
        realised = np.append(0.0, -costs)[code]
        return cls(worth, np.tile(-costs, (len(worth), 1)), realised)


@dataclass(frozen=True, eq=False)
class LearnerChoice:
    """Which learner's plan is worth most.

    Parameters
    ----------
    learner : str
    values : dict of learner → PolicyValue
        Per customer, on rows that the learner was not fitted on; ``by risk`` contacts as many
        customers, the riskiest first, each with the option that is best on average.
    promise : PolicyValue
        Of the chosen learner's plan, from rows that did not choose it.
    model : Uplift
        With the chosen learner, fitted on all rows.
    """

    learner: str
    values: dict[str, PolicyValue]
    promise: PolicyValue
    model: Uplift


def choose_learner(
    X: Any,
    option: npt.ArrayLike | pd.Series[Any],
    y: npt.ArrayLike,
    propensity: npt.ArrayLike | None = None,
    *,
    uplift: Uplift | None = None,
    money: Money | None = None,
    learners: Sequence[str] = CANDIDATES,
    contacts: float = 1.0,
    folds: int = 3,
    resamples: int = 200,
) -> LearnerChoice:
    """Compare learners by the value of their plans on rows of the test that they did not see.

    Parameters
    ----------
    X, option, y, propensity
        As :meth:`Uplift.fit` takes them.
    uplift : Uplift, optional
        Its other parameters are those of all learners.
    money : Money, optional
        What effects are worth and contacts cost; by default an effect of 1 is worth 1, and
        contacts are free.
    learners : sequence of str
        Learners of :class:`Uplift`.
    contacts : float, default 1
        Share of the customers that may be contacted; only contacts of positive value are made.
    folds : int, default 3
        A learner is fitted on all but one, as many models as ``uplift`` has halves, and plans for
        that one; so what is compared, and promised, is what is fitted in the end.
    resamples : int, default 200
        Behind the promise.

    Returns
    -------
    LearnerChoice

    Raises
    ------
    DataError
        If there is no control group, a learner does not exist, or rows do not fit together.

    References
    ----------
    I. Tsamardinos, E. Greasidou, G. Borboudakis, "Bootstrapping the out-of-sample predictions for
    efficient and accurate cross-validation", 2018.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> X = pd.DataFrame({"debt": generator.integers(0, 2, 4000)})
    >>> option = generator.choice(["call", "control"], 4000)
    >>> left = generator.random(4000) < 0.5 - 0.3 * (X["debt"] == 1) * (option == "call")
    >>> fast = Uplift(halves=0, n_trees=20, random_state=0)
    >>> choice = choose_learner(
    ...     X, option, left, uplift=fast, contacts=0.5, learners=["proportional", "two models"]
    ... )
    >>> choice.learner, bool(choice.promise.value > 0.1)
    ('two models', True)
    """
    uplift = Uplift() if uplift is None else uplift
    for name in learners:
        if name not in LEARNERS:
            raise DataError(f"there is no learner {name!r}: {did_you_mean(name, LEARNERS)}")
    if not 0 < contacts <= 1:
        raise DataError(f"contacts is a share of the customers, above 0 and at most 1: {contacts}")
    if folds < 2 or resamples < 1 or not learners:
        raise DataError(
            f"folds {folds}, resamples {resamples}, {len(learners)} learners: give two folds, one "
            "resample and one learner at least"
        )
    rows = uplift.read(X, option, y, propensity)
    money = money or Money(
        np.ones(len(rows)), np.zeros((len(rows), rows.n_options)), np.zeros(len(rows))
    )
    _check_money(money, rows)
    models = uplift.models()
    fold = folds_of(rows, folds, models.seed)
    outcome = uplift.sign * cross_fitted(rows, models, folds)
    expected = outcome * money.worth[:, None]
    expected[:, 1:] += money.expected
    gain = uplift.sign * rows.y * money.worth + money.realised
    scores = corrected_gains(rows.drawn, gain, expected)
    gained = scores - scores[:, :1]
    plans: dict[str, Ints] = {}
    for name in learners:
        effects = _held_out_effects(clone(uplift).set_params(learner=name), rows, fold)
        plans[name] = plan_of(effects * money.worth[:, None] + money.expected, contacts)
    each = {name: gained[np.arange(len(rows)), plan] for name, plan in plans.items()}
    values = {name: PolicyValue.of_rows(each[name], plans[name]) for name in learners}
    best = max(learners, key=lambda name: values[name].value)
    promise = _promise(each, plans[best], best, resamples, models.seed)
    by_risk = _by_risk(uplift.sign * outcome[:, 0], plans[best], gained.mean(axis=0))
    values[RISK] = PolicyValue.of_rows(gained[np.arange(len(rows)), by_risk], by_risk)
    model = clone(uplift).set_params(learner=best).fit(X, option, y, propensity)
    return LearnerChoice(best, values, promise, model)


def _held_out_effects(uplift: Uplift, rows: TestRows, fold: Ints) -> Floats:
    """Effects on every row by models of the other folds, fitted as those of all rows will be."""
    effects = np.empty((len(rows), rows.n_options))
    for number in np.unique(fold):
        out = np.flatnonzero(fold == number)
        learned = uplift.learned(rows.take(np.flatnonzero(fold != number)))
        effects[out] = learned(rows.features.take(out)).mean(axis=0)
    return effects


def plan_of(values: Floats, contacts: float = 1.0) -> Ints:
    """The best option of each customer, where it is worth something, for the best customers.

    Parameters
    ----------
    values : float64 array of shape (n, options)
        Of a contact, net of its cost.
    contacts : float, default 1
        Share of the customers that may be contacted.

    Returns
    -------
    int64 array of shape (n,)
        0 for no contact, else 1 + the position of the option.

    Examples
    --------
    >>> plan_of(np.array([[1.0, 2.0], [-1.0, -2.0], [3.0, 0.0]]), 0.5).tolist()
    [0, 0, 1]
    """
    best = values.max(axis=1)
    plan = np.where(best > 0, 1 + values.argmax(axis=1), 0)
    room = int(contacts * len(plan))
    if (plan > 0).sum() > room:
        plan[np.argsort(-best, kind="stable")[room:]] = 0
    return plan.astype(np.int64)


def _promise(
    each: dict[str, Floats], plan: Ints, best: str, resamples: int, seed: int
) -> PolicyValue:
    """Mean value of the winner among the rows drawn, on the rows not drawn."""
    matrix = np.column_stack(list(each.values()))
    fresh = []
    for times in poisson_counts(len(matrix), resamples, seed):
        unused = times == 0
        if unused.any():
            winner = int(np.argmax(times @ matrix))
            fresh.append(float(matrix[unused, winner].mean()))
    of_best = PolicyValue.of_rows(each[best], plan)
    value = float(np.mean(fresh))
    half = normal_quantile(0.95) * of_best.standard_error
    return PolicyValue(
        value, value - half, value + half, of_best.standard_error, len(matrix), of_best.contacted
    )


def _by_risk(risk: Floats, plan: Ints, mean_gain: Floats) -> Ints:
    """As many contacts as the plan has, the riskiest first, with the option best on average."""
    size = int((plan > 0).sum())
    chosen = np.zeros(len(plan), np.int64)
    chosen[np.argsort(-risk, kind="stable")[:size]] = 1 + int(np.argmax(mean_gain[1:]))
    return chosen


def _check_money(money: Money, rows: TestRows) -> None:
    shapes = {
        "worth": (money.worth, (len(rows),)),
        "expected": (money.expected, (len(rows), rows.n_options)),
        "realised": (money.realised, (len(rows),)),
    }
    for name, (values, shape) in shapes.items():
        if values.shape != shape or not np.isfinite(values).all():
            raise DataError(f"money.{name} has to be finite numbers of shape {shape}")
