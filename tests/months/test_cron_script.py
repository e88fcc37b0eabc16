"""The cron script of the documentation: the shell can parse it, and its commands exist."""

import re
import subprocess

import typer

from dbnchurn.cli import app


def test_the_shell_parses_it_and_the_commands_exist(root):
    page = (root / "docs" / "months.md").read_text(encoding="utf-8")
    script = re.search(r"```text\n(#!/bin/sh\n.*?)```", page, re.S)[1]
    done = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    commands = typer.main.get_command(app).commands
    for verb, rest in re.findall(r"dbnchurn (\w+)((?:.*\\\n)*.*)", script):
        known = {option for found in commands[verb].params for option in found.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known
