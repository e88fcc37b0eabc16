"""Segments as files: CSV, JSON (which can be read back), SQL, and pages."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.files import write_whole
from dbnchurn.core.html.format import percent
from dbnchurn.core.places import check_places
from dbnchurn.core.spreadsheet_text import csv_text
from dbnchurn.core.sql import quoted
from dbnchurn.segments import page
from dbnchurn.segments.conditions import condition_from_dict
from dbnchurn.segments.rates import Rate
from dbnchurn.segments.segment import Chance, PairCounts, Segment
from dbnchurn.segments.segment_list import SegmentList
from dbnchurn.tables.label_classes import value_tuple
from dbnchurn.tables.schema import Column, Schema

FORMAT = 1  # of segments.json; raise it when a field changes its meaning or is removed

RATES = ("mined", "selected", "report", "alone")
FIELDS = (  # of a list that are JSON as they stand
    "outcome",
    "threshold",
    "confidence",
    "budget",
    "cost",
    "value",
    "kinds",
    "settings",
    "candidates",
    "significant",
)


def save(
    segments: SegmentList, folder: str | Path, *, raw_text: bool = False, mkdir: bool = True
) -> Path:
    """Write every format into a folder, which is made if the one above it exists.

    The pictures and the page need the extra ``train`` (matplotlib, jinja2); nothing else here does.

    Parameters
    ----------
    segments : SegmentList
    folder : str or Path
        Files of an earlier list are replaced.
    raw_text : bool, default False
        Leave texts of ``segments.csv`` as they are; by default those that a spreadsheet would
        compute have an apostrophe in front.
    mkdir : bool, default True
        Whether the folders above it are made if they do not exist.

    Returns
    -------
    Path
        The folder, with ``segments.csv``, ``segments.json``, ``segments.sql``, ``segments.md`` with
        its pictures, and ``segments.html``, one self-contained file.

    Raises
    ------
    ArtifactError
        The folder cannot be written.
    ConfigError
        The folder above it does not exist.

    Examples
    --------
    >>> import tempfile
    >>> from dbnchurn.segments import SegmentList
    >>> empty = SegmentList((), {}, {part: Rate(1, 8) for part in ("mine", "select", "report")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(empty, folder) / "segments.json") == empty
    True
    """
    from dbnchurn.segments.pictures import segment_pictures  # needs matplotlib

    folder = Path(folder)
    check_places({"segments": folder}, mkdir=mkdir)
    pictures = segment_pictures(segments)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "segments.csv": csv_text(segments.table(), raw_text=raw_text),
            "segments.sql": to_sql(segments),
            "segments.html": page.render(segments, pictures),
            "segments.json": to_json(segments),  # last: what is read again is of a whole list
        }
        page.write_markdown(segments, folder, pictures)
        for name, text in files.items():
            write_whole(folder / name, text)
    except OSError as error:
        raise ArtifactError(f"cannot write segments to {folder}: {error.strerror}") from error
    return folder


def to_sql(segments: SegmentList, table: str = "customers") -> str:
    """A query with its WHERE clause per segment, and one that gives every customer its segment.

    NULL means missing: columns must hold NULL, not NaN, which engines sort above all numbers, nor
    texts such as ``-`` that stand for a missing value. Columns have to be of the kind as which they
    were read: numbers, dates, booleans or text.

    Parameters
    ----------
    segments : SegmentList
    table : str, default "customers"
        Name of the table in the query.

    Returns
    -------
    str
    """
    lines = []
    for k, segment in enumerate(segments.segments, start=1):
        low, high = segment.report.interval(segments.confidence)
        rate = f"{percent(segment.report.value)} ({percent(low)} to {percent(high)})"
        part = f"; approach {percent(segment.share)} of them" if segment.share < 1 else ""
        comment = _one_line(f"{segment.to_text()}: {rate} {segments.outcome}{part}")
        lines += [
            f"-- segment {k}: {comment}",
            f"SELECT * FROM {quoted(table)} WHERE {segment.sql()};",
            "",
        ]
    if not lines:
        return "-- no segment stands the test\n"
    cases = [
        f"    WHEN {segment.sql()} THEN {k}" for k, segment in enumerate(segments.segments, start=1)
    ]
    lines += [
        "-- every customer with the first segment that fits; NULL for none",
        "SELECT *,",
        "  CASE",
        *cases,
        '  END AS "segment"',
        f"FROM {quoted(table)};",
        "",
    ]
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def to_json(segments: SegmentList) -> str:
    """Everything the list holds, as JSON; :func:`load` gives it back."""
    data = {
        "format": FORMAT,
        **{name: getattr(segments, name) for name in FIELDS},
        "label": segments.label,
        "positive": list(segments.positive),
        "negative": list(segments.negative),
        "missing": list(segments.missing),
        "base": {name: asdict(rate) for name, rate in segments.base.items()},
        "chance": asdict(segments.chance) if segments.chance else None,
        "pairs": [asdict(pair) for pair in segments.pairs],
        "schema": [
            {"name": c.name, "kind": c.kind, "levels": list(c.levels), "format": c.format}
            for c in segments.schema.columns
        ],
        "segments": [
            _segment_to_dict(segment, segments.confidence) for segment in segments.segments
        ],
    }
    return (
        json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False, default=_to_json_type)
        + "\n"
    )


def _to_json_type(value: Any) -> Any:
    """Parameters may be numpy numbers, which JSON has no form for."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} {value!r} cannot be written as JSON")


