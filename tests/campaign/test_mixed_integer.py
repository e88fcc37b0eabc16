"""Programmes are solved as by scipy, and what the solver prints past its settings is left out."""

import ctypes

import numpy as np
from scipy.optimize import Bounds, LinearConstraint

from dbnchurn.campaign.mixed_integer import REPAIR, solve_programme
from dbnchurn.core.standard_output import without_line


def test_a_programme_and_its_gap():
    least = LinearConstraint(np.array([[1.0, 1.0, 1.0]]), 1.5)
    found = solve_programme(
        np.array([3.0, 1.0, 2.0]), integrality=np.ones(3), bounds=Bounds(0, 1), constraints=least
    )
    assert found.x.round().tolist() == [0, 1, 1]
    assert found.mip_gap == 0


def test_what_the_solver_prints_is_left_out(capfd):
    with without_line(REPAIR):
        ctypes.CDLL(None).puts(REPAIR)  # as the solver does, into the buffer of its own library
        ctypes.CDLL(None).puts(b"another")
    assert capfd.readouterr().out == "another\n"
