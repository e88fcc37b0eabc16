"""The record of personas: all that assigning customers needs, month after month."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Ints
from dbnchurn.personas.code_space_record import CodeSpace
from dbnchurn.personas.score_record import Scores
from dbnchurn.personas.space_record import Points, Space
from dbnchurn.personas.stability import Stability
from dbnchurn.tables.doubtful_values import without_missing
from dbnchurn.tables.reading import as_frame, read
from dbnchurn.tables.schema import Schema, Table, check_names

log = logging.getLogger(__name__)

CHUNK = 50_000  # rows that are read at a time
WELL_DESCRIBED = 0.8  # share that a small tree has to reproduce before words stand for a persona
STABLE = 0.6


@dataclass(frozen=True)
class Phrase:
    """What sets a persona apart in one column.

    Parameters
    ----------
    column : str
    text : str
        A level, or a range of the column.
    inside, everyone : float
        Share of the persona and of all customers, among those whose value is known.
    """

    column: str
    text: str
    inside: float
    everyone: float

    def __str__(self) -> str:
        return f"{self.text} ({100 * self.inside:.0f} % against {100 * self.everyone:.0f} %)"


@dataclass(frozen=True)
class Persona:
    """One persona.

    Parameters
    ----------
    name : str
        ``P1`` for the largest, and so on; what a customer is assigned.
    share : float
        Of the customers it was found among.
    agreement : float
        Share of its customers that a small tree assigns to it, on rows that the tree was not
        fitted on.
    phrases : tuple of Phrase
        At most four.
    """

    name: str
    share: float
    agreement: float
    phrases: tuple[Phrase, ...]

    @property
    def words(self) -> str:
        """The persona in words; a warning instead of a title where words do not reproduce it."""
        said = ", ".join(phrase.text for phrase in self.phrases) or "no column sets it apart"
        if self.agreement < WELL_DESCRIBED:
            return f"loosely: {said}"
        return said


@dataclass(frozen=True, eq=False)
class PersonaRecord:
    """Frozen personas.

    Parameters
    ----------
    schema : Schema
        Columns that are read.
    space : Space
    scores : Scores
    personas : tuple of Persona
    curve : tuple of Stability
        Of every number that was tried; empty if the number was given.
    stability : Stability
        Of the number that was taken, on draws that did not choose it.
    tree_agreement : float
        Share of all customers that a small tree assigns to their persona.
    method : str
    rows : int
        Customers of the table that they were found in.
    id : str or None, default None
        Column that named the customers there.
    codes : CodeSpace or None, default None
        In whose codes customers are assigned; in the mixed space if None. Words are of the columns
        in either case.
    missing : tuple of str, default ()
        Texts that stand for a missing value, in addition to the usual ones.

    Examples
    --------
    >>> from dbnchurn.personas import Personas
    >>> X = pd.DataFrame({"tenure": np.repeat([1.0, 40.0], 60)})
    >>> record = Personas(n_personas=2, random_state=0).fit(X).record_
    >>> record.rows, [persona.name for persona in record.personas]
    (120, ['P1', 'P2'])
    """

    schema: Schema
    space: Space
    scores: Scores
    personas: tuple[Persona, ...]
    curve: tuple[Stability, ...]
    stability: Stability
    tree_agreement: float
    method: str
    rows: int
    id: str | None = None
    codes: CodeSpace | None = None
    missing: tuple[str, ...] = ()

    def audit(self) -> None:
        """Refuse parts that do not fit one another.

        Raises
        ------
        ArtifactError
            If they do not.
        """
        names = [persona.name for persona in self.personas]
        table = Table.empty(self.schema, 0)
        if len(names) != len(self.scores.bias) or len(set(names)) != len(names):
            raise ArtifactError("personas: names and scores are of another number of personas")
        coordinates, columns = len(self.space.column), self.space.n_columns
        if self.codes is not None:
            self.codes.audit_against(self.space)
            coordinates = columns = self.codes.n_codes
        if len(self.scores.linear) != coordinates:
            raise ArtifactError("personas: the scores are of another space")
        if len(self.scores.seen) != columns:
            raise ArtifactError("personas: the scores are of other columns")
        if (self.space.numbers >= len(table.number_names)).any():
            raise ArtifactError("personas: the space has numbers that the schema lacks")
        if (self.space.categories >= len(table.code_names)).any():
            raise ArtifactError("personas: the space has categories that the schema lacks")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the personas, the largest first."""
        return tuple(persona.name for persona in self.personas)

    def assign(self, X: Any) -> pd.Series[Any]:
        """The persona of every customer.

        Parameters
        ----------
        X : DataFrame, Arrow or polars table, or 2-D array of shape (n, d)
            Has the columns of the schema; others are not looked at.

        Returns
        -------
        Series of str
            Named ``persona``, with the index of `X`; missing where none of the columns is known.

        Raises
        ------
        DataError
            A column is missing or cannot be read.
        """
        frame = as_frame(X)
        frame = without_missing(frame.set_axis(check_names(frame), axis=1), self.missing)
        codes = np.empty(len(frame), np.int64)
        unknown: dict[str, int] = {}
        for start in range(0, len(frame), CHUNK):
            table, unusual = read(self.schema, frame.iloc[start : start + CHUNK])
            codes[start : start + CHUNK] = self.assign_table(table)
            for name, rows in unusual.unknown_levels.items():
                unknown[name] = unknown.get(name, 0) + rows
        for name, rows in unknown.items():
            log.warning(
                "column %r holds values that no customer had when the personas were found, in %d "
                "rows; they are taken as not known", name, rows,
            )  # fmt: skip
        named = np.array([*self.names, None], object)[codes]
        return pd.Series(named, frame.index, dtype=object, name="persona")

    def assign_table(self, table: Table) -> Ints:
        """Number of every row's persona, from 0; -1 where nothing is known.

        Parameters
        ----------
        table : Table of n rows
            Read by the schema.

        Returns
        -------
        int64 array of shape (n,)
        """
        return self.scores.assign(self.points(table))

    def points(self, table: Table) -> Points:
        """Rows of a table in the space in which they are assigned."""
        if self.codes is None:
            return self.space.points(table)
        return self.codes.points(self.space, table)

    def table(self) -> pd.DataFrame:
        """One row per persona: name, words, share and the share that words reproduce."""
        return pd.DataFrame(
            {
                "persona": self.names,
                "words": [persona.words for persona in self.personas],
                "share": [persona.share for persona in self.personas],
                "agreement": [persona.agreement for persona in self.personas],
            }
        )

    def warnings(self) -> list[str]:
        """Sentences on what is not to be relied on."""
        said = []
        if self.stability.ari < STABLE:
            said.append(
                f"The personas are not stable: found again on customers drawn anew, they agree by "
                f"an adjusted Rand index of {self.stability.ari:.2f}, below {STABLE:g}."
            )
        loose = [p.name for p in self.personas if p.agreement < WELL_DESCRIBED]
        if loose:
            said.append(
                f"Words describe {', '.join(loose)} loosely: a small tree assigns less than "
                f"{100 * WELL_DESCRIBED:g} % of these customers to their persona."
            )
        return said
