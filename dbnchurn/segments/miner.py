"""The estimator ``SegmentMiner``: a table and answers in, a list of segments out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from dbnchurn.core.random_state import RandomStateLike, as_generator
from dbnchurn.core.typing import Floats
from dbnchurn.data.leakage_warning import OF_THE_OUTCOME, warn_of_leaks
from dbnchurn.segments.boxes import BoxMiner
from dbnchurn.segments.closed_sets import mine_closed
from dbnchurn.segments.coded_table import CodedTable, code_table
from dbnchurn.segments.counts import CodedRows
from dbnchurn.segments.measurement import candidate_table, measured_segments, pair_counts, top_rates
from dbnchurn.segments.patterns import Patterns
from dbnchurn.segments.rates import Rate
from dbnchurn.segments.row_parts import PARTS
from dbnchurn.segments.segment import Chance
from dbnchurn.segments.segment_list import SegmentList
from dbnchurn.segments.selection import CoverRules, greedy_cover, significant
from dbnchurn.tables.label_classes import LabelValues
from dbnchurn.tables.schema import Schema

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Amount = Annotated[float, Field(ge=0)]


class SegmentMiner(BaseEstimator):  # type: ignore[misc]
    """Find segments with a high rate of yeses, described by ranges of a few columns.

    Columns become items: intervals, levels, and bins of their own for zero, special codes and
    missing. A first part of the rows is mined for candidates, a second tests them and orders those
    that hold into a list without overlap, and a third, untouched until then, gives the rates.

    Parameters
    ----------
    mode : {"ranges", "paper"}, default "ranges"
        ``"ranges"``: every contiguous range per column; of these, boxes that no step of one edge
        improves and in which every column earns its place, ranked by the lower Wilson bound.
        ``"paper"``: frequent closed item sets of the yeses, one interval per column, ranked by
        rate.
    method : {"quantile", "width"}, default "quantile"
        Intervals of equally many rows, or of equal width.
    bins : int, default 10
        Intervals per numeric column. A number with two values becomes two levels.
    edges : dict of column to list of float, default None
        Column → inner edges to cut it at, in place of computed ones.
    zero : bool, default True
        Zero is an interval of its own in columns where at least 1 % of the rows hold it.
    special : dict of column to list of float, default None
        Codes that are no quantities (such as -1 for "refused"); each becomes an item.
    max_levels : int, default 20
        The most frequent levels of a category that become items.
    max_length : int, default 3
        Columns per segment.
    min_count : int, default 30
        Yeses that a segment must hold among the mined rows; and, in proportion, beyond those of
        earlier segments among the rows to select on.
    min_rate : float, default 0
        Rate it must reach there.
    candidates : int, default 1000
        The best patterns that go on to selection.
    alpha : float, default 0.05
        Share of false segments accepted in selection (Benjamini–Hochberg).
    confidence : float, default 0.95
        Of all Wilson intervals.
    parts : three floats, default (0.5, 0.25, 0.25)
        Shares of the rows to mine, to select on, and to report from.
    date : str, default None
        Column by which to split in time, oldest rows first; it is used for nothing else.
    n_segments : int, default 10
        Longest list.
    budget : float, default None
        Largest share of the customers to approach, in (0, 1]. It cuts the list; of the last segment
        only a part may be left to approach.
    cost : float, default None
        Of approaching one customer.
    value : float, default None
        Of one yes. With a cost, segments that would not earn it back are left out.
    positive : answer or list of answers, default None
        The answers that mean yes; by default known words decide, such as yes and no, 1 and 0, or
        churned and stayed.
    negative : answer or list of answers, default None
        The answers that mean no; by default the other one.
    kinds : dict of column to {"number", "flag", "category", "date", "ignore"}, default None
        Kinds that would be inferred wrongly; see :func:`dbnchurn.tables.kinds.infer`.
    formats : dict of column to str, default None
        How numbers or dates in text are written, where that is in doubt, such as ``"1.234,5"`` or
        ``"%d.%m.%Y"``.
    leakage : {"error", "warn", "off"}, default "warn"
        What happens if a column alone decides the answer: an error, one warning that names all
        such columns, or nothing. Scores are not looked at, nor fewer than 200 rows.
    threshold : float, default None
        `y` holds scores, and those of at least the threshold mean yes: describes a model's list.
    outcome : str, default "say yes"
        What the yeses do, for texts only ("buy", "leave").
    permutations : int, default 0
        Shuffles of the answers for the diagnostic; each mines once more.
    max_cells : int, default 10_000_000
        Cells that the largest table may have; about 50 bytes each.
    random_state : int, Generator, RandomState or None, default None
        Seeds the split and the shuffles.

    Attributes
    ----------
    segments_ : SegmentList
        The result; plain data that can be saved and applied without the miner.
    axes_ : tuple of Axis
        Items of the columns that could be mined.
    skipped_ : dict
        Columns that were left out → reason.
    parts_ : RowParts
        Row numbers that were mined, selected on and reported from.
    candidates_ : DataFrame
        Every candidate with its text, mined counts and rate, p-value and q-value.
    feature_names_in_ : array of str
    n_features_in_ : int

    References
    ----------
    G. I. Webb, "Discovering significant patterns", Machine Learning 68, 2007.
    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", 1995.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> age, visits = generator.integers(18, 80, 8000), generator.poisson(3, 8000)
    >>> X = pd.DataFrame({"age": age, "visits": visits})
    >>> y = generator.random(8000) < np.where(X["age"] >= 60, 0.4, 0.1)
    >>> miner = SegmentMiner(edges={"age": [30, 45, 60, 70]}, random_state=0).fit(X, y)
    >>> miner.table()["words"].tolist()
    ['age 60 or more']
    >>> miner.assign(X.head(3)).isna().tolist() == (X["age"].head(3) < 60).tolist()
    True
    """

    segments_: SegmentList

    def __init__(
        self,
        *,
        mode: Literal["ranges", "paper"] = "ranges",
        method: Literal["quantile", "width"] = "quantile",
        bins: Annotated[int, Field(ge=2, le=1000)] = 10,
        edges: Mapping[str, Sequence[float]] | None = None,
        zero: bool = True,
        special: Mapping[str, Sequence[float]] | None = None,
        max_levels: Annotated[int, Field(ge=1, le=10_000)] = 20,
        max_length: Count = 3,
        min_count: Count = 30,
        min_rate: Annotated[float, Field(ge=0, le=1)] = 0.0,
        candidates: Count = 1000,
        alpha: Share = 0.05,
        confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95,
        parts: Sequence[float] = (0.5, 0.25, 0.25),
        date: str | None = None,
        n_segments: Count = 10,
        budget: Share | None = None,
        cost: Amount | None = None,
        value: Amount | None = None,
        positive: LabelValues | None = None,
        negative: LabelValues | None = None,
        kinds: Mapping[str, str] | None = None,
        formats: Mapping[str, str] | None = None,
        leakage: Literal["error", "warn", "off"] = "warn",
        threshold: float | None = None,
        outcome: str = "say yes",
        permutations: Annotated[int, Field(ge=0)] = 0,
        max_cells: Count = 10_000_000,
        random_state: RandomStateLike = None,
    ) -> None:
        self.mode = mode
        self.method = method
        self.bins = bins
        self.edges = edges
        self.zero = zero
        self.special = special
        self.max_levels = max_levels
        self.max_length = max_length
        self.min_count = min_count
        self.min_rate = min_rate
        self.candidates = candidates
        self.alpha = alpha
        self.confidence = confidence
        self.parts = parts
        self.date = date
        self.n_segments = n_segments
        self.budget = budget
        self.cost = cost
        self.value = value
        self.positive = positive
        self.negative = negative
        self.kinds = kinds
        self.formats = formats
        self.leakage = leakage
        self.threshold = threshold
        self.outcome = outcome
        self.permutations = permutations
        self.max_cells = max_cells
        self.random_state = random_state

    def fit(self, X: Any, y: Any, *, groups: Any = None) -> Self:
        """Mine, select and report.

        Parameters
        ----------
        X : DataFrame, Arrow or polars table, or 2-D array of shape (n, d)
            One row per customer; its columns are read as a classifier reads them.
        y : array-like of shape (n,)
            Answers of an offer, churn, or scores (see `threshold`).
        groups : array-like of shape (n,), optional
            Rows of one value (e.g. a customer) go to one part.

        Returns
        -------
        self

        Raises
        ------
        ConfigError
            A parameter is not allowed.
        DataError
            `X` or `y` cannot be used; the message says what to do.
        """
        generator = as_generator(self.random_state)
        coded = code_table(self, X, y, groups, generator)
        self._check_columns(coded)
        mine, select, _ = coded.rows
        patterns = self._mine(mine)
        kept, p, q = significant(patterns, select, self.alpha)
        chosen, shares = self._cover(patterns.take(kept), coded)
        self.candidates_ = candidate_table(patterns, coded.axes, p, q)
        number = kept[chosen]
        self.segments_ = self._segment_list(
            patterns.take(number), shares, p[number], q[number], coded
        )
        if self.permutations:
            self.segments_ = replace(self.segments_, chance=self._chance(coded.rows, generator))
        self.axes_, self.skipped_, self.parts_ = coded.axes, coded.skipped, coded.parts
        self.feature_names_in_ = np.array(coded.names, dtype=object)
        self.n_features_in_ = len(coded.names)
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = True
        return tags

    def table(self) -> pd.DataFrame:
        """The list with its rates on the report's rows: see :meth:`SegmentList.table`."""
        return self._fitted().table()

    def assign(self, X: Any) -> pd.Series[Any]:
        """Number of every customer's segment: see :meth:`SegmentList.assign`."""
        return self._fitted().assign(X)

    def evaluate(self, X: Any, y: Any) -> pd.DataFrame:
        """Measure the fixed segments on other customers: see :meth:`SegmentList.evaluate`.

        Parameters
        ----------
        X : DataFrame or 2-D array of shape (n, d)
        y : array-like of shape (n,)
            Answers or scores, as for :meth:`fit`.

        Returns
        -------
        DataFrame
            One row per segment.
        """
        return self._fitted().evaluate(X, y)

    def best_mined(self, X: Any, y: Any, *, shuffled: bool = False) -> tuple[float, float, float]:
        """Rate of the best mined patterns, without any selection, on mined rows and on fresh ones.

        Parameters
        ----------
        X, y
            As for :meth:`fit`.
        shuffled : bool, default False
            Shuffle the answers first, within each part.

        Returns
        -------
        mined, fresh : float
            Rate of all rows in the best ``n_segments`` patterns together, on the mined rows and on
            the report's; NaN where none is found.
        customers : float
            Share of the report's rows they hold.
        """
        generator = as_generator(self.random_state)
        parts: Sequence[CodedRows] = code_table(self, X, y, None, generator).rows
        if shuffled:
            parts = [part.answering(generator.permutation(part.hits)) for part in parts]
        mined, fresh = top_rates(self._mine(parts[0]).take(slice(self.n_segments)), parts)
        return mined.value, fresh.value, fresh.rows / len(parts[2].hits)

    def _fitted(self) -> SegmentList:
        check_is_fitted(self, "segments_")
        return self.segments_

    # -- steps of fit ------------------------------------------------------------------------

    def _check_columns(self, coded: CodedTable) -> None:
        """Warn of columns that decide the answer, where there are answers and no scores."""
        if self.threshold is None:
            answers = coded.hits.astype(np.int64)
            warn_of_leaks(coded.columns, answers, self.leakage, checks=OF_THE_OUTCOME)

    def _mine(self, data: CodedRows) -> Patterns:
        if self.mode == "paper":
            patterns = mine_closed(data, self.max_length, self.min_count, self.min_rate)
        else:
            patterns = BoxMiner(
                data, self.max_length, self.min_count, self.min_rate, self.confidence
            ).run()
        return patterns.take(slice(self.candidates))

    def _cover(self, patterns: Patterns, coded: CodedTable) -> tuple[list[int], list[float]]:
        mined, selected = len(coded.parts.mine), len(coded.parts.select)
        rules = CoverRules(
            self.n_segments,
            self.budget,
            self.cost,
            self.value,
            self.confidence,
            math.ceil(self.min_count * selected / mined),
        )
        chosen = list(greedy_cover(patterns, coded.rows[1], rules))
        return [i for i, _ in chosen], [share for _, share in chosen]

    # -- results of fit ----------------------------------------------------------------------

    def _segment_list(
        self,
        patterns: Patterns,
        shares: Sequence[float],
        p: Floats,
        q: Floats,
        coded: CodedTable,
    ) -> SegmentList:
        segments = measured_segments(patterns, shares, coded.axes, coded.rows, p, q)
        meaning = coded.meaning
        used = {c.column for segment in segments for c in segment.conditions}
        return SegmentList(
            segments,
            kinds={axis.column: axis.kind for axis in coded.axes if axis.column in used},
            base={name: Rate.of(part.hits) for name, part in zip(PARTS, coded.rows, strict=True)},
            outcome=self.outcome,
            label=None if meaning is None else meaning.column,
            positive=() if meaning is None else meaning.positive,
            negative=() if meaning is None else meaning.negative,
            threshold=self.threshold,
            confidence=self.confidence,
            budget=self.budget,
            cost=self.cost,
            value=self.value,
            pairs=pair_counts(patterns, coded.axes, coded.rows[2]),
            settings=self._settings(),
            candidates=len(self.candidates_),
            schema=Schema(tuple(c for c in coded.schema.columns if c.name in used)),
            significant=int((self.candidates_["q_value"] <= self.alpha).sum()),
        )

    def _settings(self) -> dict[str, Any]:
        """All parameters but `random_state`, as JSON has them."""
        given = {k: v for k, v in self.get_params().items() if k != "random_state"}
        settings: dict[str, Any] = json.loads(json.dumps(given, default=_to_json_type))
        return settings

    def _chance(self, parts: Sequence[CodedRows], generator: np.random.Generator) -> Chance:
        """The same search on shuffled answers."""
        true = top_rates(self._mine(parts[0]).take(slice(self.n_segments)), parts)
        shuffled = [Rate(0, 0), Rate(0, 0)]
        findings = 0
        for _ in range(self.permutations):
            mixed = [part.answering(generator.permutation(part.hits)) for part in parts]
            patterns = self._mine(mixed[0])
            findings += bool(len(significant(patterns, mixed[1], self.alpha)[0]))
            rates = top_rates(patterns.take(slice(self.n_segments)), mixed)
            shuffled = [total + rate for total, rate in zip(shuffled, rates, strict=True)]
        return Chance(self.permutations, findings, self.n_segments, *true, *shuffled)


def _to_json_type(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else np.asarray(value).tolist()
