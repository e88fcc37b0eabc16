"""Validation errors of pydantic as sentences: what is wrong, what is allowed, what was meant."""

from __future__ import annotations

import json
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dbnchurn.config.yaml import Key
from dbnchurn.core.errors import did_you_mean

_KINDS = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "int_parsing_size": "a smaller integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a text",
    "date_type": "a date like 2024-08-01",
    "date_from_datetime_parsing": "a date like 2024-08-01",
    "date_parsing": "a date like 2024-08-01",
    "datetime_parsing": "a date and time like 2024-08-01T00:00",
    "datetime_from_date_parsing": "a date and time like 2024-08-01T00:00",
    "datetime_type": "a date and time like 2024-08-01T00:00",
    "path_type": "a path",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a section of keys and values",
    "none_required": "null",
}
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def sentences(error: ValidationError, data: Any, model: type[BaseModel]) -> dict[Key, str]:
    """One sentence for every place in `data` that `model` refuses.

    Members of a union that fail at the same place are joined with *or*.

    Parameters
    ----------
    error : ValidationError
    data : dict
        What was validated.
    model : pydantic model

    Returns
    -------
    dict of path of keys → sentence
        The sentence starts with the dotted path.
    """
    at: dict[Key, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        at.setdefault(_path(detail, data), []).append(detail)
    inner = set(at)
    return {
        path: _sentence(path, details, model)
        for path, details in at.items()
        if not _hidden(path, details, inner)
    }


def dotted(path: Key) -> str:
    """A path as the command line writes it; ``config`` for the whole."""
    return ".".join(map(str, path)) or "config"


def _path(detail: ErrorDetails, data: Any) -> Key:
    """The error's place in the data: its location without the names of union members."""
    path: Key = ()
    value = data
    for i, part in enumerate(detail["loc"]):
        last = i + 1 == len(detail["loc"])
        if isinstance(value, dict) and part in value:
            value, path = value[str(part)], (*path, part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value, path = value[part], (*path, part)
        elif last and detail["type"] == "missing":
            path = (*path, part)
    return path


def _hidden(path: Key, details: list[ErrorDetails], all_paths: set[Key]) -> bool:
    """Whether a member of a union fails at a deeper place, so that its message is more exact."""
    deeper = any(len(p) > len(path) and p[: len(path)] == path for p in all_paths)
    return deeper and all(_expectation(detail) for detail in details)


def _sentence(path: Key, details: list[ErrorDetails], model: type[BaseModel]) -> str:
    first = details[0]
    name = dotted(path)
    if first["type"] == "extra_forbidden":
        key, loc = str(path[-1]), first["loc"][:-1]
        if renamed := _renamed(model, loc).get(key):
            absolute = renamed.startswith(".")
            place = renamed[1:] if absolute else dotted((*path[:-1], renamed))
            return f"{name}: renamed to {place}"
        allowed = _keys(model, loc)
        return f"{name}: unknown key, {did_you_mean(key, allowed)}"
    if first["type"] == "missing":
        return f"{name}: required, but not given"
    expected = list(dict.fromkeys(filter(None, map(_expectation, details))))
    if expected:
        return f"{name} should be {' or '.join(expected)}, got {_shown(first['input'])}"
    context = first.get("ctx", {})
    return f"{name}: {context['error'] if 'error' in context else first['msg']}"


def _expectation(detail: ErrorDetails) -> str | None:
    """What the value should have been, to follow *should be*."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _KINDS:
        return _KINDS[kind]
    if kind in _BOUNDS:
        key, bound = _BOUNDS[kind]
        return f"{bound} {str(context[key]).removesuffix('.0')}"
    if kind in ("literal_error", "enum"):
        return str(context["expected"])
    if kind == "union_tag_invalid":
        tags = " or ".join(context["expected_tags"].split(", "))
        return f"a section with {context['discriminator']} {tags}"
    if kind in ("too_short", "too_long"):
        short = kind == "too_short"
        size = context["min_length"] if short else context["max_length"]
        return f"{'at least' if short else 'at most'} {size} values long"
    return None


def _shown(value: object) -> str:
    """A value as YAML writes it, cut to fit a message."""
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _keys(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Keys that the section at `loc` allows."""
    return list(dict.fromkeys(key for h in _sections(model, loc) for key in h.model_fields))


def _renamed(model: type[BaseModel], loc: tuple[str | int, ...]) -> dict[str, str]:
    """Former keys of the section at `loc`, each with what replaces it."""
    sections = _sections(model, loc)
    return {old: new for h in sections for old, new in getattr(h, "renamed", {}).items()}


def _sections(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """The section at `loc`; several where a union allows them."""
    sections: list[type[BaseModel]] = [model]
    for part in loc:
        deeper = [m for h in sections if part in h.model_fields for m in _models(h, str(part))]
        # A part that is no field is a list index or names one member of a union.
        tagged = [h for h in sections if part in _tags(h)]
        sections = deeper or tagged or sections
    return sections


def _models(model: type[BaseModel], field: str) -> list[type[BaseModel]]:
    """Models in a field's type hint, however deep."""

    def inside(hint: Any) -> list[type[BaseModel]]:
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            return [hint]
        return [model for member in get_args(hint) for model in inside(member)]

    return inside(model.model_fields[field].annotation)


def _tags(model: type[BaseModel]) -> set[object]:
    hints = [field.annotation for field in model.model_fields.values()]
    literals = {tag for hint in hints if get_origin(hint) is Literal for tag in get_args(hint)}
    return literals | {model.__name__}
