"""Ctrl-C, as a terminal sends it to a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time

from conftest import SMALL

SCRIPT = """
import sys, tersegraph
dataset = tersegraph.Dataset.load(sys.argv[1])
def told(metrics):
    if metrics["epoch"] == 3:
        print("running", flush=True)
callbacks = [told] if sys.argv[3] == "callbacks" else []
if not callbacks:
    print("running", flush=True)
try:
    tersegraph.train(dataset, epochs=1000000, hidden=8, ranks=2, out=sys.argv[2], callbacks=callbacks)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    # The process goes on as before: it trains again.
    print(len(tersegraph.train(dataset, epochs=2, hidden=8).history["epoch"]))
"""


def interrupt(tmp_path, kind, wait):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, SMALL, tmp_path / "run", kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "running\n"
    wait()
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "interrupted\n2\n", "")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["ending"] == "stopped" and 0 < summary["epochs"] < 1000000
    assert list((tmp_path / "run" / "checkpoint").iterdir())


def test_with_callbacks(tmp_path):
    interrupt(tmp_path, "callbacks", lambda: None)


def test_without(tmp_path):
    def first_epochs():
        metrics = tmp_path / "run" / "metrics.jsonl"
        while not metrics.exists() or metrics.stat().st_size == 0:
            time.sleep(0.01)

    interrupt(tmp_path, "none", first_epochs)
