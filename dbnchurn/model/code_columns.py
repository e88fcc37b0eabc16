"""Hidden codes as further columns of the boosters, and whether they are worth it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dbnchurn.core.checkpoints import CheckpointStore
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.progress import report_epoch, stage
from dbnchurn.core.typing import Floats
from dbnchurn.dbn import DBN, Network
from dbnchurn.dbn.epoch_count import automatic_epochs
from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.dbn.network_stage import machine_facts, unlearned_machines
from dbnchurn.dbn.rows import RowSource
from dbnchurn.evaluate.metrics import average_precision
from dbnchurn.evaluate.ranking import Ranking
from dbnchurn.features import Leaves
from dbnchurn.features.code_columns_record import with_codes
from dbnchurn.features.compact_rows import CHUNK, MemoryBudget
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.features.wide_tables import WIDE, is_wide
from dbnchurn.model.booster_fitter import current_fitter
from dbnchurn.model.compute import Compute
from dbnchurn.model.large_tables import LargeTableRules
from dbnchurn.model.stages import UseCodes
from dbnchurn.model.training_rows import PreparedRows, PretrainingSet, encode_rows
from dbnchurn.predictor.card import codes_sentence
from dbnchurn.tables.schema import Table

FitBoosters = Callable[[PreparedRows, Compute, CheckpointStore], Leaves]

LAYERS = (128, 64)
LONGER, LEARNING_RATE, BATCH_SIZE = 2, 0.05, 128
"""Twice the mini-batches of the network's machines at half of their rate: codes are tested as they
are, where a network goes on to train its machines with labels."""
ASIDE = 64  # makes the generator of the machines another one than that of the boosters


@dataclass(frozen=True, eq=False)
class CodeComparison:
    """Boosters with and without codes on the rows that each was fitted without.

    Parameters
    ----------
    without, with_codes : float64 arrays of shape (folds,)
        Average precision on every fold that has customers of both outcomes.
    """

    without: Floats
    with_codes: Floats

    @property
    def difference(self) -> float:
        """Mean over the folds of what codes add to average precision."""
        return float((self.with_codes - self.without).mean()) if len(self.without) else 0.0

    @property
    def standard_error(self) -> float:
        """Of the difference; infinite with fewer than two folds."""
        folds = len(self.without)
        if folds < 2:
            return float("inf")
        return float((self.with_codes - self.without).std(ddof=1) / np.sqrt(folds))

    @property
    def kept(self) -> bool:
        """Whether the difference exceeds its standard error.

        Examples
        --------
        >>> without = np.array([0.30, 0.32, 0.31])
        >>> CodeComparison(without, without + [0.02, 0.03, 0.01]).kept
        True
        >>> CodeComparison(without, without + [0.02, -0.03, 0.02]).kept
        False
        """
        return self.difference > self.standard_error


@dataclass(frozen=True, eq=False)
class CodedBoosters:
    """Boosters, and the machines whose codes they test beside the columns.

    Parameters
    ----------
    leaves : Leaves or None
        Fitted; None for a model without boosters.
    machines : NetworkRecord or None
        None where the boosters test the columns alone.
    facts : dict or None
        Plain data on what was asked for and decided; None where codes were not asked for. ``asked``
        ("auto" or "true"), ``kept``, ``columns``, ``average_precision`` (without and with codes,
        mean over the folds), ``difference`` and ``standard_error`` (each None where they were not
        compared), ``machines`` and ``remarks`` (as
        :meth:`~dbnchurn.dbn.network_stage.NetworkStage.learned` has them).
    """

    leaves: Leaves | None = None
    machines: NetworkRecord | None = None
    facts: dict[str, Any] | None = None

    def decision(self) -> list[str]:
        """What was decided on codes, in a sentence; empty where they were not asked for."""
        return [] if self.facts is None else [codes_sentence(self.facts)]

    def remarks(self) -> list[str]:
        """The machines of the codes that have learned nothing, in sentences."""
        return [] if self.facts is None else [f"codes: {why}" for why in self.facts["remarks"]]


def fit_coded(
    asked: UseCodes,
    fit: FitBoosters,
    prepared: PreparedRows,
    rules: LargeTableRules,
    compute: Compute,
    store: CheckpointStore,
    seconds: dict[str, float],
) -> CodedBoosters:
    """Fit boosters on the columns, on columns and codes, or on both ways and keep the better.

    With "auto" both are fitted on the same folds with the same seeds. Codes are kept if what they
    add to the average precision on the rows that a booster was fitted without, on average over the
    folds, exceeds the standard error of that average. Boosters that are not kept leave no trace:
    the model is then, to the bit, that of ``False``, and otherwise that of ``True``.

    Parameters
    ----------
    asked : bool or "auto"
    fit : callable
        Fits boosters on prepared rows.
    prepared : PreparedRows
    rules : LargeTableRules
        Bound the rows of the pretraining and the memory of encoded rows.
    compute : Compute
    store : CheckpointStore
        Of finished boosters.
    seconds : dict of stage → wall seconds
        Gets those of the pretraining under ``codes``.

    Returns
    -------
    CodedBoosters

    Raises
    ------
    ConfigError
        If the table is wide with codes: boosters then test the strongest numbers alone.
    """
    if asked is False:
        return CodedBoosters(fit(prepared, compute, store))
    _refuse_wide(len(prepared.training.table), prepared.training.table.numbers.shape[1])
    before = deepcopy(compute.generator)
    with stage("codes", seconds):
        dbn = _pretrained(prepared, rules, compute)
        machines = Network.from_dbn(dbn).record()
        coded_rows = _with_codes(prepared, machines)
    plain = None if asked is True else fit(prepared, compute, store)
    generator = compute.generator if plain is None else before
    coded = fit(coded_rows, replace(compute, generator=generator), store.part("coded"))
    found = None
    if plain is not None:
        without = _by_fold(plain, prepared)
        found = CodeComparison(without, _by_fold(coded, coded_rows))
    facts = _facts(found, dbn)
    if plain is not None and not facts["kept"]:
        return CodedBoosters(plain, None, facts)
    return CodedBoosters(coded, machines, facts)


def check_codes(codes: UseCodes, leaves: Leaves | None) -> None:
    """Refuse codes where nothing tests them, or nothing can decide on them.

    Parameters
    ----------
    codes : bool or "auto"
    leaves : Leaves or None
        The boosters that are to be fitted.

    Raises
    ------
    ConfigError
        If there are no boosters, others fit them, or "auto" is to compare boosters that no folds
        are kept from.
    """
    if codes is False:
        return
    if current_fitter() is not None:
        raise ConfigError(
            f"codes={codes!r}: boosters that are fitted on all rows of a Spark table are given the "
            "columns alone; set codes=False, or allow more drawn rows with data.most_rows"
        )
    if leaves is None:
        raise ConfigError(
            f"codes={codes!r} gives hidden codes to the boosters, and use_leaves=False leaves them "
            "out; set use_leaves=True or codes=False"
        )
    if codes == "auto" and not leaves.cross_fit:
        raise ConfigError(
            "codes='auto' compares boosters on the folds that each was fitted without, and "
            "leaves.cross_fit=False fits one on all rows; set codes to True or False, or "
            "leaves.cross_fit=True"
        )


def _refuse_wide(rows: int, numbers: int) -> None:
    """Refuse codes that would take the places of columns."""
    if is_wide(rows, numbers + LAYERS[-1]):
        raise ConfigError(
            f"codes: with {LAYERS[-1]} codes a table of {rows} training rows has "
            f"{numbers + LAYERS[-1]} numbers, and of more than {WIDE} and more than rows boosters "
            "test the strongest alone, so that codes would displace columns; set codes=False"
        )


def code_stack(rows: RowSource, random_state: int) -> DBN:
    """The machines whose codes are made, not trained yet.

    Parameters
    ----------
    rows : RowSource
        That they are to be trained on; their number and units decide the number of epochs.
    random_state : int

    Returns
    -------
    DBN

    Examples
    --------
    >>> from dbnchurn.dbn import Visible
    >>> code_stack(Visible.of(binary=np.zeros((1_350, 240))), 0).epochs
    (37, 37)
    """
    below = (sum(rows.widths[:2]) + len(rows.sizes), *LAYERS)
    epochs = tuple(
        automatic_epochs(len(rows), BATCH_SIZE, n_visible, n_hidden, longer=LONGER)
        for n_visible, n_hidden in zip(below, LAYERS, strict=False)
    )
    return DBN(
        LAYERS,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        random_state=random_state,
    )


def _pretrained(prepared: PreparedRows, rules: LargeTableRules, compute: Compute) -> DBN:
    """Machines on the encoded columns, trained without labels.

    Their randomness comes from a generator of their own, so that boosters and networks draw the
    same numbers with codes as without.
    """
    first = int(deepcopy(compute.generator).integers(2**32))
    generator = np.random.default_rng([ASIDE, first])
    rows = PretrainingSet.of(prepared, rules.pretrain_rows, generator)
    budget, stopping = MemoryBudget(rules.memory), prepared.stopping
    encoded = encode_rows(prepared.encode, rows.table, budget)
    dbn = code_stack(encoded, int(generator.integers(2**31)))
    dbn.set_params(device=compute.device, n_threads=compute.n_threads)
    return dbn.fit(
        encoded,
        sample_weight=rows.sample_weight,
        X_val=None if stopping is None else encode_rows(prepared.encode, stopping.table, budget),
        callbacks=[lambda state: report_epoch(f"codes rbm {state.layer + 1}", state.curve[-1])],
    )


def _with_codes(prepared: PreparedRows, machines: NetworkRecord) -> PreparedRows:
    """The rows that boosters are fitted on and stopped by, with the codes of each."""

    def coded(table: Table) -> Table:
        numbers = np.empty((len(table), table.numbers.shape[1] + len(machines.head)))
        names = table.number_names
        for start in range(0, len(table), CHUNK):  # encoded, a row is several times as large
            rows = table.take(np.arange(start, min(start + CHUNK, len(table))))
            filled = with_codes(rows, machines, prepared.encode.transform(rows))
            numbers[start : start + CHUNK], names = filled.numbers, filled.number_names
        return replace(table, numbers=numbers, number_names=names)

    training, stopping = prepared.training, prepared.stopping
    return replace(
        prepared,
        training=replace(training, table=coded(training.table)),
        stopping=None if stopping is None else replace(stopping, table=coded(stopping.table)),
    )


def _by_fold(leaves: Leaves, prepared: PreparedRows) -> Floats:
    """Average precision on the customers of every fold, by the booster fitted without them."""
    n, training, record = len(prepared.table), prepared.training, leaves.record_
    y, fold, weight = training.y[:n], training.fold[:n], prepared.sample_weight
    matrix = booster_matrix(training.table.take(np.arange(n)))
    scores = record.lookup.booster_sums(record.leaf_values, matrix)[np.arange(n), fold]
    rows_of = [np.flatnonzero(fold == number) for number in range(len(record.forests))]
    return np.array(
        [
            average_precision(Ranking.of(y[rows], scores[rows], weight[rows]))
            for rows in rows_of
            if len(set(y[rows][weight[rows] > 0].tolist())) == 2
        ]
    )


def _facts(found: CodeComparison | None, dbn: DBN) -> dict[str, Any]:
    """What was decided, as plain data."""
    compared: dict[str, Any] = dict.fromkeys(("average_precision", "difference", "standard_error"))
    if found is not None and np.isfinite(found.standard_error):
        compared = {
            "average_precision": [float(found.without.mean()), float(found.with_codes.mean())],
            "difference": found.difference,
            "standard_error": found.standard_error,
        }
    return {
        "asked": "true" if found is None else "auto",
        "kept": found is None or found.kept,
        "columns": dbn.rbms_[-1].n_hidden,
        **compared,
        "machines": machine_facts(dbn),
        "remarks": unlearned_machines(dbn),
    }
