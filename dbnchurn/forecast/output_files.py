"""Table, page and numbers of a result, which appear together or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pandas as pd
import pyarrow as pa

from dbnchurn.core.files import atomic_write
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.tables.writing import ending_of, write_pieces


class Result(Protocol):
    """What has a table and numbers."""

    def table(self) -> pd.DataFrame:
        """The rows that are written."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        ...


Made = TypeVar("Made", bound=Result)


@dataclass(frozen=True)
class OutputFiles:
    """Where a result is written.

    Parameters
    ----------
    output : Path
        The table, ``.csv`` or ``.parquet``.
    page : Path or None
        HTML page.
    facts : Path or None
        All numbers as JSON.
    mkdir : bool
        Make folders of outputs that are not there.
    raw_text : bool
        Leave texts of CSV as they are.
    """

    output: Path
    page: Path | None
    facts: Path | None
    mkdir: bool
    raw_text: bool

    def check(self, config: ForecastConfig) -> None:
        """Refuse places that are read, are the same, or lie in folders that are not there."""
        written = {"output": self.output, "page": self.page, "facts": self.facts}
        sources = {"history": config.history, "scenario": config.scenario}
        read = {
            role: [source.path]
            for role, source in sources.items()
            if source is not None and source.path is not None
        }
        check_places(written, read, mkdir=self.mkdir)
        ending_of(self.output)

    def write(self, made: Made, page_of: Callable[[Made], str]) -> None:
        """Write a result.

        Parameters
        ----------
        made : Result
        page_of : callable
            Makes the page.
        """
        if self.mkdir:
            for path in filter(None, (self.output, self.page, self.facts)):
                make_folder(path.parent, "output")
        with ExitStack() as files:
            unfinished = files.enter_context(atomic_write(self.output))
            table = pa.Table.from_pandas(made.table(), preserve_index=False)
            write_pieces([table], unfinished, ending_of(self.output), raw_text=self.raw_text)
            if self.page is not None:
                shown = files.enter_context(atomic_write(self.page))
                shown.write_text(page_of(made), encoding="utf-8")
            if self.facts is not None:
                told = json.dumps(made.as_dict(), indent=1, ensure_ascii=False) + "\n"
                files.enter_context(atomic_write(self.facts)).write_text(told, encoding="utf-8")
