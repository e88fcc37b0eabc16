"""Classes known from their source: what a constructor takes, without importing its module.

A stage's module imports what the stage is fitted with, such as torch, and takes seconds. Its
parameters, their defaults and descriptions stand in its source, which is parsed in milliseconds.
So they are written once, and a mistake in a config is found before anything is imported.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import Parameter
from pathlib import Path
from typing import Any, ClassVar

ESTIMATOR = {"BaseEstimator", "DefaultStages"}  # bases of the stages
DECLARED = ("default_stages", "renamed_parameters")


class SourceClass:
    """Base of the classes that :func:`source_class` makes; an instance holds its parameters."""

    default_stages: ClassVar[Mapping[str, Any]] = {}
    renamed_parameters: ClassVar[Mapping[str, str]] = {}
    parameters: Mapping[str, Any]

    def get_params(self, deep: bool = False) -> dict[str, Any]:
        """Parameter → value, those of the signature's defaults included."""
        return dict(self.parameters)

    def set_params(self, **params: Any) -> SourceClass:
        """The same with some parameters replaced."""
        return type(self)(**{**self.parameters, **params})

    @classmethod
    def imported(cls) -> Callable[..., Any]:
        """The class itself, whose module is imported now."""
        made: Callable[..., Any] = getattr(import_module(cls.__module__), cls.__qualname__)
        return made


def source_class(module: str, name: str) -> type[Any]:
    """A class as its source declares it: docstring, constructor and default stages.

    Names in hints and defaults are looked up in the source likewise, from module to module of the
    same package; of other packages the module is imported. A stage among the defaults is known
    from its source, too.

    Parameters
    ----------
    module : str
        Full name.
    name : str
        Of a class at the top of the module, that has an ``__init__`` or is a dataclass.

    Returns
    -------
    subclass of SourceClass
        The class itself where the package comes without its source.

    Raises
    ------
    TypeError
        If the module has no such class, or the class no constructor of its own.

    Examples
    --------
    >>> Offer = source_class("dbnchurn.evaluate.profit", "Offer")
    >>> inspect.signature(Offer).parameters["clv"].default, Offer(clv=90).get_params()["alpha"]
    (200.0, 6.0)
    """
    names = _names_of(module)
    if names is None:
        return getattr(import_module(module), name)  # type: ignore[no-any-return]
    node = names.bindings.get(name)
    if not isinstance(node, ast.ClassDef):
        raise TypeError(f"{module} has no class {name}")
    return names.class_of(node)


class _Names(dict[str, Any]):
    """Values of the names of a module, each worked out when it is first asked for."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        super().__init__()
        self.module = module
        self.bindings = _bindings(tree.body)

    def __missing__(self, name: str) -> Any:
        node = self.bindings[name]
        if isinstance(node, ast.ImportFrom):
            value = self._imported_from(node, name)
        elif isinstance(node, ast.Import):
            full = next(a.name for a in node.names if name in (a.asname, a.name.split(".")[0]))
            value = import_module(full)
        elif isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base) for base in node.bases}
            if bases & ESTIMATOR:
                value = self.class_of(node)
            else:
                value = getattr(import_module(self.module), name)
        else:
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            value = self.evaluated(node.value)
        self[name] = value
        return value

    def _imported_from(self, node: ast.ImportFrom, name: str) -> Any:
        """A name of another module: worked out from its source, where that is of our package."""
        package = [] if node.level == 0 else self.module.split(".")
        other = ".".join([*package, node.module or ""])
        theirs = next(a.name for a in node.names if name in (a.asname, a.name))
        if other.split(".")[0] == self.module.split(".")[0]:
            names = _names_of(other)
            if names is not None and theirs in names.bindings:
                return names[theirs]
        return getattr(import_module(other), theirs)

    def evaluated(self, expression: ast.expr | None) -> Any:
        """The value of an expression whose names are those of the module."""
        assert expression is not None
        code = compile(ast.Expression(expression), self.module, "eval")
        return eval(code, {}, self)

    def class_of(self, node: ast.ClassDef) -> type[SourceClass]:
        """What a class declares."""
        parameters = [
            Parameter(
                name,
                kind,
                annotation=self.evaluated(hint),
                default=Parameter.empty if default is None else self.evaluated(default),
            )
            for name, kind, hint, default in _constructor(node, self.module)
        ]
        signature = inspect.Signature(parameters)

        def __init__(self: SourceClass, *args: Any, **keywords: Any) -> None:
            bound = signature.bind(*args, **keywords)
            bound.apply_defaults()
            self.parameters = bound.arguments

        __init__.__annotations__ = {p.name: p.annotation for p in parameters}
        declared = {
            name: self.evaluated(statement.value)
            for name, statement in _bindings(node.body).items()
            if name in DECLARED and isinstance(statement, ast.Assign | ast.AnnAssign)
        }
        return type(
            node.name,
            (SourceClass,),
            {
                "__module__": self.module,
                "__qualname__": node.name,
                "__doc__": ast.get_docstring(node),
                "__init__": __init__,
                "__signature__": signature,
                **declared,
            },
        )


@cache
def _names_of(module: str) -> _Names | None:
    """The names of a module; None if it comes without source."""
    spec = find_spec(module)
    source = getattr(spec and spec.loader, "get_source", lambda name: None)(module)
    if spec is None or source is None:
        return None
    stub = Path(spec.origin or "").with_suffix(".pyi")  # what a package imports when asked for it
    if spec.submodule_search_locations and stub.exists():
        source = stub.read_text(encoding="utf-8")
    return _Names(module, ast.parse(source))


def _bindings(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """Name → the statement that gives it its value."""
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = node
        elif isinstance(node, ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return found


def _constructor(
    node: ast.ClassDef, module: str
) -> list[tuple[str, Any, ast.expr | None, ast.expr | None]]:
    """Name, kind, hint and default of each parameter of a constructor."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            taken = statement.args
            positional = taken.args[1:]
            missing = len(positional) - len(taken.defaults)
            defaults = [*[None] * max(0, missing), *taken.defaults[max(0, -missing) :]]
            return [
                *(
                    (a.arg, Parameter.POSITIONAL_OR_KEYWORD, a.annotation, default)
                    for a, default in zip(positional, defaults, strict=True)
                ),
                *(
                    (a.arg, Parameter.KEYWORD_ONLY, a.annotation, default)
                    for a, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True)
                ),
            ]
    if any(ast.unparse(made).startswith("dataclass") for made in node.decorator_list):
        fields = [s for s in _bindings(node.body).values() if isinstance(s, ast.AnnAssign)]
        return [
            (
                ast.unparse(field.target),
                Parameter.POSITIONAL_OR_KEYWORD,
                field.annotation,
                field.value,
            )
            for field in fields
        ]
    raise TypeError(f"{module}.{node.name} has no __init__ of its own")
