"""Kinds of values × paths: each cell is right, asked or refused, and none is wrong."""

import pytest

from tests.tables.cells import CELLS, TEXT_CASES, TYPED_CASES, expected, outcome


def test_there_are_many_cells():
    assert len(CELLS) >= 250
    assert len({(case.name, path) for case, path, _ in CELLS}) == len(CELLS)


@pytest.mark.parametrize("case", [*TEXT_CASES, *TYPED_CASES], ids=lambda case: case.name)
def test_every_path_gives_the_value_or_a_question(case):
    wrong = []
    for other, path, values in CELLS:
        if other is case:
            found, message = outcome(case, values)
            if found != expected(case, path):
                wrong.append(f"{path}: {found}, not {expected(case, path)} {message}")
    assert not wrong, "\n".join(wrong)
