"""One forecast: config in; table, page and numbers out."""

from __future__ import annotations

from pathlib import Path

from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.forecast.forecast import Forecast, forecast
from dbnchurn.forecast.forecast_page import forecast_page
from dbnchurn.forecast.output_files import OutputFiles


def write_forecast(
    config: ForecastConfig,
    output: Path,
    *,
    page: Path | None = None,
    facts: Path | None = None,
    mkdir: bool = False,
    raw_text: bool = False,
) -> Forecast:
    """Forecast by a config, and write what is expected.

    Parameters
    ----------
    config : ForecastConfig
    output : Path
        The table, ``.csv`` or ``.parquet``: a row for each month and segment.
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
    Forecast

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
    ...                             horizon=2)
    ...     made = write_forecast(config, Path(folder, "forecast.csv"))
    ...     Path(folder, "forecast.csv").read_text().splitlines()[0].split(",")[:4]
    ['month', 'segment', 'joiners', 'leavers']
    """
    files = OutputFiles(output, page, facts, mkdir, raw_text)
    files.check(config)
    made = forecast(config)
    files.write(made, forecast_page)
    return made
