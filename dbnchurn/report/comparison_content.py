"""The input of a comparison page: plain data, filled from finished runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dbnchurn.core.html.format import joined
from dbnchurn.evaluate.registry import METRICS

Number = Mapping[str, float | None]
"""``value``, ``low`` and ``high``; None where undefined."""


@dataclass(frozen=True, eq=False)
class Compared:
    """One model of a comparison.

    Parameters
    ----------
    name : str
    runs : int
    numbers : mapping of metric → Number
        Means over the runs.
    difference : mapping of metric → Number, or None
        Its numbers minus those of the reference, paired; None for the reference, and where
        nothing pairs the runs.
    rank : float or None
        Mean rank over the units that all models have; 1 is the best.
    seconds : float
        Mean wall seconds of training.
    differs : mapping of str → str
        Setting → value, where models differ.
    """

    name: str
    runs: int
    numbers: Mapping[str, Number]
    difference: Mapping[str, Number] | None
    rank: float | None
    seconds: float
    differs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models side by side; the first one is the reference.

    Parameters
    ----------
    title : str
    metric : str
        The number that decides ranks and verdict.
    method : str
        How the intervals were computed, in sentences.
    models : sequence of Compared
    runs : sequence of mappings
        One row per model and run: ``model``, ``unit``, ``run``, the metrics and ``seconds``.
    warnings : sequence of str, default ()
        One sentence each, such as runs that failed.
    """

    title: str
    metric: str
    method: str
    models: Sequence[Compared]
    runs: Sequence[Mapping[str, Any]]
    warnings: Sequence[str] = ()

    @property
    def reference(self) -> Compared:
        """The model that the others are compared with."""
        return self.models[0]

    @property
    def others(self) -> Sequence[Compared]:
        """All but the reference."""
        return self.models[1:]

    def standing(self, model: Compared) -> str:
        """Phrase that compares a model with the reference by `metric`, from the paired interval."""
        difference = None if model.difference is None else model.difference[self.metric]
        if difference is None or difference["low"] is None or difference["high"] is None:
            return "not compared with"
        if difference["low"] <= 0 <= difference["high"]:
            return "not told apart from"
        better = (difference["low"] > 0) == METRICS[self.metric].higher_is_better
        return "better than" if better else "worse than"

    @property
    def verdict(self) -> str:
        """The result in one sentence."""
        if not self.others:
            return f"There is one model only, {self.reference.name}, so nothing is compared."
        by_standing: dict[str, list[str]] = {}
        for model in self.others:
            by_standing.setdefault(self.standing(model), []).append(model.name)
        phrases = [
            f"{joined(by_standing[how])} {'is' if len(by_standing[how]) == 1 else 'are'} {how} "
            f"{self.reference.name}"
            for how in ("better than", "worse than", "not told apart from", "not compared with")
            if how in by_standing
        ]
        return f"By {METRICS[self.metric].label_in_sentence}, {'; '.join(phrases)}."
