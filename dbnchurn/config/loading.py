"""Read a config file with overrides, and write a config."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dbnchurn.config import yaml as yaml_text
from dbnchurn.config.messages import dotted, sentences
from dbnchurn.config.yaml import Key, Located
from dbnchurn.core.errors import ConfigError, listed
from dbnchurn.core.made_by import note_read
from dbnchurn.core.secrets import holds_password

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[int, str | None]  # a line of the file, or the number of an override and its text


def read(path: str | Path, overrides: Sequence[str], model: type[Model]) -> Model:
    """Read a YAML config, apply the overrides and check everything at once.

    Parameters
    ----------
    path : path
        A YAML file that holds one mapping.
    overrides : sequence of str
        ``a.b=c``: `c` is YAML and replaces what the file says at `a.b`; a part that is a number
        is a place in a list that the file has.
    model : pydantic model
        What the config must look like. Values are not converted (``"3"`` is no integer), except
        that an integer may stand for a number and a text for a path or a date.

    Returns
    -------
    Instance of `model`

    Raises
    ------
    ConfigError
        With one line for each thing that is wrong, each with its file and line or its override.

    Examples
    --------
    >>> import tempfile
    >>> from dbnchurn.config import Section
    >>> class Run(Section):
    ...     seed: int = 0
    ...     rate: float = 0.1
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "run.yaml")
    ...     _ = path.write_text("seed: 3")
    ...     read(path, ["rate=1e-3"], Run)
    Run(seed=3, rate=0.001)
    """
    parsed = _parse_file(Path(path), model)
    places: dict[Key, Place] = {key: (line, None) for key, line in parsed.lines.items()}
    wrong: list[tuple[Place, str]] = [((line, None), problem) for line, problem in parsed.problems]
    if not isinstance(parsed.data, dict):
        raise _error(path, wrong)
    for number, override in enumerate(overrides):
        place = (number, override)
        problem = _apply(override, parsed.data, places, place)
        if problem:
            wrong.append((place, problem))
    if stored := _passwords(parsed.data):  # before any message shows a value
        raise _error(path, [(_place(key, places), sentence) for key, sentence in stored.items()])
    try:
        # As JSON, pydantic's strict mode takes lists for tuples and texts for paths and dates.
        config = model.model_validate_json(json.dumps(parsed.data), strict=True)
    except ValidationError as error:
        refused = [
            (_place(key, places), sentence)
            for key, sentence in sentences(error, parsed.data, model).items()
        ]
        unread = {place for place, _ in wrong}  # these have a problem already and no value to check
        wrong += [(place, sentence) for place, sentence in refused if place not in unread]
    if wrong:
        raise _error(path, wrong)
    return config


def changed(config: Model, changes: Mapping[str, Any], where: str) -> Model:
    """A copy of a config with some values replaced, validated again.

    Parameters
    ----------
    config : pydantic model
    changes : mapping
        Dotted key → value as plain data.
    where : str
        Name of the changes, with which every line of an error starts.

    Returns
    -------
    Instance of the same model

    Raises
    ------
    ConfigError
        With one line for each thing that is wrong.

    Examples
    --------
    >>> from dbnchurn.config import Section
    >>> class Run(Section):
    ...     seed: int = 0
    ...     layers: tuple[int, ...] = (256, 128)
    >>> changed(Run(seed=3), {"layers": [8]}, "variant 'small'")
    Run(seed=3, layers=(8,))
    """
    data = config.model_dump(mode="json")
    wrong = []
    for name, value in changes.items():
        problem = _apply(f"{name}={json.dumps(value)}", data, {}, (0, None))
        if problem:
            wrong.append(f"{name}: {problem}")
    if stored := _passwords(data):
        raise ConfigError("\n".join(f"{where}: {sentence}" for sentence in stored.values()))
    try:
        made = type(config).model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        wrong += sentences(error, data, type(config)).values()
    if wrong:
        raise ConfigError("\n".join(f"{where}: {sentence}" for sentence in wrong))
    return made


def dump(config: BaseModel) -> str:
    """The whole config, defaults included, as YAML that :func:`read` reads to an equal config.

    Examples
    --------
    >>> from dbnchurn.config import Section
    >>> class Run(Section):
    ...     layers: tuple[int, ...] = (256, 128)
    >>> print(dump(Run()), end="")
    layers: [256, 128]
    """
    return yaml_text.write(config.model_dump(mode="json"))


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON schema of a config, for completion and checks in editors.

    Examples
    --------
    >>> from dbnchurn.config import Section
    >>> class Run(Section):
    ...     seed: int = 0
    >>> json_schema(Run)["properties"]["seed"]["type"]
    'integer'
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(),
    }


def config_text(path: Path) -> str:
    """The text of a config file; a verb asks for it before it imports what a run takes.

    Raises
    ------
    ConfigError
        If there is no such file, or it cannot be read.

    Examples
    --------
    >>> config_text(Path("nowhere/missing.yaml"))
    Traceback (most recent call last):
    ...
    dbnchurn.core.errors.ConfigError: nowhere/missing.yaml: no such config file
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        there = f" (there is {listed(near)})" if near else ""
        raise ConfigError(f"{path}: no such config file{there}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start + 1})") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _parse_file(path: Path, model: type[BaseModel]) -> Located:
    text = config_text(path)
    note_read([path])
    parsed = yaml_text.parse(text)
    if not isinstance(parsed.data, dict) and not parsed.problems:
        what = "empty" if parsed.data is None else f"a {_KIND_OF[type(parsed.data)]}"
        keys = listed(model.model_fields, limit=30)
        parsed.problems.append((1, f"the file is {what}, not a mapping of keys like {keys}"))
    return parsed


