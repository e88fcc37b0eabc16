"""Mixed-integer programmes, solved without a word on standard output."""

from __future__ import annotations

from typing import Any

from scipy.optimize import OptimizeResult, milp

from dbnchurn.core.standard_output import without_line
from dbnchurn.core.typing import Floats

# Printed where a solution has to be repaired, whatever the settings (HiGHS up to 1.12).
REPAIR = b"HighsMipSolverData::transformNewIntegerFeasibleSolution tmpSolver.run();"


def solve_programme(costs: Floats, **given: Any) -> OptimizeResult:
    """The result of ``scipy.optimize.milp``.

    Parameters
    ----------
    costs : float64 array of shape (n,)
    **given
        Its other arguments.

    Returns
    -------
    OptimizeResult
    """
    with without_line(REPAIR):
        return milp(costs, **given)
