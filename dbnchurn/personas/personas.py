"""The estimator ``Personas``: a table in, frozen groups of customers out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.parameters import check_parameters
from dbnchurn.core.random_state import RandomStateLike, as_generator
from dbnchurn.core.typing import Ints
from dbnchurn.data.leakage_warning import OF_THE_OUTCOME, warn_of_leaks
from dbnchurn.personas.code_space import fit_code_space
from dbnchurn.personas.description import phrases_of, tree_agreement
from dbnchurn.personas.k_means import distance_scores, k_means
from dbnchurn.personas.mixture import mixture
from dbnchurn.personas.outcome_columns import refuse_outcome_columns
from dbnchurn.personas.persona_record import Persona, PersonaRecord
from dbnchurn.personas.score_record import Scores
from dbnchurn.personas.space import fit_space
from dbnchurn.personas.space_record import Points, Space
from dbnchurn.personas.stability import Stability, choose, order_by_size, stability_of
from dbnchurn.tables.model_columns import ModelColumns
from dbnchurn.tables.reading import as_frame, read
from dbnchurn.tables.schema import Table

log = logging.getLogger(__name__)

Count = Annotated[int, Field(ge=1)]
Number = Annotated[int, Field(ge=2, le=50)]
FEWEST_ROWS = 100
FRESH_REFITS = 10  # from which the stability of the chosen number is told


class PersonaWarning(UserWarning):
    """Personas that are not to be relied on.

    Examples
    --------
    >>> issubclass(PersonaWarning, UserWarning)
    True
    """


class Personas(BaseEstimator):  # type: ignore[misc]
    """Group customers by what they are like, never by their outcome, and freeze the groups.

    Columns are read as a classifier reads them and put into one space; what is unknown is left out
    of distances. How many personas there are is decided by how well they are found again among
    customers drawn anew.

    Parameters
    ----------
    n_personas : int, default None
        How many; chosen by stability if not given.
    fewest, most : int, default 3 and 10
        The numbers to choose among.
    method : {"k_means", "mixture"}, default "k_means"
        ``"mixture"`` (latent classes for mixed columns) is the better one where many values are
        missing.
    space : {"mixed", "codes"}, default "mixed"
        Where customers are compared: in their columns, scaled, or in the hidden codes of a stack of
        Boltzmann machines that is trained on the columns, without labels (needs the extra
        ``train``). The codes take longer and were not shown to make better personas.
    n_starts : int, default 10
        Starts of each fit, of which the best is kept.
    refits : int, default 5
        Fits on customers drawn anew, for each number that is tried.
    min_share : float, default 0.01
        Share of the customers that the smallest persona has at least.
    sample : int, default 20_000
        Rows, drawn at random, that personas are fitted on; all rows are assigned.
    choice_sample : int, default 3_000
        Of these, the rows on which the number is chosen.
    kinds : dict of column to {"number", "flag", "category", "date", "ignore"}, default None
        Kinds that would be inferred wrongly.
    formats : dict of column to str, default None
        How numbers or dates in text are written, where that is in doubt.
    allow : list of str, default ()
        Columns that are used although they are named like an outcome or a score.
    random_state : int, Generator, RandomState or None, default None
        Seeds samples, starts and refits.

    Attributes
    ----------
    record_ : PersonaRecord
        All that assigning needs; see :func:`dbnchurn.personas.save`.
    labels_ : Series of str
        Persona of every row of the table it was fitted on.
    skipped_ : dict
        Columns that were left out → reason.

    References
    ----------
    J. K. Vermunt and J. Magidson, "Latent class cluster analysis", 2002.
    U. von Luxburg, "Clustering stability: an overview", 2010.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> group = np.repeat([0, 1, 2], 200)
    >>> X = pd.DataFrame({
    ...     "tenure": 10 + 20 * group + generator.normal(size=600),
    ...     "plan": np.array(["S", "M", "L"])[group],
    ... })
    >>> personas = Personas(n_personas=3, random_state=0).fit(X)
    >>> personas.assign(X.iloc[[0, 599]]).nunique(), len(personas.table())
    (2, 3)
    """

    record_: PersonaRecord

    def __init__(
        self,
        *,
        n_personas: Number | None = None,
        fewest: Number = 3,
        most: Number = 10,
        method: Literal["k_means", "mixture"] = "k_means",
        space: Literal["mixed", "codes"] = "mixed",
        n_starts: Count = 10,
        refits: Annotated[int, Field(ge=2)] = 5,
        min_share: Annotated[float, Field(ge=0, lt=0.5)] = 0.01,
        sample: Annotated[int, Field(ge=FEWEST_ROWS)] = 20_000,
        choice_sample: Annotated[int, Field(ge=FEWEST_ROWS)] = 3_000,
        kinds: Mapping[str, str] | None = None,
        formats: Mapping[str, str] | None = None,
        allow: Sequence[str] = (),
        random_state: RandomStateLike = None,
    ) -> None:
        self.n_personas = n_personas
        self.fewest = fewest
        self.most = most
        self.method = method
        self.space = space
        self.n_starts = n_starts
        self.refits = refits
        self.min_share = min_share
        self.sample = sample
        self.choice_sample = choice_sample
        self.kinds = kinds
        self.formats = formats
        self.allow = allow
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the personas of a table.

        Parameters
        ----------
        X : DataFrame, Arrow or polars table, or 2-D array of shape (n, d)
            One row per customer, without outcome and scores.
        y : array-like of shape (n,), optional
            Outcome of each row, 0 or 1; -1 or missing where it is not known. Nothing is learned
            from it: it is there to refuse columns that decide it.

        Returns
        -------
        self

        Raises
        ------
        ConfigError
            A parameter is not allowed.
        DataError
            The table cannot be used, holds an outcome or a score, or a persona would be too small.
        """
        check_parameters(self)
        if self.n_personas is None and self.fewest > self.most:
            raise ConfigError(f"fewest={self.fewest} is more than most={self.most}")
        if self.space == "codes" and self.method == "mixture":
            raise ConfigError(
                "method='mixture' is for columns, and space='codes' has none; take "
                "method='k_means', or space='mixed'"
            )
        generator = as_generator(self.random_state)
        frame = as_frame(X)
        columns = ModelColumns.of(frame, self.kinds, self.formats)
        frame = columns.frame
        refuse_outcome_columns(list(frame.columns), self.allow)
        if len(frame) < FEWEST_ROWS:
            raise DataError(f"{len(frame)} customers are too few; {FEWEST_ROWS} are needed")
        if y is not None:
            outcome = _outcome(y, len(frame))
            told = outcome >= 0
            seen = (
                columns
                if told.all()
                else ModelColumns.of(as_frame(X)[told], self.kinds, self.formats)
            )
            warn_of_leaks(seen, outcome[told], "error", checks=OF_THE_OUTCOME)
        rows = _drawn(len(frame), self.sample, generator)
        table, _ = read(columns.schema, frame.iloc[rows])
        space, self.skipped_ = fit_space(columns.schema, table)
        points = space.points(table)
        known = np.flatnonzero(points.seen.any(axis=1))
        if len(known) < FEWEST_ROWS:
            raise DataError(f"{len(known)} customers have a known value; {FEWEST_ROWS} are needed")
        table, points = table.take(known), points.take(known)
        codes = None
        if self.space == "codes":
            codes = fit_code_space(space, table, generator)
            points = codes.points(space, table)
        curve, scores, stability = self._find(table, space, points, generator)
        unnamed = PersonaRecord(
            columns.schema, space, scores, (), curve, stability, 0.0, self.method, len(frame),
            codes=codes,
        )  # fmt: skip
        self.record_ = self._described(unnamed, table, points, frame, generator)
        for sentence in self.record_.warnings():
            warnings.warn(sentence, PersonaWarning, stacklevel=2)
        self.feature_names_in_ = np.array(list(frame.columns), dtype=object)
        self.n_features_in_ = frame.shape[1]
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def assign(self, X: Any) -> pd.Series[Any]:
        """The persona of every customer: see :meth:`PersonaRecord.assign`."""
        check_is_fitted(self, "record_")
        return self.record_.assign(X)

    def table(self) -> pd.DataFrame:
        """One row per persona: see :meth:`PersonaRecord.table`."""
        check_is_fitted(self, "record_")
        return self.record_.table()

    # -- steps of fit ------------------------------------------------------------------------

    def _fit_scores(self, n_numbers: int) -> Callable[[Points, int, np.random.Generator], Scores]:
        def fit(points: Points, k: int, generator: np.random.Generator) -> Scores:
            if self.method == "mixture":
                return mixture(points, n_numbers, k, self.n_starts, generator)
            centres = k_means(points, k, self.n_starts, generator)
            return distance_scores(centres, points.column, points.seen.shape[1])

        return fit

    def _find(
        self, table: Table, space: Space, points: Points, generator: np.random.Generator
    ) -> tuple[tuple[Stability, ...], Scores, Stability]:
        """The curve, the personas from the largest to the smallest, and their own stability."""
        fit = self._fit_scores(len(space.numbers))
        drawn = _drawn(len(points), self.choice_sample, generator)
        few, few_rows = points.take(drawn), table.take(drawn)

        def again(rows: Ints, generator: np.random.Generator) -> Points:
            learned = fit_code_space(space, few_rows.take(rows), generator)
            return learned.points(space, few_rows)

        curve: list[Stability] = []
        if self.n_personas is None:
            for k in range(self.fewest, self.most + 1):
                curve.append(stability_of(few, k, fit, self.refits, generator))
                log.debug("%d personas: adjusted Rand index %.3f", k, curve[-1].ari)
        left = list(curve)
        while True:
            k = self.n_personas or choose(left, self.min_share)
            scores = fit(points, k, generator)
            labels = scores.assign(points)
            smallest = np.bincount(labels, minlength=k).min() / len(points)
            if smallest >= self.min_share:
                break
            if self.n_personas is not None:
                raise DataError(
                    f"the smallest of {k} personas has {100 * smallest:.2f} % of the customers, "
                    f"less than {100 * self.min_share:g} %; ask for fewer, or leave n_personas out"
                )
            left = [point for point in left if point.n_personas != k]
            if not left:
                choose([replace(point, smallest=0.0) for point in curve], self.min_share)
        # The draws of the curve chose the number, so its stability is measured on others; and with
        # machines that are trained anew, where these make the space.
        anew = again if self.space == "codes" else None
        stability = stability_of(few, k, fit, FRESH_REFITS, generator, anew)
        return tuple(curve), scores.take(order_by_size(labels, k)), stability

    def _described(
        self,
        record: PersonaRecord,
        table: Table,
        points: Points,
        frame: pd.DataFrame,
        generator: np.random.Generator,
    ) -> PersonaRecord:
        """The record with its personas; assigns all rows."""
        k = len(record.scores.bias)
        labels = record.scores.assign(points)
        seed = int(generator.integers(2**31))
        columns = points if record.codes is None else record.space.points(table)
        overall, each = tree_agreement(record.space, table, columns, labels, k, seed)
        found = tuple(
            Persona(
                f"P{j + 1}",
                float(np.mean(labels == j)),
                float(each[j]),
                phrases_of(record.schema, record.space, table, labels, j),
            )
            for j in range(k)
        )
        named = replace(record, personas=found, tree_agreement=overall)
        self.labels_ = named.assign(frame)
        shares = self.labels_.value_counts(normalize=True)
        final = (replace(p, share=float(shares.get(p.name, 0.0))) for p in found)
        return replace(named, personas=tuple(final))


def _outcome(y: Any, rows: int) -> Ints:
    """Outcomes as whole numbers; -1 where it is not known."""
    given = pd.Series(np.asarray(y).ravel())
    if len(given) != rows:
        raise DataError(f"y has {len(given)} rows, but X has {rows}")
    found = pd.to_numeric(given, errors="coerce").astype(np.float64)
    wrong = given.notna() & ~found.isin((-1, 0, 1))
    if wrong.any():
        raise DataError(
            f"y holds values such as {given[wrong].iloc[0]!r} in {int(wrong.sum())} rows; give 1 "
            "for those who left, 0 for those who stayed, and -1 where it is not known"
        )
    return found.fillna(-1).to_numpy().astype(np.int64)


def _drawn(n: int, most: int, generator: np.random.Generator) -> Ints:
    """At most so many row numbers, drawn at random, in their order."""
    if n <= most:
        return np.arange(n)
    return np.sort(generator.choice(n, most, replace=False))
