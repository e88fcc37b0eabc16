"""What README and docs show works: blocks run, commands and options exist, links lead somewhere.

All blocks of a page run in their order in one folder that looks like the root of a clone: Python in
one namespace, shell with ``bash -euo pipefail``. YAML is written where its first line says, or is a
part of a config and is held against the schema. JSON is parsed; text is neither run nor read.

Commands are those that a page shows, word by word. In ``make test`` they run in processes that need
not import anything, those that train are told behind them to train less where they do not say how
much, ``fit`` of a classifier likewise, and only one page has a report with its pictures;
``make test-long`` runs them as they stand.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from sklearn.base import clone

import dbnchurn
from dbnchurn import ChurnClassifier
from dbnchurn.campaign.config import read_campaign_config
from dbnchurn.core.errors import ConfigError
from dbnchurn.forecast.config import read_forecast_config
from dbnchurn.graph.config import read_graph_config
from dbnchurn.runs import read_config
from dbnchurn.runs.offers_config import read_offers_config
from dbnchurn.runs.segments_config import read_segments_config
from tests.command_server import MORE, UNDRAWN, offered, read_sample_once
from tests.java import JAVA_OPTIONS, has_java
from tests.pages import Block, Page, read
from tests.shown_commands import ROOT, STARTS, commands, wrong

FILES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = {str(file.relative_to(ROOT)): read(file) for file in FILES}
LANGUAGES = {"python", "bash", "yaml", "json", "text"}
WITH_BLOCKS = [name for name, page in PAGES.items() if {b.language for b in page.blocks} - {"text"}]

# Commands that are shown but not run, by page and beginning, and why; that script and options exist
# is looked at all the same.
LONG = {
    "*": {
        "make": "installs from a package index, or runs everything",
        "pip install": "installs from a package index",
        "python scripts/benchmark_": "measures for minutes",
        "python scripts/check_interruption.py": "trains twenty times",
    },
    "docs/months.md": {"python scripts/draw_year.py": "lives through a year for four minutes"},
    "docs/personas.md": {
        "dbnchurn personas": "needs IBM's sample tables, which are not in the repository",
        "dbnchurn assign": "needs the personas of the command before",
    },
    "docs/scale.md": {"dbnchurn train --resume": "needs a run that was interrupted"},
    "docs/segments.md": {"dbnchurn segments": "searches a bank's 37,931 calls, 20 times shuffled"},
}
# What trains less in ``make test``.
LESS = (
    "classifier.leaves.folds=2", "classifier.leaves.n_trees=20",
    "classifier.network.dbn.epochs=1", "classifier.network.dbn.layers=[16, 8]",
    "classifier.network.finetune.epochs=2", "classifier.network.finetune.batch_size=256",
    "classifier.companion.dbn.layers=[16]", "classifier.companion.finetune.epochs=2",
    "classifier.companion.finetune.batch_size=256", "classifier.linear.C=[0.05]",
    "classifier.extra_trees.n_trees=5", "classifier.refit=false", "resamples=50",
)  # fmt: skip
SMALLER = {
    "leaves": {"folds": 2, "n_trees": 20},
    "network": {"dbn__epochs": 1, "dbn__layers": (16, 8), "finetune__epochs": 2},
    "companion": {"dbn__layers": (16,), "finetune__epochs": 2},
    "linear": {"C": (0.05,)},
    "extra_trees": {"n_trees": 5},
}
# In a block that stops a run after its first booster: it may not end before the signal comes.
INTERRUPTS = "kill -INT"
WITH_REPORT = "README.md"  # the page and its pictures, which take longer than all the rest
# Packages of extras: a block of Python that names one that is not installed is passed over.
EXTRAS = ("pyspark", "mlflow", "onnxruntime")


def copy_of_repository(folder: Path) -> None:
    """What pages use of the root of a clone; they may write into it."""
    for name in ("configs", "scripts"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("README.md", "Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)


def from_repository() -> bool:
    """Whether the package that is tested is the one beside the tests, not an installed one."""
    return Path(dbnchurn.__file__).parents[1] == ROOT


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a page, in which this process and its children are."""
    copy_of_repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    binaries = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{binaries}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("JDK_JAVA_OPTIONS", JAVA_OPTIONS)
    if from_repository():
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("OMP_NUM_THREADS", "DBNCHURN_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, "true")
    return tmp_path


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """The folder with a program ``dbnchurn`` that is at work at once."""
    with offered() as folder:
        yield folder


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_the_blocks_of_a_page_run(
    name: str, place: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shells(PAGES[name]):
        server = request.getfixturevalue("server")
        monkeypatch.setenv("PATH", f"{server}{os.pathsep}{os.environ['PATH']}")
    drawn = () if name == WITH_REPORT else ("report.page=false",)
    monkeypatch.setenv(MORE, "\n".join([*LESS, *drawn]))
    if name != WITH_REPORT:
        monkeypatch.setenv(UNDRAWN, "1")
    train_less(monkeypatch)
    with suppress(ModuleNotFoundError):  # of the extra train
        read_sample_once(monkeypatch.setattr)
    run_page(name, place)


def train_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the classifiers of a page are told, they have few trees and epochs."""
    fit = ChurnClassifier.fit

    def less(model: ChurnClassifier, *args: object, **more: object) -> ChurnClassifier:
        for name, small in SMALLER.items():
            stage = getattr(model, name) or model.default_stages[name]
            model.set_params(**{name: clone(stage).set_params(**small)})
        return fit(model, *args, **more)

    monkeypatch.setattr(ChurnClassifier, "fit", less)


TRAINS = [
    name
    for name, page in PAGES.items()
    if any("dbnchurn train" in b.text for b in page.blocks if b.language == "bash")
]


@pytest.mark.long
@pytest.mark.parametrize("name", TRAINS)
def test_the_blocks_of_a_page_run_as_they_stand(name: str, place: Path) -> None:
    run_page(name, place)


def run_page(name: str, place: Path) -> None:
    """Run all blocks of a page in the folder."""
    page, names = PAGES[name], {"__name__": "__main__"}
    if prepare := PREPARED.get(name):
        prepare(place)
    for block in page.blocks:
        if block.language == "python" and not lacks(block):
            exec(compile("\n" * (block.line - 1) + block.text, name, "exec"), names)
        elif block.language == "bash":
            run_shell(block, name)
        elif block.language == "yaml":
            write_or_check(block, place)
        elif block.language == "json":
            json.loads(block.text)


def lacks(block: Block) -> bool:
    """Whether this machine has not what the block needs: an extra, or Java for Spark."""
    named = [extra for extra in EXTRAS if extra in block.text]
    no_java = "pyspark" in named and not has_java()
    return no_java or any(find_spec(extra) is None for extra in named)


def run_shell(block: Block, name: str) -> None:
    """Runs all commands of a block but the long ones."""
    script = "".join(written for written, plain in commands(block.text) if not is_long(plain, name))
    if not script.strip():
        return
    line = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(
        line, env=variables_of(script), capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        where = f"{name}:{block.line}: exit code {done.returncode}"
        pytest.fail(f"{where}\n{script}\n{done.stdout}{done.stderr}")


def variables_of(script: str) -> dict[str, str]:
    """The environment of a shell block."""
    variables = dict(os.environ)
    if INTERRUPTS in script and MORE in variables:
        less = variables[MORE].splitlines()
        variables[MORE] = "\n".join(change for change in less if "extra_trees" not in change)
    return variables


def is_long(command: str, name: str) -> bool:
    """Whether a command is one of those of a page that are not run."""
    return command.startswith((*LONG["*"], *LONG.get(name, ())))


def write_or_check(block: Block, place: Path) -> None:
    """Writes the file that the first line names, and holds configs against their schema."""
    named = re.match(r"# ([\w./-]+\.ya?ml)\b", block.text)
    if named is None:
        check_config(block.text, place / "fragment.yaml")
        return
    file = (place / named[1]).resolve()
    assert file.is_relative_to(place)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(block.text, encoding="utf-8")
    if named[1].startswith("configs/"):
        check_config(block.text, file)


def check_config(text: str, file: Path) -> None:
    """Reads a config, or a part of one beside the least that a config has to say."""
    keys = set(yaml.safe_load(text))
    if keys & {"plan", "allocate", "lift"}:
        file.write_text(text, encoding="utf-8")
        read_campaign_config(file)
        return
    if keys >= {"calls", "caller"}:
        file.write_text(text, encoding="utf-8")
        read_graph_config(file)
        return
    if keys >= {"history", "month"}:
        file.write_text(text, encoding="utf-8")
        read_forecast_config(file)
        return
    if keys & {"purchases", "holdings"}:
        file.write_text(text, encoding="utf-8")
        read_offers_config(file)
        return
    for_segments = bool(keys & {"miner", "sweeps"})
    added = ""
    if not keys & {"source", "data"}:
        added += "source: {path: table.csv}\n"
    if not keys & {"columns", "data"}:
        added += "columns: {label: left}\n"
    file.write_text(added + text, encoding="utf-8")
    (read_segments_config if for_segments else read_config)(file)


def prepare_readme(folder: Path) -> None:
    """What its reader brings: a table, and next month's customers."""
    from tests.conftest import make_telco

    (folder / "data").mkdir()
    customers = make_telco().rename(columns={"customerID": "customer_id", "Churn": "churned"})
    customers.to_csv(folder / "data/customers.csv", index=False)
    customers.drop(columns="churned").to_csv(folder / "september.csv", index=False)


PREPARED: dict[str, Callable[[Path], None]] = {"README.md": prepare_readme}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_no_block_is_passed_over(page: Page) -> None:
    unknown = [(b.line, b.language) for b in page.blocks if b.language not in LANGUAGES]
    assert not unknown, f"{page.file}: fences without one of the languages {sorted(LANGUAGES)}"
    assert not page.indented, f"{page.file}: code that is only indented has no language"


def shells(page: Page) -> list[str]:
    """The commands of a page's shell blocks."""
    blocks = [block for block in page.blocks if block.language == "bash"]
    return [plain for block in blocks for _, plain in commands(block.text) if plain]


@pytest.mark.parametrize("name", PAGES)
def test_commands_that_are_shown_exist(name: str) -> None:
    shown = [command for command in shells(PAGES[name]) if is_long(command, name)]
    shown += [code for code in PAGES[name].codes if STARTS.match(code)]
    faults = {command: fault for command in shown if (fault := wrong(command))}
    assert not faults


def test_every_long_command_is_shown_somewhere() -> None:
    for where, starts in LONG.items():
        pages = PAGES.values() if where == "*" else [PAGES[where]]
        shown = [command for page in pages for command in shells(page)]
        assert not [start for start in starts if not any(c.startswith(start) for c in shown)]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_relative_links_and_pictures_lead_to_something(page: Page) -> None:
    dead = [link for link in page.links if not (page.file.parent / link).exists()]
    assert not dead
    pictures = [page.file.parent / link for link in page.links if link.endswith(".png")]
    assert all(picture.stat().st_size > 1000 for picture in pictures)


PUBLIC = [
    "dbnchurn",
    *(f"dbnchurn.{part}" for part in ("campaign", "config", "data", "dbn", "decide", "evaluate")),
    *(f"dbnchurn.{part}" for part in ("experiments", "exports", "features", "model")),
    "dbnchurn.forecast",
    "dbnchurn.offers",
    *(
        f"dbnchurn.{part}"
        for part in ("graph", "personas", "portraits", "predictor", "prepare", "runs", "scoring")
    ),
    "dbnchurn.segments",
    "dbnchurn.tables",
]


@pytest.mark.parametrize("package", PUBLIC)
def test_the_reference_has_every_public_name(package: str) -> None:
    pages = [page for name, page in PAGES.items() if name.startswith("docs/reference/")]
    lines = [line for page in pages for _, line in page.prose if line.startswith("::: ")]
    shown = [named(line.removeprefix("::: ")) for line in lines]
    module = import_module(package)
    public = set(module.__all__) - {"__version__"}
    assert not [name for name in public if not any(getattr(module, name) is it for it in shown)]


def named(path: str) -> object:
    """What a dotted path leads to: a module, or a name in one."""
    package, _, name = path.rpartition(".")
    try:
        return getattr(import_module(package), name)
    except AttributeError:
        return import_module(path)


FOLDERS = "campaign|cli|config|core|data|dbn|decide|evaluate|experiments|exports|features|model"
FOLDERS += "|forecast|graph|personas|portraits|predictor|prepare|report|runs|scoring|segments"
FOLDERS += "|offers|tables"
FOR_DEVELOPERS = ("docs/structure.md", "docs/contributing.md", "docs/method.md")


@pytest.mark.parametrize("name", FOR_DEVELOPERS)
def test_files_that_are_named_exist(name: str) -> None:
    files = [code for code in PAGES[name].codes if re.fullmatch(r"[\w./-]+/[\w.-]*", code)]
    files = [file for file in files if "NAME" not in file and file != "dist/"]
    places = [ROOT, Path(dbnchurn.__file__).parents[1], Path(dbnchurn.__file__).parent]
    assert len(files) > 10
    assert not [file for file in files if not any((place / file).exists() for place in places)]


def test_steps_of_the_walks_exist() -> None:
    codes = PAGES["docs/structure.md"].codes
    steps = [code for code in codes if re.fullmatch(rf"({FOLDERS})\.\w+\.[\w.]+", code)]
    assert len(steps) > 20
    for step in steps:
        package, module, *names = step.split(".")
        found = import_module(f"dbnchurn.{package}.{module}")
        for part in names:
            found = getattr(found, part)


def test_pages_are_taken_apart(tmp_path: Path) -> None:
    text = """A `dbnchurn train
configs/tv.yaml` and [a link](b.md#c), ![p](d.png), [e](https://f.g), [h](#i), `[k](l.md)`.

```python
x = 1
```

- item

    of a list

  ~~~bash title="t"
  ls
  ```
  ~~~

    code
"""
    (tmp_path / "page.md").write_text(text)
    page = read(tmp_path / "page.md")
    assert page.blocks == (Block("python", "x = 1\n", 5), Block("bash", "ls\n```\n", 13))
    assert page.codes == ["dbnchurn train configs/tv.yaml", "[k](l.md)"]
    assert page.links == ["b.md", "d.png"]
    (tmp_path / "page.md").write_text("text\n\n    code\n")
    assert read(tmp_path / "page.md").indented == [3]
    (tmp_path / "page.md").write_text("```\n")
    with pytest.raises(ValueError, match=r"page\.md:1: this fence is never closed"):
        read(tmp_path / "page.md")


@pytest.mark.parametrize("text", ["false\nls\n", "false | true\n", "echo $NONE\n"])
def test_a_failing_command_fails_the_page(text: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"page\.md:3: exit code 1"):
        run_shell(Block("bash", text, 3), "page.md")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("leakage: {alow: {}}\n", "alow"),
        ("# configs/mine.yaml\nsource: {path: a.csv}\ncolumns: {lable: b}\n", "lable"),
        ("miner: {bin: 3}\n", "bin"),
    ],
)
def test_a_config_with_a_mistake_fails_the_page(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        write_or_check(Block("yaml", text, 1), tmp_path)


def test_commands_are_taken_apart() -> None:
    text = ".venv/bin/dbnchurn train a.yaml \\\n  b=1  # why\n\n# only said\nls\n"
    found = list(commands(text))
    assert "".join(written for written, _ in found) == text
    assert [plain for _, plain in found if plain] == ["dbnchurn train a.yaml b=1", "ls"]


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("dbnchurn train configs/tv.yaml a.b=c", None),
        ("dbnchurn train --resum x", "no option --resum"),
        ("dbnchurn trane x", "no command trane"),
        ("dbnchurn --help", None),
        ("make PYTHON=python3.12 demo", None),
        ("make coffee", "no target coffee"),
        ("python scripts/none.py", "no scripts/none.py"),
        ("python scripts/score.py m i --output o --alarm 0.25", None),
        ("python scripts/score.py m i --outputs o", "no option --outputs"),
        ("scripts/benchmark_ablation.py --folds 2", None),
        ("scripts/benchmark_ablation.py --fold 2", "no option --fold"),
        ("pip install 'dbnchurn[spark]'", None),
        ("pip install 'dbnchurn[sparks]'", "no extra sparks"),
        ("python -m pytest tests/none", "no tests/none"),
        ("rm -rf x", "nobody knows how to check this command"),
    ],
)
def test_what_does_not_exist_is_told(command: str, fault: str | None) -> None:
    assert wrong(command) == fault
