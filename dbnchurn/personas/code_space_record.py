"""Customers as points in the hidden codes of a pretrained stack of Boltzmann machines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.dbn.network_record import NetworkRecord, hidden_codes
from dbnchurn.features.encode_record import EncodeRecord, encode
from dbnchurn.personas.space_record import Points, Space
from dbnchurn.tables.schema import Table


@dataclass(frozen=True, eq=False)
class CodeSpace:
    """A stack of machines that was trained on the columns of a space, without labels.

    Parameters
    ----------
    encode : EncodeRecord
        How the columns become visible units.
    network : NetworkRecord
        The machines unrolled; its logit is not used.
    """

    encode: EncodeRecord
    network: NetworkRecord

    @property
    def n_codes(self) -> int:
        """Coordinates of a point: hidden units of the last machine."""
        return len(self.network.head)

    def audit_against(self, space: Space) -> None:
        """Refuse machines that take other columns than a space has.

        Parameters
        ----------
        space : Space

        Raises
        ------
        ArtifactError
            If they do.
        """
        positions = np.concatenate([self.encode.gaussian, self.encode.binary, self.encode.rungs])
        groups = len(space.categories)
        units = len(self.encode.gaussian) + len(self.encode.binary) + len(self.encode.rungs)
        if (positions < 0).any() or (positions >= len(space.numbers)).any():
            raise ArtifactError("personas: the machines take numbers that the space lacks")
        if len(self.network.sizes) != groups or len(self.network.dense_weights) != units:
            raise ArtifactError("personas: the machines take other columns than the space has")

    def points(self, space: Space, table: Table) -> Points:
        """Rows of a table in the codes; what is not known is no evidence to the machines.

        Parameters
        ----------
        space : Space
            Whose columns are read.
        table : Table of n rows

        Returns
        -------
        Points
            Every code of a row of which some column is known counts as seen, none of another.
        """
        own = columns_of(space, table)
        known = ~np.isnan(own.numbers).all(axis=1) if own.numbers.shape[1] else False
        known |= (own.codes >= 0).any(axis=1)
        codes = hidden_codes(self.network, encode(self.encode, own))
        seen = np.repeat(np.asarray(known, np.float64)[:, None], self.n_codes, axis=1)
        return Points(codes * seen, seen, np.arange(self.n_codes, dtype=np.int64))


def columns_of(space: Space, table: Table) -> Table:
    """The table with the columns of a space alone, in its order.

    Parameters
    ----------
    space : Space
    table : Table

    Returns
    -------
    Table
    """
    return Table(
        table.numbers[:, space.numbers],
        table.codes[:, space.categories],
        tuple(table.number_names[j] for j in space.numbers),
        tuple(table.code_names[j] for j in space.categories),
        tuple(table.sizes[j] for j in space.categories),
    )
