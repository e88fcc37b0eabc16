"""Profiles of all customers as JSON lines for a CRM, in the order of their ids, streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.portraits.columns import Column
from dbnchurn.portraits.config import SECTIONS
from dbnchurn.portraits.portraits import CONTACT_COLUMNS, Portraits
from dbnchurn.portraits.typed_tables import DAY

ROWS = 20_000  # of a batch
RANGE = 100_000  # customers whose tables are joined at a time
LATEST = 10  # contacts of a profile; their number counts all
NULL = "null"
ENCODER = json.JSONEncoder(ensure_ascii=False)
EXACT = 2**53  # up to which JSON readers keep whole numbers


def profile_lines(portraits: Portraits) -> Iterator[str]:
    """Lines of JSON, one for each customer, joined for a batch of customers.

    A section is null where no such table was given, and a value is null where it is not known;
    neither is ever 0.

    Parameters
    ----------
    portraits : Portraits
        Open.

    Yields
    ------
    str
        Lines with their ends.
    """
    for condition in _ranges(portraits):
        yield from _lines(portraits, condition)


def _ranges(portraits: Portraits) -> Iterator[str]:
    """Conditions on ids that divide the customers into ranges, in their order."""
    starts = portraits.session.rows(
        "SELECT customer FROM (SELECT customer, row_number() OVER (ORDER BY customer) AS place "
        f"FROM population) WHERE (place - 1) % {RANGE} = 0 ORDER BY customer"
    )
    edges = [text_literal(row[0]) for row in starts]
    for place, first in enumerate(edges):
        end = f" AND customer < {edges[place + 1]}" if place + 1 < len(edges) else ""
        yield f"customer >= {first}{end}"


def _lines(portraits: Portraits, condition: str) -> Iterator[str]:
    """Lines of the customers of a range."""
    names = _Aliases()
    sql = _query(portraits, names, condition)
    for batch in portraits.session.batches(sql, ROWS):
        parts = [['{"customer": ' + ENCODER.encode(c) for c in names.of(batch, "customer")]]
        parts.append(_persona(portraits, batch, names))
        for section in SECTIONS:
            parts.append(_section(portraits, section, batch, names))
        parts += [_risk(portraits, batch, names), _contacts(portraits, batch, names)]
        parts.append(_next(portraits, batch, names))
        yield "".join(", ".join(pieces) + "}\n" for pieces in zip(*parts, strict=True))


class _Aliases:
    """Short names of the columns of the joined query, whose own names may be alike."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, ...], str] = {}

    def add(self, *key: str) -> str:
        return self.found.setdefault(key, f"c{len(self.found)}")

    def of(self, batch: pa.RecordBatch, *key: str) -> list[Any]:
        values: list[Any] = batch.column(self.found[key]).to_pylist()
        return values


def _query(portraits: Portraits, names: _Aliases, condition: str) -> str:
    """One row a customer of a range: every table joined to the population."""
    tables = portraits.tables

    def within(table: str) -> str:
        return f"(SELECT * FROM {table} WHERE {condition}) AS {table}"

    wanted = [f"p.customer AS {names.add('customer')}"]
    joins = []
    for name in ("customers", "scores", "personas"):
        if name not in tables:
            continue
        joins.append(f"LEFT JOIN {within(name)} ON {name}.customer = p.customer")
        wanted += [f"{name}.{quoted(c)} AS {names.add(name, c)}" for c in tables[name].columns]
        wanted.append(f"{name}.customer IS NOT NULL AS {names.add(name, 'is there')}")
    if "log" in tables:
        joins.append(f"LEFT JOIN {within('contacts')} ON contacts.customer = p.customer")
        joins.append(
            "LEFT JOIN (SELECT customer, CAST(to_json(list(struct_pack(date := contact_date, "
            "campaign := campaign, offer := offer, channel := channel, arm := arm) ORDER BY "
            f"{portraits.order_of('log')})[1:{LATEST}]) AS VARCHAR) AS latest FROM log "
            f"WHERE {condition} GROUP BY customer) h ON h.customer = p.customer"
        )
        for column in CONTACT_COLUMNS:
            wanted.append(f"contacts.{column.sql} AS {names.add('contacts', column.name)}")
        wanted.append(f"h.latest AS {names.add('latest')}")
    if "plan" in tables:
        columns = list(tables["plan"].columns)
        packed = ", ".join(f"{c} := {c}" for c in columns)
        joins.append(
            f"LEFT JOIN (SELECT customer, CAST(to_json(list(struct_pack({packed}) ORDER BY "
            f"{portraits.order_of('plan')})) AS VARCHAR) AS actions FROM plan WHERE {condition} "
            "GROUP BY customer) a ON a.customer = p.customer"
        )
        wanted.append(f"a.actions AS {names.add('actions')}")
    population = f"(SELECT customer FROM population WHERE {condition}) p"
    return f"SELECT {', '.join(wanted)} FROM {population} {' '.join(joins)} ORDER BY p.customer"


