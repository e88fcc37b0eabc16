"""Write a table of scores as CSV or Parquet, one piece after another.

The same rows give the same bytes. :func:`relation_of` reads such files again with DuckDB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, listed
from dbnchurn.core.sql import text_literal

ENDINGS = (".csv", ".parquet")


def ending_of(path: Path) -> str:
    """The ending of a file's name, which says how its table is written: .csv or .parquet.

    Raises
    ------
    ConfigError
        If it has another ending.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"{path}: scores are written as one of {listed(ENDINGS)}")
    return ending


def write_pieces(pieces: Iterable[pa.Table], path: Path, ending: str) -> None:
    """Write tables of the same columns one after another.

    Parameters
    ----------
    pieces : iterable of Arrow tables
        At least one.
    path : Path
    ending : {".csv", ".parquet"}
        CSV has a header, UTF-8, commas, and numbers in their shortest exact form.
    """
    if ending == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            for number, piece in enumerate(pieces):
                piece.to_pandas().to_csv(file, index=False, header=number == 0, lineterminator="\n")
        return
    writer = None
    try:
        for piece in pieces:
            plain = piece.replace_schema_metadata(None)
            writer = writer or pq.ParquetWriter(path, plain.schema, compression="zstd")
            writer.write_table(plain)
    finally:
        if writer is not None:
            writer.close()


def relation_of(paths: Sequence[Path]) -> str:
    """Files of one ending as a DuckDB table function; CSV values stay text, so 007 is not 7.

    Examples
    --------
    >>> relation_of([Path("a.parquet"), Path("b.parquet")])
    "read_parquet(['a.parquet', 'b.parquet'])"
    """
    files = ", ".join(text_literal(path) for path in paths)
    if ending_of(paths[0]) == ".csv":
        return f"read_csv([{files}], header = true, all_varchar = true)"
    return f"read_parquet([{files}])"
