"""The audit of a whole model: whether its stages fit one another.

Each record is checked alone when it is built from a stored model (its own ``audit``). Here the
columns, codes and units that a stage takes are compared with those that the stage before it gives,
so that no index, category or weight refers to something that does not exist. Loading calls
:func:`audit_model` before anything else is done with a model
(:func:`dbnchurn.predictor.artifact.load_stored`); a model that was just trained needs no audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Floats, Floats32
from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.decide.decide_record import decide
from dbnchurn.features.encode_record import EncodeRecord
from dbnchurn.features.extra_trees_record import ExtraTreesRecord
from dbnchurn.features.leaves_record import Forest, LeavesRecord
from dbnchurn.features.plausibility_record import PlausibilityRecord, examine_rows
from dbnchurn.predictor.budget import (
    check_columns,
    check_memory,
    check_positions,
    letters_after,
)
from dbnchurn.predictor.model_record import LABEL_TYPES, ModelRecord, logits
from dbnchurn.predictor.reference import ABSENT, Reference
from dbnchurn.prepare import record as steps
from dbnchurn.tables.column_values import LARGEST
from dbnchurn.tables.schema import Schema, Table

Sizes = tuple[int, ...]

MISFIT = "the stages of the model do not fit one another"
LARGEST_SIGNAL = 1e30  # between layers; far above what training finds, far below overflow
DEEPEST = 512  # tests on the way to a leaf


def audit_model(model: ModelRecord) -> None:
    """Refuse a model whose stages do not fit one another, or that cannot score extreme rows.

    Parameters
    ----------
    model : ModelRecord
        Of records that passed their own audits.

    Raises
    ------
    ArtifactError
        At the first stage that does not fit the one before it, and if the labels or the score of
        an extreme row are invalid.
    """
    _audit_labels(model)
    try:
        with np.errstate(all="ignore"):  # an overflow is no warning here, but a reason to refuse
            _audit_stages(model)
            scores = decide(model.decide, logits(model, _extreme_rows(model.schema)))
    except ArtifactError:
        raise
    except (IndexError, OverflowError, TypeError, ValueError) as error:
        raise ArtifactError(f"{MISFIT}: {error}") from error
    if not np.isfinite(scores).all():
        raise ArtifactError("the model gives some customers no number")


def _audit_labels(model: ModelRecord) -> None:
    """The labels are two values of their type that differ; NaN is none."""
    kind, labels = model.label_type, model.labels
    wrong = ArtifactError(f"labels: {labels!r:.80} are no two labels of the type {kind!r:.20}")
    if kind not in LABEL_TYPES or len(labels) != 2 or len(set(labels)) != 2:
        raise wrong
    try:
        classes = model.classes
    except (ValueError, OverflowError) as error:
        raise wrong from error
    spelled = kind != "bool" or set(labels) == {"False", "True"}
    held = classes.dtype.kind in "biufU" and classes[0] != classes[1]
    if not spelled or not held or (classes.dtype.kind == "f" and not np.isfinite(classes).all()):
        raise wrong


def _extreme_rows(schema: Schema) -> Table:
    """Everything missing; first levels beside 0; last levels beside ± the largest number."""
    rows = Table.empty(schema, 4)
    rows.numbers[1:] = [[0.0], [LARGEST], [-LARGEST]]
    last = np.array(rows.sizes, np.int32) - 1
    rows.codes[1:] = np.minimum(0, last), last, last
    return rows


def _audit_stages(model: ModelRecord) -> None:
    """Follow the columns through the stages of a model."""
    check_columns(column.name for column in model.schema.columns)
    raw = Table.empty(model.schema, 0)
    letters, code_letters = check_columns(raw.number_names), check_columns(raw.code_names)
    sizes, widest = raw.sizes, len(letters) + len(code_letters)
    for place, step in enumerate(model.prepare.steps):
        check_positions(step)
        fits, _, after = _after(step, len(letters), sizes)
        if not fits:
            raise ArtifactError(
                f"the prepare record does not fit the schema: step {place}, {type(step).__name__}, "
                f"takes other columns than the one before it leaves"
            )
        letters, code_letters = letters_after(step, letters, code_letters)
        sizes, widest = after, max(widest, len(letters) + len(code_letters))
    numbers = len(letters)
    units = _units(model.encode, numbers)
    leaves: Sizes = ()
    if model.leaves is not None:
        codes = 0 if model.codes is None else len(model.codes.head)
        _audit_leaves(model.leaves, numbers + codes, sizes)
        leaves, widest = model.leaves.sizes, widest + codes
    machines = () if model.codes is None else (model.codes,)
    networks = (*model.networks, *machines)
    check_memory(
        widest, model.encode, model.leaves, networks, model.extra_trees, model.plausibility
    )
    for place, network in enumerate(networks):
        name = f"network {place}" if place < len(model.networks) else "the machines of the codes"
        _audit_network(name, network, units, sizes, () if network is model.codes else leaves)
        if not _largest_signal(network, model.encode) < LARGEST_SIGNAL:
            raise ArtifactError(f"{name}: weights so large that scores may overflow")
    if model.codes is not None and model.leaves is None:
        raise ArtifactError(f"{MISFIT}: there are machines for codes, and no boosters to test them")
    if (trees := model.extra_trees) is not None:
        if trees.n_features != numbers + len(sizes):
            raise ArtifactError(
                f"the extra trees test {trees.n_features} columns, preparation makes "
                f"{numbers + len(sizes)}"
            )
        _audit_depth(trees)
    if model.members != len(model.decide.weights):
        raise ArtifactError(
            f"{model.members} members of the blend, but {len(model.decide.weights)} weights for "
            f"them"
        )
    if model.reference is not None:
        _audit_reference(model.reference, raw)
    if model.plausibility is not None:
        _audit_plausibility(model.plausibility, model.schema)


def _within(positions: npt.NDArray[Any], count: int) -> bool:
    """Whether all positions are from 0 to below the count; negative ones count from the end."""
    return positions.ndim == 1 and bool(((positions >= 0) & (positions < count)).all())


def _after(step: steps.Step, numbers: int, sizes: Sizes) -> tuple[bool, int, Sizes]:
    """Whether a step of preparation fits the columns, and the columns that it leaves."""
    match step:
        case steps.Keep():
            fits = _within(step.numbers, numbers) and _within(step.codes, len(sizes))
            kept = tuple(sizes[j] for j in step.codes) if fits else ()
            return fits, len(step.numbers), kept
        case steps.FlagMissing():
            fits = _within(step.numbers, numbers) and _within(step.codes, len(sizes))
            return fits, numbers + len(step.numbers) + len(step.codes), sizes
        case steps.Clip():
            return step.low.shape == (numbers,), numbers, sizes
        case steps.Pool():
            fits = tuple(new.shape for new in step.codes) == tuple((size,) for size in sizes)
            return fits, numbers, step.sizes
        case steps.Fill():
            fits = step.numbers.shape == (numbers,) and step.codes.shape == (len(sizes),)
            return fits and bool((step.codes < np.array(sizes)).all()), numbers, sizes
        case steps.Smooth() | steps.Compress():
            return _within(step.columns, numbers), numbers, sizes
        case steps.Construct():
            taken = (step.above, step.below, *step.series)
            fits = all(_within(positions, numbers) for positions in taken)
            return fits, numbers + len(step.names), sizes


def _units(encode: EncodeRecord, numbers: int) -> int:
    """Number of Gaussian and binary units that encoding makes of the numbers."""
    if not all(_within(p, numbers) for p in (encode.gaussian, encode.binary, encode.rungs)):
        raise ArtifactError(
            f"the encode record does not fit the columns: it takes others than the {numbers} "
            "numbers that preparation leaves"
        )
    return len(encode.gaussian) + len(encode.binary) + len(encode.rungs)


def _audit_leaves(leaves: LeavesRecord, numbers: int, sizes: Sizes) -> None:
    """Trees test existing columns, numbers as numbers and categories as such, and their levels."""
    if leaves.n_features != numbers + len(sizes):
        raise ArtifactError(
            f"the trees test {leaves.n_features} columns, preparation makes {numbers + len(sizes)}"
        )
    levels = np.array([0] * numbers + list(sizes))
    for forest in leaves.forests:
        if any(getattr(forest, field.name).ndim != 1 for field in fields(forest)):
            raise ArtifactError("trees: the arrays of nodes have to be lists")
        tested = np.diff(forest.category_starts) > 0
        inner = forest.feature >= 0
        if (tested != (forest.feature >= numbers))[inner].any():
            raise ArtifactError("trees: a number is tested for categories, or a category as number")
        column = np.repeat(forest.feature, np.diff(forest.category_starts))
        if (forest.categories >= levels[column]).any():
            raise ArtifactError("trees: a node tests a level that does not exist")
        _audit_depth(forest)


def _audit_network(
    name: str, network: NetworkRecord, units: int, sizes: Sizes, leaves: Sizes
) -> None:
    """A network takes all units, and the code groups of columns, or of columns and leaves."""
    if network.sizes not in (sizes, sizes + leaves):
        raise ArtifactError(
            f"{MISFIT}: {name} takes {len(network.sizes)} code groups, columns and leaves give "
            f"{len(sizes)} + {len(leaves)}, or groups of other sizes"
            + ("; it takes leaves, but the model has no boosters" if not leaves else "")
        )
    if len(network.dense_weights) != units:
        raise ArtifactError(
            f"{MISFIT}: {name} takes {len(network.dense_weights)} units, encoding gives {units}"
        )


def _audit_depth(trees: Forest | ExtraTreesRecord) -> None:
    """Refuse trees so deep that looking up a leaf would take too long."""
    start = np.repeat(trees.starts[:-1], np.diff(trees.starts))
    right = trees.right if isinstance(trees, Forest) else trees.left + np.int32(1)
    at = trees.starts[:-1]
    for _ in range(DEEPEST):
        at = at[trees.feature[at] >= 0]
        if not len(at):
            return
        at = np.concatenate([start[at] + trees.left[at], start[at] + right[at]])
    raise ArtifactError(f"trees: a leaf lies deeper than {DEEPEST} tests")


def _largest_signal(network: NetworkRecord, encode: EncodeRecord) -> float:
    """A bound on the size of every number that the network computes."""
    with np.errstate(over="ignore"):
        gaussian = len(encode.gaussian)
        scale = np.ones(len(network.dense_weights))
        scale[:gaussian] = encode.reach
        field = scale @ np.abs(network.dense_weights.astype(np.float64))
        field += _largest_of_groups(network.code_weights, network.sizes)
        signal = field + np.abs(network.biases[0])
        largest = max(encode.reach, signal.max(initial=0.0))
        for weights, bias in zip(network.weights, network.biases[1:], strict=True):
            signal = signal @ np.abs(weights.astype(np.float64)) + np.abs(bias)
            largest = max(largest, signal.max(initial=0.0))
        head = float(signal @ np.abs(network.head.astype(np.float64))) + abs(network.bias)
        if network.skip.size:
            head += float(_largest_of_groups(network.skip[:, None], network.sizes)[0])
    return float(max(largest, head))


def _largest_of_groups(weights: Floats32, sizes: Sequence[int]) -> Floats:
    """What the code groups can add at most, one level each, per column of the weights."""
    lengths = np.array(sizes, np.int64)
    starts = (np.cumsum(lengths) - lengths)[lengths > 0]
    if not len(starts):
        return np.zeros(weights.shape[1])
    largest = np.maximum.reduceat(np.abs(weights), starts)
    return np.asarray(largest.sum(axis=0, dtype=np.float64))


def _audit_reference(reference: Reference, raw: Table) -> None:
    """The reference describes the columns of the table as read, with their levels."""
    numbers, categories = (
        tuple(column.name for column in columns)
        for columns in (reference.numbers, reference.categories)
    )
    if (numbers, categories) != (raw.number_names, raw.code_names):
        raise ArtifactError("the reference describes other columns than the schema")
    for spread in (*reference.numbers, reference.score):
        if len(spread.shares) != len(spread.edges) + 1 + ABSENT:
            raise ArtifactError(f"reference: column {spread.name!r} is no distribution of numbers")
    for spread, size in zip(reference.categories, raw.sizes, strict=True):
        if len(spread.edges) or len(spread.shares) != size + ABSENT:
            raise ArtifactError(f"reference: column {spread.name!r} has other levels")


def _audit_plausibility(record: PlausibilityRecord, schema: Schema) -> None:
    """The machine has the columns of the table as read, with their levels."""
    extreme = _extreme_rows(schema)
    if record.numbers != len(extreme.number_names):
        raise ArtifactError("plausibility record: the schema has another number of numbers")
    if len(record.sizes) - record.numbers != len(extreme.sizes):
        raise ArtifactError("plausibility record: the schema has another number of categories")
    if len(record.level_bins) != sum(extreme.sizes):
        raise ArtifactError("plausibility record: the categories have other levels")
    bins = np.repeat(record.sizes[record.numbers :], extreme.sizes)
    if (record.level_bins >= bins).any():
        raise ArtifactError("plausibility record: a level has a bin that does not exist")
    if not np.isfinite(examine_rows(record, extreme)[0]).all():
        raise ArtifactError("plausibility record: some rows have no number")
