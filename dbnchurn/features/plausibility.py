"""Fitting of the plausibility of rows: a Boltzmann machine over all columns, and its scale."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.typing import Floats, Floats32, Ints, Ints32, Rows
from dbnchurn.dbn import DBN
from dbnchurn.dbn.visible import Visible
from dbnchurn.features.plausibility_record import (
    BEYOND,
    LARGEST_WEIGHT,
    PlausibilityRecord,
    bins_of,
    surprise,
)
from dbnchurn.tables.schema import Table

FEWEST_ROWS = 200
MOST_LEVELS = 32  # bins of a category; its rarest levels share the last one
CROSS_FITTED_ROWS = 20_000  # from so many rows on, a quarter that is held out says enough
HELD_OUT = 0.25
REFERENCE_ROWS = 100_000
BEYOND_REFERENCE = 10.0  # times the rows of the reference: how far its tail is extended
TAIL_SHARE, TAIL_ROWS = 0.02, 100
GRID = 81


class Plausibility(BaseEstimator):  # type: ignore[misc]
    """Learn which values occur together, so that rows that were read wrongly stand out.

    Every column of the table as read is a softmax group of one restricted Boltzmann machine:
    numbers fall into bins of about as many rows each, with two more outside the range of training.
    The machine is trained by contrastive divergence. A row's score is the sum over its columns of
    -log p(value | the other columns), the pseudo-likelihood with the sign turned, less half of
    -log p(value), so that values that are rare in any row count less. How scores are distributed
    is measured on rows that the machine was not trained on: out of fold, or, from 20,000 rows on,
    on a quarter of the rows that is held out; the tail is a generalised Pareto distribution.

    Parameters
    ----------
    hidden : int, default 64
        Hidden units of the machine.
    epochs : int, default 40
        Passes over the rows, at most: with more than 10,000 rows fewer, so that no machine is
        trained on more than 400,000 rows, counted in every pass.
    batch_size : int, default 64
    learning_rate : float, default 0.3
        At first; it falls linearly to 0.
    bins : int, default 10
        Bins of a number, about.
    folds : int, default 4
        Below 20,000 rows so many machines are trained, each without its part of the rows, so that
        every row has a score of a machine that was not trained on it. The first one is stored.
    max_rows : int, default 50_000
        Rows that a machine is trained on, at most; of more, so many are drawn.

    Attributes
    ----------
    record_ : PlausibilityRecord

    References
    ----------
    Besag (1975), Statistical analysis of non-lattice data. Hosking and Wallis (1987), Parameter
    and quantile estimation for the generalized Pareto distribution.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> months = generator.integers(1, 60, 600)
    >>> numbers = np.column_stack([months, months * 20.0 + generator.normal(0, 30, 600)])
    >>> table = Table(numbers, np.empty((600, 0), np.int32), ("months", "paid"), (), ())
    >>> record = Plausibility(epochs=20).fit(table, generator=generator).record_
    >>> odd = replace(table, numbers=np.array([[50.0, 1000.0], [50.0, 60.0]]))
    >>> usual, unusual = surprise(record, odd).sum(axis=1)
    >>> bool(usual < 0.5), bool(unusual > 3)
    (True, True)
    """

    def __init__(
        self,
        *,
        hidden: Annotated[int, Field(ge=1, le=1024)] = 64,
        epochs: Annotated[int, Field(ge=0)] = 40,
        batch_size: Annotated[int, Field(ge=1)] = 64,
        learning_rate: Annotated[float, Field(gt=0)] = 0.3,
        bins: Annotated[int, Field(ge=2, le=256)] = 10,
        folds: Annotated[int, Field(ge=2)] = 4,
        max_rows: Annotated[int, Field(ge=200)] = 50_000,
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.bins = bins
        self.folds = folds
        self.max_rows = max_rows

    def fit(
        self,
        table: Table,
        *,
        generator: np.random.Generator,
        device: Literal["cpu", "cuda"] = "cpu",
        n_threads: int = 1,
    ) -> Plausibility:
        """Train the machine, and measure how scores of other rows are distributed.

        Parameters
        ----------
        table : Table of n rows
            As read.
        generator : numpy Generator
        device : {"cpu", "cuda"}, default "cpu"
        n_threads : int, default 1

        Returns
        -------
        Plausibility
            Itself.

        Raises
        ------
        DataError
            If the table has fewer than 200 rows.
        ConfigError
            If the training diverges.
        """
        n = len(table)
        check_rows(n)
        order = generator.permutation(n)

        def machine(rows: Rows) -> PlausibilityRecord:
            drawn = np.sort(rows[: self.max_rows])
            return self._machine(table.take(drawn), generator, device, n_threads)

        def scores(record: PlausibilityRecord, rows: Rows) -> Floats:
            return np.asarray(surprise(record, table.take(rows), n_threads).sum(axis=1))

        if n >= CROSS_FITTED_ROWS:
            kept = min(self.max_rows, n - int(n * HELD_OUT))
            record, reference = machine(order[:kept]), order[kept : kept + REFERENCE_ROWS]
            found = scores(record, reference)
        else:
            machines = []
            found = np.empty(n)
            for part in np.array_split(order, self.folds):
                machines.append(machine(np.setdiff1d(order, part, assume_unique=True)))
                found[part] = scores(machines[-1], part)
            # One of them: a machine trained on all rows would find other rows less odd than these.
            record = machines[0]
        one_in, levels = rarity_curve(found)
        self.record_ = replace(record, one_in=one_in, scores=levels)
        return self

    def _machine(
        self,
        table: Table,
        generator: np.random.Generator,
        device: Literal["cpu", "cuda"],
        n_threads: int,
    ) -> PlausibilityRecord:
        """A machine trained on all rows of a table; its scores have no distribution yet."""
        blank = _with_bins(table, self.bins)
        places, first = bins_of(blank, table), np.cumsum(blank.sizes) - blank.sizes
        absent = int(blank.sizes.sum())
        codes = np.where(places < absent, places - first, -1).astype(np.int32)
        seed = int(generator.integers(2**31))
        dbn = DBN(
            (self.hidden,),
            epochs=self._epochs(len(table)),
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule="linear",
            device=device,
            n_threads=n_threads,
            random_state=seed,
        )
        try:
            rbm = dbn.fit(Visible.of(codes=codes, sizes=tuple(map(int, blank.sizes)))).rbms_[0]
        except FloatingPointError as error:
            raise ConfigError(f"plausibility: {error}") from error
        arrays = {
            "weights": rbm.weights["codes"],
            "bias": rbm.visible["codes"].bias,
            "hidden_bias": rbm.hidden.bias,
        }
        trained = {
            name: np.clip(values.float().cpu().numpy(), -LARGEST_WEIGHT, LARGEST_WEIGHT)
            for name, values in arrays.items()
        }
        counts = np.bincount(places.ravel(), minlength=absent + 1)[:absent]
        return replace(blank, **trained, discount=_discount(counts, blank.sizes))

    def _epochs(self, rows: int) -> int:
        """Passes over so many rows."""
        return min(self.epochs, max(1, -(-400_000 // rows)))


def check_rows(rows: int) -> None:
    """Refuse fewer rows than a machine is trained on.

    Raises
    ------
    DataError
        If there are fewer than 200.
    """
    if rows < FEWEST_ROWS:
        raise DataError(
            f"the plausibility of rows is learned from {FEWEST_ROWS} training rows or more, there "
            f"are {rows}; leave it out (use_plausibility=False)"
        )


def _with_bins(table: Table, bins: int) -> PlausibilityRecord:
    """A record with the bins of a table's columns, without a machine."""
    edges, low, high, sizes = [], [], [], []
    for column in table.numbers.T:
        present = column[~np.isnan(column)]
        edges.append(_edges(present, bins))
        low.append(present.min() if len(present) else 1.0)
        high.append(present.max() if len(present) else 0.0)
        sizes.append(len(edges[-1]) + 1 + BEYOND if len(present) else 1)
    levels = [_levels(codes, size) for codes, size in zip(table.codes.T, table.sizes, strict=True)]
    sizes += [int(bins_of_levels.max(initial=0)) + 1 for bins_of_levels in levels]
    nothing = np.empty(0, np.float32)
    return PlausibilityRecord(
        edges=np.concatenate([np.empty(0), *edges]),
        edge_starts=np.cumsum([0, *map(len, edges)]),
        low=np.array(low, np.float64),
        high=np.array(high, np.float64),
        level_bins=np.concatenate([np.empty(0, np.int32), *levels]),
        sizes=np.array(sizes, np.int64),
        weights=np.empty((0, 0), np.float32),
        bias=nothing,
        hidden_bias=nothing,
        discount=nothing,
        one_in=np.empty(0),
        scores=np.empty(0),
    )


