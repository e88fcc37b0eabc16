"""Write a table of scores as CSV or Parquet, one piece after another.

The same rows give the same bytes. :func:`relation_of` reads such files again with DuckDB.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ConfigError, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.spreadsheet_text import FORMULA, NUMBER, inert
from dbnchurn.core.sql import text_literal

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
else:
    pa = LazyModule("pyarrow")
    pc = LazyModule("pyarrow.compute")
    pq = LazyModule("pyarrow.parquet")

log = logging.getLogger(__name__)
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


def write_pieces(
    pieces: Iterable[pa.Table], path: Path, ending: str, *, raw_text: bool = False
) -> None:
    """Write tables of the same columns one after another.

    Parameters
    ----------
    pieces : iterable of Arrow tables
        At least one.
    path : Path
    ending : {".csv", ".parquet"}
        CSV has a header, UTF-8, commas, and numbers in their shortest exact form.
    raw_text : bool, default False
        Leave texts of CSV as they are. Otherwise those that a spreadsheet would compute, ids among
        them, have an apostrophe in front; see :mod:`dbnchurn.core.spreadsheet_text`.
    """
    if ending == ".csv":
        changed = 0
        with path.open("w", encoding="utf-8", newline="") as file:
            for number, piece in enumerate(pieces):
                plain, texts = (piece, 0) if raw_text else _inert(piece)
                changed += texts
                plain.to_pandas().to_csv(file, index=False, header=number == 0, lineterminator="\n")
        if changed:
            log.warning(
                "%d texts that a spreadsheet would compute are written with an apostrophe in "
                "front (--raw-text, raw_text=True, leaves them as they are)",
                changed,
            )
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


def _inert(piece: pa.Table) -> tuple[pa.Table, int]:
    """The same rows without texts that a spreadsheet would compute, and the number of these."""
    changed = 0
    for place, column in enumerate(piece.columns):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        active = pc.and_not(
            pc.match_substring_regex(column, f"^{FORMULA}"),
            pc.match_substring_regex(column, f"^{NUMBER}$"),
        )
        if texts := pc.sum(active).as_py():
            changed += texts
            quoted = pc.binary_join_element_wise(
                pa.scalar("'", column.type), column, pa.scalar("", column.type)
            )
            piece = piece.set_column(
                place, piece.field(place).name, pc.if_else(active, quoted, column)
            )
    return piece.rename_columns([inert(name) for name in piece.column_names]), changed


def relation_of(paths: Sequence[Path], *, raw_text: bool = False) -> str:
    """Files of one ending as a DuckDB relation; CSV values stay text, so 007 is not 7.

    Parameters
    ----------
    paths : sequence of Path
    raw_text : bool, default False
        Whether the texts of CSV were written as they are; otherwise an apostrophe that
        :func:`write_pieces` put in front is taken away.

    Returns
    -------
    str

    Examples
    --------
    >>> relation_of([Path("a.parquet"), Path("b.parquet")])
    "read_parquet(['a.parquet', 'b.parquet'])"
    """
    files = ", ".join(text_literal(path) for path in paths)
    if ending_of(paths[0]) != ".csv":
        return f"read_parquet([{files}])"
    relation = f"read_csv([{files}], header = true, all_varchar = true)"
    return relation if raw_text else with_original_texts(relation)


def with_original_texts(relation: str) -> str:
    """A relation of text columns without the apostrophes of :func:`write_pieces`, as SQL."""
    pattern = text_literal(f"^'({FORMULA})")
    return f"(SELECT regexp_replace(COLUMNS(*), {pattern}, '\\1') FROM {relation})"
