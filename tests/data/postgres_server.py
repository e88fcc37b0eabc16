"""A PostgreSQL server of the tests' own, run by an unprivileged user in a temporary folder."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "hush&quiet"
SHELVES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def binaries():
    """The folder with the server's programs, or None."""
    found = shutil.which("initdb")
    folders = [*SHELVES, *([Path(found).resolve().parent] if found else [])]
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


def unprivileged():
    """Arguments for subprocess that leave root behind; the server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return {}


@contextmanager
def server():
    """Start a server; yields it, and stops it at the end."""
    programs = binaries()
    # Short and open to the other user, as sockets and temporary folders of tests are not.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    who = unprivileged()
    if who:
        os.chown(folder, who["user"], who["group"])
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": "/", **who}
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "tester", "-A", "scram-sha-256", "--pwfile", secret,
         "-E", "UTF8", "--no-locale", "--no-sync"],
        check=True, **quiet,
    )  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder,
         "-c", "fsync=off"],
        **{**quiet, "stderr": subprocess.DEVNULL},
    )  # fmt: skip
    try:
        wait_for(data, process)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(data, process):
    """Until the server takes connections, which its lock file says: a port is open before."""
    lock = data / "postmaster.pid"
    for _ in range(600):
        assert process.poll() is None, "the server did not start"
        if lock.exists() and lock.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.1)
    raise AssertionError("the server does not answer")


class Server:
    def __init__(self, port, process):
        self.port, self.process = port, process
        self.url = f"postgresql://tester:{PASSWORD.replace('&', '%26')}@127.0.0.1:{port}/postgres"

    def run(self, *statements):
        from adbc_driver_postgresql import dbapi

        for _ in range(50):  # it listens a moment before it lets anyone in
            try:
                connection = dbapi.connect(self.url)
                break
            except dbapi.Error as error:
                if "starting up" not in str(error):
                    raise
                time.sleep(0.1)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
