"""Processor seconds until something is there: an import, a loaded model, the help, the first error.

Every figure is the least of several fresh processes, the start of the interpreter included. The
last line is one JSON object:

interpreter_seconds   a process that does nothing
import_seconds        import dbnchurn
predictor_seconds     from dbnchurn import Predictor
load_seconds          the same, and the model of --model loaded, where one is given
help_seconds          dbnchurn --help
first_error_seconds   a config with an unknown key, or a table that is not there, by verb

    python scripts/benchmark_start.py [--model data/benchmark/scoring/model] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

MISTAKES = {
    "train": ["train", "mistake.yaml"],
    "train, no config": ["train", "missing.yaml"],
    "score": ["score", "no-model", "missing.csv", "--output", "scores.csv"],
    "allocate": ["allocate", "mistake.yaml", "--output", "list.csv"],
    "keyusers": ["keyusers", "mistake.yaml", "--output", "users.csv"],
    "forecast": ["forecast", "mistake.yaml", "--output", "forecast.csv"],
    "personas": ["personas", "mistake.yaml"],
}


def spent(arguments: list[str], rounds: int, folder: str, code: int = 0) -> float:
    """Least processor seconds of fresh processes that end with an exit code."""
    seconds = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            capture_output=True,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != code:
            raise SystemExit(done.stderr.decode())
        user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
        seconds.append(user + system)
    return round(min(seconds), 3)


def main() -> None:
    """Measure and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, help="a model folder to load")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    load = "from dbnchurn import Predictor"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "mistake.yaml").write_text("tabel: customers.csv\n")
        codes = {
            "interpreter_seconds": "pass",
            "import_seconds": "import dbnchurn",
            "predictor_seconds": load,
        }
        if options.model:
            codes["load_seconds"] = f"{load}\nPredictor.load({str(options.model.resolve())!r})"
        found: dict[str, object] = {
            name: spent(["-c", code], options.rounds, folder) for name, code in codes.items()
        }
        found["help_seconds"] = spent(["-m", "dbnchurn", "--help"], options.rounds, folder)
        found["first_error_seconds"] = {
            verb: spent(["-m", "dbnchurn", *arguments], options.rounds, folder, code=2)
            for verb, arguments in MISTAKES.items()
        }
    for name, value in found.items():
        print(f"{name:<22} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
