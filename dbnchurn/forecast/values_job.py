"""Values of all customers: config in; table, page and numbers out."""

from __future__ import annotations

from pathlib import Path

from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.forecast.output_files import OutputFiles
from dbnchurn.forecast.reading import read_history
from dbnchurn.forecast.values import CustomerValues, values_from
from dbnchurn.forecast.values_page import values_page


def write_values(
    config: ForecastConfig,
    output: Path,
    *,
    page: Path | None = None,
    facts: Path | None = None,
    mkdir: bool = False,
    raw_text: bool = False,
) -> CustomerValues:
    """Remaining months and value of every customer, written as a table.

    Parameters
    ----------
    config : ForecastConfig
    output : Path
        The table, ``.csv`` or ``.parquet``: a row for each customer.
    page : Path, optional
        HTML page.
    facts : Path, optional
        All numbers, those of the backtest included, as JSON.
    mkdir : bool, default False
        Make folders of outputs that are not there.
    raw_text : bool, default False
        Leave texts of CSV as they are.

    Returns
    -------
    CustomerValues

    Raises
    ------
    ConfigError, DataError
        Before anything is written.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> rows = [
    ...     (f"c{k}", f"{2024 + m // 12}-{m % 12 + 1:02d}-01", int(m == k))
    ...     for k in range(40) for m in range(16) if m <= k
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/months.parquet"
    ...     pd.DataFrame(rows, columns=["id", "month", "left"]).to_parquet(path)
    ...     config = ForecastConfig(history={"path": path}, id="id", month="month", left="left",
    ...                             values={"months": 6})
    ...     made = write_values(config, Path(folder, "values.csv"))
    ...     Path(folder, "values.csv").read_text().splitlines()[0].split(",")[:2]
    ['customer', 'remaining_months']
    """
    files = OutputFiles(output, page, facts, mkdir, raw_text)
    files.check(config)
    made = values_from(read_history(config), config)
    files.write(made, values_page)
    return made
