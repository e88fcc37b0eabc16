"""The input of a report: plain data of one run, which :mod:`dbnchurn.runs.report` fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy.typing as npt

from dbnchurn.core.errors import ConfigError, listed
from dbnchurn.evaluate import Ranking, all_curves


@dataclass(frozen=True)
class PartSummary:
    """One part of the data.

    Parameters
    ----------
    name : str
        Such as ``train``.
    rows : int
        Customers.
    base_rate : float
        Share of churners.
    """

    name: str
    rows: int
    base_rate: float


@dataclass(frozen=True)
class Pretraining:
    """Curves of one Boltzmann machine, one value per epoch.

    Parameters
    ----------
    name : str
        Such as ``RBM 1, 312 → 256``.
    reconstruction_error : sequence of float
        On training rows.
    free_energy_gap : sequence of float, default ()
        Mean free energy of validation rows minus that of training rows.
    dead, saturated : sequences of float, default ()
        Shares of the hidden units that are off, or on, whatever the row.
    rectified : bool, default False
        Rectified units cannot saturate.
    code_spread : sequence of float, default ()
        Standard deviation over rows of a hidden activation, the mean of all units.
    pseudo_likelihood : sequence of float, default ()
        Of held-out rows before and after the training, or nothing where it was not measured.
    """

    name: str
    reconstruction_error: Sequence[float]
    free_energy_gap: Sequence[float] = ()
    dead: Sequence[float] = ()
    saturated: Sequence[float] = ()
    rectified: bool = False
    code_spread: Sequence[float] = ()
    pseudo_likelihood: Sequence[float] = ()


@dataclass(frozen=True)
class Weights:
    """The strongest weights of the first Boltzmann machine.

    Parameters
    ----------
    units : sequence of str
        Names of visible units.
    hidden : sequence of int
        Numbers of hidden units.
    weights : sequence of rows
        One row per visible unit, one number per hidden unit.
    of_units, of_hidden : int
        How many there are in all.
    leaf_share : float
        Share of the squared weights that belongs to leaves of the boosters, which are not shown.
    """

    units: Sequence[str]
    hidden: Sequence[int]
    weights: Sequence[Sequence[float]]
    of_units: int
    of_hidden: int
    leaf_share: float


@dataclass(frozen=True)
class Alternative:
    """A rule for the threshold, and what it does on the test customers.

    Parameters
    ----------
    rule : str
        As the page names it.
    own : bool
        Whether it is the run's own rule.
    unreached : str or None
        Why no threshold satisfies the rule; None where one does.
    numbers : mapping
        As :func:`dbnchurn.evaluate.at_thresholds` gives them.
    """

    rule: str
    own: bool
    unreached: str | None
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class Breakdown:
    """Performance in groups of the test customers.

    Parameters
    ----------
    name : str
        Column or month by which the customers are grouped.
    by_time : bool
        Whether they are months.
    groups : sequence of mapping
        As :func:`dbnchurn.evaluate.by_group` gives them.
    """

    name: str
    by_time: bool
    groups: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class FineTuning:
    """Loss curves of the whole network, one value per epoch.

    Parameters
    ----------
    train_loss : sequence of float
        In nats per customer.
    validation_loss : sequence of float, default ()
    best_epoch : int, optional
        Epoch, counted from 1, whose weights were kept; 0 for those of the start.
    """

    train_loss: Sequence[float]
    validation_loss: Sequence[float] = ()
    best_epoch: int | None = None


@dataclass(frozen=True, eq=False)
class ReportInput:
    """Everything that the report of one run shows.

    Parameters
    ----------
    title : str
        Name of the run.
    y : array of shape (n,)
        Outcomes of the test customers, 1 for churn.
    scores : mapping
        Model → probabilities of shape (n,). The first model is the one reported on, the others
        are its baselines.
    metrics : mapping
        Model → numbers, as :func:`dbnchurn.evaluate.compare` gives them, for the same models.
    threshold_rule : str
        Where the threshold comes from: ``chosen for the best F1 on validation``, ``fixed``.
    parts : sequence of PartSummary
        Train, validation and test.
    ablations : sequence of str, default ()
        The models among the baselines that are the reported one without a part of it.
    alternatives : sequence of Alternative, default ()
        Other thresholds, the run's own first.
    breakdowns : sequence of Breakdown, default ()
    published : mapping, default {}
        Source → its printed ``accuracy``, ``precision``, ``recall`` and ``f1`` as shares, None
        where it prints none; they stand beside the models' own.
    published_notes : sequence of str, default ()
        Sentences below that table.
    budget : float, optional
        Number of test customers that can be contacted.
    money : str, default ""
        One sentence on where the profit comes from.
    pretraining : sequence of Pretraining, default ()
        One per Boltzmann machine.
    weights : Weights, optional
        Of the first machine.
    fine_tuning : FineTuning, optional
        Losses of the network.
    strongest : mapping, default {}
        Feature → AUC of it alone on training rows, best first.
    seconds : mapping, default {}
        Stage → wall seconds, in order.
    fit_seconds : mapping, default {}
        Model → wall seconds of its fit; None where they are not known as a whole.
    facts : mapping, default {}
        Further lines of the page, such as source, seed, device and package versions.
    config_yaml : str, default ""
        The resolved config.
    warnings : sequence of str, default ()
        One sentence each.
    reasons : mapping, optional
        What drives the scores, as ``training.json`` has it under ``reasons``.
    outcome : str, default ""
        Who counts as having left, and what share of the customers.
    stored : str, default ""
        From which rows the measured and the stored model learned, in sentences.
    worth : float, optional
        Money that keeping a customer brings, by the config; None where every customer's own
        costs count.
    names : mapping, default {}
        Column → what the business calls it.
    sample_weight, gain : arrays of shape (n,), optional
        As given to :func:`dbnchurn.evaluate.compare`.

    Raises
    ------
    ConfigError
        If `scores` and `metrics` are not of the same models.
    """

    title: str
    y: npt.ArrayLike
    scores: Mapping[str, npt.ArrayLike]
    metrics: Mapping[str, Mapping[str, Any]]
    threshold_rule: str
    parts: Sequence[PartSummary]
    ablations: Sequence[str] = ()
    alternatives: Sequence[Alternative] = ()
    breakdowns: Sequence[Breakdown] = ()
    published: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    published_notes: Sequence[str] = ()
    budget: float | None = None
    money: str = ""
    pretraining: Sequence[Pretraining] = ()
    weights: Weights | None = None
    fine_tuning: FineTuning | None = None
    strongest: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    fit_seconds: Mapping[str, float | None] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    config_yaml: str = ""
    warnings: Sequence[str] = ()
    reasons: Mapping[str, Any] | None = None
    outcome: str = ""
    stored: str = ""
    worth: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    sample_weight: npt.ArrayLike | None = None
    gain: npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        if list(self.scores) != list(self.metrics) or not self.scores:
            raise ConfigError(
                "scores and metrics should be of the same models in the same order, got "
                f"{listed(self.scores)} and {listed(self.metrics)}"
            )

    def label(self, column: str) -> str:
        """What the business calls a column."""
        return self.names.get(column, column)

    @property
    def model(self) -> str:
        """The model reported on."""
        return next(iter(self.scores))

    @property
    def baselines(self) -> list[str]:
        """The other models, in the order of `scores`."""
        return list(self.scores)[1:]

    @property
    def peers(self) -> list[str]:
        """The baselines that are models of another kind."""
        return [name for name in self.baselines if name not in self.ablations]

    @property
    def own(self) -> Mapping[str, Any]:
        """Numbers of the model reported on."""
        return self.metrics[self.model]

    @cached_property
    def curves(self) -> dict[str, dict[str, Any]]:
        """Model → its curves, as :func:`dbnchurn.evaluate.all_curves` gives them."""
        return {
            name: all_curves(Ranking.of(self.y, scores, self.sample_weight, self.gain))
            for name, scores in self.scores.items()
        }
