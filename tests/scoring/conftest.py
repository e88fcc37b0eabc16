"""Tables to be scored, and a model whose training they resemble."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dbnchurn import Predictor


@pytest.fixture(scope="session")
def shared_model(fitted, tmp_path_factory):
    """A stored model that several tests share and leave as it is."""
    folder = tmp_path_factory.mktemp("stored") / "model"
    fitted.save(folder)
    return folder


@pytest.fixture
def predictor(model: Path) -> Predictor:
    """The small model, loaded."""
    return Predictor.load(model)


@pytest.fixture
def named(draw_customers: Callable) -> pd.DataFrame:
    """950 customers that the model was not trained on, with a column that names them."""
    X, _ = draw_customers(950, seed=1)
    return X.assign(customer=[f"C{i:04d}" for i in range(len(X))])


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write(frame, name)``: a CSV or Parquet file."""

    def run(frame: pd.DataFrame, name: str, **how: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            frame.to_parquet(path, index=False, **how)
        else:
            frame.to_csv(path, index=False, **how)
        return path

    return run


@pytest.fixture
def spoiled(named: pd.DataFrame) -> pd.DataFrame:
    """The same customers as text; rows 3, 500 and 501 hold what cannot be read."""
    frame = named.astype({"debt": object, "since": str, "age": object})
    frame.loc[[3, 500], "debt"] = ["much", "inf"]
    frame.loc[[500, 501], "since"] = ["last May", "2024-13-01"]
    return frame
