"""Sentences about the columns that a model does not use, each with the reason.

What a command leaves out is said by :func:`say`, which the command line shows, and the same
sentences stand in the report.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping

from dbnchurn.core.errors import listed
from dbnchurn.tables.kinds import IDENTIFIER, NO_VALUE
from dbnchurn.tables.model_columns import ModelColumns
from dbnchurn.tables.roles import is_key_name
from dbnchurn.tables.schema import Schema

log = logging.getLogger("dbnchurn.notes")  # the command line shows its notes
AS_TOLD = "as told"
SHOWN = 12


def unused_columns(
    schema: Schema,
    *,
    dropped: Collection[str] = (),
    extra: Collection[str] = (),
    reduced: Mapping[str, str] | None = None,
) -> list[str]:
    """What is not used of a table, in sentences.

    Parameters
    ----------
    schema : Schema
        Its ignored columns are named, each with its note.
    dropped : collection of str, default ()
        Columns that the config drops.
    extra : collection of str, default ()
        Columns of the table that the model was not trained with.
    reduced : mapping of column → reason, optional
        Columns that the preparation dropped.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from dbnchurn.tables.schema import Column
    >>> schema = Schema((Column("debt", "number"), Column("note", "ignore", note="as told")))
    >>> unused_columns(schema, extra=["town"], reduced={"zip": "constant"})
    ["1 column is ignored as told: 'note'", "1 column is passed over, as the model was not \
trained with it: 'town'", '1 column is not used, as it says nothing that others do not: zip \
(constant)']
    """
    found = ignored_columns(schema)
    told = [c.name for c in schema.columns if c.kind == "ignore" and c.note == AS_TOLD]
    if told:
        found.append(f"{_are(told)} ignored as told: {listed(told, SHOWN)}")
    if dropped:
        found.append(f"{_are(dropped)} dropped by the config: {listed(dropped, SHOWN)}")
    if extra:
        it = "it" if len(extra) == 1 else "them"
        found.append(
            f"{_are(extra)} passed over, as the model was not trained with {it}: "
            f"{listed(extra, SHOWN)}"
        )
    if reduced:
        says = "it says" if len(reduced) == 1 else "they say"
        shown = [f"{name} ({why})" for name, why in reduced.items()]
        rest = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
        found.append(
            f"{_are(reduced)} not used, as {says} nothing that others do not: "
            f"{', '.join(shown[:SHOWN])}{rest}"
        )
    return found


def unused_keys(schema: Schema, columns: Iterable[str]) -> list[str]:
    """Columns that are named like the id of a customer, and that the model does not use.

    Parameters
    ----------
    schema : Schema
    columns : iterable of str
        Of one or several tables.

    Returns
    -------
    list of str
        Each once.

    Examples
    --------
    >>> from dbnchurn.tables.schema import Column
    >>> unused_keys(Schema((Column("user_id", "number"),)), ["user_id", "msisdn", "debt", "msisdn"])
    ['msisdn']
    """
    known = {column.name for column in schema.columns}
    return [name for name in dict.fromkeys(columns) if name not in known and is_key_name(name)]


def ignored_columns(schema: Schema) -> list[str]:
    """A sentence about each column that is ignored though nobody said so."""
    return [
        f"column {column.name!r} is ignored: {column.note or 'as in training'}"
        f"{_way_out(column.note)}"
        for column in schema.columns
        if column.kind == "ignore" and column.note != AS_TOLD
    ]


def empty_columns(schema: Schema) -> dict[str, str]:
    """The columns of a model's schema that held no value in training, each with the reason.

    Examples
    --------
    >>> from dbnchurn.tables.schema import Column
    >>> empty_columns(Schema((Column("fax", "ignore", note="no value"), Column("debt", "number"))))
    {'fax': 'empty'}
    """
    found = [c.name for c in schema.columns if c.kind == "ignore" and c.note == NO_VALUE]
    return dict.fromkeys(found, "empty")


def _are(names: Collection[str]) -> str:
    return "1 column is" if len(names) == 1 else f"{len(names)} columns are"


def _way_out(note: str) -> str:
    """How to use a column that was taken for an identifier."""
    return "; to use it, say its kind under kinds" if note.startswith(IDENTIFIER) else ""


def constant_columns(columns: ModelColumns) -> dict[str, str]:
    """The columns that hold one value or none in all rows, each with the reason.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"debt": [1, 2], "country": ["DE", "DE"], "fax": [None, None]})
    >>> constant_columns(ModelColumns.of(frame))
    {'country': 'constant', 'fax': 'no value'}
    """
    found = {}
    for column in columns:
        values = column.codes if column.has_levels else column.numbers
        present = values[~column.missing]
        if not len(present):
            found[column.name] = "no value"
        elif len(present) == len(values) and (present == present[0]).all():
            found[column.name] = "constant"
    return found


def say(sentences: Iterable[str], level: int = logging.INFO) -> None:
    """Log sentences about unused columns, once each; the command line shows them.

    Parameters
    ----------
    sentences : iterable of str
    level : int, default logging.INFO
    """
    for sentence in dict.fromkeys(sentences):
        log.log(level, "%s", sentence)
