"""Where a config's table comes from."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import Field, model_validator

from dbnchurn.config import Section
from dbnchurn.data.sources import SAMPLES, read_sample, read_table


class SourceSection(Section):
    """The table: a file of yours, or a real one that comes inside a package."""

    path: Path | None = Field(
        default=None, description="CSV or Parquet file, relative to the working folder."
    )
    sample: Literal[tuple(SAMPLES)] | None = Field(  # type: ignore[valid-type]
        default=None, description="A real table inside the empulse package."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> SourceSection:
        if (self.path is None) == (self.sample is None):
            raise ValueError("source needs exactly one of 'path' and 'sample'")
        return self

    def read(self, id: str | None = None, costs: Collection[str] = ()) -> pd.DataFrame:
        """The table, whose customers `id` names.

        `costs` are columns that a sample has only if they are asked for.

        Raises
        ------
        DataError
            If the file cannot be read.
        """
        if self.path is not None:
            return read_table(self.path, id)
        return read_sample(str(self.sample), costs)
