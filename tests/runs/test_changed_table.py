"""A table to evaluate a model on is refused if it lost a column."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.runs.changed_table import check_table


def test_a_lost_column_is_refused_unless_it_is_allowed(model, customers, write):
    whole = write(customers[0], "t.csv")
    assert check_table(model, whole) == ()
    for name in ("lost.csv", "lost.parquet"):
        lost = write(customers[0].assign(age=np.nan), name)
        with pytest.raises(DataError, match="column 'age' is missing in 600 of 600 rows"):
            check_table(model, lost)
        assert "column 'age'" in check_table(model, lost, ["age"])[0]
