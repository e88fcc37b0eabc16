"""Tables as CSV or Parquet, written piece by piece: the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, listed
from dbnchurn.core.sql import text_literal

ENDINGS = (".csv", ".parquet")


def ending_of(path: Path) -> str:
    """How a table is written.

    Raises
    ------
    ConfigError
        If the name does not say so.
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
    """Files of one kind as SQL; the values of CSV as text, for 007 is not 7."""
    files = ", ".join(text_literal(path) for path in paths)
    if ending_of(paths[0]) == ".csv":
        return f"read_csv([{files}], header = true, all_varchar = true)"
    return f"read_parquet([{files}])"
