"""Nothing is lost: every call of the system fails once, or ends the process, and all is whole."""

import ast
import re
from pathlib import Path

import pytest

import dbnchurn
from tests.fault_scenarios import SCENARIOS
from tests.faults import Faults

PACKAGE = Path(dbnchurn.__file__).parent
# The only modules that rename, sync and lock.
SEAM = {"core/files.py", "core/file_sets.py", "core/locks.py", "core/scratch.py"}
RESERVED = {
    ("os", "replace"), ("os", "rename"), ("os", "renames"), ("os", "fsync"), ("os", "link"),
    ("shutil", "move"), ("fcntl", "flock"), ("tempfile", "mkdtemp"),
    ("tempfile", "TemporaryDirectory"), ("tempfile", "NamedTemporaryFile"),
}  # fmt: skip
WRITING = {"write_text", "write_bytes", "to_parquet", "write_table", "ParquetWriter", "savefig"}
INSIDE = {"atomic_write", "atomic_folder", "ScratchFolder"}
# Functions that write to a path which their callers have made for them, and what it is.
GIVEN = {
    "tables/writing.py": "the unfinished file of atomic_write",
    "data/contracts.py": "the quarantine in the unfinished folder of a build",
    "data/simulate/write.py": "the unfinished folder of a simulation",
    "runs/offers.py": "the unfinished folder of a search",
    "runs/segments.py": "the unfinished folder of a search",
    "tables/chunks.py": "a hash",
    "core/html/figure.py": "a buffer in memory",
    "campaign/log.py": "the unfinished file of atomic_write",
    "data/build.py": "the unfinished folder of a build",
    "tables/output_files.py": "the unfinished files of atomic_write, in one ExitStack",
    "runs/learned_rows.py": "the unfinished folder of a run",
    "spark/exchange.py": "a buffer in memory",
    "cli/page_recomputation.py": "a scratch folder for temporary files",
    "spark/features.py": "the quarantine in the unfinished folder of a build",
}


def calls(tree):
    """Every call of a module, and whether it is in the block of something that appears whole."""

    found = []

    def walk(node, inside):
        if isinstance(node, ast.With):
            text = " ".join(map(ast.unparse, node.items))
            inside = inside or any(name in text for name in INSIDE)
        if isinstance(node, ast.Call):
            found.append((node, inside))
        for child in ast.iter_child_nodes(node):
            walk(child, inside)

    walk(tree, False)
    return found


@pytest.fixture(scope="module")
def package():
    """Every call of every module that has one of the names, by the name of its file."""
    named = re.compile("|".join([*WRITING, *(name for _, name in RESERVED), r"\bopen\("]))
    texts = {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*.py")
    }
    return {name: calls(ast.parse(text)) for name, text in texts.items() if named.search(text)}


def test_renaming_syncing_and_locking_is_done_in_one_place(package):
    attributes = {attribute for _, attribute in RESERVED}
    found = {
        (name, ast.unparse(node.func))
        for name, called in package.items()
        if name not in SEAM
        for node, _ in called
        if isinstance(node.func, ast.Attribute)
        and node.func.attr in attributes
        and (ast.unparse(node.func.value), node.func.attr) in RESERVED
    }
    assert found == set()


def test_nothing_is_written_under_its_final_name(package):
    found = set()
    for name, called in package.items():
        for node, inside in called:
            what = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            what = node.func.id if isinstance(node.func, ast.Name) else what
            modes = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            opened = what == "open" and any(str(m)[:1] in "wax" for m in modes if m)
            if (what in WRITING or opened) and not inside:
                found.add((name, what))
    assert {name for name, _ in found} - set(GIVEN) - SEAM == {"cli/interruption.py"}  # devnull


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """``faults(most)``: the scenarios; of one point, only what those of a model alone read."""
    made = {}

    def of(most):
        if most not in made:
            folder = tmp_path_factory.mktemp("faults") / "all"
            made[most] = Faults(folder, SCENARIOS if most > 1 else [NAMES["save"]])
        return made[most]

    return of


NAMES = {scenario.name: scenario for scenario in SCENARIOS}
MOST = pytest.mark.parametrize(
    ("name", "most"),
    [
        ("save", 1),
        *(pytest.param(name, 4, marks=pytest.mark.long) for name in NAMES),
    ],
)


@pytest.mark.slow
@MOST
def test_what_fails_once_leaves_the_old_or_the_new(faults, name, most):
    scenario, faults = NAMES[name], faults(most)
    faults.learn(scenario)
    points = list(faults.points(scenario, most))
    assert len(points) >= 30
    wrong = {}
    for point in points:
        if found := faults.outcome(scenario, point).faults:
            wrong[str(point)] = found
    assert wrong == {}
