"""What scoring with a stored model takes at most, from counts alone, before anything is computed.

A few bytes of a file may stand for much: a position that is repeated makes a column each time, a
long name is repeated with it, a set of levels becomes a row of a table for every level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Ints
from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.features.encode_record import EncodeRecord
from dbnchurn.features.extra_trees_record import ExtraTreesRecord
from dbnchurn.features.forest_record import Forest
from dbnchurn.features.leaf_lookup_record import BLOCK_TREES, FEW
from dbnchurn.features.leaves_record import LeavesRecord
from dbnchurn.features.plausibility_record import BLOCK, PlausibilityRecord
from dbnchurn.predictor.model_record import CHUNK
from dbnchurn.prepare import record as steps

MOST_COLUMNS = 2**17
MOST_LETTERS = 2**24
MOST = {"steps of preparation": 64, "boosters": 256, "networks": 16}
MOST_BYTES = 2 * 2**30
MOST_BINS = 2**20  # of the values that a plausibility record knows
COPIES = 4  # of the arrays of a chunk that exist at one time
MISSING_NAME = len(" is missing")


def check_counts(model: Mapping[str, Any]) -> None:
    """Refuse more steps of preparation, boosters or networks than a model can have.

    Parameters
    ----------
    model : mapping
        The tree of the records as it is parsed; what is no record is refused later.

    Raises
    ------
    ArtifactError
        If there are more.
    """
    prepare, leaves = model.get("prepare"), model.get("leaves")
    lists = {
        "steps of preparation": (prepare.get("steps") if isinstance(prepare, dict) else None),
        "boosters": (leaves.get("forests") if isinstance(leaves, dict) else None),
        "networks": model.get("networks"),
    }
    for name, values in lists.items():
        if isinstance(values, list) and len(values) > MOST[name]:
            raise _beyond(f"{len(values)} {name}", MOST[name])


def check_columns(names: Iterable[str]) -> Ints:
    """Letters of the names of columns; refused where there are too many of either.

    Raises
    ------
    ArtifactError
        If there are more columns or letters than a model can have.
    """
    letters = np.array([len(name) for name in names], np.int64)
    _check_width(letters, "the columns of the schema")
    return letters


def letters_after(step: steps.Step, numbers: Ints, codes: Ints) -> tuple[Ints, Ints]:
    """Letters of the names of the numbers and of the categories that a step leaves.

    Parameters
    ----------
    step : Step
        Fits the columns.
    numbers, codes : int64 arrays
        Letters of the names of the columns that it takes.

    Returns
    -------
    numbers, codes : int64 arrays

    Raises
    ------
    ArtifactError
        If the step makes more columns, or longer names, than a model can have.
    """
    match step:
        case steps.Keep():
            _check_width(step.numbers, "a step of preparation", letters=False)
            _check_width(step.codes, "a step of preparation", letters=False)
            numbers, codes = numbers[step.numbers], codes[step.codes]
        case steps.FlagMissing():
            flagged = (numbers[step.numbers], codes[step.codes])
            numbers = np.concatenate([numbers, *(lengths + MISSING_NAME for lengths in flagged)])
        case steps.Construct():
            lengths = np.array([len(name) for name in step.names], np.int64)
            numbers = np.concatenate([numbers, lengths])
    _check_width(np.concatenate([numbers, codes]), "a step of preparation")
    return numbers, codes


def check_positions(step: steps.Step) -> None:
    """Refuse a step that names more columns than a model can have, before they are looked at.

    Raises
    ------
    ArtifactError
        If it does.
    """
    match step:
        case steps.Keep() | steps.FlagMissing():
            count = step.numbers.size + step.codes.size
        case steps.Smooth() | steps.Compress():
            count = step.columns.size
        case steps.Construct():
            count = step.above.size + sum(columns.size for columns in step.series)
        case _:
            count = 0
    if count > MOST_COLUMNS:
        raise _beyond(f"a step of preparation that names {count} columns", MOST_COLUMNS)


def _check_width(lengths: Ints, what: str, *, letters: bool = True) -> None:
    if len(lengths) > MOST_COLUMNS:
        raise _beyond(f"{what}: {len(lengths)} columns", MOST_COLUMNS)
    if letters and (total := int(lengths.sum())) > MOST_LETTERS:
        raise _beyond(f"{what}: names of {total} letters in all", MOST_LETTERS)


def check_memory(
    columns: int,
    encode: EncodeRecord,
    leaves: LeavesRecord | None,
    networks: Sequence[NetworkRecord],
    extra_trees: ExtraTreesRecord | None,
    plausibility: PlausibilityRecord | None = None,
) -> None:
    """Refuse a model with which scoring would take too much memory.

    Parameters
    ----------
    columns : int
        The largest number of columns that a step of preparation leaves.
    encode : EncodeRecord
    leaves : LeavesRecord or None
    networks : sequence of NetworkRecord
    extra_trees : ExtraTreesRecord or None
    plausibility : PlausibilityRecord or None, optional

    Raises
    ------
    ArtifactError
        With what takes most, its size, and the bound.
    """
    if plausibility is not None and len(plausibility.bias) > MOST_BINS:
        raise _beyond(f"a plausibility record of {len(plausibility.bias)} bins", MOST_BINS)
    units = len(encode.gaussian) + len(encode.binary) + len(encode.rungs)
    forests = () if leaves is None else leaves.forests
    spans = sum(-(-forest.trees // BLOCK_TREES) for forest in forests)
    widest = max((len(bias) for n in networks for bias in n.biases), default=0)
    first = max((len(network.biases[0]) for network in networks), default=0)
    sets = [_sets(forest) for forest in forests]
    taken = {
        f"{columns} columns of prepared rows": COPIES * 8 * CHUNK * columns,
        f"{units} units of encoded rows": COPIES * 8 * CHUNK * units,
        f"hidden layers of up to {widest} units": COPIES * 8 * CHUNK * widest,
        f"{len(forests)} boosters, each with {first} units": 8 * CHUNK * first * len(forests),
        f"{spans} blocks of trees, each with {first} units": 4 * FEW * first * spans,
        "the shares in the leaves of all extra trees": COPIES
        * 8
        * CHUNK
        * (0 if extra_trees is None else extra_trees.trees),
        "the machine of the plausibility, for a block of rows": _machine_bytes(plausibility),
        "tables of the trees' sets of levels": sum(size for size, _ in sets),
        "the trees' tests of sets for the rows": COPIES
        * 4
        * CHUNK
        * max((width for _, width in sets), default=0),
    }
    what, size = max(taken.items(), key=lambda item: item[1])
    if size > MOST_BYTES:
        raise ArtifactError(
            f"scoring {CHUNK} rows would take {size / 2**30:.1f} GiB for {what}, at most "
            f"{MOST_BYTES / 2**30:.0f} GiB are allowed"
        )


def _machine_bytes(plausibility: PlausibilityRecord | None) -> int:
    """Bytes of a block of rows in a machine: hidden units, and the bins of the widest column."""
    if plausibility is None:
        return 0
    hidden, widest = len(plausibility.hidden_bias), int(plausibility.sizes.max(initial=0))
    return COPIES * 8 * BLOCK * (hidden + widest + len(plausibility.sizes))


def _sets(forest: Forest) -> tuple[int, int]:
    """Bytes of the tables of a forest's sets, and how many sets the tests of a block have at most.

    A block of trees has a table for every column that is tested for sets: its levels × the sets.
    """
    tested = np.flatnonzero(np.diff(forest.category_starts) > 0)
    if not len(tested):
        return 0, 0
    block = np.searchsorted(forest.starts, tested, side="right") - 1
    block //= BLOCK_TREES
    last = np.maximum.reduceat(forest.categories, forest.category_starts[tested]).astype(np.int64)
    column = forest.feature[tested].astype(np.int64)
    levels = np.zeros(int(column.max()) + 1, np.int64)
    np.maximum.at(levels, column, last + 1)
    return int(4 * (levels[column] + 2).sum()), int(np.bincount(block).max())


def _beyond(what: str, most: int) -> ArtifactError:
    return ArtifactError(f"{what}, at most {most} are allowed")
