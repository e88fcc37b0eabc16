"""The page on the format: its reader scores from the files alone, and it names every field."""

import dataclasses
import re
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.predictor.artifact import FORMAT, UPGRADES
from dbnchurn.predictor.model_files import LARGEST
from dbnchurn.predictor.model_record import ModelRecord
from dbnchurn.predictor.safe_parsing import DTYPES

PAGE = Path(__file__).parents[2] / "docs" / "artifact.md"
OLD = Path(__file__).parent / "old"


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read_and_score(text) -> Callable[[Path, list[dict[str, Any]]], np.ndarray]:
    """The page's reader; it may import numpy and the standard library alone."""
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    imported = set(re.findall(r"^(?:import|from) (\w+)", block, flags=re.MULTILINE))
    assert imported == {"json", "math", "datetime", "pathlib", "numpy"}
    names: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    return names["score"]


def rows_of(X: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as a program in another language may have them: dates as text, gaps as null."""
    dates = X.select_dtypes("datetime").columns
    X = X.assign(**{name: X[name].dt.strftime("%Y-%m-%dT%H:%M:%S") for name in dates})
    return X.astype(object).where(X.notna(), None).to_dict("records")


def agree(folder: Path, X: pd.DataFrame, read_and_score: Callable[..., np.ndarray]) -> None:
    expected = Predictor.load(folder).predict_proba(X)[:, 1]
    found = read_and_score(folder, rows_of(X))
    assert np.ptp(expected) > 1e-3  # agreeing on one number for all would prove little
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def odd(X: pd.DataFrame) -> pd.DataFrame:
    """Some rows with what training had not: gaps everywhere, new levels, numbers far out."""
    wider = {
        name: float if X[name].dtype.kind == "i" else object
        for name in X
        if X[name].dtype.kind in "bi"
    }
    X = X.astype(wider)
    X.loc[X.index[:3], list(X)] = None
    X.loc[X.index[3:6], "plan"] = "quantum"
    X.loc[X.index[6:9], "debt"] = [1e300, -1e300, 0.0]
    X.loc[X.index[9:12], "since"] = pd.Timestamp("2031-05-06 07:08:09")
    X.loc[X.index[12], "plan"] = "  family "
    X.loc[X.index[13], "plan"] = "  "
    for j, name in enumerate(X):
        X.loc[X.index[20 + j], name] = None
    return X


@pytest.mark.parametrize(
    "changes", [{}, {"use_leaves": False}, {"use_companion": False}, {"skip": False}]
)
def test_the_reader_agrees_missing_values_included(
    small, customers, draw_customers, tmp_path, read_and_score, changes
):
    small(**changes).fit(*customers).save(tmp_path / "model")
    agree(tmp_path / "model", odd(draw_customers(60, 7)[0]), read_and_score)


def test_the_reader_agrees_on_every_step_and_categorical_splits(
    thorough, draw_many, tmp_path, read_and_score
):
    thorough.save(tmp_path / "model")
    sets = np.diff(thorough.record_.leaves.forests[0].category_starts)
    assert sets.max() > 1  # trees that test sets of levels
    agree(tmp_path / "model", odd(draw_many(60, 7)[0]), read_and_score)


@pytest.mark.parametrize("number", [*UPGRADES, FORMAT])
def test_the_reader_reads_older_formats(read_and_score, number):
    rows = pd.read_csv(OLD / f"format_{number}_rows.csv")
    agree(OLD / f"format_{number}", rows, read_and_score)


def records(hint: Any) -> Iterator[type]:
    """Every record that a type holds."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield hint
        for inner in get_type_hints(hint).values():
            yield from records(inner)
    elif isinstance(hint, types.UnionType | types.GenericAlias) or get_args(hint):
        for inner in get_args(hint):
            yield from records(inner)


def test_every_record_and_field_is_on_the_page(text):
    kinds = set(records(ModelRecord))
    assert len(kinds) == 21
    for kind in kinds:
        assert f"`{kind.__name__}`" in text, kind
        for field in dataclasses.fields(kind):
            assert f"`{field.name}`" in text, (kind, field.name)


def test_types_sizes_and_formats_are_those_of_the_page(text):
    assert all(f"`{name}`" in text for name in DTYPES)
    mebibytes = {name: size // 2**20 for name, size in LARGEST.items() if size >= 2**20}
    assert mebibytes == {"manifest.json": 16, "model.safetensors": 1024, "card.md": 16}
    assert "16 MiB of manifest, 16 MiB of header, 1 GiB of arrays or 16 MiB of card" in text
    assert f"| `format` | the integer {FORMAT} |" in text
    assert all(f"\n| {number} |" in text for number in (*UPGRADES, FORMAT))
