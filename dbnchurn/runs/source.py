"""The section of a config that says where the one table of a run is, and how it is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from dbnchurn.config import Section
from dbnchurn.core.errors import DataError, first_line
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.sql import quoted
from dbnchurn.data.plan import Csv
from dbnchurn.tables.duckdb import Session, one_query
from dbnchurn.tables.loading import LoadedTable, load_table
from dbnchurn.tables.postgres import Postgres, rows_of
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.samples import SAMPLES, read_sample
from dbnchurn.tables.streaming import open_files

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
    import pyarrow as pa
else:
    pd = LazyModule("pandas")
    pa = LazyModule("pyarrow")


class SourceSection(Section):
    """The table: files of yours, a database, or a real table that comes inside a package."""

    path: str | None = Field(
        default=None,
        description="CSV, Parquet or Excel file, folder of them, or pattern with *, relative to "
        "the working folder.",
    )
    sample: Literal[tuple(SAMPLES)] | None = Field(  # type: ignore[valid-type]
        default=None, description="A real table inside the empulse package."
    )
    query: str | None = Field(default=None, description="DuckDB SQL over files.")
    postgres: Postgres | None = None
    csv: Csv = Field(default_factory=Csv)
    sheet: str | None = Field(
        default=None, description="Sheet of a spreadsheet, where several hold something."
    )
    missing: tuple[str, ...] = Field(
        default=(), description="Further texts that stand for a missing value."
    )
    formats: dict[str, str] = Field(
        default_factory=dict,
        description="Column → how its numbers or dates are written: the number 1234.5, such as "
        "'1.234,5', or a date format, such as '%d.%m.%Y'. Found out where it leaves no doubt.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> SourceSection:
        names = ("path", "sample", "query", "postgres")
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError("source needs exactly one of 'path', 'sample', 'query' and 'postgres'")
        return self

    @property
    def name(self) -> str:
        """What the table is called in reports."""
        if self.postgres is not None:
            return self.postgres.table or "a query of a database"
        return str(self.path or self.sample or "a query over files")

    def load(
        self,
        *,
        id: str | None = None,
        label: str | None = None,
        kinds: Mapping[str, str] | None = None,
        drop: Collection[str] = (),
        costs: Collection[str] = (),
    ) -> LoadedTable:
        """Read the table.

        Parameters
        ----------
        id : str, optional
            Column that names the customer; ids such as 007 keep their zeros.
        label : str, optional
            Column that stays as it is written.
        kinds : mapping of column → kind, optional
            Kinds that are not to be found out.
        drop : collection of str, default ()
            Columns that nothing has to be found out about.
        costs : collection of str, default ()
            Columns with costs, which a sample has only if they are named here.

        Returns
        -------
        LoadedTable

        Raises
        ------
        DataError
            If the table cannot be read, or can be read in two ways.
        """
        if self.sample is not None:
            return LoadedTable(read_sample(self.sample, costs), {})
        if self.path is None:
            return LoadedTable(self._queried(), {})
        rules = ReadingRules(
            self.formats,
            self.csv.decimal,
            {**(kinds or {}), **dict.fromkeys(drop, "ignore")},
            self.missing,
            place="source.formats",
        )
        source = open_files(self.path, self.csv.settings(), sheet=self.sheet)
        loaded = load_table(
            source,
            rules,
            ids=() if id is None else (id,),
            as_written=() if label is None else (label,),
        )
        return replace(loaded, formats={n: f for n, f in loaded.formats.items() if n not in drop})

    def _queried(self) -> pd.DataFrame:
        """The rows of a query, with the types of the database."""
        if self.postgres is not None:
            with rows_of(self.postgres) as (reader, numeric):
                frame: pd.DataFrame = reader.read_all().to_pandas()
            return frame.astype(dict.fromkeys(numeric, "float64"))
        assert self.query is not None
        query = one_query(self.query, "source.query")
        with Session() as session:
            try:
                session.run(f"CREATE VIEW {quoted('source')} AS {query}")
                table: pa.Table = session.arrow(f"FROM {quoted('source')}")
            except Exception as error:
                first = first_line(error)
                raise DataError(f"source.query cannot be run: {first}") from error
        rows: Any = table.to_pandas()
        return pd.DataFrame(rows)
