"""Table, page and numbers of a result, which appear together or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pandas as pd

from dbnchurn.core.places import check_places
from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.tables.output_files import json_text, output_files
from dbnchurn.tables.writing import ending_of


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
        texts: dict[Path, str] = {}
        if self.page is not None:
            texts[self.page] = page_of(made)
        if self.facts is not None:
            texts[self.facts] = json_text(made.as_dict())
        tables = {self.output: made.table()}
        with output_files(tables, texts, mkdir=self.mkdir, raw_text=self.raw_text):
            pass
