"""Key users of a config, written: list, page and numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dbnchurn.core.places import check_places
from dbnchurn.graph.config import GraphConfig
from dbnchurn.graph.key_users import KeyUsers, key_users
from dbnchurn.tables.output_files import json_text, output_files
from dbnchurn.tables.writing import ending_of


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
    for table in filter(None, (output, measures)):
        ending_of(table)
    found = key_users(config)
    tables, texts = {output: _texts(found.table())}, dict[Path, str]()
    if measures is not None:
        tables[measures] = _texts(found.measures())
    if page is not None:
        from dbnchurn.graph.key_users_page import key_users_page

        texts[page] = key_users_page(found)
    if facts is not None:
        texts[facts] = json_text(found.as_dict())
    with output_files(tables, texts, mkdir=mkdir, raw_text=raw_text):
        return found


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with ids as text, or as the whole numbers that they are."""
    if frame["id"].dtype.kind in "iu":
        return frame
    return frame.assign(id=frame["id"].astype(str))
