"""Which customer each row of a table is, and rows that are none."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.predictor.reference import Reference
from dbnchurn.tables.empty_rows import rows_without_customer
from dbnchurn.tables.id_spelling import IdSpelling, zeros_lost_message
from dbnchurn.tables.schema import Schema, check_names
from dbnchurn.tables.unused_columns import unused_keys

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


def ids_of(frame: pd.DataFrame, id: str | None, about: Mapping[str, Any], schema: Schema) -> Any:
    """The identifiers of the rows; numbers from 0 where no column holds them, which is said.

    Parameters
    ----------
    frame : DataFrame of n rows
    id : str or None
        Column with them; by default the one that was given in training, if the table has it.
    about : mapping
        What was stored with the model.
    schema : Schema
        The columns that the model expects.

    Returns
    -------
    array of shape (n,)

    Raises
    ------
    DataError
        If the table has no such column.
    """
    names = check_names(frame)
    if id is None and about.get("id") in names:
        id = str(about["id"])
    if id is None:
        _say_numbered(names, about.get("id"), schema)
        return np.arange(len(frame))
    if id not in names:
        raise DataError(f"the table has no id column {id!r}: {did_you_mean(id, names)}")
    return frame.iloc[:, names.index(id)].array


def _say_numbered(names: Sequence[str], trained: object, schema: Schema) -> None:
    """Say that rows are numbered although another column may name the customers."""
    if isinstance(trained, str) and (maybe := unused_keys(schema, names)):
        log.warning(
            "no column %r, by which the training named the customers, so the rows are numbered "
            "from 0; %s may name them: say so with id=%r", trained, listed(maybe), maybe[0],
        )  # fmt: skip


def zeros_lost(frame: pd.DataFrame, id: str | None, about: Mapping[str, Any]) -> str:
    """Why ids seem to lack zeros that those of the training began with; empty if they do not.

    Parameters
    ----------
    frame : DataFrame
    id : str or None
        Column with the identifiers; of another one than in training nothing is said.
    about : mapping
        What was stored with the model.

    Returns
    -------
    str
    """
    name, trained = about.get("id"), IdSpelling.stored(about)
    names = check_names(frame) if trained.padded else []
    if id not in (None, name) or name not in names:
        return ""
    why = trained.lost_in(frame.iloc[:, names.index(name)])
    return zeros_lost_message(str(name), why) if why else ""


def no_customer_notes(
    customers: pd.DataFrame, ids: pd.Series[Any], reference: Reference
) -> list[str]:
    """Sentences about rows that are totals, or hold an id and nothing else.

    Parameters
    ----------
    customers : DataFrame of n rows
    ids : Series of n values
    reference : Reference
        Of the training rows.

    Returns
    -------
    list of str
    """
    names, shares = check_names(customers), {c.name: 1 - c.missing for c in reference.columns}
    used = customers.iloc[:, [names.index(name) for name in shares]]
    return [
        f"{rows.sum()} {'row is' if rows.sum() == 1 else 'rows are'} no customers ({why}), the "
        f"first is row {np.flatnonzero(rows)[0]}; scored all the same: take them out"
        for why, rows in rows_without_customer(ids, used, list(shares.values())).items()
        if rows.any()
    ]
