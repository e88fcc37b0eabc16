"""Hidden codes of pretrained Boltzmann machines as further columns that boosters test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dbnchurn.dbn.network_record import NetworkRecord, hidden_codes
from dbnchurn.dbn.visible import Visible
from dbnchurn.features.encode_record import EncodeRecord, encode
from dbnchurn.tables.schema import Table


def with_codes(table: Table, machines: NetworkRecord | None, rows: Visible) -> Table:
    """A prepared table with the codes of its rows as further numbers, after its own.

    Parameters
    ----------
    table : Table of n prepared rows
    machines : NetworkRecord or None
        The machines unrolled; their logit is not used. None leaves the table as it is.
    rows : Visible of n rows
        The table's rows, encoded.

    Returns
    -------
    Table of n rows

    Examples
    --------
    >>> from dbnchurn.dbn import DBN, Network
    >>> flags = np.random.default_rng(0).integers(0, 2, (50, 3)).astype(float)
    >>> table = Table(flags, np.empty((50, 0), np.int32), ("a", "b", "c"), (), ())
    >>> machines = Network.from_dbn(DBN((4, 2), epochs=1, random_state=0).fit(flags)).record()
    >>> with_codes(table, machines, Visible.of(binary=flags)).number_names
    ('a', 'b', 'c', 'hidden code 1', 'hidden code 2')
    """
    if machines is None:
        return table
    codes = hidden_codes(machines, rows)
    names = tuple(f"hidden code {number}" for number in range(1, codes.shape[1] + 1))
    return replace(
        table,
        numbers=np.hstack([table.numbers, codes]),
        number_names=table.number_names + names,
    )


def booster_table(table: Table, encoding: EncodeRecord, machines: NetworkRecord | None) -> Table:
    """The table that boosters test: a prepared one, with codes where the model has machines for it.

    Parameters
    ----------
    table : Table of n prepared rows
    encoding : EncodeRecord
        How the columns become visible units.
    machines : NetworkRecord or None

    Returns
    -------
    Table of n rows
        `table` itself without machines.
    """
    return table if machines is None else with_codes(table, machines, encode(encoding, table))
