"""What the files of a history have to hold, and where an edited file does not."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator

from dbnchurn.config.messages import sentences
from dbnchurn.config.yaml import Key, parse
from dbnchurn.core.errors import DataError

AGAIN = "remove it, and score, evaluate or measure that month again with --history"
Rows = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Group = Annotated[list[FiniteFloat], Field(min_length=3, max_length=3)]
"""Mean score, rows and leavers."""


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date like 2024-08-01") from error
    return text


class _Stored(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Value(_Stored):
    value: FiniteFloat | None
    spread: FiniteFloat | None = None


class _Ranking(_Stored):
    roc_auc: _Value


class _Shift(_Stored):
    index: float
    by_chance: float


class _Drift(_Stored):
    score: _Shift
    columns: dict[str, _Shift]


class _Scores(_Stored):
    scored: Rows
    mean: Share
    estimate: _Ranking
    drift: _Drift | None = None


class _Gap(_Stored):
    breakdown: str
    group: str
    rows: Annotated[int, Field(gt=0)]
    left: Rows
    promised: Share
    low: FiniteFloat
    high: FiniteFloat
    p_value: Share


class _Outcomes(_Stored):
    gap: _Gap
    groups: Annotated[list[Group], Field(min_length=1)]
    estimate: _Ranking
    measured: _Ranking


class StoredMonth(_Stored):
    """A month of a model: scores, outcomes or both; the empty mapping where one is not known."""

    format: int
    month: str
    model: str
    scores: _Scores | None
    outcomes: _Outcomes | None

    _month = field_validator("month")(_day)

    @field_validator("scores", "outcomes", mode="before")
    @classmethod
    def _absent(cls, part: object) -> object:
        return None if part == {} else part


class _Campaign(_Stored):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    campaign: str
    claim: Literal["kept", "lost", "not told", "stopped"]
    effect: FiniteFloat | None
    low: FiniteFloat | None
    high: FiniteFloat | None
    confidence: Share
    contacted: Rows
    control: Rows
    preliminary: bool


class StoredCampaigns(_Stored):
    """What campaigns of a month did, by their names."""

    format: int
    month: str
    campaigns: dict[str, _Campaign]

    _month = field_validator("month")(_day)


def parse_stored(
    text: str, where: str, model: type[StoredMonth | StoredCampaigns], version: int
) -> dict[str, Any]:
    """Read an entry of a history, if all its fields have their types.

    Parameters
    ----------
    text : str
    where : str
        Its file, or its row of a table, for messages.
    model : StoredMonth or StoredCampaigns
    version : int
        The format that is read.

    Returns
    -------
    dict
        The entry as plain data.

    Raises
    ------
    DataError
        With the line of every field that is absent or cannot be.
    """
    what = "month of a history" if model is StoredMonth else "month of campaigns"
    try:
        stored: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}:{error.lineno}: no {what}: {error.msg}; {AGAIN}") from error
    except ValueError as error:  # a number of too many digits
        raise DataError(f"{where} cannot be read as a {what} ({error}); {AGAIN}") from error
    if not isinstance(stored, dict):
        raise DataError(f"{where} is no {what}: it holds no fields; {AGAIN}")
    if isinstance(stored.get("format"), int) and stored["format"] != version:
        raise DataError(
            f"{where}: a {what} of format {stored['format']!r}; this version reads {version}: "
            "read it with the version of dbnchurn that wrote it"
        )
    try:
        model.model_validate(stored)
    except ValidationError as error:
        lines = parse(text).lines
        told = sentences(error, stored, model).items()
        shown = "; ".join(f"{where}:{_line(key, lines)}: {sentence}" for key, sentence in told)
        raise DataError(f"{shown}; {AGAIN}") from error
    return stored


def _line(key: Key, lines: dict[Key, int]) -> int:
    """The line of a field, or of the one in which it is absent."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 1)
