"""Personas in words, and how much of them a small tree reproduces."""

from __future__ import annotations

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from dbnchurn.core.typing import Bools, Floats, Ints
from dbnchurn.personas.persona_record import Phrase
from dbnchurn.personas.space_record import Points, Space
from dbnchurn.tables.schema import Schema, Table

MOST_PHRASES = 4
SMALLEST_DIFFERENCE = 0.1  # of shares, below which a column sets nobody apart
DECILES = np.arange(1, 10) / 10


def phrases_of(
    schema: Schema, space: Space, table: Table, labels: Ints, persona: int
) -> tuple[Phrase, ...]:
    """What sets a persona apart: levels, and ranges that end at a decile of everyone.

    Parameters
    ----------
    schema : Schema
    space : Space
        Only its columns are described.
    table : Table of n rows
    labels : int array of shape (n,)
    persona : int

    Returns
    -------
    tuple of Phrase
        At most four, one a column, the largest difference of shares first.
    """
    inside = labels == persona
    columns = {column.name: column for column in schema.used}
    found: list[Phrase] = []
    for j in space.numbers:
        name = table.number_names[j]
        if columns[name].kind == "flag":
            flags = {"yes": table.numbers[:, j] == 1, "no": table.numbers[:, j] == 0}
            known = ~np.isnan(table.numbers[:, j])
            found += _levels(name, flags, known, inside)
        else:
            found += _ranges(name, table.numbers[:, j], inside)
    for j in space.categories:
        name, codes = table.code_names[j], table.codes[:, j]
        held = {level: codes == code for code, level in enumerate(columns[name].levels)}
        found += _levels(name, held, codes >= 0, inside)
    found = [phrase for phrase in found if phrase.inside - phrase.everyone >= SMALLEST_DIFFERENCE]
    found.sort(key=lambda phrase: (phrase.everyone - phrase.inside, phrase.column))
    return tuple(found[:MOST_PHRASES])


def _levels(name: str, held: dict[str, Bools], known: Bools, inside: Bools) -> list[Phrase]:
    """The level that a persona has most beyond everyone."""
    both = known & inside
    if not both.any():
        return []
    phrases = [
        Phrase(name, f"{name} {level}", float(rows[both].mean()), float(rows[known].mean()))
        for level, rows in held.items()
    ]
    return [max(phrases, key=lambda phrase: phrase.inside - phrase.everyone)] if phrases else []


def _ranges(name: str, values: Floats, inside: Bools) -> list[Phrase]:
    """The range up to or from a decile that a persona has most beyond everyone."""
    known = ~np.isnan(values)
    everyone, persona = np.sort(values[known]), np.sort(values[known & inside])
    if not len(persona):
        return []
    best: Phrase | None = None
    for edge in np.unique(np.quantile(everyone, DECILES, method="nearest")):
        for word, side in (("or more", "left"), ("or less", "right")):
            shares = [
                float(np.searchsorted(part, edge, side) / len(part))  # type: ignore[call-overload]
                for part in (persona, everyone)
            ]
            if side == "left":
                shares = [1 - share for share in shares]
            whole = edge == everyone[-1 if side == "left" else 0]
            text = f"{name} {number_text(float(edge))}{'' if whole else f' {word}'}"
            phrase = Phrase(name, text, shares[0], shares[1])
            if best is None or shares[0] - shares[1] > best.inside - best.everyone:
                best = phrase
    return [] if best is None else [best]


def number_text(value: float) -> str:
    """A number for a sentence: whole as it is or from 100 on, else with three digits.

    Examples
    --------
    >>> number_text(1200.0), number_text(0.12345), number_text(12345.6)
    ('1200', '0.123', '12346')
    """
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def tree_agreement(
    space: Space, table: Table, points: Points, labels: Ints, n_personas: int, seed: int
) -> tuple[float, Floats]:
    """The share that a tree with two leaves a persona reproduces, on rows it was not fitted on.

    Parameters
    ----------
    space : Space
    table : Table of n rows
    points : Points of n rows
        The same rows.
    labels : int array of shape (n,)
    n_personas : int
    seed : int
        Divides the rows in halves.

    Returns
    -------
    overall : float
    each : float array of shape (n_personas,)
        Of the customers of every persona; 0 where the second half has none.
    """
    levels = points.values[:, len(space.numbers) :] > 0
    columns = np.hstack([table.numbers[:, space.numbers], levels]).astype(np.float32)
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(labels >= 0))
    fitted, fresh = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    tree = DecisionTreeClassifier(max_leaf_nodes=2 * n_personas, random_state=seed)
    right = tree.fit(columns[fitted], labels[fitted]).predict(columns[fresh]) == labels[fresh]
    each = [
        float(right[labels[fresh] == k].mean()) if (labels[fresh] == k).any() else 0.0
        for k in range(n_personas)
    ]
    return float(right.mean()), np.array(each)
