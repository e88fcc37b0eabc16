"""Ways to learn effects from a randomised test: one function a learner.

Each takes the rows of a test and gives a function from features to effects of shape (n, options):
the change of the probability of y = 1 by each option, against no contact.

References
----------
S. Künzel, J. Sekhon, P. Bickel, B. Yu, "Metalearners for estimating heterogeneous treatment effects
using machine learning", 2019 (S, T and X). E. Kennedy, "Towards optimal doubly robust estimation of
heterogeneous causal effects", 2023. S. Athey, G. Imbens, "Machine learning methods for estimating
heterogeneous causal effects", 2015 (transformed outcome).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dbnchurn.campaign.assignments import Assignments
from dbnchurn.campaign.outcome_models import Features, Models
from dbnchurn.campaign.policy_value import corrected_gains
from dbnchurn.core.typing import Floats, Ints, Labels, Rows

Effects = Callable[[Features], Floats]


@dataclass(frozen=True, eq=False)
class TestRows:
    """Rows of a randomised test.

    Parameters
    ----------
    features : Features of n rows
    drawn : Assignments of n rows
    y : int64 array of shape (n,)
    """

    __test__ = False  # no class of tests

    features: Features
    drawn: Assignments
    y: Labels

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: Rows) -> TestRows:
        """The given rows."""
        return TestRows(self.features.take(rows), self.drawn.take(rows), self.y[rows])

    @property
    def n_options(self) -> int:
        """Number of options."""
        return len(self.drawn.options)


def average(rows: TestRows, models: Models) -> Effects:
    """The same effect for every customer: the weighted difference of the groups.

    Parameters
    ----------
    rows : TestRows
    models : Models

    Returns
    -------
    callable
    """
    means = rows.drawn.means(rows.y)
    effects = means[1:] - means[0]
    return lambda features: np.tile(effects, (len(features), 1))


def proportional(rows: TestRows, models: Models) -> Effects:
    """The average effect times the customer's own probability without a contact, over its mean.

    Parameters
    ----------
    rows : TestRows
    models : Models

    Returns
    -------
    callable
    """
    outcome = _with_option(rows, models)
    means = rows.drawn.means(rows.y)
    share = (means[1:] - means[0]) / max(means[0], 1e-9)
    return lambda features: outcome(features)[:, :1] * share


def single_model(rows: TestRows, models: Models) -> Effects:
    """S: one model of the outcome with the option among its columns.

    Parameters
    ----------
    rows : TestRows
    models : Models

    Returns
    -------
    callable
    """
    outcome = _with_option(rows, models)
    return lambda features: _contrasts(outcome(features))


def two_models(rows: TestRows, models: Models) -> Effects:
    """T: a model of the outcome for each option and for the controls.

    Parameters
    ----------
    rows : TestRows
    models : Models

    Returns
    -------
    callable
    """
    outcome = _apart(rows, models)
    return lambda features: _contrasts(outcome(features))


def crossed_models(rows: TestRows, models: Models) -> Effects:
    """X: effects imputed with the other group's model, then learned, and averaged.

    Parameters
    ----------
    rows : TestRows
    models : Models

    Returns
    -------
    callable
    """
    outcome = _apart(rows, models)
    of_controls = rows.take(np.flatnonzero(rows.drawn.code == 0))
    expected_controls = outcome(of_controls.features)
    parts = []
    for j in range(1, rows.n_options + 1):
        treated = rows.take(np.flatnonzero(rows.drawn.code == j))
        of_treated = models.effect(
            treated.features,
            treated.y - outcome(treated.features)[:, 0],
            treated.drawn.weight,
        )
        of_untreated = models.effect(
            of_controls.features, expected_controls[:, j] - of_controls.y, of_controls.drawn.weight
        )
        share = len(treated) / (len(treated) + len(of_controls))
        parts.append((share, of_treated, of_untreated))
    return lambda features: np.column_stack(
        [share * untreated(features) + (1 - share) * treated(features)
         for share, treated, untreated in parts]
    )  # fmt: skip


def doubly_robust(rows: TestRows, models: Models) -> Effects:
    """DR: corrected differences of a cross-fitted model of the outcome, then learned.

    Parameters
    ----------
    rows : TestRows
    models : Models

    Returns
    -------
    callable
    """
    pseudo = corrected_effects(rows, models)
    return _learned(rows, models, pseudo)


def anchored(rows: TestRows, models: Models) -> Effects:
    """DR from the proportional effects on: what is learned is the difference from these.

    Parameters
    ----------
    rows : TestRows
    models : Models

    Returns
    -------
    callable
    """
    start = proportional(rows, models)
    difference = corrected_effects(rows, models) - start(rows.features)
    further = _learned(rows, models, difference)
    return lambda features: start(features) + further(features)


def transformed_outcome(rows: TestRows, models: Models) -> Effects:
    """The outcome times the weight of its group, with a minus for controls, then learned.

    Parameters
    ----------
    rows : TestRows
    models : Models

    Returns
    -------
    callable
    """
    same = np.full((len(rows), 1 + rows.n_options), float(rows.drawn.means(rows.y)[0]))
    return _learned(rows, models, _contrasts(corrected_gains(rows.drawn, rows.y, same)))


def _learned(rows: TestRows, models: Models, target: Floats) -> Effects:
    everyone = np.ones(len(rows))
    fitted = [models.effect(rows.features, column, everyone) for column in target.T]
    return lambda features: np.column_stack([effect(features) for effect in fitted])


def corrected_effects(rows: TestRows, models: Models, folds: int = 2) -> Floats:
    """Doubly robust effect of every option on every row: unbiased, and with much noise.

    The difference of the expected outcomes, by a model that the row had no part in, plus the
    weighted error of the model on the row's own group.

    Parameters
    ----------
    rows : TestRows of n rows
    models : Models
    folds : int, default 2

    Returns
    -------
    float64 array of shape (n, options)
    """
    expected = cross_fitted(rows, models, folds)
    return _contrasts(corrected_gains(rows.drawn, rows.y, expected))


def cross_fitted(rows: TestRows, models: Models, folds: int = 2) -> Floats:
    """Expected outcome of every row in every group, by models that the row had no part in.

    Parameters
    ----------
    rows : TestRows of n rows
    models : Models
    folds : int, default 2

    Returns
    -------
    float64 array of shape (n, 1 + options)
    """
    fold = folds_of(rows, folds, models.seed)
    expected = np.empty((len(rows), rows.n_options + 1))
    for number in range(folds):
        out = np.flatnonzero(fold == number)
        outcome = _with_option(rows.take(np.flatnonzero(fold != number)), models)
        expected[out] = outcome(rows.features.take(out))
    return expected


def folds_of(rows: TestRows, folds: int, seed: int) -> Ints:
    """A fold for every row, each with an equal share of every group and outcome.

    Parameters
    ----------
    rows : TestRows of n rows
    folds, seed : int

    Returns
    -------
    int64 array of shape (n,)
    """
    return _dealt(rows.drawn.strata(rows.y), folds, seed)


def halves_of(rows: TestRows, seed: int) -> Ints:
    """0 or 1 for every row, each with half of every group.

    Outcomes are left to chance, so that the two halves differ by as much as two samples do.

    Parameters
    ----------
    rows : TestRows of n rows
    seed : int

    Returns
    -------
    int64 array of shape (n,)
    """
    return _dealt(rows.drawn.code, 2, seed)


def _dealt(stratum: Ints, folds: int, seed: int) -> Ints:
    order = np.random.default_rng([seed, folds]).permutation(len(stratum))
    strata = stratum[order]
    ranked = np.argsort(strata, kind="stable")
    fold = np.empty(len(stratum), np.int64)
    fold[order[ranked]] = np.arange(len(stratum)) % folds
    return fold


def _with_option(rows: TestRows, models: Models) -> Effects:
    options = rows.drawn.options
    fitted = models.outcome(
        rows.features.with_option(rows.drawn.code, options), rows.y, np.ones(len(rows))
    )

    def expected(features: Features) -> Floats:
        columns = [
            fitted(features.with_option(np.full(len(features), code), options))
            for code in range(len(options) + 1)
        ]
        return np.column_stack(columns)

    return expected


def _apart(rows: TestRows, models: Models) -> Effects:
    fitted = []
    for code in range(rows.n_options + 1):
        own = rows.take(np.flatnonzero(rows.drawn.code == code))
        fitted.append(models.outcome(own.features, own.y, own.drawn.weight))
    return lambda features: np.column_stack([outcome(features) for outcome in fitted])


def _contrasts(expected: Floats) -> Floats:
    return np.asarray(expected[:, 1:] - expected[:, :1])


LEARNERS: dict[str, Callable[[TestRows, Models], Effects]] = {
    "average": average,
    "proportional": proportional,
    "single model": single_model,
    "two models": two_models,
    "crossed models": crossed_models,
    "doubly robust": doubly_robust,
    "anchored": anchored,
    "transformed outcome": transformed_outcome,
}


def reseeded(models: Models, number: int) -> Models:
    """The same models with a seed of their own.

    Parameters
    ----------
    models : Models
    number : int

    Returns
    -------
    Models
    """
    return replace(models, seed=(models.seed + 7919 * number) % 2**31)
