"""What the miner's parameters may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dbnchurn.errors import ConfigError, did_you_mean

CHOICES = {"mode": ("ranges", "paper"), "method": ("quantile", "width")}


@dataclass(frozen=True)
class Allowed:
    """Values of one numeric parameter."""

    low: float
    high: float = math.inf
    whole: bool = False
    optional: bool = False
    open_low: bool = False

    def admits(self, value: Any) -> bool:
        """Whether the value may be used."""
        if value is None:
            return self.optional
        if isinstance(value, (bool, np.bool_)) or not isinstance(
            value, (int, float, np.integer, np.floating)
        ):
            return False
        if self.whole and value != int(value):
            return False
        return bool(self.low < value <= self.high or (value == self.low and not self.open_low))

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        start = f"> {self.low:g}" if self.open_low else f">= {self.low:g}"
        end = f" and <= {self.high:g}" if self.high < math.inf else ""
        return f"{kind} {start}{end}{' or None' if self.optional else ''}"


NUMBERS = {
    "bins": Allowed(2, 1000, whole=True),
    "max_levels": Allowed(1, 10_000, whole=True),
    "max_length": Allowed(1, whole=True),
    "min_count": Allowed(1, whole=True),
    "min_rate": Allowed(0, 1),
    "candidates": Allowed(1, whole=True),
    "alpha": Allowed(0, 1, open_low=True),
    "confidence": Allowed(0, 0.999999, open_low=True),
    "n_segments": Allowed(1, whole=True),
    "budget": Allowed(0, 1, optional=True, open_low=True),
    "cost": Allowed(0, optional=True),
    "value": Allowed(0, optional=True),
    "permutations": Allowed(0, whole=True),
    "max_cells": Allowed(1, whole=True),
}


def check_parameters(miner: Any) -> None:
    """Raise ConfigError for the first parameter that is not allowed."""
    for name, values in CHOICES.items():
        if getattr(miner, name) not in values:
            hint = did_you_mean(str(getattr(miner, name)), values)
            raise ConfigError(f"{name}={getattr(miner, name)!r} is not allowed: {hint}")
    for name, allowed in NUMBERS.items():
        value = getattr(miner, name)
        if not allowed.admits(value):
            raise ConfigError(f"{name}={value!r} is not allowed; it must be {allowed}")
    for name in ("edges", "special"):
        _check_numbers_per_column(name, getattr(miner, name))
    shares = list(miner.parts)
    if len(shares) != 3 or min(shares) <= 0 or not math.isclose(sum(shares), 1):
        raise ConfigError(
            f"parts={miner.parts!r} is not allowed; it must be three positive shares (to mine, to "
            "select on, to report from) that sum to 1"
        )


def _check_numbers_per_column(name: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise ConfigError(f"{name}={value!r} is not allowed; it must map columns to numbers")
    for column, numbers in value.items():
        try:
            good = np.ndim(np.asarray(numbers, np.float64)) == 1
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ConfigError(
                f"{name} of column {column!r} must be a list of numbers, not {numbers!r}"
            )
