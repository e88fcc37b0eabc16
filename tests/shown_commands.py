"""Commands that pages show: whether what they call and the options they give exist."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typer

from dbnchurn.cli import app

ROOT = Path(__file__).parents[1]
STARTS = re.compile(r"^(\.venv/bin/)?(dbnchurn|python|make|pip) |^scripts/\w+\.py\b")


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a shell block: as written, and in one line without comment and ``.venv``."""
    for written in re.findall(r"(?:.*\\\n)*.*\n?", text):
        plain = re.sub(r"\\\n\s*", "", written).strip()
        plain = re.sub(r"(^|\s)#.*$", "", plain).strip().removeprefix(".venv/bin/")
        yield written, plain


def wrong(command: str) -> str | None:
    """What does not exist of a command that is shown; None if all of it does."""
    words = shlex.split(command.replace("…", ""), comments=True)
    words[0] = words[0].removeprefix(".venv/bin/")
    options = {word.partition("=")[0] for word in words if word.startswith("--")} - {"--help"}
    match words:
        case ["make", *rest]:
            targets = [word for word in rest if "=" not in word]
            return missing("target", targets, make_targets())
        case ["dbnchurn", name, *_] if not name.startswith("-"):
            return missing("command", [name], set(options_of())) or missing(
                "option", options, options_of()[name]
            )
        case ["dbnchurn", *_]:
            return None
        case ["python", "-m", "pytest", *paths]:
            places = [word.partition("::")[0] for word in paths if "/" in word]
            return next((f"no {place}" for place in places if not (ROOT / place).exists()), None)
        case ["python", script, *_] | [script, *_] if script.endswith(".py"):
            if not (ROOT / script).is_file():
                return f"no {script}"
            return missing("option", options, options_in(ROOT / script))
        case ["pip", "install", *wanted]:
            named = [extra for word in wanted for extra in re.findall(r"dbnchurn\[(\w+)\]", word)]
            return missing("extra", named, extras())
    return "nobody knows how to check this command"


def missing(kind: str, wanted: set[str] | list[str], known: set[str]) -> str | None:
    """The first of `wanted` that is not known, in words."""
    return next((f"no {kind} {name}" for name in sorted(wanted) if name not in known), None)


@cache
def options_of() -> dict[str, set[str]]:
    """Options of every command of ``dbnchurn``."""
    group = typer.main.get_command(app)
    return {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in group.commands.items()
    }


@cache
def options_in(script: Path) -> set[str]:
    """Options that a script reads: texts with two dashes in it and in what lies beside it."""
    text = script.read_text(encoding="utf-8")
    if passed_on := re.search(r'main\(\["(\w+)"', text):
        return options_of()[passed_on[1]]
    tree = ast.parse(text)
    found = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("--")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            beside = script.parent / f"{node.module}.py"
            found |= options_in(beside) if beside.is_file() else set()
    return found


@cache
def make_targets() -> set[str]:
    """Targets of the Makefile."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


@cache
def extras() -> set[str]:
    """Optional dependencies of the package."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    return set(re.findall(r"^(\w+) = \[", section, re.M))
