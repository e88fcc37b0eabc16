"""The fields of a typed section, with their descriptions and defaults, join its docstring."""

from __future__ import annotations

import ast
from typing import Any

from griffe import Attribute, Class, Docstring, Extension

HEADER = "\n\nAttributes\n----------\n"


class Fields(Extension):  # type: ignore[misc]
    """Adds a section on the fields where ``Field(description="…")`` says what they are."""

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Called for every class when its members have been read."""
        fields = [one for one in cls.members.values() if not one.is_alias and is_field(one)]
        said = cls.docstring.value if cls.docstring is not None else ""
        if HEADER in said or not any("Field(" in str(one.value) for one in fields):
            return
        text = said + HEADER + "\n".join(told(one) for one in fields)
        cls.docstring = Docstring(text, parent=cls, parser="numpy")


def is_field(member: Any) -> bool:
    """Whether a member of a class is a field: typed, and no property."""
    return member.is_attribute and member.annotation is not None and "property" not in member.labels


def told(field: Attribute) -> str:
    """One field in the form of numpydoc."""
    default, description = parts(str(field.value)) if field.value is not None else (None, "")
    if default is not None:
        description = f"{description} Default: ``{default}``.".strip()
    return f"{field.name} : {kind(str(field.annotation))}\n    {description}"


def kind(annotation: str) -> str:
    """The type without the limits that are annotated to it."""
    tree = ast.parse(annotation, mode="eval").body
    if isinstance(tree, ast.Subscript) and ast.unparse(tree.value) == "Annotated":
        assert isinstance(tree.slice, ast.Tuple)
        return ast.unparse(tree.slice.elts[0])
    return annotation


def parts(value: str) -> tuple[str | None, str]:
    """Default and description of what stands behind the ``=`` of a field."""
    tree = ast.parse(value, mode="eval").body
    if not (isinstance(tree, ast.Call) and ast.unparse(tree.func) == "Field"):
        return value, ""
    given = {keyword.arg: keyword.value for keyword in tree.keywords}
    description = given.get("description")
    default = given.get("default")
    if "default_factory" in given:
        default = ast.Call(given["default_factory"], [], [])
    return (
        None if default is None else ast.unparse(default),
        "" if description is None else ast.literal_eval(description),
    )
