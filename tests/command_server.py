"""Commands that need not import anything: a process that has done so forks one for every call.

The imports of a command take longer than all else that it does on a small table. ``offered`` gives
a folder with a program ``dbnchurn`` to put on the path: it hands its words, working folder,
environment and files to the server, passes signals on, and ends with the exit code of the command.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from dbnchurn.tables.samples import SAMPLES, read_sample

MODULES = (
    "dbnchurn.cli",
    "dbnchurn.data.quality_page",
    "dbnchurn.model.classifier",
    "dbnchurn.report.page",
    "dbnchurn.runs.baselines",
    "dbnchurn.runs.fitting",
    "dbnchurn.runs.training",
    "dbnchurn.scoring",
    "empulse.datasets",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
)
SAMPLE = "tv_subscriptions"
TRAINING = ("train", "retrain")
MORE = "DBNCHURN_TEST_OVERRIDES"  # lines put behind the words of what trains, by key
UNDRAWN = "DBNCHURN_TEST_UNDRAWN"  # set: pages with empty pictures
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as link:
    link.connect({place!r})
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(link, [len(call).to_bytes(4, "big")], [0, 1, 2])
    link.sendall(call)
    process = int.from_bytes(link.recv(4), "big")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: os.kill(process, number))
    ended = link.recv(1)
sys.exit(ended[0] if ended else 1)
"""


@contextlib.contextmanager
def offered() -> Iterator[Path]:
    """The folder with the program; the server ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="dbnchurn-"))
    place, program = folder / "socket", folder / "bin" / "dbnchurn"
    program.parent.mkdir()
    program.write_text(CLIENT.format(python=sys.executable, place=str(place)), encoding="utf-8")
    program.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, "-m", __name__, str(place)],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "OMP_NUM_THREADS": "1", "DBNCHURN_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        if server.stdout.readline() != "ready\n":
            raise RuntimeError("the server of commands does not start")
        yield program.parent
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        shutil.rmtree(folder)


def serve(place: str) -> None:
    """Run one command after the other, each in a fork of this process."""
    for name in MODULES:
        with contextlib.suppress(ModuleNotFoundError):  # extras
            import_module(name)
    with contextlib.suppress(ModuleNotFoundError):
        read_sample_once(setattr)
        read_sample(SAMPLE)
    gc.freeze()  # or a collection in a fork would copy all pages of what was imported
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()
        print("ready", flush=True)
        while True:
            link, _ = listening.accept()
            with link:
                answer(link)


def read_sample_once(setattr: Callable[[object, str, object], object]) -> None:
    """Let the table of most pages be parsed once, which takes as long as a small training."""
    from empulse import datasets

    setattr(datasets, SAMPLES[SAMPLE][0], parsed)


@cache
def parsed(**options: Any) -> Any:
    """What the loader of the table gives; nobody writes into it."""
    from empulse.datasets import datasets

    return getattr(datasets, SAMPLES[SAMPLE][0])(**options)


def answer(link: socket.socket) -> None:
    """Fork, tell the number of the process, wait for it, tell its exit code."""
    size, files, _, _ = socket.recv_fds(link, 4, 3)
    left = int.from_bytes(size, "big")
    call = b""
    while len(call) < left:
        call += link.recv(left - len(call))
    process = os.fork()
    if not process:
        run(*json.loads(call), files)
    for file in files:
        os.close(file)
    with contextlib.suppress(BrokenPipeError):
        link.sendall(process.to_bytes(4, "big"))
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        link.sendall((status if status >= 0 else 128 - status).to_bytes(1, "big"))


def run(words: list[str], folder: str, variables: dict[str, str], files: list[int]) -> None:
    """The command; it does not return."""
    from dbnchurn.cli import main

    for place, file in enumerate(files):
        os.dup2(file, place)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    if words[:1] and words[0] in TRAINING and "--resume" not in words:
        words += not_given(variables.get(MORE, "").splitlines(), words)
    if UNDRAWN in variables:
        from tests.undrawn import leave_pictures_empty

        leave_pictures_empty(setattr)
    sys.argv = ["dbnchurn", *words]
    code: object = 1
    try:
        main(words)
        code = 0
    except SystemExit as end:
        code = 0 if end.code is None else end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def not_given(overrides: list[str], words: list[str]) -> list[str]:
    """The overrides of keys that no word gives: what a command says itself holds."""
    given = {word.partition("=")[0] for word in words}
    return [line for line in overrides if line.partition("=")[0] not in given]


if __name__ == "__main__":
    serve(sys.argv[1])
