"""Makes a page again by the command that it names, aside, and compares both number by number."""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import typer

from dbnchurn.cli.command_line import app_of
from dbnchurn.cli.exit_codes import ExitCode
from dbnchurn.core.errors import ConfigError, listed
from dbnchurn.core.html.format import counted
from dbnchurn.core.html.page_content import PageContent, page_differences
from dbnchurn.core.made_by import (
    CHANGED,
    RUN,
    Command,
    Entries,
    Input,
    digest_of,
    entries_of,
    input_of,
    inputs_of,
    running,
)
from dbnchurn.core.provenance import versions
from dbnchurn.core.scratch import ScratchFolder

WRITTEN: Mapping[str, Sequence[str]] = {
    "plan": ["output"],
    "allocate": ["output", "page", "facts"],
    "lift": ["output"],
    "forecast": ["output", "page", "facts"],
    "values": ["output", "page", "facts"],
    "keyusers": ["output", "page", "facts", "measures"],
    "assign": ["output", "page"],
    "portrait": ["page", "personas", "profiles"],
    "monitor": ["output"],
    "inspect": ["html"],
    "compare": ["output"],
    "prepare": ["output"],
    "segments": [],
    "personas": [],
    "offers": [],
}
"""Verbs whose pages are made again, and the parameters that name what they write."""
OF_CONFIG = ("segments", "personas", "offers")
"""Verbs whose config says where they write."""
_PREPARED = "for the quality of the data run 'dbnchurn prepare' on the config"
OTHERWISE = {
    "experiment": "for a comparison run 'dbnchurn compare' on the folder of the experiment",
    "train": _PREPARED,
    "retrain": _PREPARED,
}
"""Verbs that train, and how the numbers of their pages are made again."""
APPENDED: Mapping[str, Sequence[str]] = {"allocate": ["log"], "lift": ["history", "month"]}
"""Verbs that add to logs and histories, and the parameters that say so, which are left out."""
STOPPED = (ExitCode.INTERRUPTED, ExitCode.TERMINATED, ExitCode.OUTPUT_CLOSED)


@dataclass(frozen=True)
class RecomputedPage:
    """What came of a page that was made again.

    Parameters
    ----------
    words : str
        The command.
    numbers, pictures : int
        How many the page has.
    differences : list of str
        One line each.
    notes : list of str
        What was left out, and what else may be the cause of differences.
    """

    words: str
    numbers: int
    pictures: int
    differences: list[str]
    notes: list[str]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def to_text(self) -> str:
        """A line for each note and difference, and one with the counts."""
        what = f"{counted(self.numbers, 'number')} and {counted(self.pictures, 'drawing')}"
        count = f"{what} made again by '{self.words}'"
        found = counted(len(self.differences), "difference") if self.differences else "the same"
        return "\n".join([*self.notes, *self.differences, f"{count}: {found}"])


