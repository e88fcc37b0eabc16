"""The whole model as one record, and the way of a frame through it to probabilities.

Training calls these same functions, so a stored model cannot drift from the trained one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.dbn.network_record import logits as network_logits
from dbnchurn.decide.decide_record import DecideRecord, decide
from dbnchurn.errors import ArtifactError
from dbnchurn.features.encode_record import EncodeRecord, encode
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix, with_leaves
from dbnchurn.predictor.audit import audit_stages
from dbnchurn.predictor.reference import Reference
from dbnchurn.prepare.record import PrepareRecord, prepare
from dbnchurn.schema import LARGEST, Schema, Table, Unusual, read
from dbnchurn.visible import Visible

CHUNK = 20_000  # rows; bounds the memory of the leaf codes
LABEL_TYPES = {"bool": bool, "int": int, "float": float, "str": str}


@dataclass(frozen=True, eq=False)
class ModelRecord:
    """The records of all stages.

    Parameters
    ----------
    schema : Schema
    prepare : PrepareRecord
    encode : EncodeRecord
    leaves : LeavesRecord or None
        None for a model without leaves.
    networks : tuple of NetworkRecord
        A network that takes leaves sees each row through every booster in turn; the others see
        the columns alone.
    decide : DecideRecord
    labels : tuple of two str
        The labels of those who stay and those who leave, as text.
    label_type : {"bool", "int", "float", "str"}
        What the labels were before.
    reference : Reference or None
        What the rows of the training looked like; None for models of before it was kept.
    """

    schema: Schema
    prepare: PrepareRecord
    encode: EncodeRecord
    leaves: LeavesRecord | None
    networks: tuple[NetworkRecord, ...]
    decide: DecideRecord
    labels: tuple[str, ...]
    label_type: str
    reference: Reference | None

    def audit(self) -> None:
        """Refuse stages that do not fit one another: rows of the extremes have to pass."""
        if self.label_type not in LABEL_TYPES or len(self.labels) != 2:
            raise ArtifactError(f"labels: {self.labels!r} of type {self.label_type!r}")
        audit_stages(self)
        used = self.schema.used
        numbers = tuple(c.name for c in used if c.kind != "category")
        categories = [c for c in used if c.kind == "category"]
        # Without evidence, with the first of everything, and with the last and as much as can be.
        last = [len(c.levels) - 1 for c in categories]
        probe = Table(
            np.repeat([[np.nan], [0.0], [LARGEST], [-LARGEST]], len(numbers), axis=1),
            np.array([[-1] * len(last), [min(0, j) for j in last], last, last], np.int32),
            numbers,
            tuple(c.name for c in categories),
            tuple(len(c.levels) for c in categories),
        )
        try:
            with np.errstate(all="ignore"):
                scores = decide(self.decide, logits(self, probe))
            finite = np.isfinite(scores).all()
            distinct = len(set(self.classes)) == 2
        except (IndexError, OverflowError, TypeError, ValueError) as error:
            raise ArtifactError(
                f"the stages of the model do not fit one another: {error}"
            ) from error
        if not finite or not distinct:
            raise ArtifactError("the model gives some customers no number, or has one label only")

    @property
    def classes(self) -> npt.NDArray[np.generic]:
        """The two labels as they were trained on."""
        if self.label_type == "bool":
            return np.array([label == "True" for label in self.labels])
        return np.array([LABEL_TYPES[self.label_type](label) for label in self.labels])


def views(
    model: ModelRecord, prepared: Table, base: Visible, n_threads: int = 1
) -> Iterator[Visible]:
    """The visible layer of a prepared table as each booster shows it."""
    if model.leaves is None:
        raise ArtifactError("a network takes leaves, but the model has no boosters")
    matrix = booster_matrix(prepared)
    if matrix.shape[1] != model.leaves.n_features:
        raise ArtifactError(
            f"the trees test {model.leaves.n_features} columns, preparation makes {matrix.shape[1]}"
        )
    for booster in range(len(model.leaves.forests)):
        codes = model.leaves.leaf_codes(booster, matrix, n_threads)
        yield with_leaves(base, model.leaves, booster, codes)


def logits(model: ModelRecord, table: Table, n_threads: int = 1) -> npt.NDArray[np.float64]:
    """Logits of every network, shape (n, networks); the mean over the boosters' views."""
    out = np.zeros((len(table), len(model.networks)), np.float64)
    for start in range(0, len(table), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(table)))
        prepared = prepare(model.prepare, table.take(rows))
        base = encode(model.encode, prepared)
        on_leaves = [network.sizes != base.sizes for network in model.networks]
        for j, network in enumerate(model.networks):
            if not on_leaves[j]:
                out[rows, j] = network_logits(network, base)
        if any(on_leaves):
            boosters = len(model.leaves.forests) if model.leaves else 1
            for view in views(model, prepared, base, n_threads):
                for j in (j for j, sees in enumerate(on_leaves) if sees):
                    out[rows, j] += network_logits(model.networks[j], view) / boosters
    return out


def probabilities(
    model: ModelRecord, frame: pd.DataFrame, n_threads: int = 1
) -> tuple[npt.NDArray[np.float64], Unusual]:
    """Probability of leaving for every row of a frame, and what was unusual in it.

    Raises
    ------
    DataError
        If the frame cannot be read as the schema says.
    """
    table, unusual = read(model.schema, frame)
    return decide(model.decide, logits(model, table, n_threads)), unusual
