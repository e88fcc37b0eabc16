"""Columns of an input held against the model: which lack, which are unused, which is the id."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

import pandas as pd

from dbnchurn.core.errors import DataError, listed
from dbnchurn.data.joins import CUTOFF
from dbnchurn.predictor.changed import check_allowed
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.tables.reading import read
from dbnchurn.tables.unused_columns import say, unused_columns, unused_keys

log = logging.getLogger(__name__)


def check_columns(predictor: Predictor, file: str, columns: Sequence[str]) -> None:
    """Refuse a file that lacks columns.

    Parameters
    ----------
    predictor : Predictor
    file : str
        Named in the message.
    columns : sequence of str
        Columns of the file.

    Raises
    ------
    DataError
        If one of the model's columns is absent.
    """
    try:
        read(predictor.schema, pd.DataFrame(columns=list(columns)))
    except DataError as error:
        raw = predictor.about.get("data") is not None and CUTOFF not in columns
        made = "; the model's table is made of raw tables by 'dbnchurn prepare --model'"
        raise DataError(f"{file}: {error}{made if raw else ''}") from error


def id_column(predictor: Predictor, files: Mapping[str, Sequence[str]]) -> str | None:
    """The column by which the training named the customers; None if no file has one like it.

    Parameters
    ----------
    predictor : Predictor
    files : mapping of file → columns

    Returns
    -------
    str or None

    Raises
    ------
    DataError
        If it is missing, and another file has it or another column may be meant.
    """
    trained = predictor.about.get("id")
    if not isinstance(trained, str):
        return None
    lacking = [file for file, columns in files.items() if trained not in columns]
    if not lacking:
        return trained
    head = f"{lacking[0]}: no column {trained!r}, by which the training named the customers"
    if len(lacking) < len(files):
        other = next(file for file in files if file not in lacking)
        raise DataError(f"{head} and which {other} has; name it alike in all files")
    if maybe := unused_keys(predictor.schema, chain.from_iterable(files.values())):
        raise DataError(
            f"{head}; {listed(maybe)} may name them: say so with --id {maybe[0]!r} "
            f"(id={maybe[0]!r}), or take such columns out to have the rows numbered"
        )
    log.warning("%s: the rows are numbered from 0; say which column does with --id (id=)", head)
    return None


def check_changed(predictor: Predictor, id: str | None, allowed: Collection[str]) -> None:
    """Refuse a name under ``allow_changed`` that is neither a column of the model nor the id.

    Parameters
    ----------
    predictor : Predictor
    id : str or None
        Column that names the customers, if told; that of the training may be named too.
    allowed : collection of str

    Raises
    ------
    ConfigError
        If a name is unknown.
    """
    named = [str(name) for name in (id, predictor.about.get("id")) if name is not None]
    check_allowed(allowed, [*(column.name for column in predictor.schema.used), *named])


def id_faults(id: str, without: int, repeated: int) -> list[str]:
    """Sentences about rows without an id, and about ids in several rows; none where all is well.

    Parameters
    ----------
    id : str
        Column that names the customer.
    without : int
        Rows without an id.
    repeated : int
        Rows with the id of another row before them.

    Returns
    -------
    list of str

    Examples
    --------
    >>> id_faults("customer", 0, 2)
    ['2 rows repeat the customer of another row']
    """
    found = []
    if without:
        found.append(f"1 row has no {id}" if without == 1 else f"{without} rows have no {id}")
    if repeated:
        repeat = "1 row repeats" if repeated == 1 else f"{repeated} rows repeat"
        found.append(f"{repeat} the {id} of another row")
    return found


def say_unused(predictor: Predictor, files: Mapping[str, Sequence[str]], id: str | None) -> None:
    """Log which columns of the files the model does not use.

    Parameters
    ----------
    predictor : Predictor
    files : mapping of file → columns
    id : str or None
        Column that names the customers.
    """
    known = {id, predictor.about.get("id"), *(c.name for c in predictor.schema.columns)}
    if predictor.about.get("data") is not None:
        known.add(CUTOFF)  # of a table that was built for the model
    extra = dict.fromkeys(name for names in files.values() for name in names if name not in known)
    say(unused_columns(predictor.schema, extra=extra))
