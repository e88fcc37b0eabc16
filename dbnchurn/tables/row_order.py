"""Labels, weights and groups beside a DataFrame: row by row, and never in another order unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


def refuse_reordered(X: Any, **beside: Any) -> None:
    """Refuse what has the index of a DataFrame in another order.

    Values are taken row by row, as everywhere in scikit-learn; pandas would take them by index.
    Where both have the same index in another order, these are two readings.

    Parameters
    ----------
    X : DataFrame, or a table of another kind, which has no index
    **beside : Series, DataFrame, or what has no index, or None
        Name → values of the rows.

    Raises
    ------
    DataError
        If it does.

    Examples
    --------
    >>> X = pd.DataFrame({"debt": [1, 2]}, index=["a", "b"])
    >>> refuse_reordered(X, y=pd.Series([0, 1], index=["a", "b"]), groups=[7, 8])
    >>> refuse_reordered(X, y=pd.Series([1, 0], index=["b", "a"]))
    Traceback (most recent call last):
    ...
    dbnchurn.core.errors.DataError: y has the index of the table in another order, so its rows can \
be taken in two ways; give y.loc[X.index] to go by the index, or y.to_numpy() to go row by row
    """
    if not isinstance(X, pd.DataFrame):
        return
    for name, values in beside.items():
        if not isinstance(values, pd.Series | pd.DataFrame) or len(values) != len(X):
            continue
        if not values.index.equals(X.index) and _is_reordered(values.index, X.index):
            raise DataError(
                f"{name} has the index of the table in another order, so its rows can be taken in "
                f"two ways; give {name}.loc[X.index] to go by the index, or {name}.to_numpy() to "
                "go row by row"
            )


def _is_reordered(index: pd.Index[Any], of: pd.Index[Any]) -> bool:
    """Whether an index has the labels of another one, each once, in another order.

    Labels are compared one by one: indexes of two types, such as Int64 and int64, never equal each
    other in pandas, and those with other levels cannot be looked up in each other.
    """
    rows = list(range(len(of)))
    place = dict(zip(of, rows, strict=True))
    found = [place.get(label, -1) for label in index]
    return found != rows and sorted(found) == rows
