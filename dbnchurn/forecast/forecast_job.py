"""One forecast: config in; table, page and numbers out."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from dbnchurn.core.files import atomic_write
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.forecast.forecast import Forecast, forecast
from dbnchurn.tables.writing import ending_of, write_pieces


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
    written = {"output": output, "page": page, "facts": facts}
    sources = {"history": config.history, "scenario": config.scenario}
    read = {
        role: [source.path]
        for role, source in sources.items()
        if source is not None and source.path is not None
    }
    check_places(written, read, mkdir=mkdir)
    ending = ending_of(output)
    made = forecast(config)
    if mkdir:
        for path in (output, page, facts):
            if path is not None:
                make_folder(path.parent, "output")
    with ExitStack() as files:
        unfinished = files.enter_context(atomic_write(output))
        table = pa.Table.from_pandas(made.table(), preserve_index=False)
        write_pieces([table], unfinished, ending, raw_text=raw_text)
        if page is not None:
            from dbnchurn.forecast.forecast_page import forecast_page

            files.enter_context(atomic_write(page)).write_text(forecast_page(made), "utf-8")
        if facts is not None:
            told = json.dumps(made.as_dict(), indent=1, ensure_ascii=False) + "\n"
            files.enter_context(atomic_write(facts)).write_text(told, "utf-8")
    return made
