"""The effect of every option on every customer, learned from a randomised test."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from dbnchurn.campaign.assignments import Assignments, read_outcome
from dbnchurn.campaign.learners import LEARNERS, Effects, TestRows, halves_of, reseeded
from dbnchurn.campaign.outcome_models import Features, Models
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.parameters import check_parameters
from dbnchurn.core.random_state import integer_seed
from dbnchurn.core.typing import Floats
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import as_frame

Learner = Literal[
    "average",
    "proportional",
    "single model",
    "two models",
    "crossed models",
    "doubly robust",
    "anchored",
    "transformed outcome",
]


class Uplift(BaseEstimator):  # type: ignore[misc]
    """Learns from a test with a control group what each option changes for each customer.

    Parameters
    ----------
    learner : str, default "doubly robust"
        ``average``: one effect for all; ``proportional``: the average effect times the customer's
        own risk; ``single model`` (S), ``two models`` (T), ``crossed models`` (X),
        ``doubly robust`` (DR), ``anchored`` (DR from the proportional effects on) and
        ``transformed outcome`` learn individual effects. Small tests want the first two:
        :func:`dbnchurn.campaign.choose_learner` finds out.
    wanted : {"less", "more"}, default "less"
        Whether y = 1 is a loss, such as leaving, or a gain, such as a purchase. Effects above 0 are
        good either way.
    classifier : classifier, optional
        Of the outcome, such as a ``ChurnClassifier``; by default boosted trees.
    halves : int, default 10
        Number of models, each on a random half of the rows; effects are their mean, and standard
        errors come from their differences. Even; 0 for one model on all rows, without errors.
    n_trees : int, default 60
    max_depth : int, default 3
    smallest_leaf : int, default 100
        Customers in a leaf of the boosted trees.
    learning_rate : float, default 0.05
    n_threads : int, default 1
    random_state : int, Generator, RandomState or None, default None
        The same integer gives the same effects.

    Attributes
    ----------
    options_ : tuple of str
        Columns of the effects.
    average_ : float64 array of shape (options,)
        Mean effect of each option on the rows of the test.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> X = pd.DataFrame({"debt": generator.integers(0, 2, 4000)})
    >>> option = generator.choice(["call", "control"], 4000)
    >>> saved = 0.3 * (X["debt"] == 1) * (option == "call")  # only of those in debt
    >>> left = generator.random(4000) < 0.5 - saved
    >>> model = Uplift(random_state=0).fit(X, option, left, np.full(4000, 0.5))
    >>> effect, error = model.predict(pd.DataFrame({"debt": [0, 1]}), return_std=True)
    >>> effect.shape, bool(effect[1, 0] > 0.2), bool(abs(effect[0, 0]) < 0.1)
    ((2, 1), True, True)
    """

    def __init__(
        self,
        learner: Learner = "doubly robust",
        *,
        wanted: Literal["less", "more"] = "less",
        classifier: Any = None,
        halves: Annotated[int, Field(ge=0)] = 10,
        n_trees: Annotated[int, Field(ge=1)] = 60,
        max_depth: Annotated[int, Field(ge=1)] = 3,
        smallest_leaf: Annotated[int, Field(ge=1)] = 100,
        learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05,
        n_threads: Annotated[int, Field(ge=1)] = 1,
        random_state: (
            Annotated[int, Field(ge=0)] | np.random.Generator | np.random.RandomState | None
        ) = None,
    ) -> None:
        self.learner = learner
        self.wanted = wanted
        self.classifier = classifier
        self.halves = halves
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.smallest_leaf = smallest_leaf
        self.learning_rate = learning_rate
        self.n_threads = n_threads
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        option: npt.ArrayLike | pd.Series[Any],
        y: npt.ArrayLike,
        propensity: npt.ArrayLike | None = None,
    ) -> Uplift:
        """Learn from the rows of a test.

        Parameters
        ----------
        X : DataFrame or 2-D array of shape (n, columns)
            What was known before the contact.
        option : array of shape (n,)
            Name of the option; None, NaN or ``"control"`` for the control group.
        y : array of shape (n,)
            1 or 0: what happened.
        propensity : array of shape (n,), optional
            Known probability of what each customer got. Without it, every customer is taken to
            have had the same probabilities, as in a plain random test.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If there is no control group, a group is too small, or rows do not fit together.
        ConfigError
            If a parameter is not allowed.
        """
        rows = self.read(X, option, y, propensity)
        self._effects = self.learned(rows)
        means = rows.drawn.means(rows.y)
        self.options_ = rows.drawn.options
        self.average_ = self.sign * (means[1:] - means[0])
        return self

    def predict(self, X: Any, *, return_std: bool = False) -> Any:
        """Effects of every option on customers.

        Parameters
        ----------
        X : like that of `fit`, n rows
        return_std : bool, default False
            Whether to give standard errors too, from the differences of models on the two halves of
            the rows. They say how far chance moves an effect, not how far the learner is biased.

        Returns
        -------
        effect : float64 array of shape (n, options)
            By how much contacting the customer lowers (``wanted="less"``) or raises the probability
            of y = 1.
        error : float64 array of shape (n, options)
            Only with `return_std`.

        Raises
        ------
        DataError
            If a column is missing or cannot be read.
        ConfigError
            If standard errors are asked for and ``halves`` is 0.
        """
        check_is_fitted(self, "options_")
        if return_std and self.halves == 0:
            raise ConfigError("standard errors need Uplift(halves=10); this one was fitted without")
        each = self._effects(Features.of(self.schema_, as_frame(X)))
        mean: Floats = each.mean(axis=0)
        if not return_std:
            return mean
        # The two halves of a pair have no row in common: their difference has twice the variance of
        # one half, and their mean half of it.
        pairs = each.reshape(-1, 2, *mean.shape)
        variance = ((pairs[:, 0] - pairs[:, 1]) ** 2).mean(axis=0) / 4
        return mean, np.sqrt(variance)

    def learned(self, rows: TestRows) -> Effects:
        """Fit the models of the halves; the parameters stay as they are.

        Parameters
        ----------
        rows : TestRows
            As :meth:`read` gives them.

        Returns
        -------
        callable
            Features of n rows → effects by each model, of shape (models, n, options).

        Raises
        ------
        ConfigError
            If the number of halves is odd.
        """
        if self.halves % 2:
            raise ConfigError(
                f"Uplift(halves={self.halves}) has to be even: every half is fitted with the rest "
                "of the rows beside it"
            )
        models, learn = self.models(), LEARNERS[self.learner]
        fitted = []
        for number in range(self.halves):
            pair = reseeded(models, number // 2)
            own = np.flatnonzero(halves_of(rows, pair.seed) == number % 2)
            fitted.append(learn(rows.take(own), pair))
        fitted = fitted or [learn(rows, models)]
        return lambda features: self.sign * np.stack([effect(features) for effect in fitted])

    @property
    def sign(self) -> float:
        """-1 where less of y is wanted, so that good effects are above 0."""
        return -1.0 if self.wanted == "less" else 1.0

    def models(self) -> Models:
        """How models of the outcome and of effects are fitted."""
        return Models(
            self.classifier,
            self.n_trees,
            self.max_depth,
            self.smallest_leaf,
            self.learning_rate,
            self.n_threads,
            integer_seed(self.random_state),
        )

    def read(
        self,
        X: Any,
        option: npt.ArrayLike | pd.Series[Any],
        y: npt.ArrayLike,
        propensity: npt.ArrayLike | None,
    ) -> TestRows:
        """Check the rows of a test, and read their columns; sets ``schema_``.

        Parameters
        ----------
        X, option, y, propensity
            As :meth:`fit` takes them.

        Returns
        -------
        TestRows

        Raises
        ------
        DataError
            As of :meth:`fit`.
        """
        check_parameters(self)
        frame = as_frame(X)
        self.schema_ = infer(frame)
        drawn = Assignments.of(option, propensity)
        if len(drawn) != len(frame):
            raise DataError(
                f"the table has {len(frame)} rows and option names {len(drawn)}; give one a row"
            )
        return TestRows(Features.of(self.schema_, frame), drawn, read_outcome(y, len(frame)))
