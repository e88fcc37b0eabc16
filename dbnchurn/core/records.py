"""Records: the result of fitting a stage, as plain data.

A record is a frozen dataclass of scalars, strings, arrays and further records. :func:`pack` splits
it into a JSON tree and named arrays, :func:`unpack` builds it again after checking every name, type
and dtype, so a stored model needs no pickle and nothing of it is ever executed.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import types
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ArtifactError, did_you_mean
from dbnchurn.core.typing import Arrays

Json = Any
R = TypeVar("R")

ITEM_SIZES = {"float64": 8, "float32": 4, "int64": 8, "int32": 4, "bool": 1}
LONGEST = 2**48  # no array has so many rows

EXACT = (bool, int, str)  # types of which a value has to be exactly

REFERENCE = {"array", "dtype", "shape"}
"""What stands in the tree in the place of an array."""


def pack(record: object, path: str = "") -> tuple[Json, Arrays]:
    """Split a record into a JSON tree and arrays named by their place in it.

    Parameters
    ----------
    record : dataclass instance
        Fields may be bool, int, finite float, str, None, arrays, records, and tuples or
        string-keyed dicts of these.
    path : str, default ""
        Prefix of the arrays' names.

    Returns
    -------
    tree : JSON value
    arrays : dict of name → array

    Raises
    ------
    TypeError
        If a field holds anything else: a mistake in the record's definition.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Scale:
    ...     center: np.ndarray
    ...     limit: float
    >>> tree, arrays = pack(Scale(np.zeros(2), 3.0), "scale")
    >>> tree["limit"], sorted(arrays), unpack(Scale, tree, arrays).limit
    (3.0, ['scale.center'], 3.0)
    """
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        tree: dict[str, Json] = {"record": type(record).__name__}
        arrays: Arrays = {}
        for field in dataclasses.fields(record):
            value = getattr(record, field.name)
            tree[field.name], inner = pack(value, f"{path}.{field.name}" if path else field.name)
            arrays |= inner
        return tree, arrays
    if isinstance(record, np.ndarray):
        # safetensors writes memory as it lies, so that a transposed view would come back mixed up.
        return {"array": path, "dtype": record.dtype.name, "shape": list(record.shape)}, {
            path: np.asarray(record, order="C")
        }
    if isinstance(record, tuple):
        parts = [pack(value, f"{path}.{i}") for i, value in enumerate(record)]
        return [tree for tree, _ in parts], {k: a for _, inner in parts for k, a in inner.items()}
    if isinstance(record, dict):
        packed = {key: pack(value, f"{path}.{key}") for key, value in record.items()}
        return {key: tree for key, (tree, _) in packed.items()}, {
            k: a for _, inner in packed.values() for k, a in inner.items()
        }
    if isinstance(record, np.generic):
        record = record.item()
    if record is None or isinstance(record, bool | int | str):
        return record, {}
    if isinstance(record, float) and math.isfinite(record):
        return record, {}
    raise TypeError(f"{path}: {record!r} has no place in a record")


def unpack(kind: type[R], tree: Json, arrays: Arrays, path: str = "") -> R:
    """Build a record of type `kind` from what :func:`pack` made of it.

    Types are taken from the annotations of the dataclass. ``audit(self)`` of a record is called,
    where it is defined, to check its own consistency.

    Parameters
    ----------
    kind : dataclass
    tree : JSON value
    arrays : dict of name → array
    path : str, optional
        Place in the whole, for messages; by default the name of `kind`.

    Returns
    -------
    instance of `kind`

    Raises
    ------
    ArtifactError
        If a name is missing or unknown, or a value, dtype or shape is not what it has to be.
    """
    return _build(kind, tree, arrays, path or kind.__name__)  # type: ignore[no-any-return]


def references(tree: Json) -> Iterator[str]:
    """Names of the arrays that a tree refers to, each as often as it does.

    Examples
    --------
    >>> list(references(pack((np.zeros(1), {"a": np.zeros(2)}), "x")[0]))
    ['x.0', 'x.1.a']
    """
    return (entry["array"] for entry in _entries(tree) if isinstance(entry["array"], str))


def array_sizes(tree: Json) -> Iterator[int]:
    """Bytes of every array that a tree refers to, by the type and shape that it says.

    Examples
    --------
    >>> list(array_sizes(pack((np.zeros(3), {"a": np.zeros((2, 2), bool)}), "x")[0]))
    [24, 4]
    """
    return (_size(entry["dtype"], entry["shape"]) for entry in _entries(tree))


def _entries(tree: Json) -> Iterator[dict[str, Json]]:
    """What stands in the places of arrays, in the order of the tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and node.keys() == REFERENCE:
            yield node
        elif isinstance(node, dict | list):
            inner = node.values() if isinstance(node, dict) else node
            waiting += [value for value in inner if type(value) in (dict, list)][::-1]


