"""What a run of several processes left, on all of them: rank 0 tells the others."""

from __future__ import annotations

import pickle
from typing import Any, Sequence

from . import _core


class ToldRun:
    """A _core.Run as rank 0 has told it."""

    def __init__(self, told: dict[str, Any]):
        self.metrics: list[str] = told["metrics"]
        self.summary: str = told["summary"]
        self.outputs = told["outputs"]
        self.directory: str = told["directory"]
        self.model = _core.make_model(told["words"], told["metadata"], told["tensors"])

    def save(self, path: str) -> None:
        """Rank 0 does."""


def _tell(run: _core.Run) -> dict[str, Any]:
    model = run.model
    return {
        "metrics": run.metrics,
        "summary": run.summary,
        "outputs": run.outputs,
        "directory": run.directory,
        "words": model.words,
        "metadata": model.metadata,
        "tensors": model.tensors,
    }


def told_by_rank0(mine: _core.Rank, runs: Sequence[_core.Run]) -> Sequence[_core.Run | ToldRun]:
    """The runs, which rank 0 has. Collective."""
    words = mine.gather(pickle.dumps([_tell(run) for run in runs]) if mine.rank == 0 else b"")[0]
    return runs if mine.rank == 0 else [ToldRun(told) for told in pickle.loads(words)]
