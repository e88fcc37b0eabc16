"""Inspect a large CSV file in a stream: python scripts/benchmark_inspect.py [--mb N].

Writes the file (12 columns: ids, numbers in several spellings, dates, times, words and gaps) into a
temporary folder, and runs ``dbnchurn inspect`` on it as a process, start included, whose seconds of
wall clock and processor and peak memory are measured. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

TILE = 200_000  # rows, simulated once
MB = 1024


def main() -> None:
    """Write, inspect and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=MB, help="size of the file")
    parser.add_argument("--folder", type=Path, help="for the temporary file")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:  # in a process of its own, whose memory is not that of the command
        write(options.write, options.mb * 2**20)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        table = Path(folder, "customers.csv")
        made = [sys.executable, __file__, "--mb", str(options.mb), "--write", str(table)]
        subprocess.run(made, check=True)
        print(json.dumps(inspect(table)))


def write(path: Path, size: int) -> None:
    """Rows until the file has its size; every row has an id of its own."""
    generator = np.random.default_rng(0)
    day = np.datetime64("2005-01-01") + generator.integers(0, 7000, TILE).astype("timedelta64[D]")
    second = generator.integers(0, 86_400, TILE).astype("timedelta64[s]")
    number = generator.gamma(2, 300, TILE)
    rest = pd.DataFrame(
        {
            "Umsatz": [f"{value:_.2f}".replace(".", ",").replace("_", ".") for value in number],
            "Gebühr": pd.Series(generator.gamma(1, 9, TILE).round(2)).map("{:.2f}".format),
            "seit": pd.Series(day).dt.strftime("%d.%m.%Y"),
            "zuletzt": pd.Series(day.astype("datetime64[s]") + second).astype(str),
            "Tarif": generator.choice(["basic", "family", "NA", "sport"], TILE),
            "Ort": [f"town {k}" for k in generator.integers(0, 4000, TILE)],
            "Anrufe": generator.poisson(12, TILE),
            "Datenvolumen": [f"{k / 10:.1f} GB" for k in generator.integers(0, 900, TILE)],
            "Messwert": generator.normal(size=TILE),
            "Notiz": [f"note {k:x} of {k * 7}" for k in generator.integers(0, 10**9, TILE)],
            "gekündigt": generator.choice(["ja", "nein", ""], TILE),
        }
    )
    lines = rest.to_csv(index=False, sep=";").splitlines(keepends=True)
    with path.open("w", encoding="utf-8") as out:
        out.write(f"Kundennummer;{lines[0]}")
        row = 0
        while out.tell() < size:
            out.writelines(f"{row + k};{line}" for k, line in enumerate(lines[1:]))
            row += TILE
    print(f"wrote {row} rows, {path.stat().st_size / 2**20:.0f} MB", flush=True)


def inspect(table: Path) -> dict[str, float]:
    """Run the command on a file, and measure its process."""
    start = time.perf_counter()
    command = subprocess.Popen([sys.executable, "-m", "dbnchurn", "inspect", str(table)])
    _, status, used = os.wait4(command.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"the command ended with status {status}")
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
        "mb": round(table.stat().st_size / 2**20),
    }


if __name__ == "__main__":
    main()
