"""Every verb belongs to the group of its module, which its docstring announces."""

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


def test_modules_announce_their_verbs():
    documented = {module.__name__: module.__doc__ for module in MODULES}
    for command in app.registered_commands:
        assert f"``{command.callback.__name__}``" in documented[command.callback.__module__]


def test_every_verb_explains_itself_and_its_options():
    for name, command in typer.main.get_command(app).commands.items():
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name}: {parameter.name}"
