"""The command line ``dbnchurn``: ``command_line`` starts it, every other module adds its verbs.

Verbs import what they run inside their functions, so that ``--help`` is there at once.
"""

# Importing a module adds its verbs; the order is that of the help.
# isort: off
from dbnchurn.cli import training  # noqa: F401
from dbnchurn.cli import experiments  # noqa: F401
from dbnchurn.cli import scoring  # noqa: F401
from dbnchurn.cli import one_customer  # noqa: F401
from dbnchurn.cli import models  # noqa: F401
from dbnchurn.cli import months  # noqa: F401
from dbnchurn.cli import tables  # noqa: F401
from dbnchurn.cli import segments  # noqa: F401
from dbnchurn.cli import personas  # noqa: F401
from dbnchurn.cli import offers  # noqa: F401
from dbnchurn.cli import portraits  # noqa: F401
from dbnchurn.cli import campaigns  # noqa: F401
from dbnchurn.cli import forecasts  # noqa: F401
from dbnchurn.cli import key_users  # noqa: F401
from dbnchurn.cli import cleaning  # noqa: F401
from dbnchurn.cli import configs  # noqa: F401

# isort: on
from dbnchurn.cli.command_line import app as app
from dbnchurn.cli.command_line import main as main
from dbnchurn.cli.exit_codes import EPILOG
from dbnchurn.cli.interruption import ending_in_one_line

for _command in app.registered_commands:
    _command.epilog = EPILOG
    if _command.callback is not None:
        _command.callback = ending_in_one_line(_command.callback)