def _segment_to_dict(segment: Segment, confidence: float) -> dict[str, Any]:
    low, high = segment.report.interval(confidence)
    return {
        "words": segment.to_text(),
        "sql": segment.sql(),
        "conditions": [condition.to_dict() for condition in segment.conditions],
        **{name: asdict(getattr(segment, name)) for name in RATES},
        "low": low,
        "high": high,
        "p_value": segment.p_value,
        "q_value": segment.q_value,
        "share": segment.share,
    }


def load(path: str | Path) -> SegmentList:
    """Read the ``segments.json`` that :func:`save` wrote. It is plain data; nothing is executed.

    Parameters
    ----------
    path : str or Path
        The file, or the folder that holds it.

    Returns
    -------
    SegmentList

    Raises
    ------
    ArtifactError
        The file is absent, is not JSON, is of another format, or lacks something.

    Examples
    --------
    >>> import tempfile
    >>> empty = SegmentList((), {}, {part: Rate(1, 8) for part in ("mine", "select", "report")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(empty, folder)).base["report"].value
    0.125
    """
    path = Path(path)
    if path.is_dir():
        path /= "segments.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArtifactError(f"cannot read segments from {path}: {error.strerror}") from None
    except ValueError as error:
        raise ArtifactError(f"{path} is not JSON: {error}; export the segments again") from None
    version = data.get("format") if isinstance(data, dict) else None
    if version != FORMAT:
        raise ArtifactError(
            f"{path} is of segment format {version!r}, but this version reads {FORMAT}; "
            "export again"
        )
    try:
        return SegmentList(
            segments=tuple(_segment_from_dict(entry) for entry in data["segments"]),
            base={name: Rate(**rate) for name, rate in data["base"].items()},
            chance=_chance_from_dict(data["chance"]),
            pairs=tuple(_pair_from_dict(pair) for pair in data["pairs"]),
            positive=value_tuple(data["positive"]),
            negative=value_tuple(data.get("negative", ())),
            label=data.get("label"),
            schema=_schema_from_list(data.get("schema", [])),
            missing=tuple(str(word) for word in data.get("missing", ())),
            **{name: data[name] for name in FIELDS},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{path} lacks or garbles a field ({error}); export the segments again"
        ) from None


def _schema_from_list(columns: list[dict[str, Any]]) -> Schema:
    """The schema; lists of older versions have none."""
    schema = Schema(
        tuple(
            Column(column["name"], column["kind"], tuple(column["levels"]), column["format"])
            for column in columns
        )
    )
    schema.audit()
    for column in schema.columns:
        column.audit()
    return schema


def _segment_from_dict(data: dict[str, Any]) -> Segment:
    return Segment(
        conditions=tuple(condition_from_dict(condition) for condition in data["conditions"]),
        p_value=data["p_value"],
        q_value=data["q_value"],
        share=data["share"],
        **{name: Rate(**data[name]) for name in RATES},
    )


def _chance_from_dict(data: dict[str, Any] | None) -> Chance | None:
    if data is None:
        return None
    rates = {name: Rate(**value) for name, value in data.items() if isinstance(value, dict)}
    return Chance(**{**data, **rates})


def _pair_from_dict(data: dict[str, Any]) -> PairCounts:
    return PairCounts(**{name: _tuples(value) for name, value in data.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value