def _edges(present: Floats, bins: int) -> Floats:
    """Lower ends of the bins after the first; a value that many rows share has its own bin."""
    values, counts = np.unique(present, return_counts=True)
    if len(values) <= bins:
        return values[1:]
    edges = np.quantile(present, np.linspace(0, 1, bins + 1)[1:-1], method="higher")
    heavy = np.flatnonzero(counts >= len(present) / bins)
    after = values[np.minimum(heavy + 1, len(values) - 1)]
    edges = np.unique(np.concatenate([edges, values[heavy], after]))
    return np.asarray(edges[edges > values[0]])


def _levels(codes: Ints32, size: int) -> Ints32:
    """Bin of every level: one each, but the rarest of many levels share one."""
    if size <= MOST_LEVELS:
        return np.arange(size, dtype=np.int32)
    counts = np.bincount(codes[codes >= 0], minlength=size)
    order = np.argsort(-counts, kind="stable")
    bins = np.full(size, MOST_LEVELS - 1, np.int32)
    bins[order[: MOST_LEVELS - 1]] = np.arange(MOST_LEVELS - 1)
    return bins


def _discount(counts: Ints, sizes: Ints) -> Floats32:
    """Half of -log of the share of every bin among the values of its column."""
    first = np.cumsum(sizes) - sizes
    total = np.repeat(np.add.reduceat(counts, first), sizes) if len(sizes) else counts
    with np.errstate(divide="ignore", invalid="ignore"):
        half = -0.5 * np.log(counts / total)
    return np.where(counts > 0, half, 0.0).astype(np.float32)


