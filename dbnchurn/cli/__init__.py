"""The command line ``dbnchurn``: ``start`` begins, ``verbs`` names the module of every verb.

A verb's module is imported when the verb is called. Verbs import what they run inside their
functions, so that a mistake is told at once.
"""

from typing import TYPE_CHECKING, Any

from dbnchurn.cli.start import main as main

if TYPE_CHECKING:
    from typer import Typer

    app: Typer


def __getattr__(name: str) -> Any:
    """The application with all verbs, which is made when it is first asked for."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dbnchurn.cli.command_line import whole_app

    return whole_app()