_KIND_OF = {list: "list", str: "text", int: "number", float: "number", bool: "single value"}


def _error(path: str | Path, wrong: list[tuple[Place, str]]) -> ConfigError:
    """One line for each problem: those of the file by line, then those of the overrides."""
    ordered = sorted(wrong, key=lambda item: (item[0][1] is not None, item[0][0]))
    return ConfigError(
        "\n".join(
            f"{path}:{line}: {sentence}"
            if override is None
            else f"command line {_without_password(override)!r}: {sentence}"
            for (line, override), sentence in ordered
        )
    )


def _without_password(override: str) -> str:
    return f"{override.partition('=')[0]}=***" if holds_password(override) else override


def _passwords(data: Any, path: Key = ()) -> dict[Key, str]:
    """A sentence for every value that seems to hold a password; none of its text is in it."""
    if isinstance(data, str) and holds_password(data):
        return {
            path: f"{dotted(path)} seems to hold a password, and a config is copied into runs, "
            "models and reports; put the URL into an environment variable and give its name: "
            "postgres: {url: NAME, ...}"
        }
    if not isinstance(data, dict | list):
        return {}
    return {
        key: sentence
        for part, value in (data.items() if isinstance(data, dict) else enumerate(data))
        for key, sentence in _passwords(value, (*path, part)).items()
    }


def _apply(
    override: str, data: dict[str, Any], places: dict[Key, Place], place: Place
) -> str | None:
    """Set one value in place; the sentence that says why not, if it cannot be done."""
    name, equals, text = override.partition("=")
    parts = name.strip().split(".")
    if not equals or not all(parts):
        return "an override is written key.subkey=value"
    value = yaml_text.parse(text)
    if value.problems:
        return f"the value is {value.problems[0][1]}"
    container: Any = data
    path: Key = ()
    for part in parts[:-1]:
        index = _index(container, part)
        if index is None:
            return _no_place(path, container, part)
        path = (*path, index)
        if isinstance(container, dict) and container.get(part) is None:
            container[part] = {}
            places[path] = place
        container = container[index]
    index = _index(container, parts[-1])
    if index is None:
        return _no_place(path, container, parts[-1])
    path = (*path, index)
    container[index] = value.data
    for old in [key for key in places if key[: len(path)] == path]:
        del places[old]
    places[path] = place
    return None


def _index(container: Any, part: str) -> str | int | None:
    if isinstance(container, dict):
        return part
    if isinstance(container, list) and part.isdecimal() and int(part) < len(container):
        return int(part)
    return None


def _no_place(path: Key, container: Any, part: str) -> str:
    if isinstance(container, list):
        return f"{dotted(path)} is a list of {len(container)} values, so it has no {part!r}"
    return f"{dotted(path)} is {container!r} in the file, not a section with a key {part!r}"


def _place(key: Key, places: dict[Key, Place]) -> Place:
    """Where the value was given, or else the section around it."""
    while key and key not in places:
        key = key[:-1]
    return places[key]
