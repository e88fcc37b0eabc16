"""Names of array types, so that a signature says in one word what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Ints32 = npt.NDArray[np.int32]
UInts32 = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]
Dates = npt.NDArray[np.datetime64]
Rows = npt.NDArray[np.intp]  # row numbers
Labels = npt.NDArray[np.int64]  # 1 for a churner, else 0
Arrays = dict[str, npt.NDArray[Any]]
