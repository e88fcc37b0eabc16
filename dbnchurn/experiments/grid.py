"""The runs of an experiment: every variant at every point of the grid, for every seed and fold."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dbnchurn.config import changed
from dbnchurn.core.errors import ConfigError
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.sections import ExperimentSection

UNCHANGED = "as configured"
NOT_OF_A_RUN = {"experiment": None, "tuning": None, "tracking": None}
"""Sections that a single run is without."""


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """One run of an experiment.

    Parameters
    ----------
    variant : str
        Name of the settings; runs of one name differ in seed and fold alone.
    changes : dict of dotted key → plain value
        What the settings change of the config.
    config : RunConfig
        With its seed and fold.
    """

    variant: str
    changes: dict[str, Any]
    config: RunConfig

    @property
    def unit(self) -> str:
        """Which seed and division, the same for every variant."""
        return f"seed {self.config.seed}, fold {self.config.split.fold}"

    @property
    def label(self) -> str:
        """Variant and unit."""
        return f"{self.variant}, {self.unit}"

    @property
    def slug(self) -> str:
        """The label as part of a file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.label.lower()).strip("-")[:60]


def experiment_section(config: RunConfig) -> ExperimentSection:
    """The section of the config, or its defaults."""
    return config.experiment or ExperimentSection()


def plan(config: RunConfig) -> list[PlannedRun]:
    """All runs of an experiment, by seed and fold and within these by variant.

    Parameters
    ----------
    config : RunConfig

    Raises
    ------
    ConfigError
        If a variant or a point of the grid is no valid config; every mistake has a line.
    """
    section = experiment_section(config)
    settings = {
        name: _settings(config, name, changes)
        for name, changes in named_changes(section.variants, section.grid).items()
    }
    planned = []
    for seed in dict.fromkeys(section.seeds or (config.seed,)):
        for fold in range(1, config.split.divisions + 1):
            for name, (changes, varied) in settings.items():
                if varied.split.divisions != config.split.divisions:
                    raise ConfigError(f"variant {name!r}: variants cannot change the divisions")
                split = varied.split.model_copy(update={"fold": fold})
                ready = varied.model_copy(update={"seed": seed, "split": split, **NOT_OF_A_RUN})
                planned.append(PlannedRun(name, changes, ready))
    return planned


def _settings(
    config: RunConfig, name: str, changes: dict[str, Any]
) -> tuple[dict[str, Any], RunConfig]:
    for key in changes:
        if key.split(".")[0] in (*NOT_OF_A_RUN, "seed", "output") or key == "split.fold":
            raise ConfigError(f"variant {name!r}: {key} is not a setting that variants can have")
    return changes, changed(config, changes, f"variant {name!r}")


def named_changes(
    variants: Mapping[str, Mapping[str, Any]], grid: Mapping[str, Sequence[Any]]
) -> dict[str, dict[str, Any]]:
    """Every variant at every point of a grid.

    Parameters
    ----------
    variants : mapping of name → changes
        By default a single one without changes.
    grid : mapping of dotted key → values

    Returns
    -------
    dict of name → changes
        A name is that of the variant with the point of the grid.

    Examples
    --------
    >>> named_changes({"whole": {}}, {"seed": [1, 5]})
    {'whole, seed=1': {'seed': 1}, 'whole, seed=5': {'seed': 5}}
    >>> named_changes({}, {})
    {'as configured': {}}
    """
    short = _short_names(list(grid))
    named: dict[str, dict[str, Any]] = {}
    for name, changes in (variants or {"": {}}).items():
        for values in itertools.product(*grid.values()):
            point = dict(zip(grid, values, strict=True))
            settings = [f"{short[key]}={_value(value)}" for key, value in point.items()]
            named[", ".join(filter(None, [name, *settings])) or UNCHANGED] = {**changes, **point}
    return named


def _short_names(keys: list[str]) -> dict[str, str]:
    """The last part of every key, or as many as make it unlike the others."""
    short = {}
    for key in keys:
        parts = key.split(".")
        for count in range(1, len(parts) + 1):
            end = parts[-count:]
            if sum(other.split(".")[-count:] == end for other in keys) == 1:
                break
        short[key] = ".".join(end)
    return short


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
