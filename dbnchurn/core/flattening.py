"""Nested plain data as pairs of path and value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Path = tuple[str | int, ...]
"""Keys of mappings and indices of lists, from the outermost inwards."""


def flatten(
    plain: Any, *, lists: Literal["whole", "nested", "items"] = "whole", path: Path = ()
) -> Iterator[tuple[Path, Any]]:
    """Every value of nested plain data with its path, in the order of the data.

    Parameters
    ----------
    plain : mapping, list or scalar
        As JSON or YAML holds it. An empty mapping is a value of its own, and so is an empty list.
    lists : {"whole", "nested", "items"}, default "whole"
        A list is one value; or is entered if it holds a mapping or a list; or is always entered.
    path : tuple of str and int, default ()
        Put before every path.

    Yields
    ------
    path : tuple of str and int
    value : scalar, list, or empty mapping

    Examples
    --------
    >>> plain = {"test": {"f1": 0.5}, "layers": [8, 4]}
    >>> list(flatten(plain))
    [(('test', 'f1'), 0.5), (('layers',), [8, 4])]
    >>> list(flatten(plain, lists="items"))
    [(('test', 'f1'), 0.5), (('layers', 0), 8), (('layers', 1), 4)]
    """
    entries: list[tuple[str | int, Any]] = []
    if isinstance(plain, Mapping):
        entries = [(str(key), value) for key, value in plain.items()]
    elif isinstance(plain, list) and _is_entered(plain, lists):
        entries = list(enumerate(plain))
    if not entries:
        yield path, plain
    for key, value in entries:
        yield from flatten(value, lists=lists, path=(*path, key))


def _is_entered(values: list[Any], lists: str) -> bool:
    return lists == "items" or (
        lists == "nested" and any(isinstance(value, Mapping | list) for value in values)
    )


def dotted(path: Path) -> str:
    """A path as text, with list indices in brackets.

    Examples
    --------
    >>> dotted(("groups", "month", 0, "f1"))
    'groups.month[0].f1'
    """
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")
