"""Where a config's table comes from."""

from __future__ import annotations

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

    def read(self) -> pd.DataFrame:
        """The table.

        Raises
        ------
        DataError
            If the file cannot be read.
        """
        return read_table(self.path) if self.path is not None else read_sample(str(self.sample))