def _persona(portraits: Portraits, batch: pa.RecordBatch, names: _Aliases) -> list[str]:
    if "personas" not in portraits.tables:
        return ['"persona": null'] * batch.num_rows
    as_of = _text(portraits.as_of("personas"))
    made = {
        name: f'"persona": {{"as_of": {as_of}, "name": {_text(name)}, '
        f'"words": {_text(portraits.words.get(name)) if name else NULL}}}'
        for name in [*portraits.personas, None]
    }
    return [made[name] for name in names.of(batch, "personas", "persona")]


def _section(
    portraits: Portraits, section: str, batch: pa.RecordBatch, names: _Aliases
) -> list[str]:
    if "customers" not in portraits.tables:
        return [f'"{section}": null'] * batch.num_rows
    columns = [column for column in portraits.columns if column.section == section]
    if portraits.tables["customers"].as_of is None:
        days = [_text(day) for day in names.of(batch, "customers", DAY)]
    else:
        days = [_text(portraits.as_of("customers"))] * batch.num_rows
    values = _joined([_fragments(column, batch, names) for column in columns], batch.num_rows)
    return [
        f'"{section}": {{"as_of": {day}, "values": {{{said}}}}}'
        for day, said in zip(days, values, strict=True)
    ]


def _joined(parts: Sequence[Sequence[str]], rows: int) -> list[str]:
    return [", ".join(pieces) for pieces in zip(*parts, strict=True)] if parts else [""] * rows


def _fragments(column: Column, batch: pa.RecordBatch, names: _Aliases) -> list[str]:
    """``"name": value`` of every row."""
    head = f"{_text(column.name)}: "
    values = names.of(batch, column.table, column.name)
    if column.kind == "number" or column.numeric:
        return [head + _number(value) for value in values]
    written = {value: head + _text(value) for value in set(values)}
    return [written[value] for value in values]


def _number(value: float | None) -> str:
    if value is None:
        return NULL
    return str(int(value)) if value == int(value) and abs(value) < EXACT else repr(value)


def _text(value: object) -> str:
    if isinstance(value, date | datetime):
        value = value.isoformat()
    return ENCODER.encode(value)


def _risk(portraits: Portraits, batch: pa.RecordBatch, names: _Aliases) -> list[str]:
    if "scores" not in portraits.tables:
        return ['"risk": null'] * batch.num_rows
    columns = [column for column in portraits.columns if column.section == "risk"]
    parts = [_fragments(column, batch, names) for column in columns]
    if "model" in portraits.tables["scores"].columns:
        models = names.of(batch, "scores", "model")
        parts.append([f'"model": {_text(model)}' for model in models])
    pairs = [
        list(zip(names.of(batch, "scores", reason),
                 names.of(batch, "scores", column) if column else [None] * batch.num_rows,
                 strict=True))
        for reason, column in portraits.reason_names
    ]  # fmt: skip
    there = names.of(batch, "scores", "is there")
    if pairs:
        of_rows = zip(*pairs, strict=True)
        parts.append(
            [
                '"reasons": ' + (_text(portraits.shown_reasons(row)) if scored else NULL)
                for row, scored in zip(of_rows, there, strict=True)
            ]
        )
    else:
        parts.append(['"reasons": null'] * batch.num_rows)
    as_of = _text(portraits.as_of("scores"))
    return [f'"risk": {{"as_of": {as_of}, {said}}}' for said in _joined(parts, batch.num_rows)]


def _contacts(portraits: Portraits, batch: pa.RecordBatch, names: _Aliases) -> list[str]:
    if "log" not in portraits.tables:
        return ['"contacts": null'] * batch.num_rows
    counts, last, held = (names.of(batch, "contacts", column.name) for column in CONTACT_COLUMNS)
    latest = names.of(batch, "latest")
    as_of = _text(portraits.as_of("log"))
    return [
        f'"contacts": {{"as_of": {as_of}, "contacts": {n}, "last_contact": {_text(day)}, '
        f'"times_held_out": {out}, "latest": {rows or "[]"}}}'
        for n, day, out, rows in zip(counts, last, held, latest, strict=True)
    ]


def _next(portraits: Portraits, batch: pa.RecordBatch, names: _Aliases) -> list[str]:
    if "plan" not in portraits.tables:
        return ['"next": null'] * batch.num_rows
    head = f'"next": {{"as_of": {_text(portraits.as_of("plan"))}, "actions": '
    return [f"{head}{rows or '[]'}}}" for rows in names.of(batch, "actions")]
