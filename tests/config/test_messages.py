"""Sentences about refused values: the place, what is allowed, what was given."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, ValidationError, field_validator

from dbnchurn.config import Section
from dbnchurn.config.messages import dotted, sentences


class File(Section):
    kind: Literal["file"]
    path: str


class Sample(Section):
    kind: Literal["sample"]
    rows: int = 1


class Net(Section):
    renamed: ClassVar[dict[str, str]] = {"rate": "lr", "device": ".device"}
    lr: Annotated[float, Field(gt=0, le=1)] = 0.1
    layers: Annotated[tuple[int, ...], Field(min_length=1, max_length=3)] = (1,)
    name: str = ""

    @field_validator("name")
    @classmethod
    def _no_blank(cls, name: str) -> str:
        if " " in name:
            raise ValueError("a name has no blanks")
        return name


class Run(Section):
    source: Annotated[File | Sample, Field(discriminator="kind")] = Sample(kind="sample")
    layers: tuple[Net, ...] = ()
    net: Net = Net()
    size: int | Literal["auto"] | Net = 1
    count: Annotated[int, Field(ge=2, lt=9)] = 3
    on: bool = True
    day: date = date(2024, 1, 1)
    folder: Path = Path()


def refusals(data, model=Run):
    with pytest.raises(ValidationError) as raised:
        model.model_validate_json(json.dumps(data), strict=True)
    return sentences(raised.value, data, model)


@pytest.mark.parametrize(
    ("data", "path", "sentence"),
    [
        ({"count": 1}, ("count",), "count should be at least 2, got 1"),
        ({"count": 9}, ("count",), "count should be below 9, got 9"),
        ({"count": 2.5}, ("count",), "count should be an integer, got 2.5"),
        ({"count": None}, ("count",), "count should be an integer, got null"),
        ({"count": True}, ("count",), "count should be an integer, got true"),
        ({"on": 1}, ("on",), "on should be true or false, got 1"),
        ({"day": "soon"}, ("day",), "day should be a date like 2024-08-01, got 'soon'"),
        ({"folder": 3}, ("folder",), "folder should be a text, got 3"),
        ({"net": {"lr": 0}}, ("net", "lr"), "net.lr should be above 0, got 0"),
        ({"net": {"lr": 1.5}}, ("net", "lr"), "net.lr should be at most 1, got 1.5"),
        ({"net": {"lr": "x"}}, ("net", "lr"), "net.lr should be a number, got 'x'"),
        ({"net": 3}, ("net",), "net should be a section of keys and values, got 3"),
        (
            {"net": {"layers": []}},
            ("net", "layers"),
            "net.layers should be at least 1 values long, got []",
        ),
        (
            {"net": {"layers": [1, 2, 3, 4]}},
            ("net", "layers"),
            "net.layers should be at most 3 values long, got [1, 2, 3, 4]",
        ),
        ({"net": {"layers": 5}}, ("net", "layers"), "net.layers should be a list, got 5"),
        ({"net": {"name": "a b"}}, ("net", "name"), "net.name: a name has no blanks"),
        (
            {"layers": [{}, {"lr": "x"}]},
            ("layers", 1, "lr"),
            "layers.1.lr should be a number, got 'x'",
        ),
        ({"source": {"kind": "file"}}, ("source", "path"), "source.path: required, but not given"),
        (
            {"source": {"kind": "sample", "row": 2}},
            ("source", "row"),
            "source.row: unknown key, did you mean 'rows'? (allowed: 'kind', 'rows')",
        ),
        (
            {"source": {"kind": "csv"}},
            ("source",),
            "source should be a section with 'kind' 'file' or 'sample', got {'kind': 'csv'}",
        ),
        ({"net": {"rate": 1}}, ("net", "rate"), "net.rate: renamed to net.lr"),
        ({"net": {"device": "x"}}, ("net", "device"), "net.device: renamed to device"),
        ({"layers": [{"rate": 1}]}, ("layers", 0, "rate"), "layers.0.rate: renamed to layers.0.lr"),
    ],
)
def test_a_refused_value_is_one_sentence_at_its_place(data, path, sentence):
    assert refusals(data) == {path: sentence}


def test_every_place_has_its_sentence():
    data = {"count": 1, "on": "x", "layers": [{"lr": 2.0, "lrr": 1}]}
    assert list(refusals(data)) == [("layers", 0, "lr"), ("layers", 0, "lrr"), ("count",), ("on",)]


def test_members_of_a_union_are_joined_unless_one_fails_deeper():
    assert refusals({"size": "big"}) == {
        ("size",): "size should be an integer or 'auto' or a section of keys and values, got 'big'"
    }
    assert refusals({"size": {"lr": "x"}}) == {
        ("size", "lr"): "size.lr should be a number, got 'x'"
    }


def test_long_values_are_cut_to_sixty_characters():
    (sentence,) = refusals({"count": "x" * 500}).values()
    value = sentence.removeprefix("count should be an integer, got ")
    assert value == "'" + "x" * 56 + "…"
    (whole,) = refusals({"count": "x" * 58}).values()
    assert whole.endswith(f"got '{'x' * 58}'")


def test_a_path_is_dotted_and_the_whole_is_the_config():
    assert dotted(("dbn", "layers", 0)) == "dbn.layers.0"
    assert dotted(()) == "config"
    assert refusals([]) == {(): "config should be a section of keys and values, got []"}
