"""One customer of a table: how its probability changes if one column had another value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.html.format import percent, points
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.scoring.input_columns import check_changed
from dbnchurn.scoring.scorer import Scorer, scorer_of
from dbnchurn.tables.chunks import ChunkSource
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.streaming import open_files

CHUNK_ROWS = 100_000
CAUTION = (
    "This is what the model says of a customer with such a value, all others kept, and no effect: "
    "whether changing a value keeps anybody, only a campaign with a control group shows."
)


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A customer's probability of leaving, as it is and with other values.

    Parameters
    ----------
    customer : str
    probability : float
        As it is.
    changes : DataFrame
        As :meth:`dbnchurn.Predictor.what_if` gives it.
    """

    customer: str
    probability: float
    changes: pd.DataFrame

    def to_text(self) -> str:
        """The probability as it is, a table of the changes, and what they are not, as Markdown."""
        lines = [
            f"Customer {self.customer}: probability of leaving {percent(self.probability)}.",
            "",
            "| column | instead of | if it were | probability | change, points |",
            "|---|---|---|---|---|",
        ]
        for row in self.changes.to_dict("records"):
            numbers = percent(row["probability"]), points(row["change"])
            cells = (*(_cell(row[name]) for name in ("column", "now", "value")), *numbers)
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join([*lines, "", CAUTION])


def _cell(value: object) -> str:
    """A value on one line of a Markdown table."""
    return " ".join(str(value).split()).replace("|", r"\|")


def what_if_of(
    model: str | Path,
    table: str | Path,
    customer: str,
    changes: Mapping[str, Sequence[str]] | None = None,
    *,
    id: str | None = None,
    csv: CsvSettings | None = None,
    sheet: str | None = None,
    allow_changed: Collection[str] | None = None,
    expect: str | None = None,
    public_key: str | Path | None = None,
) -> WhatIf:
    """Ask a stored model about one customer of a table.

    What a scoring job would refuse is refused: of the row, and of the up to 100,000 rows that are
    read with it.

    Parameters
    ----------
    model : path
        Model folder.
    table : path
        CSV, Excel or Parquet file, a folder of them, or a pattern, as a scoring job reads it.
    customer : str
        Its id, as the table has it.
    changes : mapping of column → values, optional
        As :meth:`dbnchurn.Predictor.what_if` takes them.
    id : str, optional
        Column that names the customer; by default that of the training.
    csv : CsvSettings, optional
        How CSV files are written; found out where it does not say.
    sheet : str, optional
        Sheet of a spreadsheet.
    allow_changed : collection of str, optional
        Columns that may have changed, as :func:`dbnchurn.scoring.score_file` takes them.
    expect, public_key : optional
        As :meth:`dbnchurn.Predictor.load` takes them.

    Returns
    -------
    WhatIf

    Raises
    ------
    ArtifactError, DataError, ConfigError
        If model or table cannot be read, a job would not score it, the customer is not there
        once, or a value is none of training.
    """
    predictor = Predictor.load(model, expect=expect, public_key=public_key)
    source = open_files(table, csv, sheet=sheet)
    check_changed(predictor, id, allow_changed or ())
    row = customer_row(scorer_of(predictor, source, id), source, customer, allow_changed or ())
    probability = float(predictor.predict_proba(row)[0, 1])
    return WhatIf(customer, probability, predictor.what_if(row, changes))


def customer_row(
    scorer: Scorer, source: ChunkSource, customer: str, allow_changed: Collection[str] = ()
) -> pd.DataFrame:
    """The row of one customer, as it is scored.

    Parameters
    ----------
    scorer : Scorer
        Of the table.
    source : ChunkSource
        The table.
    customer : str
    allow_changed : collection of str
        Columns that may have changed.

    Returns
    -------
    DataFrame of one row

    Raises
    ------
    ConfigError
        If no column names the customers.
    DataError
        If no row, or more than one, is of the customer, or a job would not score it.
    """
    if scorer.id is None:
        raise ConfigError("customers are asked for by their id; name its column with --id (id=)")
    found: list[pd.DataFrame] = []
    some: list[object] = []
    for chunk in source.chunks(scorer.wanted, CHUNK_ROWS, 0):
        try:
            ids = scorer.ids(chunk)[0].cast(pa.string())
        except (DataError, pa.ArrowException) as error:
            raise DataError(f"{chunk.file}: {error}") from error
        some = some or ids.slice(0, 3).to_pylist()
        here = pc.fill_null(pc.equal(ids, customer), False).to_numpy(zero_copy_only=False)
        if here.any():
            found.append(scorer.frame(chunk)[here])
            aside = scorer.check(chunk, allow_changed)
            if why := [aside[row] for row in chunk.row_numbers[here].tolist() if row in aside]:
                raise DataError(f"{chunk.file}: the row of {customer!r} is not scored: {why[0]}")
    rows = sum(map(len, found))
    if rows != 1:
        raise DataError(
            f"{rows or 'no'} rows have the {scorer.id} {customer!r}; one is needed, written as in "
            f"the table, such as {listed(some)}"
        )
    return found[0]
