"""Pretraining the machines in whose hidden codes personas are found."""

from __future__ import annotations

import numpy as np

from dbnchurn.personas.code_space_record import CodeSpace, columns_of
from dbnchurn.personas.space_record import Space
from dbnchurn.tables.schema import Table

LAYERS = (64, 16)


def fit_code_space(space: Space, table: Table, generator: np.random.Generator) -> CodeSpace:
    """Train machines on the columns of a space, without labels.

    Parameters
    ----------
    space : Space
    table : Table of n rows
    generator : Generator

    Returns
    -------
    CodeSpace
    """
    from dbnchurn.dbn import DBN, Network
    from dbnchurn.features import Encode

    own = columns_of(space, table)
    encoder = Encode().fit(own)
    seed = int(generator.integers(2**31))
    machines = DBN(LAYERS, epochs="auto", n_threads=1, random_state=seed)
    machines.fit(encoder.transform(own))
    return CodeSpace(encoder.record_, Network.from_dbn(machines).record())
