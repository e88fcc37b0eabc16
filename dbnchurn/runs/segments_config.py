"""The config of ``dbnchurn segments``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from dbnchurn.config import Section, read, section_of, source_class
from dbnchurn.runs.source import SourceSection
from dbnchurn.tables.label_classes import LabelValue

# Parameters of the miner that other sections set.
SET_ELSEWHERE = {
    "random_state": ".seed",
    "positive": ".columns.positive",
    "negative": ".columns.negative",
    "date": ".columns.date",
    "kinds": ".columns.kinds",
    "formats": ".source.formats",
}


class SegmentColumnsSection(Section):
    """What the columns are; the keys mean what they mean in the config of a run."""

    renamed: ClassVar[Mapping[str, str]] = {"group": "id"}

    label: str = Field(description="Column with the answers, or with scores.")
    id: str | None = Field(
        default=None,
        description="Column that names the customer, whose rows stay in one part; with a date, "
        "parts are divided by time instead.",
    )
    date: str | None = Field(
        default=None, description="Date of the snapshot; the table is then divided by time."
    )
    positive: LabelValue | tuple[LabelValue, ...] | None = Field(
        default=None, description="Label or labels of those who say yes, where no word says it."
    )
    negative: LabelValue | tuple[LabelValue, ...] | None = Field(
        default=None, description="Label or labels of the others; by default the one left."
    )
    drop: tuple[str, ...] = Field(default=(), description="Columns that describe nobody.")
    kinds: dict[str, Literal["number", "flag", "category", "date", "ignore"]] = Field(
        default_factory=dict, description="Kinds of columns that would be read wrongly."
    )


GeneratedMinerSection: Any = section_of(
    source_class("dbnchurn.segments.miner", "SegmentMiner"), omit=SET_ELSEWHERE
)


class MinerSection(GeneratedMinerSection):  # type: ignore[misc]
    """The search itself: parameters of the miner."""

    renamed: ClassVar[Mapping[str, str]] = SET_ELSEWHERE


class SweepsSection(Section):
    """Settings that are varied one at a time; what is not given stays as in `miner`."""

    mode: Literal["ranges", "paper"] = "paper"
    columns: tuple[str, ...] = Field(default=(), description="Columns to mine; all by default.")
    bins: tuple[int, ...] = Field(default=(), description="Intervals per column.")
    min_count: tuple[int, ...] = Field(default=(), description="Minimum counts.")
    repeats: Annotated[int, Field(ge=1)] = Field(default=3, description="Random splits.")


class SegmentsConfig(Section):
    """The config of one search."""

    source: SourceSection
    columns: SegmentColumnsSection
    sweeps: SweepsSection | None = None
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Seed of everything.")
    output: Path = Field(default=Path("runs"), description="Folder in which run folders are made.")
    miner: MinerSection = Field(default_factory=MinerSection)

    @model_validator(mode="after")
    def _answers_or_scores(self) -> SegmentsConfig:
        given = self.columns.positive is not None or self.columns.negative is not None
        if given and self.miner.threshold is not None:
            raise ValueError(
                "give either columns.positive and columns.negative, where the label holds "
                "answers, or miner.threshold, where it holds scores"
            )
        return self


def read_segments_config(path: str | Path, overrides: Sequence[str] = ()) -> SegmentsConfig:
    """Read and check the config of a search.

    Parameters
    ----------
    path : path
        A YAML file.
    overrides : sequence of str
        ``a.b=c`` replaces what the file says.

    Returns
    -------
    SegmentsConfig

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.
    """
    return read(path, overrides, SegmentsConfig)
