"""YAML: what is written is read back equal, every key has its line, no mistake is an exception."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbnchurn.config.yaml import parse, write

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
    | st.sampled_from(["no", "on", "1e3", "~", "", "2024-08-01", "...", "a: b", "- a", "#", "<<"])
)  # fmt: skip
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(DATA)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_written_is_read_back(data):
    located = parse(write(data))
    assert located.problems == []
    assert located.data == data


@pytest.mark.parametrize(
    "text",
    ["wait...", "two\nlines\n", "x\n...\n", "x\n\n\n", " a\n b", "a\x85\nb", "a\u2028b", "\t"],
)
def test_texts_keep_dots_breaks_and_blanks_at_their_ends(text):
    for data in (text, {"a": text}, [text, {"b": text}]):
        assert parse(write(data)).data == data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("yes", "yes"), ("2024-08-01", "2024-08-01"),
        ("0x1F", "0x1F"), ("1:30", "1:30"), ("true", True), ("FALSE", False), ("tRue", "tRue"),
        ("~", None), ("", None), ("Null", None), ("1e-3", 0.001), (".5", 0.5), ("1.", 1.0),
        ("-.inf", -math.inf), ("+.Inf", math.inf), ("1_000", 1000), ("1_", "1_"), ("1__0", "1__0"),
        ("-7", -7), ("0", 0), ("'1'", "1"), ("!!str 1", "1"), ("!!float 1", 1.0),
    ],
)  # fmt: skip
def test_scalars_of_the_core_schema(text, value):
    located = parse(f"a: {text}")
    assert located.problems == []
    assert located.data == {"a": value}
    assert type(located.data["a"]) is type(value)


def test_not_a_number_is_read_back():
    assert math.isnan(parse(write({"a": math.nan})).data["a"])


def test_every_key_and_item_has_its_line():
    located = parse("# comment\na: 1\nb:\n  - x\n  - c: {d: 2}\n\n2024: |\n  text\n")
    assert located.data == {"a": 1, "b": ["x", {"c": {"d": 2}}], "2024": "text\n"}
    assert located.lines == {
        (): 2, ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 5, ("b", 1, "c"): 5,
        ("b", 1, "c", "d"): 5, ("2024",): 7,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: !!int many", (2, "'many' does not fit its tag !!int")),
        ("a: 1\nb: !!float many", (2, "'many' does not fit its tag !!float")),
        ("a: 1\nb: !!bool maybe", (2, "'maybe' does not fit its tag !!bool")),
        ("a: 1\nb: " + "9" * 5000, (2, "an integer of 5000 digits is too long")),
        ("a: 1\nb: !secret x", (2, "the tag !secret is not allowed")),
        ("a: 1\n\na: 2", (3, "'a' is given twice, first on line 1")),
        ("a: 1\n[b]: 2", (2, "a key must be a word, not a list or a mapping")),
        ("a: 1\nb: *c", (2, "not valid YAML: found undefined alias 'c'")),
        ("a: 1\nb: &x [*x]", (2, "an alias holds itself")),
        ("a: 1\n\tb: 2", (2, "a tab; YAML is indented with spaces")),
        ("a: 1\nb: \x07", (2, "character '\\x07' is not allowed in YAML")),
    ],
)
def test_a_mistake_is_a_problem_with_its_line(text, problem):
    assert parse(text).problems == [problem]


def test_all_problems_come_at_once_beside_the_readable_data():
    located = parse("a: 1\na: 2\nb: !x y\nc: 3\n")
    assert [line for line, _ in located.problems] == [2, 3]
    assert located.data == {"a": 1, "b": "y", "c": 3}
    assert parse("") == parse("# nothing")
    assert parse("").data is None


def test_mappings_keep_their_order_and_short_lists_one_line():
    assert write({"b": [1, 2], "a": [{"c": 1}], "d": []}) == (
        "b: [1, 2]\na:\n  - c: 1\nd: []\n"
    )  # fmt: skip
