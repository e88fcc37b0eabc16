"""Key users of a config, written: list, page and numbers."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pyarrow as pa

from dbnchurn.core.files import atomic_write
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.graph.config import GraphConfig
from dbnchurn.graph.key_users import KeyUsers, key_users
from dbnchurn.tables.writing import ending_of, write_pieces


def write_key_users(
    config: GraphConfig,
    output: Path,
    *,
    page: Path | None = None,
    facts: Path | None = None,
    measures: Path | None = None,
    mkdir: bool = False,
    raw_text: bool = False,
) -> KeyUsers:
    """Find the key users of a config, and write them.

    Parameters
    ----------
    config : GraphConfig
    output : Path
        The list, ``.csv`` or ``.parquet``: a row for each key user.
    page : Path, optional
        HTML page.
    facts : Path, optional
        All numbers as JSON.
    measures : Path, optional
        ``.csv`` or ``.parquet``: the measures of every person, hubs excepted.
    mkdir : bool, default False
        Make folders of outputs that are not there.
    raw_text : bool, default False
        Leave texts of CSV as they are.

    Returns
    -------
    KeyUsers

    Raises
    ------
    ConfigError, DataError
        Before anything is written.

    Examples
    --------
    >>> import tempfile
    >>> pairs = pd.DataFrame({"from": list("aaabde"), "to": list("bcdaaf")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pairs.to_csv(f"{folder}/calls.csv", index=False)
    ...     source = {"path": f"{folder}/calls.csv"}
    ...     config = GraphConfig(calls=source, caller="from", callee="to", seeds=1)
    ...     _ = write_key_users(config, Path(folder, "key.csv"))
    ...     Path(folder, "key.csv").read_text().splitlines()[1].split(",")[:2]
    ['1', 'a']
    """
    written = {"output": output, "page": page, "facts": facts, "measures": measures}
    sources = {"calls": config.calls, "customers": config.customers}
    read = {
        role: [source.path]
        for role, source in sources.items()
        if source is not None and source.path is not None
    }
    check_places(written, read, mkdir=mkdir)
    places = [path for path in written.values() if path is not None]
    endings = {path: ending_of(path) for path in (output, measures) if path is not None}
    found = key_users(config)
    if mkdir:
        for path in places:
            make_folder(path.parent, "output")
    with ExitStack() as stack:
        unfinished = {path: stack.enter_context(atomic_write(path)) for path in places}
        tables = {output: found.table}
        if measures is not None:
            tables[measures] = found.measures
        for path, made in tables.items():
            piece = pa.Table.from_pandas(_texts(made()), preserve_index=False)
            write_pieces([piece], unfinished[path], endings[path], raw_text=raw_text)
        if page is not None:
            from dbnchurn.graph.key_users_page import key_users_page

            unfinished[page].write_text(key_users_page(found), encoding="utf-8")
        if facts is not None:
            text = json.dumps(found.as_dict(), indent=1, ensure_ascii=False)
            unfinished[facts].write_text(text + "\n", encoding="utf-8")
    return found


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with ids as text, or as the whole numbers that they are."""
    if frame["id"].dtype.kind in "iu":
        return frame
    return frame.assign(id=frame["id"].astype(str))
