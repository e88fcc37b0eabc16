"""``:func:`name``` in docstrings becomes a link, if a page of the reference shows what it names.

What it names has to exist, by its full path or as seen from where the docstring stands; a role that
names nothing is a warning, and so stops the build.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from griffe import Alias, Extension, Module, Object

LOG = logging.getLogger("mkdocs.plugins.roles")
ROLE = re.compile(r":(?:func|class|meth|mod|attr):`(~?)([\w.]+)`")
BUILT_IN = {"ValueError", "TypeError", "KeyboardInterrupt"}


class Roles(Extension):  # type: ignore[misc]
    """Rewrites the roles of a package when all of it has been read."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        """Called once for the package."""
        for scope in described(pkg):
            docstring = scope.docstring

            def linked(found: re.Match[str], scope: Object = scope) -> str:
                words = found[2].rpartition(".")[2] if found[1] else found[2]
                target = path_of(found[2], scope, pkg)
                if target is None:
                    if found[2] not in BUILT_IN:
                        LOG.warning("%s: %s names nothing", scope.path, found[0])
                    return f"`{words}`"
                return f'<autoref optional identifier="{target}"><code>{words}</code></autoref>'

            docstring.value = ROLE.sub(linked, docstring.value)


def described(scope: Object) -> Iterator[Object]:
    """Everything in `scope` that has a docstring, itself included."""
    if scope.docstring is not None:
        yield scope
    for member in scope.members.values():
        if not isinstance(member, Alias):
            yield from described(member)


def path_of(name: str, scope: Object, package: Module) -> str | None:
    """The full path of what `name` is to a reader of the docstring of `scope`."""
    if name.startswith(f"{package.name}."):
        return name if reaches(package, name.split(".")[1:]) else None
    first, *rest = name.split(".")
    place: Object | None = scope
    while place is not None:
        if reaches(place, [first, *rest]):
            return f"{place.path}.{name}"
        place = place.parent
    return None


def reaches(place: Any, names: list[str]) -> bool:
    """Whether `names` lead from one member to the next, through imports too."""
    for name in names:
        if name not in place.members:
            return False
        place = place.members[name]
        if isinstance(place, Alias):
            if not place.target_path.startswith(place.package.name):
                return False
            place = place.final_target
    return True
