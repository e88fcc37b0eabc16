"""Diagnostics of the Boltzmann machines: training curves, and the weights of the first machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dbnchurn.core.typing import Floats, Ints32
from dbnchurn.features.encode_record import EncodeRecord
from dbnchurn.prepare.record import Keep, Pool, PrepareRecord
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema, Table

if TYPE_CHECKING:
    from dbnchurn.model.classifier import ChurnClassifier

UNITS, HIDDEN = 30, 24
CURVES = ("reconstruction_error", "free_energy_gap", "dead", "saturated", "code_spread")


def machines(classifier: ChurnClassifier) -> list[dict[str, Any]]:
    """Name and curves of every machine, one value per epoch.

    ``pseudo_likelihood`` has two values, before and after the training, or none.
    """
    curves_of_machines = []
    for number, curve in enumerate(classifier.curves_.get("rbm", []), start=1):
        rbm = classifier.networks_[0].dbn_.rbms_[number - 1]
        name = f"RBM {number}, {rbm.n_hidden} hidden units"
        curves = {key: [epoch[key] for epoch in curve if key in epoch] for key in CURVES}
        likelihood = [
            epoch[key]
            for epoch, key in (
                (curve[0], "pseudo_likelihood_before"),
                (curve[-1], "pseudo_likelihood"),
            )
            if key in epoch
        ]
        rectified = rbm.hidden.kind == "relu"
        curves_of_machines.append(
            {"name": name, "rectified": rectified, "pseudo_likelihood": likelihood, **curves}
        )
    return curves_of_machines


def first_weights(classifier: ChurnClassifier, X: pd.DataFrame) -> dict[str, Any] | None:
    """The strongest weights of the first machine, with the names of its visible units.

    Parameters
    ----------
    classifier : ChurnClassifier
        Fitted.
    X : DataFrame
        Any rows with the columns it was fitted on.

    Returns
    -------
    dict or None
        ``units`` (names of at most 30 visible units that come from columns, strongest first),
        ``hidden`` (numbers of at most 24 hidden units, from 1, strongest first), ``weights`` (one
        row per unit), ``of_units`` and ``of_hidden`` (how many there are in all), and
        ``leaf_share`` (share of the squared weights that belongs to leaves; 0 where the
        machines are given the columns alone). None without pretraining.
    """
    if not classifier.networks_[0].pretrain:
        return None
    rbm = classifier.dbn_.rbms_[0]
    blocks = {kind: w.detach().cpu().numpy() for kind, w in rbm.weights.items()}
    names = unit_names(classifier, X)
    weights: Floats = np.concatenate(
        [blocks[kind][: len(names[kind])] for kind in blocks if names[kind]]
    ).astype(np.float64)
    units = [name for kind in blocks for name in names[kind]]
    squared = sum(float(np.square(block, dtype=np.float64).sum()) for block in blocks.values())
    rows = np.argsort(-np.square(weights).sum(1), kind="stable")[:UNITS]
    columns = np.argsort(-np.square(weights[rows]).sum(0), kind="stable")[:HIDDEN]
    return {
        "units": [units[row] for row in rows],
        "hidden": (columns + 1).tolist(),
        "weights": [[float(f"{w:.4g}") for w in weights[row, columns]] for row in rows],
        "of_units": len(units),
        "of_hidden": weights.shape[1],
        "leaf_share": max(0.0, 1 - float(np.square(weights).sum()) / max(squared, 1e-300)),
    }


def unit_names(classifier: ChurnClassifier, X: pd.DataFrame) -> dict[str, list[str]]:
    """Names of the visible units that come from columns, not from leaves.

    Parameters
    ----------
    classifier : ChurnClassifier
        Fitted.
    X : DataFrame
        Any rows with the columns it was fitted on.

    Returns
    -------
    dict
        ``gaussian``, ``binary`` and ``codes`` → names in the order of the units.
    """
    table = read(classifier.schema_, X.iloc[:1])[0]
    table, levels = _prepared(classifier.prepare_.record_, classifier.schema_, table)
    names, record = table.number_names, classifier.encode_.record_
    return {
        "gaussian": [names[j] for j in record.gaussian],
        "binary": [names[j] for j in record.binary] + _interval_names(record, names),
        "codes": [
            f"{name} = {level}"
            for name, known in zip(table.code_names, levels, strict=True)
            for level in known
        ],
    }


def _interval_names(record: EncodeRecord, names: tuple[str, ...]) -> list[str]:
    edges = zip(record.rungs, record.low, record.high, strict=True)
    return [f"{names[j]}, {low:.3g} to {high:.3g}" for j, low, high in edges]


def _prepared(record: PrepareRecord, schema: Schema, table: Table) -> tuple[Table, list[list[str]]]:
    """A table after preparation, and the levels that the codes of its categories then stand for."""
    levels = [list(c.levels) for c in schema.used if c.kind == "category"]
    for step in record.steps:
        if isinstance(step, Keep):
            levels = [levels[j] for j in step.codes]
        elif isinstance(step, Pool):
            levels = [_pooled(known, new) for known, new in zip(levels, step.codes, strict=True)]
        table = step.apply(table)
    return table, levels


def _pooled(levels: list[str], new: Ints32) -> list[str]:
    size = int(new.max()) + 1 if len(new) else 0
    members = [[levels[i] for i in np.flatnonzero(new == code)] for code in range(size)]
    return [names[0] if len(names) == 1 else f"{len(names)} rare levels" for names in members]
