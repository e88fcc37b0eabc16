"""Public functions say what they take, give and raise; what a package exports has an example."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dbnchurn

PACKAGE = Path(dbnchurn.__file__).parent
# Their docstring is the help that the command line prints; parameters carry help of their own.
COMMANDS = "app.command", "app.callback"
# Plain data that a run fills and a page shows; the example of `render` makes one.
WITHOUT_EXAMPLE = frozenset(
    f"dbnchurn.report.{name}"
    for name in (
        "Alternative", "Breakdown", "FineTuning", "PartSummary", "Pretraining", "ReportInput",
        "Weights",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Function:
    """A public function or method with its source."""

    module: str
    name: str
    node: ast.FunctionDef
    in_class: bool
    of_protocol: bool = False  # a protocol of the module documents the method of this name

    @property
    def parameters(self) -> list[str]:
        """Names of all parameters but self and cls."""
        given = self.node.args
        names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        if self.in_class and "staticmethod" not in self.decorators:
            names = names[1:]
        return names

    @property
    def decorators(self) -> list[str]:
        return [ast.unparse(d).split("(")[0] for d in self.node.decorator_list]

    @property
    def gives(self) -> bool:
        """Whether a caller gets something: not None, and not the object itself."""
        returns = self.node.returns
        plain = "None" if returns is None else ast.unparse(returns).strip("'\"")
        return plain not in ("None", "NoReturn", "Self")

    @property
    def raised(self) -> set[str]:
        """Names of the exceptions that the body itself raises."""
        found = set()
        stack: list[ast.AST] = list(self.node.body)
        while stack:
            node = stack.pop()
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
                continue
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = ast.unparse(node.exc.func)
                if name[0].isupper():
                    found.add(name.rsplit(".", 1)[-1])
            stack += ast.iter_child_nodes(node)
        return found

    def problems(self) -> Iterator[str]:
        """What its docstring lacks."""
        text = ast.get_docstring(self.node) or ""
        if not text:
            yield "has no docstring"
        if not text or self.of_protocol:
            return
        if len(self.parameters) >= 2:
            section = _section(text, "Parameters")
            documented = {
                name.strip().lstrip("*")
                for line in section.splitlines()
                if line and not line[0].isspace()
                for name in line.split(" : ")[0].split(",")
            }
            missing = [name for name in self.parameters if name not in documented]
            if missing:
                yield f"does not document {', '.join(missing)}"
            if self.gives and not (_section(text, "Returns") or _section(text, "Yields")):
                yield "does not say what it returns"
        raises = _section(text, "Raises")
        for name in sorted(self.raised):
            if name not in raises:
                yield f"does not say that it raises {name}"


def _section(text: str, title: str) -> str:
    """The body of a numpydoc section; empty where there is none."""
    lines = text.splitlines()
    for number, line in enumerate(lines[:-1]):
        if line == title and set(lines[number + 1]) == {"-"}:
            body = []
            for at in range(number + 2, len(lines)):
                if at + 1 < len(lines) and lines[at + 1] and set(lines[at + 1]) == {"-"}:
                    break
                body.append(lines[at])
            return "\n".join(body)
    return ""


def functions(path: Path) -> Iterator[Function]:
    """Public functions of a module, and public methods of its public classes."""
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    protocols = [node for node in classes if "Protocol" in map(ast.unparse, node.bases)]
    documented = {
        method.name
        for protocol in protocols
        for method in protocol.body
        if isinstance(method, ast.FunctionDef)
    }

    def public(body: list[ast.stmt], prefix: str, owner: ast.ClassDef | None) -> Iterator[Function]:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from public(node.body, f"{prefix}{node.name}.", node)
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                implements = owner is not None and owner not in protocols
                yield Function(
                    module,
                    f"{prefix}{node.name}",
                    node,
                    owner is not None,
                    implements and node.name in documented,
                )

    yield from public(tree.body, "", None)


MODULES = sorted(PACKAGE.rglob("*.py"))


def test_public_functions_say_what_they_take_give_and_raise() -> None:
    found = [
        f"{function.module}.{function.name} {problem}"
        for path in MODULES
        for function in functions(path)
        if not set(function.decorators) & set(COMMANDS)
        for problem in function.problems()
    ]
    assert not found, "\n".join(found)


def exported() -> list[str]:
    """Dotted names of all that the packages export."""
    packages = ["dbnchurn"] + [
        f"dbnchurn.{found.name}" for found in pkgutil.iter_modules([str(PACKAGE)]) if found.ispkg
    ]
    return [
        f"{name}.{public}"
        for name in packages
        for public in getattr(importlib.import_module(name), "__all__", ())
        if callable(getattr(importlib.import_module(name), public, None))
    ]


def has_example(name: str) -> bool:
    package, _, public = name.rpartition(".")
    return ">>>" in (inspect.getdoc(getattr(importlib.import_module(package), public)) or "")


def test_what_a_package_exports_has_a_runnable_example() -> None:
    names = sorted(set(exported()) - WITHOUT_EXAMPLE)
    assert len(names) > 100
    assert not [name for name in names if not has_example(name)]
