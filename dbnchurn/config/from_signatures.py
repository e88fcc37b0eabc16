"""Config sections made from the signatures of estimators, so that a default is written once.

A parameter becomes a field: its type hint the type, its default the default, its entry in the
docstring the description. A parameter whose default is an estimator becomes a nested section.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from enum import Enum
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, ConfigDict, Field, create_model

from dbnchurn.config.source_classes import SourceClass

T = TypeVar("T")
Hint = Any  # a type hint is a type, a special form or an alias: typing has no name for all of them

SCALARS = (bool, int, float, str, type(None), Path, date, Enum, BaseModel)
SEQUENCES = (list, tuple, Sequence, Collection)
MAPPINGS = (dict, Mapping)


class Section(BaseModel):
    """A part of a config: unknown keys are refused and values stay as they were read.

    The base class of all sections, hand-written and generated. A section may declare `renamed`, a
    class attribute that maps former keys to what replaces them (dotted for a key of a nested
    section), for messages.

    Examples
    --------
    >>> class Split(Section):
    ...     test: float = 0.2
    >>> Split().test
    0.2
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
    made_from: ClassVar[Callable[..., Any] | None] = None
    # Former key → what replaces it, dotted; from the top of the config where it starts with a dot.
    renamed: ClassVar[Mapping[str, str]] = {}


def section_of(
    estimator: Callable[..., Any],
    *,
    omit: Collection[str] = (),
    defaults: Mapping[str, Any] | None = None,
) -> type[Section]:
    """The section of one estimator class or keyword function.

    Parameters
    ----------
    estimator : class or function
        Its named parameters have type hints. A class can be known from its source alone, see
        :func:`dbnchurn.config.source_class`. Of a union only the members that YAML can hold are
        kept, so ``int | Generator | None`` reads as an integer or null.
    omit : collection of str, default ()
        Parameters to leave out, here and in nested sections (such as ``random_state``).
    defaults : mapping, optional
        Parameter → default that replaces the one of the signature.

    Returns
    -------
    Section subclass

    Raises
    ------
    TypeError
        If a parameter has no type hint, or one that YAML cannot hold.

    Examples
    --------
    >>> class Leaves:
    ...     def __init__(self, *, trees: int = 100, method: Literal["exact", "hist"] = "hist"):
    ...         self.trees, self.method = trees, method
    >>> section_of(Leaves)(trees=5)
    Leaves(trees=5, method='hist')
    """
    hints = get_type_hints(_signature_owner(estimator), include_extras=True)
    notes = _parameter_notes(inspect.getdoc(estimator) or "")
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(estimator).parameters.items():
        if name in omit or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        where = f"parameter {name!r} of {estimator.__name__}"
        if name not in hints:
            raise TypeError(f"{where} has no type hint, so no config section can be built of it")
        default = (defaults or {}).get(name, parameter.default)
        hint = hints[name]
        if default is None and name in getattr(estimator, "default_stages", {}):
            # Here None stands for the estimator that the class declares, so null means nothing.
            default = estimator.default_stages[name]  # type: ignore[attr-defined]
            hint = type(default)
        fields[name] = _field(hint, default, where, omit, notes.get(name))
    made: type[Section] = create_model(
        estimator.__name__, __base__=Section, __module__=__name__, **fields
    )
    made.made_from = estimator
    made.renamed = getattr(estimator, "renamed_parameters", {})
    made.__doc__ = (inspect.getdoc(estimator) or estimator.__name__).partition("\n\n")[0]
    return made


def model_from_signatures(
    name: str,
    fields: Mapping[str, Any],
    *,
    base: type[Section] = Section,
    omit: Collection[str] = (),
) -> type[Section]:
    """A model whose fields are estimators, other models, or plain types.

    Parameters
    ----------
    name : str
        Name of the model.
    fields : mapping
        Field name → estimator class or keyword function (becomes :func:`section_of` it), pydantic
        model (nested; optional if the model needs nothing), or ``(type, default)`` pair.
    base : Section subclass, default Section
        Hand-written fields and validators to start from.
    omit : collection of str, default ()
        Parameters to leave out of generated sections.

    Returns
    -------
    Section subclass

    Examples
    --------
    >>> def split(test: float = 0.2, seed: int = 0): ...
    >>> model_from_signatures("Run", {"split": split, "name": (str, "demo")})()
    Run(split=split(test=0.2, seed=0), name='demo')
    """
    made: dict[str, Any] = {key: _composed(value, omit) for key, value in fields.items()}
    model: type[Section] = create_model(name, __base__=base, __module__=__name__, **made)
    return model


