"""A small graph as arrays, and the program that results are compared with."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tersegraph

NODES, EDGES, FEATURES, CLASSES = 300, 1500, 12, 4
SMALL = f"sbm:nodes={NODES},edges={EDGES},features={FEATURES},classes={CLASSES},seed=3"


class Arrays:
    """A planted partition: most edges stay in a class, features tell classes apart a little."""

    def __init__(self, seed: int = 0):
        draw = np.random.default_rng(seed)
        self.labels = draw.integers(0, CLASSES, NODES)
        order = np.argsort(self.labels, kind="stable")
        near = np.sort(draw.integers(0, NODES, (2, EDGES)), axis=0)
        same = self.labels[near[0]] == self.labels[near[1]]
        keep = same | (draw.random(EDGES) < 0.1)
        pairs = near[:, keep & (near[0] != near[1])]
        pairs = np.unique(np.concatenate([pairs, order[[[0, 1], [2, 3]]]], axis=1), axis=1)
        self.edge_index = np.unique(np.concatenate([pairs, pairs[::-1]], axis=1), axis=1)
        self.features = (draw.normal(size=(NODES, FEATURES)) + np.eye(CLASSES, FEATURES)[self.labels]).astype(
            np.float32
        )
        part = draw.permutation(NODES) % 5
        self.train, self.val, self.test = part < 2, part == 2, part > 2

    def dataset(self, **more):
        masks = {"train": self.train, "val": self.val, "test": self.test}
        return tersegraph.Dataset.from_numpy(self.edge_index, self.features, self.labels, **{**masks, **more})


@pytest.fixture(scope="session")
def arrays() -> Arrays:
    return Arrays()


@pytest.fixture(scope="session")
def small() -> tersegraph.Dataset:
    return tersegraph.Dataset.load(SMALL)


@pytest.fixture
def launched(tmp_path):
    """Starts a script as the processes of a job of mpirun, in tmp_path."""
    launcher = shutil.which(os.environ.get("TERSEGRAPH_MPIEXEC", "mpirun"))
    if launcher is None:
        pytest.skip("there is no mpirun")
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
                   "OMPI_MCA_btl": "self,vader,tcp", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}  # fmt: skip

    def start(script, ranks):
        (tmp_path / "script.py").write_text(script)
        return subprocess.Popen(
            [launcher, "-n", str(ranks), sys.executable, "script.py"],
            cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return start


@pytest.fixture(scope="session")
def program():
    """Runs the command line with the given words."""
    path = os.environ.get("TERSEGRAPH_PROGRAM")
    if not path:
        pytest.skip("TERSEGRAPH_PROGRAM does not name the program")
    return lambda *words: subprocess.run([path, *map(str, words)], check=True, capture_output=True, text=True).stdout
