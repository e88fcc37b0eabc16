"""Tables and texts of one result, which appear together or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from dbnchurn.core.files import atomic_write
from dbnchurn.core.places import make_folder
from dbnchurn.tables.writing import ending_of, write_pieces


@contextmanager
def output_files(
    tables: Mapping[Path, pd.DataFrame],
    texts: Mapping[Path, str],
    *,
    mkdir: bool = False,
    raw_text: bool = False,
) -> Iterator[None]:
    """Write files beside their places, and rename them at the end of the block.

    If the block or a file fails, every place keeps what it held.

    Parameters
    ----------
    tables : mapping of path to DataFrame
        ``.csv`` or ``.parquet`` files.
    texts : mapping of path to str
        Pages and numbers.
    mkdir : bool, default False
        Make folders that are not there.
    raw_text : bool, default False
        Leave texts of CSV as they are.

    Yields
    ------
    None

    Raises
    ------
    ConfigError
        If a table has another ending, or a folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table, page = Path(folder, "a.csv"), Path(folder, "a.html")
    ...     with output_files({table: pd.DataFrame({"n": [1]})}, {page: "<p>one</p>"}):
    ...         before = table.exists()
    ...     before, table.read_text().split(), page.read_text()
    (False, ['n', '1'], '<p>one</p>')
    """
    if mkdir:
        for path in (*tables, *texts):
            make_folder(path.parent, "output")
    with ExitStack() as files:
        for path, frame in tables.items():
            unfinished = files.enter_context(atomic_write(path))
            piece = pa.Table.from_pandas(frame, preserve_index=False)
            write_pieces([piece], unfinished, ending_of(path), raw_text=raw_text)
        for path, text in texts.items():
            files.enter_context(atomic_write(path)).write_text(text, encoding="utf-8")
        yield


def json_text(facts: Mapping[str, Any]) -> str:
    """Numbers as JSON, a line each.

    Examples
    --------
    >>> print(json_text({"n": 1}), end="")
    {
     "n": 1
    }
    """
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
