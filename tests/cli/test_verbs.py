"""Every verb belongs to the group of its module, which its docstring announces."""

import inspect
import subprocess
import sys

import typer

from dbnchurn.cli import (
    app,
    campaigns,
    cleaning,
    configs,
    experiments,
    forecasts,
    key_users,
    models,
    months,
    offers,
    one_customer,
    personas,
    portraits,
    scoring,
    segments,
    tables,
    training,
)
from dbnchurn.cli.command_line import app_of, whole_app
from dbnchurn.cli.verbs import GROUPS, HIDDEN, module_of

MODULES = [
    *[training, experiments, scoring, one_customer, models, months],
    *[
        tables,
        segments,
        personas,
        offers,
        portraits,
        campaigns,
        forecasts,
        key_users,
        cleaning,
        configs,
    ],
]


def test_verbs_stand_in_the_group_of_their_module():
    panels = {module.__name__: module.PANEL for module in MODULES}
    shown = [command for command in app.registered_commands if not command.hidden]
    assert {c.callback.__name__: c.rich_help_panel for c in shown} == {
        c.callback.__name__: panels[c.callback.__module__] for c in shown
    }
    # The groups follow one another as the modules do.
    order = list(dict.fromkeys(c.rich_help_panel for c in shown))
    assert order == [module.PANEL for module in MODULES]


def test_the_table_of_verbs_is_what_the_modules_say():
    shown = [command for command in app.registered_commands if not command.hidden]
    said = [
        (c.callback.__module__.rpartition(".")[2], c.rich_help_panel, c.callback.__name__,
         " ".join(inspect.getdoc(c.callback).partition("\n\n")[0].split()))
        for c in shown
    ]  # fmt: skip
    listed = [
        (group.module, group.title, verb, text)
        for group in GROUPS
        for verb, text in group.verbs.items()
    ]
    assert listed == said
    hidden = [command for command in app.registered_commands if command.hidden]
    assert {c.callback.__name__: c.callback.__module__.rpartition(".")[2] for c in hidden} == HIDDEN
    for command in app.registered_commands:
        name = command.callback.__name__
        assert f"dbnchurn.cli.{module_of(name)}" == command.callback.__module__


def test_the_application_is_made_once():
    before = list(app.registered_commands)
    assert whole_app() is app
    assert app.registered_commands == before


def test_of_the_application_only_the_verb_that_is_called_is_made():
    for command in whole_app().registered_commands:
        verb = command.callback.__name__
        assert list(typer.main.get_command(app_of(["--verbose", verb])).commands) == [verb]
    assert app_of(["scroe"]) is app_of(["--help"]) is app


def test_a_verb_comes_alone():
    code = (
        "import sys\nfrom dbnchurn.cli import main\ntry: main(['clean', 'nowhere', '--no-such'])\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name in ('dbnchurn.cli.scoring', 'rich.markdown')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "dbnchurn.cli.scoring" not in done.stdout.splitlines()[-1]


def test_modules_announce_their_verbs():
    documented = {module.__name__: module.__doc__ for module in MODULES}
    for command in app.registered_commands:
        assert f"``{command.callback.__name__}``" in documented[command.callback.__module__]


def test_every_verb_explains_itself_and_its_options():
    for name, command in typer.main.get_command(app).commands.items():
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name}: {parameter.name}"
