"""Calls of the command line in this process."""

from collections.abc import Callable

import pytest

from dbnchurn.cli import main


@pytest.fixture
def call(capsys) -> Callable[..., tuple[int, str, str]]:
    """``call(*arguments)`` → exit code, standard output and error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        code = end.value.code
        out, err = capsys.readouterr()
        return int(code or 0), out, err

    return run


@pytest.fixture
def refused(call) -> Callable[..., str]:
    """The one line in which a command is refused."""

    def run(*arguments: object) -> str:
        code, out, err = call(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")
        assert err.endswith("\n")
        assert err.count("\n") == 1
        assert "Traceback" not in err
        return err

    return run