def _size(dtype: Json, shape: Json) -> int:
    """Bytes of an array, 0 where its description is none: that is refused when it is built."""
    known = isinstance(dtype, str) and dtype in ITEM_SIZES
    if not known or not isinstance(shape, list):
        return 0
    if not all(type(length) is int and 0 <= length < LONGEST for length in shape):
        return 0
    return math.prod(shape) * ITEM_SIZES[dtype]


def _build(hint: Any, tree: Json, arrays: Arrays, path: str) -> Any:
    if hint in EXACT and type(tree) is hint:
        return tree
    origin, args = _parts(hint)
    if origin in (Union, types.UnionType):
        return _build_union(args, tree, arrays, path)
    if dataclasses.is_dataclass(hint):
        return _build_record(hint, tree, arrays, path)
    if origin is np.ndarray or hint is np.ndarray:
        return _build_array(args, tree, arrays, path)
    if origin is tuple:
        if not isinstance(tree, list):
            raise ArtifactError(f"{path}: expected a list, found {type(tree).__name__}")
        if args[0] in EXACT and set(map(type, tree)) <= {args[0]}:
            return tuple(tree)
        return tuple(_build(args[0], v, arrays, f"{path}.{i}") for i, v in enumerate(tree))
    if origin is dict:
        if not isinstance(tree, dict):
            raise ArtifactError(f"{path}: expected a mapping, found {type(tree).__name__}")
        return {k: _build(args[1], v, arrays, f"{path}.{k}") for k, v in tree.items()}
    if hint is float and type(tree) in (int, float) and abs(tree) <= sys.float_info.max:
        return float(tree)
    raise ArtifactError(f"{path}: expected {getattr(hint, '__name__', hint)}, found {tree!r:.60}")


def _build_union(options: tuple[Any, ...], tree: Json, arrays: Arrays, path: str) -> Any:
    if tree is None and type(None) in options:
        return None
    records = (option for option in options if dataclasses.is_dataclass(option))
    named = {getattr(option, "__name__", ""): option for option in records}
    if named:
        name = str(tree.get("record")) if isinstance(tree, dict) else ""
        if name not in named:
            raise ArtifactError(f"{path}: unknown record {name!r:.60}, {did_you_mean(name, named)}")
        return _build(named[name], tree, arrays, path)
    return _build(next(o for o in options if o is not type(None)), tree, arrays, path)


def _build_record(kind: Any, tree: Json, arrays: Arrays, path: str) -> Any:
    hints = _hints(kind)
    names = set(hints)
    if not isinstance(tree, dict) or tree.get("record") != kind.__name__:
        raise ArtifactError(f"{path}: expected a {kind.__name__}, found {tree!r:.60}")
    given = set(tree) - {"record"}
    if given != names:
        raise ArtifactError(
            f"{path}: a {kind.__name__} needs exactly {sorted(names)}, found {sorted(given)}"
        )
    record = kind(**{n: _build(hints[n], tree[n], arrays, f"{path}.{n}") for n in sorted(names)})
    if hasattr(record, "audit"):
        try:
            with np.errstate(all="ignore"):  # what overflows is no reason to warn, but to refuse
                record.audit()
        except ArtifactError:
            raise
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            # Arrays of a shape that the audit itself cannot compute with.
            raise ArtifactError(f"{path}: no consistent {kind.__name__}: {error}") from error
    return record


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Types of a record's fields; a model has thousands of records of a few kinds."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@cache
def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """What a type is made of; an alias, as ``NDArray[x]`` in numpy 2.5, is written out first."""
    if hasattr(get_origin(hint), "__value__"):
        hint = get_origin(hint).__value__[get_args(hint)]
    return get_origin(hint), get_args(hint)


def _build_array(args: tuple[Any, ...], tree: Json, arrays: Arrays, path: str) -> npt.NDArray[Any]:
    if not isinstance(tree, dict) or set(tree) != REFERENCE:
        raise ArtifactError(f"{path}: expected a reference to an array, found {tree!r:.60}")
    array = arrays.get(tree["array"]) if isinstance(tree["array"], str) else None
    if array is None:
        raise ArtifactError(f"{path}: the array {tree['array']!r} is missing")
    if array.dtype.name != tree["dtype"] or list(array.shape) != tree["shape"]:
        raise ArtifactError(
            f"{path}: array {tree['array']!r} is {array.dtype}{list(array.shape)}, "
            f"the manifest says {tree['dtype']}{tree['shape']}"
        )
    wanted = get_args(args[1])[0] if len(args) == 2 and get_args(args[1]) else None
    if isinstance(wanted, type) and not np.issubdtype(array.dtype, wanted):
        raise ArtifactError(f"{path}: expected {wanted.__name__} values, found {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ArtifactError(f"{path}: array {tree['array']!r} holds NaN or infinite values")
    return array
