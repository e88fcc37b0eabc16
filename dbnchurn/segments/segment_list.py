"""The list of segments: rates with intervals, and which customers belong to which segment.

A :class:`SegmentList` is plain data and needs no miner to assign and evaluate;
:mod:`dbnchurn.segments.files` writes and reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import listed
from dbnchurn.core.html.format import percent
from dbnchurn.core.typing import Bools, Ints
from dbnchurn.segments.columns import (
    ANSWERS,
    Kind,
    answer_name,
    checked_answers,
    checked_frame,
    read_answers,
    read_known_columns,
)
from dbnchurn.segments.conditions import OneOf
from dbnchurn.segments.rates import Rate
from dbnchurn.segments.segment import Chance, PairCounts, Segment
from dbnchurn.tables.doubtful_values import without_missing
from dbnchurn.tables.label import LabelMeaning, apply_meaning
from dbnchurn.tables.label_classes import LabelValue
from dbnchurn.tables.schema import Column, Schema


@dataclass(frozen=True)
class SegmentList:
    """Segments in the order in which to act on them; a customer belongs to the first that fits.

    Parameters
    ----------
    segments : tuple of Segment
    kinds : dict
        Column that a segment reads → kind of its values.
    base : dict
        Rate of all rows of each part: ``"mine"``, ``"select"``, ``"report"``.
    outcome : str
        What the yeses do, e.g. "buy".
    positive, negative : tuples of str, bool, int or float
        The answers that mean yes, and those that mean no; of scores both are empty.
    label : str or None
        Name of the column with the answers.
    threshold : float or None
        Lowest score that is a yes; None where answers were given.
    confidence : float
        Of all intervals.
    budget, cost, value : float or None
        Share of customers that may be approached; cost of one contact; value of one yes.
    chance : Chance or None
        The permutation diagnostic, where it was run.
    pairs : tuple of PairCounts
        For heatmaps.
    settings : dict
        How the segments were found.
    candidates, significant : int
        Patterns that went on to selection, and that passed it.
    schema : Schema
        How the columns that segments read were written.
    missing : tuple of str
        Texts that stand for a missing value in addition to the usual ones.

    Examples
    --------
    >>> from dbnchurn.segments.conditions import Between
    >>> old = Between("age", 60.0, float("inf"), whole=True)
    >>> rate = Rate(30, 100)
    >>> segment = Segment((old,), rate, rate, rate, rate, 0.001, 0.001)
    >>> base = {part: Rate(50, 500) for part in ("mine", "select", "report")}
    >>> segments = SegmentList((segment,), {"age": "number"}, base)
    >>> segments.assign(pd.DataFrame({"age": [30, 70]})).tolist()
    [<NA>, 1]
    """

    segments: tuple[Segment, ...]
    kinds: dict[str, Kind]
    base: dict[str, Rate]
    outcome: str = "say yes"
    positive: tuple[LabelValue, ...] = (1,)
    negative: tuple[LabelValue, ...] = (0,)
    label: str | None = None
    threshold: float | None = None
    confidence: float = 0.95
    budget: float | None = None
    cost: float | None = None
    value: float | None = None
    chance: Chance | None = None
    pairs: tuple[PairCounts, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    candidates: int = 0
    significant: int = 0
    schema: Schema = field(default_factory=lambda: Schema(()))
    missing: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.segments)

    def table(self) -> pd.DataFrame:
        """One row per segment, with rates on the report's rows.

        Returns
        -------
        DataFrame
            ``segment, words, customers, hits, rate, low, high, lift, reach`` of the customers whom
            no earlier segment holds (`reach`: share of all positives); ``approach``, the part of
            them that the budget allows to approach; ``cumulative_customers, cumulative_share,
            cumulative_rate, cumulative_reach`` of those approached so far; ``overlap``,
            the share of the segment's customers whom earlier ones hold; ``cost, profit,
            cumulative_profit`` where given; ``mined_rate``, beside which the optimism shows;
            ``p_value, q_value`` of selection; ``edges`` in original units and ``sql``.
        """
        table = self._rates([s.report for s in self.segments], self.base["report"])
        alone = np.array([s.alone.rows for s in self.segments], np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            table["overlap"] = np.where(alone > 0, 1 - table["customers"] / alone, np.nan)
        table["mined_rate"] = np.array([s.mined.value for s in self.segments], np.float64)
        table["p_value"] = np.array([s.p_value for s in self.segments], np.float64)
        table["q_value"] = np.array([s.q_value for s in self.segments], np.float64)
        table["edges"] = [s.edges() for s in self.segments]
        table["sql"] = [s.sql() for s in self.segments]
        return table

    def assign(self, X: Any) -> pd.Series[Any]:
        """Number of every customer's segment, from 1; missing for customers in none.

        Parameters
        ----------
        X : DataFrame or 2-D array
            Customers with the columns the segments read; others may be absent. A level that is
            spelled in another way, such as TRUE for Yes, is that level; one that was never seen
            belongs to no segment that tests it.

        Returns
        -------
        Series of dtype Int64, named "segment", with the index of `X`.

        Raises
        ------
        DataError
            A column is absent, or holds values that cannot be read as its kind.
        """
        frame = without_missing(checked_frame(X), self.missing)
        number = self._first_match(frame)
        return pd.Series(number, frame.index, "Int64", "segment").mask(number == 0)

    def evaluate(self, X: Any, y: Any) -> pd.DataFrame:
        """Measure the segments on other customers; nothing is fitted.

        Parameters
        ----------
        X : DataFrame or 2-D array
        y : array-like of the same rows
            Answers (or scores, where a threshold was set) as at fit.

        Returns
        -------
        DataFrame
            As :meth:`table`, measured on these rows; ``reported_rate`` is the rate that the report
            promised, ``change`` the difference.
        """
        frame = without_missing(checked_frame(X), self.missing)
        hits = self._hits(y, len(frame))
        number = self._first_match(frame)
        rates = [Rate.of(hits[number == k]) for k in range(1, len(self) + 1)]
        table = self._rates(rates, Rate.of(hits))
        table["reported_rate"] = np.array([s.report.value for s in self.segments], np.float64)
        table["change"] = table["rate"] - table["reported_rate"]
        return table

    def _hits(self, y: Any, rows: int) -> Bools:
        """Who says yes, by what was decided when the segments were found."""
        if self.threshold is not None:
            return read_answers(y, rows, threshold=self.threshold)[1]
        if not self.negative:  # of an older list, which names the yeses alone
            return read_answers(y, rows, positive=self.positive)[1]
        meaning = LabelMeaning(self.label, self.positive, self.negative)
        answers, name = checked_answers(y, rows), answer_name(y)
        return apply_meaning(meaning, answers, column=name, question=ANSWERS).astype(bool)

    def yes_sentence(self) -> str:
        """Who counts as saying yes, and what share of all rows, in words."""
        whole = sum(self.base.values(), Rate(0, 0))
        what = (
            f"{self.label or 'the score'} of at least {self.threshold:g}"
            if (self.threshold is not None)
            else LabelMeaning(self.label, self.positive, self.negative).condition
        )
        return (
            f"Counts as “{self.outcome}”: {what}, {percent(whole.value)} of {whole.rows:,} "
            "customers."
        )

    def majority_note(self) -> str | None:
        """A warning where more than half of all rows count as a yes of answers, else None."""
        share = sum(self.base.values(), Rate(0, 0)).value
        if self.threshold is not None or not share > 0.5:
            return None
        return (
            f"Most customers count as “{self.outcome}”. If the others are meant, turn it: give "
            f"{listed(self.negative)} as positive."
        )

    def total(self, part: str = "report") -> Rate:
        """Rate of all segments together on one part ("mined", "selected" or "report")."""
        return sum((getattr(s, part) for s in self.segments), Rate(0, 0))

    def approached(self, part: str = "report") -> Rate:
        """The same, of the customers that the budget allows to approach, in whole customers."""
        return sum(
            (
                Rate(round(getattr(s, part).hits * s.share), round(getattr(s, part).rows * s.share))
                for s in self.segments
            ),
            Rate(0, 0),
        )

    def _first_match(self, frame: pd.DataFrame) -> Ints:
        columns = read_known_columns(frame, self.kinds, self._known())
        number = np.zeros(len(frame), np.int64)
        for k, segment in enumerate(self.segments, start=1):
            number[(number == 0) & segment.holds(columns)] = k
        return number

    def _known(self) -> Schema:
        """The columns that segments read; of lists stored without levels, those they name."""
        if self.schema.columns:
            return self.schema
        named: dict[str, dict[str, None]] = {}
        for condition in (c for segment in self.segments for c in segment.conditions):
            if isinstance(condition, OneOf) and self.kinds[condition.column] == "text":
                named.setdefault(condition.column, {}).update(
                    dict.fromkeys(str(level) for level in condition.levels)
                )
        return Schema(tuple(Column(name, "category", tuple(of)) for name, of in named.items()))

    def _rates(self, rates: Sequence[Rate], base: Rate) -> pd.DataFrame:
        rows = np.array([rate.rows for rate in rates], np.int64)
        hits = np.array([rate.hits for rate in rates], np.int64)
        share = np.array([segment.share for segment in self.segments], np.float64)
        contacts, yeses = rows * share, hits * share
        intervals = np.array([r.interval(self.confidence) for r in rates]).reshape(-1, 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate, so_far = hits / rows, yeses.cumsum() / contacts.cumsum()
            lift = rate / base.value
            reach = hits / base.hits
        table = pd.DataFrame(
            {
                "segment": np.arange(1, len(rates) + 1),
                "words": pd.Series([s.to_text() for s in self.segments], dtype=object),
                "customers": rows,
                "hits": hits,
                "rate": rate,
                "low": intervals[:, 0],
                "high": intervals[:, 1],
                "lift": lift,
                "reach": reach,
                "approach": share,
                "cumulative_customers": contacts.cumsum().round().astype(np.int64),
                "cumulative_share": contacts.cumsum() / base.rows,
                "cumulative_rate": so_far,
                "cumulative_reach": yeses.cumsum() / max(base.hits, 1),
            }
        )
        if self.cost is not None:
            table["cost"] = contacts * self.cost
        if self.value is not None:
            table["profit"] = yeses * self.value - contacts * (self.cost or 0.0)
            table["cumulative_profit"] = table["profit"].cumsum()
        return table
