"""What the benchmarks share: clocks, rounds, memory, and processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

Taken = list[dict[str, float]]
"""Seconds of every contender, a mapping for each round."""


def clocked(work: Callable[[], object]) -> Callable[[], float]:
    """The work as something that returns its wall seconds."""

    def run() -> float:
        start = perf_counter()
        work()
        return perf_counter() - start

    return run


def rounds_of(contenders: Mapping[str, Callable[[], float]], rounds: int) -> Taken:
    """Seconds of every contender in every round, after one round to warm up."""
    taken = []
    for i in range(rounds + 1):
        taken.append({name: contender() for name, contender in contenders.items()})
        print(f"round {i}" if i else "warm-up", end=": ")
        print(", ".join(f"{name} {spent:.3f} s" for name, spent in taken[-1].items()), flush=True)
    return taken[1:]


def ratio(taken: Taken, over: str, under: str) -> float:
    """Median over rounds of one contender's time over another's."""
    return round(median(row[over] / row[under] for row in taken), 3)


def medians(taken: Taken) -> dict[str, float]:
    """Median seconds of every contender."""
    return {name: median(row[name] for row in taken) for name in taken[0]}


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of log seconds over log sizes; NaN for one size."""
    if len(sizes) < 2:
        return float("nan")
    return round(float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0]), 3)


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB.

    Not by ``getrusage``, which counts what the process that started this one held by then.
    """
    with open("/proc/self/status") as status:
        (line,) = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def apart(script: str | Path, *arguments: object) -> Any:
    """What a script says in its last line, a JSON value, in a process of its own."""
    command = [str(part) for part in (sys.executable, script, *arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])
