"""Configs: everything wrong in one message, each with its place; what is written reads back."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, model_validator

from dbnchurn.config import Section, changed, dump, json_schema, model_from_signatures, read
from dbnchurn.core.errors import ConfigError


class Csv(Section):
    kind: Literal["csv"] = "csv"
    path: Path
    kinds: dict[str, Literal["number", "category", "drop"]] = Field(default_factory=dict)
    label_yes: str = "yes"


class Sample(Section):
    kind: Literal["sample"]
    rows: Annotated[int, Field(ge=1)] = 100


class Split(Section):
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    cutoff: date | None = None

    @model_validator(mode="after")
    def _enough_left(self) -> "Split":
        if self.test > 0.9:
            raise ValueError("leaves too few training rows")
        return self


class DBN:
    """The machine.

    Parameters
    ----------
    layers : sequence of int
        Hidden units of
        every machine.
    cd_k : int
        Gibbs steps.
    """

    def __init__(self, *, layers: tuple[int, ...] = (256, 128), cd_k: int = 1, lr: float = 0.05):
        self.layers, self.cd_k, self.lr = layers, cd_k, lr


def oversample(method: Literal["random", "none"] = "random", ratio: float | Literal["auto"] = 1.0):
    """Draw churners again."""


Run = model_from_signatures(
    "Run",
    {
        "source": (Csv | Sample, Field(discriminator="kind")),
        "split": Split,
        "dbn": DBN,
        "oversample": oversample,
        "device": (Literal["auto", "cpu", "cuda"], "auto"),
    },
)
SOURCE = "source:\n  kind: sample\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def to(text: str, name: str = "bad.yaml") -> str:
        Path(name).write_text(text, encoding="utf-8")
        return name

    return to


def problems(path, overrides=(), model=Run) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(path, list(overrides), model)
    return str(raised.value).splitlines()


def test_every_problem_is_told_at_once_with_its_place(write):
    path = write(SOURCE + "dbn:\n  cdk: 3\n  lr: fast\n  layers: [64, wide]\ndevice: gpu\n")
    assert problems(path, ["oversample.method=smote", "split.test=1.5"]) == [
        "bad.yaml:4: dbn.cdk: unknown key, did you mean 'cd_k'? (allowed: 'layers', 'cd_k', 'lr')",
        "bad.yaml:5: dbn.lr should be a number, got 'fast'",
        "bad.yaml:6: dbn.layers.1 should be an integer, got 'wide'",
        "bad.yaml:7: device should be 'auto', 'cpu' or 'cuda', got 'gpu'",
        "command line 'oversample.method=smote': oversample.method should be 'random' or 'none', "
        "got 'smote'",
        "command line 'split.test=1.5': split.test should be below 1, got 1.5",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ":1: the file is empty, not a mapping of keys like 'source', 'split'"),
        ("- a\n- b\n", ":1: the file is a list, not a mapping"),
        ("just words", ":1: the file is a text, not a mapping"),
        ("a: 1\n\tb: 2\n", ":2: a tab; YAML is indented with spaces"),
        ("a: [1, 2\nb: 3\n", ":2: not valid YAML"),
        ("a:\n  b: 1\n c: 2\n", ":3: not valid YAML: this line is indented unlike its neighbours"),
        ("a: 1\n---\nb: 2\n", ":2: not valid YAML: but found another document"),
        (
            SOURCE + "split: !!python/name:os.system x\n",
            ":3: the tag !!python/name:os.system is not allowed",
        ),
        (SOURCE + "? [a, b]\n: 1\n", ":3: a key must be a word"),
        (SOURCE + "split: &x {test: *x}\n", ":3: an alias holds itself"),
        (SOURCE + "device: cpu\ndevice: cuda\n", ":4: 'device' is given twice, first on line 3"),
        ("device: cpu\n", ":1: source: required, but not given"),
        ("source:\n  path: a.csv\n", ":1: source"),
        ("source:\n  kind: csv\n", ":1: source.path: required, but not given"),
        ("source:\n  kind: cvs\n", ":1: source should be a section with 'kind' 'csv' or 'sample'"),
        (
            "source:\n  kind: csv\n  path: a\n  kinds: {age: nubmer}\n",
            ":4: source.kinds.age should be 'number', 'category' or 'drop', got 'nubmer'",
        ),
        (
            "source: {kind: sample, path: a.csv}\n",
            ":1: source.path: unknown key, allowed are 'kind', 'rows'",
        ),
        (SOURCE + "  rows: 0\n", ":3: source.rows should be at least 1, got 0"),
        (SOURCE + "  rows: 1.5\n", ":3: source.rows should be an integer, got 1.5"),
        (SOURCE + "  rows: true\n", ":3: source.rows should be an integer, got true"),
        (SOURCE + "  rows: '7'\n", ":3: source.rows should be an integer, got '7'"),
        (SOURCE + "  rows:\n", ":3: source.rows should be an integer, got null"),
        (SOURCE + "split: 3\n", ":3: split should be a section of keys and values, got 3"),
        (SOURCE + "split: {test: 0.95}\n", ":3: split: leaves too few training rows"),
        (SOURCE + "split: {cutoff: soon}\n", ":3: split.cutoff should be a date"),
        (
            SOURCE + "oversample: {ratio: much}\n",
            ":3: oversample.ratio should be a number or 'auto', got 'much'",
        ),
        (SOURCE + "dbn: {layers: 64}\n", ":3: dbn.layers should be a list, got 64"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(write, text, expected):
    lines = problems(write(text))
    assert len(lines) == 1
    assert lines[0].startswith("bad.yaml" + expected)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("split.test", "an override is written key.subkey=value"),
        ("=3", "an override is written key.subkey=value"),
        ("dbn..lr=3", "an override is written key.subkey=value"),
        ("device.name=x", "device is 'cpu' in the file, not a section with a key 'name'"),
        ("dbn.layers.2=9", "dbn.layers is a list of 2 values, so it has no '2'"),
        ("dbn.layers=[1", "the value is not valid YAML"),
        ("dbn.layers.0=x", "dbn.layers.0 should be an integer, got 'x'"),
        ("dnb.lr=1", "dnb: unknown key, did you mean 'dbn'?"),
        ("split.tset=1", "split.tset: unknown key, did you mean 'test'?"),
        ("split=[]", "split should be a section of keys and values, got []"),
    ],
)
def test_a_mistake_in_an_override_names_the_override(write, override, expected):
    path = write(SOURCE + "device: cpu\ndbn: {layers: [5, 6]}\n")
    (line,) = problems(path, [override])
    assert line.startswith(f"command line {override!r}: {expected}")


def test_files_that_cannot_be_read_are_named(write, tmp_path):
    write(SOURCE, "tv.yaml")
    assert problems("tvv.yaml") == ["tvv.yaml: no such config file (there is 'tv.yaml')"]
    Path("latin.yaml").write_bytes("name: Zürich".encode("latin-1"))
    assert problems("latin.yaml") == ["latin.yaml: not UTF-8 text (byte 8)"]
    assert problems(tmp_path) == [f"{tmp_path}: cannot be read: Is a directory"]
    Path("bell.yaml").write_text("a: 1\nb: \x07\n")
    assert problems("bell.yaml") == ["bell.yaml:2: character '\\x07' is not allowed in YAML"]


def test_overrides_win_in_order_and_reach_lists_and_missing_sections(write):
    path = write(SOURCE + "dbn: {layers: [5, 6]}\nsplit:\n")
    config = read(
        path,
        ["dbn.layers.1=7", "split.test=0.3", "oversample.ratio=auto", "device=cpu", "device=cuda"],
        Run,
    )
    assert config.dbn.layers == (5, 7)
    assert (config.split.test, config.oversample.ratio, config.device) == (0.3, "auto", "cuda")
    whole = read(path, ["split={}", "source={kind: csv, path: x=y.csv}"], Run)
    assert whole.source == Csv(path=Path("x=y.csv"))


def test_an_override_replaces_the_places_of_what_it_replaced(write):
    path = write(SOURCE + "dbn:\n  layers: [a]\n")
    (line,) = problems(path, ["dbn={lr: x}"])
    assert line.startswith("command line 'dbn={lr: x}': dbn.lr should be a number")


@pytest.mark.parametrize(
    "text",
    [
        SOURCE,
        SOURCE + "  rows: 1_000\ndbn: {layers: [], lr: 1e-3}\nsplit: {cutoff: 2024-08-01}\n",
        "source: {kind: csv, path: 'ü #1.csv', label_yes: no, kinds: {2024: number, on: drop}}\n",
        "source: {kind: csv, path: 'a: b', label_yes: '1e3', kinds: {'': drop, '~': drop}}\n",
        'source: {kind: csv, path: x, label_yes: "two\\nlines "}\n',
        SOURCE + "dbn: {lr: .inf}\n",
    ],
)
def test_a_dumped_config_reads_back_equal(write, text):
    config = read(write(text), [], Run)
    again = read(write(dump(config), "again.yaml"), [], Run)
    assert again == config
    assert dump(again) == dump(config)


def test_words_mean_what_they_look_like(write):
    config = read(
        write("source: {kind: csv, path: x, label_yes: no, kinds: {yes: drop, 1: number}}\n"),
        [],
        Run,
    )
    assert config.source.label_yes == "no"
    assert config.source.kinds == {"yes": "drop", "1": "number"}


def test_aliases_share_a_section(write):
    class Two(Section):
        a: Split
        b: Split

    config = read(write("a: &s {test: 0.4}\nb: *s\n"), [], Two)
    assert config.b.test == 0.4


def test_a_union_complains_about_the_member_that_was_meant(write):
    class Sizes(Section):
        sizes: tuple[int, ...] | Literal["auto"] | Split

    assert problems(write("sizes: [1, x]"), [], Sizes) == [
        "bad.yaml:1: sizes.1 should be an integer, got 'x'"
    ]
    assert problems(write("sizes: many"), [], Sizes) == [
        "bad.yaml:1: sizes should be a list or 'auto' or a section of keys and values, got 'many'"
    ]


def test_the_schema_tells_editors_keys_values_bounds_and_descriptions():
    schema = json_schema(Run)
    dbn = schema["$defs"]["DBN"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["source"]
    assert dbn["properties"]["layers"]["description"] == "Hidden units of every machine."
    assert dbn["properties"]["cd_k"]["default"] == 1
    assert dbn["description"] == "The machine."
    assert schema["properties"]["device"]["enum"] == ["auto", "cpu", "cuda"]
    assert schema["$defs"]["Split"]["properties"]["test"]["exclusiveMaximum"] == 1


def test_a_validated_config_cannot_be_changed(write):
    config = read(write(SOURCE), [], Run)
    with pytest.raises(ValueError, match="frozen"):
        config.device = "cpu"


class Trees:
    """Trees whose parameters once had other names."""

    renamed_parameters: ClassVar[Mapping[str, str]] = {"rate": "learning_rate", "trees": "n_trees"}

    def __init__(self, *, n_trees: int = 100, learning_rate: float = 0.1):
        self.n_trees, self.learning_rate = n_trees, learning_rate


class Limits(Section):
    renamed: ClassVar[Mapping[str, str]] = {"cap": "largest", "margin": "bounds.low"}
    largest: int = 10


Renamed = model_from_signatures("Renamed", {"trees": Trees, "limits": Limits})


def test_a_former_key_is_refused_with_its_place_and_what_replaces_it(write):
    path = write("trees:\n  n_trees: 5\n  rate: 0.3\nlimits:\n  cap: 3\n  margin: 1\n")
    assert problems(path, ["trees.trees=7"], Renamed) == [
        "bad.yaml:3: trees.rate: renamed to trees.learning_rate",
        "bad.yaml:5: limits.cap: renamed to limits.largest",
        "bad.yaml:6: limits.margin: renamed to limits.bounds.low",
        "command line 'trees.trees=7': trees.trees: renamed to trees.n_trees",
    ]


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("trees:\n  learning_rate: 0.2\n  rate: 0.3\n", []),
        ("trees:\n  rate: 0.3\n", ["trees.learning_rate=0.2"]),
        ("trees:\n  learning_rate: 0.2\n", ["trees.rate=0.3"]),
    ],
)
def test_a_value_for_the_new_key_does_not_hide_the_former_one(write, text, overrides):
    (line,) = problems(write(text), overrides, Renamed)
    where = "command line 'trees.rate=0.3'" if overrides == ["trees.rate=0.3"] else "bad.yaml:"
    assert line.startswith(where)
    assert line.endswith("trees.rate: renamed to trees.learning_rate")


def test_a_wrong_value_and_a_former_key_are_both_refused(write):
    lines = problems(write("limits:\n  largest: many\n  cap: 3\n"), [], Renamed)
    assert lines == [
        "bad.yaml:2: limits.largest should be an integer, got 'many'",
        "bad.yaml:3: limits.cap: renamed to limits.largest",
    ]


SECRET = "geheim"


@pytest.mark.parametrize(
    "value",
    [
        f"postgresql://me:{SECRET}@db/crm",
        f"postgresql://me:a@{SECRET}/b[c@db",
        f"host=db user=me password={SECRET}",
        f"SELECT * FROM dblink('host=db password={SECRET}', 'SELECT 1')",
    ],
)
def test_a_password_is_refused_and_shown_nowhere(write, value):
    """Wherever it stands: a config is copied into runs, models and reports."""
    for path, overrides in (
        (write(f"{SOURCE}note: {value!r}\n"), []),
        (write(f"{SOURCE}dbn: {{layers: [{json.dumps(value)}]}}\n", "layers.yaml"), []),
        (write(SOURCE, "good.yaml"), [f"device={json.dumps(value)}"]),
        (write(SOURCE, "good.yaml"), [f"dbn.layers=[{json.dumps(value)}]"]),
    ):
        with pytest.raises(ConfigError, match="seems to hold a password") as refused:
            read(path, overrides, Run)
        assert SECRET not in str(refused.value)
    with pytest.raises(ConfigError, match="variant: device seems to hold a password") as refused:
        changed(read("good.yaml", [], Run), {"device": value}, "variant")
    assert SECRET not in str(refused.value)
