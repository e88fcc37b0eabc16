"""Rows that the parts of divided tables give each other, such as calls to those who are called.

Most of a build concerns one customer at a time, and the rows of a customer are in one part. What
concerns two customers is made by the part of one and needed by the part of the other. A part gives
such rows away and ends; in the next round it has what all parts have given. A table that is not
divided has one part, which has all rows and gives none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dbnchurn.core.sql import quoted
from dbnchurn.data.division import part_of_present
from dbnchurn.tables.duckdb import Session


class Awaited(Exception):
    """Rows of other parts are needed, and have not come yet."""


@dataclass
class Regrouping:
    """What one part gives to others and has got from them.

    Parameters
    ----------
    parts : int, default 1
        How many there are.
    known : frozenset of str, default empty
        Names of what all parts have given; the session has a relation of each, see
        :func:`arrived_name`.

    Attributes
    ----------
    given : dict of str → str
        Name of what this part gives → a table with the column ``part``, where a row has to go.

    Examples
    --------
    >>> with Session() as session:
    ...     Regrouping().arrived(session, "the ties of July") is None
    True
    """

    parts: int = 1
    known: frozenset[str] = frozenset()
    given: dict[str, str] = field(default_factory=dict)

    def arrived(self, session: Session, statement: str) -> str | None:
        """The relation of the rows that all parts made by a statement, and that belong here.

        Parameters
        ----------
        session : Session
        statement : str
            Says how the rows are made of the clean tables; parts whose tables were made in another
            way have given other rows.

        Returns
        -------
        str or None
            None where this part has to make its own, and all of them if there is but one.
        """
        name = self._name(session, statement)
        return arrived_name(name) if name in self.known else None

    def give(self, session: Session, statement: str, rows: str) -> None:
        """Give rows to the parts that they belong to; nothing where there is but one.

        Parameters
        ----------
        session : Session
        statement : str
            As in :meth:`arrived`.
        rows : str
            Query with a column ``part``, see :meth:`part_of`.
        """
        if self.parts == 1:
            return
        name = self._name(session, statement)
        self.given[name] = quoted(f"given {name}")
        session.run(f"CREATE OR REPLACE TABLE {self.given[name]} AS {rows}")

    def wait(self) -> None:
        """End this round if the part has given rows, for it lacks those of others.

        Raises
        ------
        Awaited
        """
        if self.given:
            raise Awaited

    def part_of(self, key: str, kind: str) -> str:
        """SQL of the number of the part that a customer belongs to.

        Parameters
        ----------
        key : str
            SQL expression of a clean key, which is not missing.
        kind : str
            Its SQL type.

        Returns
        -------
        str
        """
        return part_of_present(key, kind, self.parts)

    def _name(self, session: Session, statement: str) -> str:
        return "" if session.counts is None else session.counts.name(statement)


def arrived_name(name: str) -> str:
    """SQL name of the relation with the rows that all parts have given under a name, quoted."""
    return quoted(f"arrived {name}")
