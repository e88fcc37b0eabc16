"""The whole model as one record, and its arithmetic from a frame to probabilities.

Training calls the same functions, so that a stored model cannot differ from the trained one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.parallel import map_row_chunks
from dbnchurn.core.typing import Floats, Floats32, Ints32
from dbnchurn.dbn.network_record import (
    NetworkRecord,
    first_layer_input,
    logits_from_first_layer,
)
from dbnchurn.dbn.network_record import logits as network_logits
from dbnchurn.decide.decide_record import DecideRecord, decide
from dbnchurn.features.code_columns_record import booster_table
from dbnchurn.features.encode_record import EncodeRecord, encode
from dbnchurn.features.extra_trees_record import ExtraTreesRecord
from dbnchurn.features.leaf_lookup_record import FEW, Lookup
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix
from dbnchurn.features.plausibility_record import PlausibilityRecord
from dbnchurn.predictor.reference import Reference
from dbnchurn.prepare.record import PrepareRecord, prepare
from dbnchurn.tables.reading import Unusual, read
from dbnchurn.tables.schema import Schema, Table

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse
else:
    sparse = LazyModule("scipy.sparse")
    pd = LazyModule("pandas")

CHUNK = 1_024  # rows scored at a time, so that their intermediate arrays fit the cache
AHEAD = 4  # chunks whose sums over leaves are made together: a test of all trees is one call then
NARROW = 256  # columns, up to which so many chunks take little memory
LABEL_TYPES = {"bool": bool, "int": int, "float": float, "str": str}


@dataclass(frozen=True, eq=False)
class ModelRecord:
    """The records of all stages.

    A record does not check that its stages fit one another: training builds records that do, and
    a stored model is checked when it is loaded, see :func:`dbnchurn.predictor.audit.audit_model`.

    Parameters
    ----------
    schema : Schema
    prepare : PrepareRecord
    encode : EncodeRecord
    leaves : LeavesRecord or None
        None for a model without leaves.
    networks : tuple of NetworkRecord
        The input of a network is the columns alone, or the columns and the leaves of one booster;
        in the second case its logits are the mean over the boosters. A linear model is one, too.
    extra_trees : ExtraTreesRecord or None
        A member of the blend beside the networks.
    decide : DecideRecord
    labels : tuple of two str
        The labels of those who stay and those who leave, as text.
    label_type : {"bool", "int", "float", "str"}
        The original type of the labels.
    reference : Reference or None
        Distributions of the training rows; None for models of format 1.
    plausibility : PlausibilityRecord or None
        Which values of the columns as read occur together; has no part in the score.
    codes : NetworkRecord or None
        Machines whose hidden codes the boosters test beside the columns; the extra trees do not.

    Examples
    --------
    >>> from dbnchurn import ChurnClassifier
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50})
    >>> model = ChurnClassifier(use_leaves=False, use_companion=False, use_linear=False)
    >>> record = model.fit(customers, ["no", "yes"] * 50).record_
    >>> record.classes, len(record.networks), record.leaves
    (array(['no', 'yes'], dtype='<U3'), 1, None)
    """

    schema: Schema
    prepare: PrepareRecord
    encode: EncodeRecord
    leaves: LeavesRecord | None
    networks: tuple[NetworkRecord, ...]
    extra_trees: ExtraTreesRecord | None
    decide: DecideRecord
    labels: tuple[str, ...]
    label_type: str
    reference: Reference | None
    plausibility: PlausibilityRecord | None
    codes: NetworkRecord | None

    @property
    def members(self) -> int:
        """Number of logits that the blend combines: of every network, and of the extra trees."""
        return len(self.networks) + (self.extra_trees is not None)

    @property
    def classes(self) -> npt.NDArray[np.generic]:
        """The two labels in their original type."""
        if self.label_type == "bool":
            return np.array([label == "True" for label in self.labels])
        return np.array([LABEL_TYPES[self.label_type](label) for label in self.labels])


def logits(model: ModelRecord, table: Table, n_threads: int = 1, *, chunk: int = CHUNK) -> Floats:
    """Logits of every member: networks, with leaves the mean over the boosters, then extra trees.

    Those of a member without weight in the blend are left at 0.

    Parameters
    ----------
    model : ModelRecord
    table : Table of n rows
        As read.
    n_threads : int, default 1
        Threads that take a chunk of rows each; changes no number.
    chunk : int, default 1,024
        Rows scored at a time.

    Returns
    -------
    float64 array of shape (n, members)
    """
    out = np.zeros((len(table), model.members), np.float64)
    width = table.numbers.shape[1] + table.codes.shape[1]
    at_once = chunk * (AHEAD if width <= NARROW else 1)

    def score(rows: slice) -> None:
        chosen = _rows_of(table, rows)
        for part, place, member in _parts(model, prepare(model.prepare, chosen), chunk):
            out[rows, place][part] = member

    map_row_chunks(score, len(table), at_once, n_threads)
    return out


def _parts(model: ModelRecord, prepared: Table, chunk: int) -> Iterator[tuple[slice, int, Floats]]:
    """The rows, the place and the logits of every member that has a weight, chunk by chunk.

    Sums over leaves that go past the hidden layers are made of all rows together.
    """
    weighty = [place for place in range(model.members) if model.decide.weights[place] > 0]
    levels = sum(prepared.sizes)
    tested = booster_table(prepared, model.encode, model.codes)
    direct = {
        place: _direct_logits(model.leaves, model.networks[place].direct[levels:], tested)
        for place in weighty
        if place < len(model.networks)
        and model.leaves is not None
        and model.networks[place].sizes != prepared.sizes
        and model.networks[place].hidden_levels <= levels
    }
    for start in range(0, len(prepared), chunk):
        part = slice(start, min(start + chunk, len(prepared)))
        rows = _rows_of(prepared, part)
        base = encode(model.encode, rows)
        for place in weighty:
            if place == len(model.networks) and model.extra_trees is not None:
                yield part, place, model.extra_trees.logits(booster_matrix(rows))
                continue
            network = model.networks[place]
            if model.leaves is None or network.sizes == base.sizes:
                yield part, place, network_logits(network, base)
                continue
            columns = first_layer_input(network, base)
            if place in direct:
                member = logits_from_first_layer(network, columns) + direct[place][part]
            else:
                of_boosters = rows if model.codes is None else _rows_of(tested, part)
                member = _leaf_logits(model.leaves, network, of_boosters, columns)
            yield part, place, member


def _rows_of(table: Table, rows: slice) -> Table:
    """Some rows of a table; itself if these are all."""
    whole = rows.stop - rows.start == len(table)
    return table if whole else table.take(np.arange(rows.start, rows.stop))


def _direct_logits(leaves: LeavesRecord, skip: Floats32, prepared: Table) -> Floats:
    """Mean over the boosters of what their leaves add to the logit past the hidden layers."""
    return np.asarray(leaves.lookup.booster_sums(skip, booster_matrix(prepared)).mean(axis=1))


def _leaf_logits(
    leaves: LeavesRecord, network: NetworkRecord, prepared: Table, columns: Floats
) -> Floats:
    """Mean over the boosters of the logits with the leaves of each."""
    driven = [columns.copy() for _ in leaves.forests]
    table = network.table[sum(prepared.sizes) :]
    for booster, added in _leaf_sums(leaves.lookup, table, booster_matrix(prepared)):
        driven[booster] += added
    if len(columns) > FEW:
        by_booster = [logits_from_first_layer(network, inputs) for inputs in driven]
    else:
        stacked_inputs = np.concatenate(driven)
        by_booster = np.split(logits_from_first_layer(network, stacked_inputs), len(driven))
    return np.asarray(sum(by_booster) / len(by_booster))


def _leaf_sums(lookup: Lookup, table: Floats32, matrix: Floats32) -> Iterator[tuple[int, Floats32]]:
    """The booster of every block, and the sums of the table's rows at the leaves in the block.

    For a few rows the look-up and the sums are one call for all blocks; the sums are the same.
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
    sums: Floats32 = sparse.csr_matrix((ones, places.ravel(), starts), shape) @ table
    return sums


def probabilities(
    model: ModelRecord, frame: pd.DataFrame, n_threads: int = 1
) -> tuple[Floats, Unusual]:
    """Probability of leaving for every row of a frame, and what is unusual in the frame.

    Parameters
    ----------
    model : ModelRecord
    frame : DataFrame of n rows
        Columns are found by name, in any order; those that the schema does not name are ignored.
    n_threads : int, default 1

    Returns
    -------
    probability : float64 array of shape (n,)
    unusual : Unusual

    Raises
    ------
    DataError
        If the frame cannot be read as the schema says.

    Examples
    --------
    >>> from dbnchurn import ChurnClassifier
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50, "plan": ["basic", "family"] * 50})
    >>> model = ChurnClassifier(use_leaves=False, use_companion=False, random_state=0)
    >>> record = model.fit(customers, ["no", "yes"] * 50).record_
    >>> probability, unusual = probabilities(record, customers.assign(plan="premium"))
    >>> probability.shape, bool(probability[0] < probability[1]), unusual.unknown_levels
    ((100,), True, {'plan': 100})
    """
    table, unusual = read(model.schema, frame)
    return decide(model.decide, logits(model, table, n_threads)), unusual
