"""One line of a library is left out of standard output, and nothing else is lost."""

import os

import pytest

from dbnchurn.core.standard_output import without_line


def test_the_line_is_left_out_and_all_else_stays_in_order(capfd):
    os.write(1, b"before\n")
    with without_line(b"noise"):
        os.write(1, b"one\nnoise\ntwo\n")
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "before\none\ntwo\nafter\n"


def test_what_is_printed_before_a_failure_is_not_lost(capfd):
    def fails():
        with without_line(b"noise"):
            os.write(1, b"noise\nsaid\n")
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        fails()
    assert capfd.readouterr().out == "said\n"
