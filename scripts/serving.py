"""A model behind MLflow's own server on one core: seconds of a row, and memory over many."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

WARM = 1000  # requests, after which memory counts
PATIENCE = 300.0  # seconds for the server to start


def trained(folder: Path) -> tuple[Path, str]:
    """A model of the default's size, trained shortly, and a request of one customer."""
    from dbnchurn import ChurnClassifier
    from dbnchurn.dbn import DBN, FineTune, NetworkStage
    from dbnchurn.tables import read_sample

    table = read_sample("tv_subscriptions").head(3000)
    short = {"dbn": DBN(epochs=1), "finetune": FineTune(epochs=2)}
    model = ChurnClassifier(network=NetworkStage(**short), random_state=0, n_threads=1)
    X = table.drop(columns=["customer", "churn"])
    model.fit(X, table["churn"]).save(folder / "model")
    row = X.head(1).to_json(orient="split", date_format="iso")
    return folder / "model", f'{{"dataframe_split": {row}}}'


def logged(model: Path, folder: Path) -> str:
    """Where MLflow keeps the model."""
    import mlflow

    from dbnchurn.exports import log_model

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'store.db'}")
    place = (folder / "artifacts").as_uri()
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("churn", place))
    with mlflow.start_run():
        uri = log_model(model).model_uri
    return str(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder / "kept")))


def measured(requests: int) -> dict[str, float]:
    """Median milliseconds of a request of one row, and megabytes that many of them add."""
    os.environ.update(
        MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", GIT_PYTHON_REFRESH="quiet"
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model, body = trained(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", logged(model, folder)]
        command += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        core = {max(os.sched_getaffinity(0))}
        output = folder / "server.txt"
        with output.open("wb") as log:
            server = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": path},
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, core),
            )
        try:
            _wait_for(server, port, output)
            seconds, before, after = _asked(server.pid, port, body, requests)
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)
            server.wait()
    tail = np.percentile(seconds, 99)
    print(f"one row: median {1000 * median(seconds):.2f} ms, 99th percentile {1000 * tail:.2f} ms")
    print(f"memory after {WARM} requests {before:.1f} MB, after {requests} {after:.1f} MB")
    return {
        "serve_median_ms": round(1000 * median(seconds), 2),
        "serve_growth_mb": round(after - before, 2),
    }


def _asked(pid: int, port: int, body: str, requests: int) -> tuple[list[float], float, float]:
    """Seconds of every request after the first ones, and memory before and after these."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    seconds, before = [], 0.0
    for number in range(WARM + requests):
        if number == WARM:
            before = _memory_mb(pid)
        start = time.perf_counter()
        connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if number >= WARM:
            seconds.append(time.perf_counter() - start)
        if answer.status != 200 or len(json.loads(content)["predictions"]) != 1:
            raise SystemExit(f"request {number} was answered {answer.status}: {content[:500]!r}")
    return seconds, before, _memory_mb(pid)


def _wait_for(server: subprocess.Popen[bytes], port: int, output: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and server.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass  # it does not listen yet
        time.sleep(0.2)
    raise SystemExit(f"MLflow's server did not start: {output.read_text()[-2000:]}")


def _memory_mb(pid: int) -> float:
    """Resident memory of a process and of those that it started."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]
    started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(own) / 1024 + sum(_memory_mb(int(child)) for child in started)