def build(section: Section, estimator: Callable[..., T], **also: Any) -> T:
    """The estimator that a validated section describes, nested estimators included.

    Parameters
    ----------
    section : Section
        An instance of ``section_of(estimator)``.
    estimator : class or function
        What to call.
    **also
        Parameters that were omitted from the section.

    Returns
    -------
    Instance of `estimator`, or what the function returns

    Raises
    ------
    TypeError
        If the section was made from another estimator.

    Examples
    --------
    >>> class Leaves:
    ...     def __init__(self, *, trees: int = 100):
    ...         self.trees = trees
    >>> build(section_of(Leaves)(trees=5), Leaves).trees
    5
    """
    if _origin(section) is not estimator:
        raise TypeError(f"the section {type(section).__name__} was not made from {estimator!r}")
    values = {name: getattr(section, name) for name in type(section).model_fields}
    for name, value in values.items():
        if isinstance(value, Section) and (origin := _origin(value)) is not None:
            values[name] = build(value, origin)
    return estimator(**values, **also)


def _origin(section: Section) -> Callable[..., Any] | None:
    """What a section was made from; a class that was known from its source is imported now."""
    made_from = section.made_from
    if inspect.isclass(made_from) and issubclass(made_from, SourceClass):
        return made_from.imported()
    return made_from


def _signature_owner(estimator: Callable[..., Any]) -> Callable[..., Any]:
    return estimator.__init__ if inspect.isclass(estimator) else estimator


def _is_estimator(value: object) -> bool:
    """Whether a class or an instance follows scikit-learn's parameter protocol."""
    return hasattr(value, "get_params") and hasattr(value, "set_params")


def _composed(value: Any, omit: Collection[str]) -> tuple[Hint, Any]:
    if isinstance(value, tuple):
        return value
    if inspect.isclass(value) and issubclass(value, BaseModel):
        model: type[BaseModel] = value
    else:
        model = section_of(value, omit=omit)
    needs = any(field.is_required() for field in model.model_fields.values())
    return model, ... if needs else Field(default_factory=model)


def _field(
    hint: Hint, default: Any, where: str, omit: Collection[str], note: str | None
) -> tuple[Hint, Any]:
    nested: type[Section] | None = None
    if _is_estimator(default) and not inspect.isclass(default):
        nested = section_of(type(default), omit=omit, defaults=default.get_params(deep=False))
    kept = _holdable(hint, nested, omit)
    if kept is None:
        raise TypeError(f"{where} has type {hint}, which a config cannot hold")
    if nested is not None:
        return kept, Field(default_factory=nested, description=note)
    if default is inspect.Parameter.empty:
        return kept, Field(description=note)
    plain = tuple(default) if isinstance(default, list) else default
    return kept, Field(default=plain, description=note)


def _holdable(hint: Hint, nested: type[Section] | None, omit: Collection[str]) -> Hint | None:
    """The part of a type hint that YAML can hold; None if there is none."""
    origin: Any = get_origin(hint)
    args = get_args(hint)
    if hint is None or hint is type(None):
        return type(None)
    if origin is Literal:
        return hint
    if origin is Annotated:
        kept = _holdable(args[0], nested, omit)
        return None if kept is None else Annotated[(kept, *args[1:])]
    if origin in (Union, types.UnionType):
        members = [_holdable(member, nested, omit) for member in args]
        known = tuple(dict.fromkeys(m for m in members if m is not None))
        return Union[known] if set(known) - {type(None)} else None  # noqa: UP007  built at run time
    if origin in SEQUENCES:
        return _holdable_sequence(origin, args, omit)
    if origin in MAPPINGS:
        value = _holdable(args[1], None, omit)
        return None if value is None else dict[str, value]  # type: ignore[valid-type]
    if not inspect.isclass(hint):
        return None
    if _is_estimator(hint):
        return nested or section_of(hint, omit=omit)
    return hint if issubclass(hint, SCALARS) else None


def _holdable_sequence(origin: Hint, args: tuple[Hint, ...], omit: Collection[str]) -> Hint | None:
    """Every sequence is read as a tuple, so that a config compares equal after a round trip."""
    fixed = origin is tuple and args[-1] is not Ellipsis
    items = [_holdable(item, None, omit) for item in (args if fixed else args[:1])]
    if any(item is None for item in items):
        return None
    return tuple[tuple(items)] if fixed else tuple[items[0], ...]  # type: ignore[misc,valid-type]


def _parameter_notes(doc: str) -> dict[str, str]:
    r"""Parameter name → description, from the Parameters section of a numpydoc docstring.

    Examples
    --------
    >>> _parameter_notes("Title.\n\nParameters\n----------\na, b : int\n    Two of\n    them.")
    {'a': 'Two of them.', 'b': 'Two of them.'}
    """
    section = re.search(r"^Parameters\n-{3,}\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", doc, re.M | re.S)
    notes: dict[str, str] = {}
    if section is None:
        return notes
    for entry in re.finditer(
        r"^(\w[\w, ]*?) ?:[^\n]*\n((?:[ \t]+[^\n]*\n?|\n)*)", section[1], re.M
    ):
        for name in entry[1].split(","):
            notes[name.strip()] = " ".join(entry[2].split())
    return notes
