"""The package is typed: what mypy says of it, and of a user's program."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tersegraph

PACKAGE = Path(tersegraph.__file__).parent
CONFIG = Path(__file__).resolve().parents[2] / "pyproject.toml"  # strict

RIGHT = """
import numpy as np
import tersegraph

dataset = tersegraph.Dataset.from_numpy(np.zeros((2, 4), np.int64), np.zeros((5, 3), np.float32), num_nodes=5)
result: tersegraph.Result = tersegraph.train(dataset, model="sage", ranks=2, lambda_=0.5, callbacks=[lambda line: False])
several: list[tersegraph.Result] = tersegraph.train("graph.npz", runs=3, out="run")
classes: np.ndarray = result.predict()
"""
WRONG = {
    'tersegraph.train("graph.npz", hiden=3)': "call-overload",
    'tersegraph.train("graph.npz", model="gat")': "call-overload",
    'x: int = tersegraph.train("graph.npz")': "assignment",
    "tersegraph.Model.load(3)": "arg-type",
}


def mypy(folder, *words):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--config-file", CONFIG, "--no-error-summary", "--hide-error-context",
               "--cache-dir", folder / "cache", *words]  # fmt: skip
    run = subprocess.run(command, cwd=folder, env={**os.environ, "MYPYPATH": str(PACKAGE.parent)},
                         capture_output=True, text=True)  # fmt: skip
    return run.stdout + run.stderr


def test_mypy_says_nothing_of_the_package(tmp_path):
    left_out = [] if importlib.util.find_spec("torch_geometric") else ["--exclude", r"(pyg\.py|torch/)"]
    assert mypy(tmp_path, *left_out, PACKAGE) == ""


def test_a_program_is_checked_by_the_hints(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(RIGHT)
    assert mypy(tmp_path, path) == ""
    path.write_text("import tersegraph\n" + "\n".join(WRONG) + "\n")
    lines = mypy(tmp_path, path).splitlines()
    for line, kind in enumerate(WRONG.values(), start=2):
        assert any(f"program.py:{line}: error" in each and f"[{kind}]" in each for each in lines), lines
