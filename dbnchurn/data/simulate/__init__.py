"""A telecom with known truth: the paper's three tables, and who would leave with what probability.

``world`` draws customers and their months, ``hazard`` says how likely each leaves given what is
recorded, ``dirt`` spoils the records, ``write`` puts them into files chunk by chunk, ``truth``
says how good any model could be.
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.data.simulate.truth import Attainable as Attainable
    from dbnchurn.data.simulate.truth import attainable as attainable
    from dbnchurn.data.simulate.write import simulate as simulate

__all__ = ["Attainable", "attainable", "simulate"]

__getattr__ = attach(
    __name__,
    {"Attainable": "truth", "attainable": "truth", "simulate": "write"},
)
