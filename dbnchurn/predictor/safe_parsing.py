"""Parsers of the two formats of a stored model, stricter than those of their libraries."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ArtifactError, listed

# Types of the arrays in records, by their safetensors names; all are little-endian.
DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "BOOL": "|b1"}
LARGEST_HEADER = 16 * 2**20  # bytes
MOST_MAPPINGS, MOST_VALUES = 2**16, 2**19
DEEPEST = 64
LONGEST_NUMBER = 64  # letters
LARGEST_INTEGER = 2**64
LARGEST_DIMENSIONS = 2
LENGTH = 8  # bytes at the start of the file, which hold the length of the header
UNREADABLE = "model.safetensors cannot be read"


def parse_json(content: bytes) -> Any:
    """Parse JSON of bounded size that has no NaN, no infinities and no repeated keys.

    Memory and time are bounded by counts of the bytes, before anything is made of them.

    Raises
    ------
    ValueError, RecursionError
        If it has, is invalid, is nested too deeply, or holds too many values or a number or text
        that cannot be.

    Examples
    --------
    >>> parse_json(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ValueError: the key 'a' stands twice
    >>> parse_json(b"1e999")
    Traceback (most recent call last):
    ValueError: the number 1e999 is too large
    """
    if (mappings := content.count(b"{")) > MOST_MAPPINGS:
        raise ValueError(f"{mappings} mappings, at most {MOST_MAPPINGS} are allowed")
    if (values := content.count(b",") + content.count(b"[")) > MOST_VALUES:
        raise ValueError(f"{values} values, at most {MOST_VALUES} are allowed")
    found = json.loads(
        content.decode("utf-8"),
        parse_constant=_refuse_constant,
        parse_float=_float,
        parse_int=_int,
        object_pairs_hook=_unique_keys,
    )
    _check_depth(found)
    if re.search(rb"\\u[dD][89a-fA-F]", content):  # half of a letter that has two
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    return found


def _float(text: str) -> float:
    value = float(text) if len(text) <= LONGEST_NUMBER else math.inf
    if math.isinf(value):
        raise ValueError(f"the number {text:.40} is too large")
    return value


def _int(text: str) -> int:
    value = int(text) if len(text) <= LONGEST_NUMBER else LARGEST_INTEGER
    if abs(value) >= LARGEST_INTEGER:
        raise ValueError(f"the integer {text:.40} is too large")
    return value


def _check_depth(tree: Any) -> None:
    """Refuse a tree with more than `DEEPEST` lists or mappings in one another."""
    level = [tree] if isinstance(tree, dict | list) else []
    for _ in range(DEEPEST + 1):
        level = [
            value
            for node in level
            for value in (node.values() if type(node) is dict else node)
            if type(value) in (dict, list)
        ]
        if not level:
            return
    raise ValueError(f"nested deeper than {DEEPEST} levels")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) == len(pairs):
        return mapping
    mapping = {}
    for key, value in pairs:
        if key in mapping:
            raise ValueError(f"the key {key!r:.60} stands twice")
        mapping[key] = value
    return mapping


def parse_arrays(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """Parse a safetensors file; its arrays are read-only views into the bytes.

    Nothing is allocated for a shape before it is checked that the file holds as many bytes.

    Raises
    ------
    ArtifactError
        If the header is too long, no JSON, or describes other than arrays of one or two dimensions
        that follow one another without gap or overlap to the end of the file.

    Examples
    --------
    >>> from safetensors.numpy import save
    >>> parse_arrays(save({"a": np.arange(3)}))["a"]
    array([0, 1, 2])
    """
    length = int.from_bytes(content[:LENGTH], "little")
    if len(content) < LENGTH or length > min(LARGEST_HEADER, len(content) - LENGTH):
        raise ArtifactError(
            f"{UNREADABLE}: a header of {length} bytes in a file of {len(content)}, "
            f"at most {LARGEST_HEADER} are allowed"
        )
    try:
        header = parse_json(content[LENGTH : LENGTH + length])
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{UNREADABLE}: its header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise ArtifactError(f"{UNREADABLE}: its header is no mapping")
    header.pop("__metadata__", None)
    data = memoryview(content)[LENGTH + length :]
    spans = {name: _span(name, entry) for name, entry in header.items()}
    end = 0
    for name, (start, stop) in sorted(spans.items(), key=lambda item: item[1]):
        if start != end:
            raise ArtifactError(f"{UNREADABLE}: {name!r:.80} leaves a gap or overlaps")
        end = stop
    if end != len(data):
        raise ArtifactError(
            f"{UNREADABLE}: the arrays take {end} bytes, the file holds {len(data)}"
        )
    return {name: _array(name, data[slice(*spans[name])], header[name]) for name in header}


def _array(name: str, data: memoryview, entry: dict[str, Any]) -> npt.NDArray[Any]:
    flags = entry["dtype"] == "BOOL"
    if flags and (np.frombuffer(data, np.uint8) > 1).any():
        raise ArtifactError(f"{UNREADABLE}: {name!r:.80} holds flags that are neither 0 nor 1")
    return np.frombuffer(data, DTYPES[entry["dtype"]]).reshape(entry["shape"])


def _span(name: str, entry: Any) -> tuple[int, int]:
    """The first byte of an array and the end of its bytes, after checks of its description."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ArtifactError(f"{UNREADABLE}: {name!r:.80} is not described as one")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ArtifactError(
            f"{UNREADABLE}: {name!r:.80} has the type {dtype!r:.40} (allowed: {listed(DTYPES)})"
        )
    if not (_counts(shape) and _counts(offsets)) or len(offsets) != 2:
        raise ArtifactError(f"{UNREADABLE}: {name!r:.80} has no shape or no place")
    size = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if len(shape) > LARGEST_DIMENSIONS or offsets[1] - offsets[0] != size:
        raise ArtifactError(
            f"{UNREADABLE}: {name!r:.80} has the shape {shape!r:.80}, which does not "
            f"fill the bytes {offsets!r:.60}"
        )
    return offsets[0], offsets[1]


def _counts(values: Any) -> bool:
    """Whether these are at most 8 whole numbers from 0 to below 2⁴⁸."""
    return (
        isinstance(values, list)
        and len(values) <= 8
        and all(type(value) is int and 0 <= value < 2**48 for value in values)
    )
