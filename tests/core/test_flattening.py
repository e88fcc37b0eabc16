"""Nested plain data as paths and values: nothing is lost, and lists are entered as asked."""

import pytest

from dbnchurn.core.flattening import dotted, flatten

PLAIN = {
    "test": {"f1": 0.5, "confusion": {"tn": 3}},
    "curves": [{"loss": 1.0}, {"loss": 0.5}],
    "layers": [8, 4],
    "empty": {},
    "none": [],
}


def put_together(pairs) -> dict:
    """The nested data that were flattened with all lists entered."""
    whole: dict = {}
    for path, value in pairs:
        inner = whole
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = value
    return whole


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ("whole", ["test.f1", "test.confusion.tn", "curves", "layers", "empty", "none"]),
        (
            "nested",
            ["test.f1", "test.confusion.tn", "curves[0].loss", "curves[1].loss", "layers",
             "empty", "none"],
        ),
        (
            "items",
            ["test.f1", "test.confusion.tn", "curves[0].loss", "curves[1].loss", "layers[0]",
             "layers[1]", "empty", "none"],
        ),
    ],
)  # fmt: skip
def test_lists_are_entered_as_asked(lists, expected):
    assert [dotted(path) for path, _ in flatten(PLAIN, lists=lists)] == expected


def test_values_stay_at_their_paths():
    for path, value in flatten(PLAIN, lists="items"):
        inner = PLAIN
        for key in path:
            inner = inner[key]
        assert inner is value or inner == value


def test_mappings_can_be_put_together_again():
    assert put_together(flatten(PLAIN)) == PLAIN


@pytest.mark.parametrize("value", [3, "text", None, {}, []])
def test_what_holds_nothing_is_one_value(value):
    assert list(flatten(value, lists="items")) == [((), value)]
