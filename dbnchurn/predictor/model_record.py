"""The whole model as one record, and the way of a frame through it to probabilities.

Training calls these same functions, so a stored model cannot drift from the trained one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.parallel import map_row_chunks
from dbnchurn.core.typing import Floats, Floats32, Ints32
from dbnchurn.dbn.network_record import (
    NetworkRecord,
    first_layer_input,
    logits_from_first_layer,
)
from dbnchurn.dbn.network_record import logits as network_logits
from dbnchurn.dbn.visible import Visible
from dbnchurn.decide.decide_record import DecideRecord, decide
from dbnchurn.features.encode_record import EncodeRecord, encode
from dbnchurn.features.leaf_lookup_record import Lookup
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix
from dbnchurn.predictor.audit import MISFIT, audit_stages
from dbnchurn.predictor.explain.background import no_evidence
from dbnchurn.predictor.reference import Reference
from dbnchurn.prepare.record import PrepareRecord, prepare
from dbnchurn.tables.reading import LARGEST, Unusual, read
from dbnchurn.tables.schema import Schema, Table

CHUNK = 1_024  # rows scored at a time: what they become on their way stays in the cache
FEW = 32  # rows for which a call costs more than its work
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
        try:
            with np.errstate(all="ignore"):
                scores = decide(self.decide, logits(self, _extremes(self.schema)))
            finite = np.isfinite(scores).all()
            distinct = len(set(self.classes)) == 2
        except (IndexError, OverflowError, TypeError, ValueError) as error:
            raise ArtifactError(f"{MISFIT}: {error}") from error
        if not finite or not distinct:
            raise ArtifactError("the model gives some customers no number, or has one label only")

    @property
    def classes(self) -> npt.NDArray[np.generic]:
        """The two labels as they were trained on."""
        if self.label_type == "bool":
            return np.array([label == "True" for label in self.labels])
        return np.array([LABEL_TYPES[self.label_type](label) for label in self.labels])


def _extremes(schema: Schema) -> Table:
    """No evidence, the first of everything, and the last of everything beside all that fits."""
    rows = no_evidence(schema, 4)
    rows.numbers[1:] = [[0.0], [LARGEST], [-LARGEST]]
    last = np.array(rows.sizes, np.int32) - 1
    rows.codes[1:] = np.minimum(0, last), last, last
    return rows


def logits(model: ModelRecord, table: Table, n_threads: int = 1) -> Floats:
    """Logits of every network; where it takes leaves, the mean over the boosters' views.

    Parameters
    ----------
    model : ModelRecord
    table : Table of n rows, as read
    n_threads : int, default 1
        Threads that take a chunk of rows each; they change no number.

    Returns
    -------
    float64 array of shape (n, networks)
    """
    out = np.empty((len(table), len(model.networks)), np.float64)

    def score(chunk: slice) -> None:
        out[chunk] = _chunk_logits(model, table.take(np.arange(chunk.start, chunk.stop)))

    map_row_chunks(score, len(table), CHUNK, n_threads)
    return out


def _chunk_logits(model: ModelRecord, table: Table) -> Floats:
    prepared = prepare(model.prepare, table)
    base = encode(model.encode, prepared)
    found = [
        network_logits(network, base)
        if model.leaves is None or network.sizes == base.sizes
        else _leaf_logits(model.leaves, network, prepared, base)
        for network in model.networks
    ]
    return np.column_stack(found)


def _leaf_logits(
    leaves: LeavesRecord, network: NetworkRecord, prepared: Table, base: Visible
) -> Floats:
    """Mean logits over the boosters' views, which differ in what the leaves add."""
    columns = first_layer_input(network, base)
    driven = [columns.copy() for _ in leaves.forests]
    table = network.table[sum(base.sizes) :]
    for booster, added in _leaf_sums(leaves.lookup, table, booster_matrix(prepared)):
        driven[booster] += added
    if len(base) > FEW:
        found = [logits_from_first_layer(network, each) for each in driven]
    else:
        found = np.split(logits_from_first_layer(network, np.concatenate(driven)), len(driven))
    return np.asarray(sum(found) / len(found))


def _leaf_sums(lookup: Lookup, table: Floats32, matrix: Floats32) -> Iterator[tuple[int, Floats32]]:
    """Sums of the table's rows over every block's leaves, with the block's booster.

    A few rows are looked up and summed in one call for all blocks; the sums are the same.
    """
    if len(matrix) > FEW:
        for span, places in lookup.by_span(matrix):
            starts = np.arange(0, places.size + 1, places.shape[1], dtype=np.int32)
            yield span.booster, _picked(places, starts, table[span.leaves])
        return
    leaves = lookup.at_once(matrix)
    first = np.array([span.trees.start for span in lookup.spans], np.int32)
    row_starts = np.arange(0, leaves.size, leaves.shape[1], dtype=np.int32)
    starts = np.append(np.add.outer(row_starts, first).ravel(), np.int32(leaves.size))
    sums = _picked(leaves, starts, table).reshape(len(matrix), len(first), -1)
    for i, span in enumerate(lookup.spans):
        yield span.booster, sums[:, i]


def _picked(places: Ints32, starts: Ints32, table: Floats32) -> Floats32:
    """Sums of the table's rows at ``places[starts[i]:starts[i + 1]]``, flattened, for every `i`."""
    ones = np.ones(places.size, np.float32)
    shape = (len(starts) - 1, len(table))
    found: Floats32 = csr_matrix((ones, places.ravel(), starts), shape) @ table
    return found


def probabilities(
    model: ModelRecord, frame: pd.DataFrame, n_threads: int = 1
) -> tuple[Floats, Unusual]:
    """Probability of leaving for every row of a frame, and what was unusual in it.

    Parameters
    ----------
    model : ModelRecord
    frame : DataFrame of n rows
        Columns in any order; others are passed over.
    n_threads : int, default 1

    Returns
    -------
    probability : float64 array of shape (n,)
    unusual : Unusual

    Raises
    ------
    DataError
        If the frame cannot be read as the schema says.
    """
    table, unusual = read(model.schema, frame)
    return decide(model.decide, logits(model, table, n_threads)), unusual
