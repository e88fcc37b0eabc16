"""Read and write YAML as configs use it, with the line number of every key.

Scalars follow the core schema of YAML 1.2: ``no`` and ``on`` are words, ``1e-3`` is a number and
``2024-08-01`` is a text that a date field may parse.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Key = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "null": (r"~|null|Null|NULL|", "~nN\0"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0|[1-9](?:_?[0-9])*)", "-+0123456789"),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9](?:_?[0-9])*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf)|\.(?:nan|NaN)",
        "-+.0123456789",
    ),
}
_OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  PyYAML's own registry


class _Dumper(yaml.SafeDumper):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_sequence(dumper: yaml.SafeDumper, values: list[Any]) -> yaml.Node:
    flat = all(not isinstance(value, list | dict) for value in values)
    return dumper.represent_sequence(f"{_TAG}seq", values, flow_style=flat)


def _represent_str(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # A block would turn the line breaks of Unicode into plain ones; quotes escape them.
    style = '"' if _OTHER_BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(list, _represent_sequence)
_Dumper.add_representer(str, _represent_str)
for _name, (_pattern, _first) in _SCALARS.items():
    # The first letters are PyYAML's index; the empty plain scalar is filed under "".
    _letters = [letter.strip("\0") for letter in _first]
    for _kind in (_Loader, _Dumper):
        _kind.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"(?:{_pattern})\Z"), _letters)


@dataclass
class Located:
    """Plain data with the line of every key, and the problems of its text.

    `lines` maps a path of keys, such as ``("dbn", "layers", 0)``, to a line counted from 1.
    """

    data: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


def parse(text: str) -> Located:
    r"""Read one YAML document; a mistake becomes a problem with its line, never an exception.

    Examples
    --------
    >>> located = parse("dbn:\n  lr: 1e-3")
    >>> located.data, located.lines["dbn", "lr"]
    ({'dbn': {'lr': 0.001}}, 2)
    >>> parse("a: 1\na: 2").problems
    [(2, "'a' is given twice, first on line 1")]
    """
    located = Located()
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        located.problems.append((mark.line + 1 if mark else 1, _syntax(error)))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        located.problems.append(
            (line, f"character {chr(error.character)!r} is not allowed in YAML")
        )
    else:
        if node is not None:
            located.data = _node_data(node, (), located, ())
    return located


def write(data: object) -> str:
    """Plain data as YAML that :func:`parse` reads back to equal data.

    Examples
    --------
    >>> print(write({"layers": [256, 128], "rate": 1e-5, "label": "no"}), end="")
    layers: [256, 128]
    rate: 1.0e-05
    label: no
    """
    text: str = yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=96,
    )
    # A line of three dots ends a document; a text may end in three dots as well.
    return text.removesuffix("...\n") if text.endswith("\n...\n") else text


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "not valid YAML"
    if "'\\t'" in problem:
        return "a tab; YAML is indented with spaces"
    if problem.startswith("expected <block end>"):
        return "not valid YAML: this line is indented unlike its neighbours, or lacks a colon"
    context = f" {error.context}" if error.context else ""
    return f"not valid YAML: {problem}{context}"


def _node_data(node: yaml.Node, path: Key, located: Located, above: tuple[int, ...]) -> Any:
    located.lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in above:
        located.problems.append((node.start_mark.line + 1, "an alias holds itself"))
        return None
    above = (*above, id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping_data(node, path, located, above)
    if isinstance(node, yaml.SequenceNode):
        return [_node_data(item, (*path, i), located, above) for i, item in enumerate(node.value)]
    return _scalar_data(node, located)


def _mapping_data(
    node: yaml.MappingNode, path: Key, located: Located, above: tuple[int, ...]
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            located.problems.append((line, "a key must be a word, not a list or a mapping"))
            continue
        key = key_node.value  # as written: a column may be called 2024 or yes
        if key in data:
            first = located.lines[(*path, key)]
            located.problems.append((line, f"{key!r} is given twice, first on line {first}"))
            continue
        located.lines[(*path, key)] = line
        data[key] = _node_data(value_node, (*path, key), located, above)
    return data


def _scalar_data(node: yaml.Node, located: Located) -> Any:
    kind, text = node.tag.removeprefix(_TAG), str(node.value)
    line = node.start_mark.line + 1
    # Only an explicit tag, such as !!int, can disagree with its text.
    if kind in _SCALARS and not re.fullmatch(_SCALARS[kind][0], text):
        located.problems.append((line, f"{text!r} does not fit its tag !!{kind}"))
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        try:
            return int(text)
        except ValueError:  # Python limits the digits of a text
            located.problems.append((line, f"an integer of {len(text)} digits is too long"))
            return text
    if kind == "float":
        special = {".inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
        return special[text.lower().lstrip("+")] if text[-1].isalpha() else float(text)
    if kind != "str":
        located.problems.append((line, f"the tag {node.tag.replace(_TAG, '!!')} is not allowed"))
    return text
