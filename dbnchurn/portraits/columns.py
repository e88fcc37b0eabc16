"""What is shown of a customer: a column of a table, the section it stands in, how it compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbnchurn.core.sql import literal, quoted, text_literal

Kind = Literal["number", "date", "level"]


@dataclass(frozen=True)
class Column:
    """A column of a portrait.

    Parameters
    ----------
    section : str
        Where it is shown: ``basic``, ``behaviour``, ``social``, ``risk`` or ``contacts``.
    name : str
        Of the column.
    table : str
        Of the session: ``customers``, ``scores`` or ``contacts``.
    kind : {"number", "date", "level"}
        Numbers and dates compare by the median, levels by the share that has the same one.
    numeric : bool, default False
        Whether the levels are numbers, such as 0 and 1.
    compared : bool, default True
        False where there are so many different texts that a share says nothing.

    Examples
    --------
    >>> Column("basic", "age", "customers", "number").aggregate()
    'median("age")'
    """

    section: str
    name: str
    table: str
    kind: Kind
    numeric: bool = False
    compared: bool = True

    @property
    def sql(self) -> str:
        """Its SQL name."""
        return quoted(self.name)

    def aggregate(self, level: str | float | bool | None = None) -> str:
        """SQL of the figure of a group: the median, or the share of a level, of known values.

        Parameters
        ----------
        level : str, float or bool, optional
            For a column of levels; without one the result is NULL.

        Returns
        -------
        str
        """
        if self.kind == "number":
            return f"median({self.sql})"
        if self.kind == "date":  # a day that some customer has, never one between two
            return f"quantile_disc({self.sql}, 0.5)"
        same = "NULL" if level is None else literal(level)
        return f"avg(CAST({self.sql} = {same} AS INT))"

    def of_group(self, persona: str | None, level: str | float | bool | None = None) -> str:
        """The query whose result is the figure of a persona, or of everyone.

        Parameters
        ----------
        persona : str or None
            None for everyone.
        level : str, float or bool, optional
            For a column of levels.

        Returns
        -------
        str
        """
        query = f"SELECT {self.aggregate(level)} FROM population JOIN {self.table} USING (customer)"
        if persona is None:
            return query
        return f"{query} JOIN personas USING (customer) WHERE persona = {text_literal(persona)}"

    def of_customer(self, customer: str) -> str:
        """The query whose result is the value of a customer.

        Parameters
        ----------
        customer : str

        Returns
        -------
        str
        """
        return f"SELECT {self.sql} FROM {self.table} WHERE customer = {text_literal(customer)}"