def recompute_page(page: Path) -> RecomputedPage:
    """Make a page again, and compare.

    The command runs in this folder, with all that it writes in a scratch folder.

    Parameters
    ----------
    page : Path

    Returns
    -------
    RecomputedPage

    Raises
    ------
    ConfigError
        If the page cannot be made again: it names no command, or an input is not what it was.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{page}: not UTF-8 text (byte {error.start + 1})") from None
    content = PageContent.of(text)
    words = _words(page, content)
    said = content.made_by or {}
    inputs = inputs_of(said)
    entries = entries_of(said)
    notes = _notes(said, entries)
    notes += [
        f"{place} was added to since: its entries are read as they were"
        for place in entries
        if place in inputs and input_of(place) != inputs[place]
    ]
    others = {path: one for path, one in inputs.items() if path not in entries}
    with ScratchFolder() as scratch:
        stand_ins = _stand_ins(page, others, scratch, grows=words[0] in APPENDED)
        notes += [f"{path} was added to since: its first rows are read" for path in stand_ins]
        command = Command(words, stand_ins, entries)
        notes += _run(command, scratch)
        if changed := sorted(stand_ins.keys() - command.stood_in):
            raise ConfigError(_cannot(page, [_other_bytes(path) for path in changed]))
        again = _of_number(scratch, said.get("page"))
        if again is None:
            raise ConfigError(
                f"{page}: 'dbnchurn {shlex.join(words)}' makes no such page any more; make the "
                "page anew"
            )
        for path, stand_in in stand_ins.items():
            again = again.replace(str(stand_in), path)
    made = PageContent.of(again)
    return RecomputedPage(
        f"dbnchurn {shlex.join(words)}",
        content.numbers,
        content.pictures,
        page_differences(content, made),
        notes,
    )


def is_report(page: Path) -> bool:
    """Whether a file is the report of a run, which is made of the files of its folder."""
    return page.is_file() and PageContent.of(page.read_text("utf-8", "replace")).made_by == RUN


def _words(page: Path, content: PageContent) -> list[str]:
    """The command of a page."""
    if content.made_by is None:
        raise ConfigError(
            f"{page}: the page does not say what made it: it is no page of dbnchurn, or of a "
            "version before this was written into pages; make it anew"
        )
    words = content.made_by.get("command")
    if not isinstance(words, list) or not words:
        raise ConfigError(
            f"{page}: the page names no command: it was made from Python, or by words that seemed "
            "to hold a password; make it anew by a command, or run that program again"
        )
    typed = [str(word) for word in words]
    verb = next((word for word in typed if not word.startswith("-")), "")
    if verb not in WRITTEN:
        raise ConfigError(
            f"{page}: it was made by 'dbnchurn {shlex.join(typed)}', which is not run again for a "
            f"page; {OTHERWISE.get(verb, 'run it again yourself')}"
        )
    return typed[typed.index(verb) :]


def _notes(said: Mapping[str, object], entries: Entries) -> list[str]:
    """What may be the cause of differences, though no file has changed."""
    notes = []
    before, now = str(said.get("dbnchurn")), versions().get("dbnchurn", "unknown")
    if before != now:
        notes.append(f"the page was made by dbnchurn {before}, this is {now}")
    told = said.get("databases")
    read = map(str, told) if isinstance(told, list) else ()
    databases = [name for name in read if f"postgresql:{name}" not in entries]
    if databases:
        notes.append(
            f"tables of the database {listed(databases)} are read as they are now: "
            "whether they changed is not known"
        )
    return notes


def _stand_ins(
    page: Path, inputs: Mapping[str, Input], scratch: Path, *, grows: bool
) -> dict[str, Path]:
    """Files to read in the place of logs that grew; refuses inputs that are not what they were."""
    made: dict[str, Path] = {}
    wrong = []
    for number, (path, before) in enumerate(inputs.items()):
        place = Path(path)
        if before.digest == CHANGED:
            wrong.append(f"{path} changed while the page was made")
        elif not place.exists() and "*" not in path:
            wrong.append(f"{path} is gone")
        elif input_of(path) == before:
            continue
        elif grows and place.suffix == ".csv" and _grew(place, before):
            made[path] = scratch / f"input-{number}" / place.name
            made[path].parent.mkdir()
            with place.open("rb") as whole:
                made[path].write_bytes(whole.read(before.size))
        elif grows and place.suffix == ".parquet":
            wrong.append(f"{_other_bytes(path)} (a log that grew is cut only as .csv)")
        else:
            wrong.append(_other_bytes(path))
    if wrong:
        raise ConfigError(_cannot(page, wrong))
    return made


def _other_bytes(path: str) -> str:
    return f"{path} has other bytes than when the page was made"


def _cannot(page: Path, wrong: Sequence[str]) -> str:
    """The message about inputs that are not what they were."""
    where = f" (looked in {Path.cwd()})" if any(one.endswith("is gone") for one in wrong) else ""
    return (
        f"{page}: {'; '.join(wrong)}{where}: its numbers cannot be the same; restore the inputs, "
        "or make the page anew"
    )


def _grew(place: Path, before: Input) -> bool:
    """Whether a file is what it was, and further lines."""
    return place.stat().st_size > before.size > 0 and (
        digest_of(place, before.size) == before.digest
    )


def _run(command: Command, scratch: Path) -> list[str]:
    """Run a command with its outputs in a folder; what was left out."""
    verb, *arguments = command.words
    app = cast(Any, typer.main.get_command(app_of([verb])))  # its type is click's own
    of_verb = app.commands[verb]
    try:
        with redirect_stdout(io.StringIO()):
            context = of_verb.make_context(verb, arguments)
    except typer.Exit:  # --help
        raise ConfigError(f"'dbnchurn {shlex.join(command.words)}' makes no page") from None
    left_out = _redirect(verb, context.params, scratch)
    with running(command), redirect_stdout(io.StringIO()), context:
        try:
            of_verb.invoke(context)
        except typer.Exit as end:
            if end.exit_code in STOPPED:  # other codes are the result of a verb
                raise
    if not left_out:
        return []
    return [f"left out, so that nothing is added to a file: {', '.join(left_out)}"]


def _redirect(verb: str, given: dict[str, Any], scratch: Path) -> list[str]:
    """Put the outputs of a verb into a folder; the options that are left out."""
    for number, name in enumerate(WRITTEN[verb]):
        if (path := given.get(name)) is not None:
            folder = scratch / f"output-{number}"
            folder.mkdir()
            aside = folder / (Path(path).name or "made")
            given[name] = aside if isinstance(path, Path) else str(aside)
    if verb in OF_CONFIG:
        given["overrides"] = [*(given.get("overrides") or ()), f"output={scratch / 'output'}"]
    left_out = [name for name in APPENDED.get(verb, ()) if given.get(name) is not None]
    given.update(dict.fromkeys(left_out))
    return [f"--{name}" for name in left_out]


def _of_number(scratch: Path, number: object) -> str | None:
    """The page of that number among those that the command made."""
    if not isinstance(number, int):
        return None
    for above, _, names in os.walk(scratch):
        for name in sorted(names):
            if name.lower().endswith(".html"):
                text = Path(above, name).read_text(encoding="utf-8")
                if (PageContent.of(text).made_by or {}).get("page") == number:
                    return text
    return None