def rarity_curve(scores: Floats) -> tuple[Floats, Floats]:
    """Of how many rows one has at least a score, for scores that rise.

    Quantiles of the rows; in the tail, which is the 2 % of the rows, or 100 of them, with the
    highest scores, a generalised Pareto distribution fitted by probability-weighted moments, up to
    one in ten times the number of rows.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Of rows that the machine was not trained on; at least two.

    Returns
    -------
    one_in, scores : float64 arrays of shape (k,)
        Both rise strictly.

    References
    ----------
    Hosking and Wallis (1987), Parameter and quantile estimation for the generalized Pareto
    distribution.

    Examples
    --------
    >>> one_in, scores = rarity_curve(np.random.default_rng(0).exponential(size=20_000))
    >>> float(np.exp(np.interp(np.log(1000), scores, np.log(one_in))).round(-2))
    1000.0
    """
    n = len(scores)
    ordered = np.sort(scores)
    tail = min(n // 2, max(TAIL_ROWS, int(TAIL_SHARE * n)))
    threshold = ordered[n - tail - 1]
    one_in = np.geomspace(1, BEYOND_REFERENCE * n, GRID)
    body = np.quantile(ordered, 1 - 1 / one_in)
    found = np.where(
        one_in * tail < n,
        body,
        threshold + _tail(ordered[n - tail :] - threshold, one_in * tail / n),
    )
    found = np.maximum.accumulate(found)  # scores may have a gap where the tail begins
    found, first = np.unique(found, return_index=True)
    # Of equal scores the most common meaning counts: so many rows have at least that score.
    return one_in[first], found


def _tail(excess: Floats, one_in: Floats) -> Floats:
    """What one of so many rows of the tail exceeds its threshold by."""
    m = len(excess)
    mean = excess.mean()
    if mean <= 0:
        return np.asarray(np.log(np.maximum(one_in, 1)))
    weighted = float(((m - np.arange(m) - 0.65) / m) @ excess / m)
    shape = float(np.clip(2 - mean / (mean - 2 * weighted), -0.5, 0.5))
    scale = mean * (1 - shape)
    far = np.log(np.maximum(one_in, 1))
    if abs(shape) < 1e-6:
        return np.asarray(scale * far)
    return np.asarray(scale * np.expm1(shape * far) / shape)
