"""train(), and what it returns."""

from __future__ import annotations

import inspect
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence, overload

import numpy as np

from . import _core
from ._options import OPTIONS
from ._process import process_rank
from ._told import ToldRun, told_by_rank0
from ._words import words_of
from .dataset import Dataset
from .model import Model, predictions
from .progress import Progress

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import TrainOptions

Callback = Callable[[dict[str, Any]], Any]


@overload
def train(
    dataset: Dataset | str | os.PathLike[str],
    *,
    runs: None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool | None = None,
    **options: Unpack[TrainOptions],
) -> Result: ...


@overload
def train(
    dataset: Dataset | str | os.PathLike[str],
    *,
    runs: int,
    callbacks: Sequence[Callback] = (),
    progress: bool | None = None,
    **options: Unpack[TrainOptions],
) -> list[Result]: ...


def train(
    dataset: Dataset | str | os.PathLike[str],
    *,
    runs: int | None = None,
    callbacks: Sequence[Callback] = (),
    progress: bool | None = None,
    **options: Any,
) -> Result | list[Result]:
    """Trains on the whole graph as `tersegraph train` does: the same options, and bit for bit the same results.

    dataset: a Dataset, or what Dataset.load takes. callbacks: each is called after every epoch, in this thread, with
    the epoch's line of metrics.jsonl as a dict; what returns True ends the run. progress: None shows it in terminals
    and notebooks. out=DIR leaves a run directory, otherwise nothing is written. runs=N: seeds S, S+1, ..., and a list of
    results.

    In a script that mpirun (or srun) has started, every process is a rank: all make the same call with the same dataset and
    get the same result, and rank 0 calls the callbacks, shows progress where progress=True, and writes the files.

    Ctrl-C ends the run after the epoch and raises KeyboardInterrupt; with out= the directory then holds a checkpoint
    and the results so far. An exception of a callback does the same. Errors: InputError, RunError (it diverged, say).
    """
    if options.get("out") is not None:
        options["out"] = os.fspath(options["out"])
    words = words_of(options) + ([] if runs is None else [("runs", str(runs))])
    if not isinstance(dataset, Dataset):
        dataset = Dataset.load(dataset)
    mine = process_rank(options.get("timeout"))
    watched = bool(callbacks) or progress is True
    if mine is not None:
        progress = progress is True and mine.rank == 0
    with Progress(progress, dict(words)) as bar:
        calls = [*callbacks, bar.update] if bar.shown else list(callbacks)

        def on_epoch(line: str) -> bool:
            metrics = json.loads(line)
            return any([call(metrics) is True for call in calls])

        # On a process of several, watched is what all have in common.
        hook = on_epoch if calls or (watched and mine is not None) else None
        trained = _core.train(dataset._core, words, hook, mine)
    runs_here = trained if mine is None else told_by_rank0(mine, trained)
    results = [Result(run, dataset) for run in runs_here]
    return results[0] if runs is None else results


def _signature() -> inspect.Signature:
    """That of train(), with every option."""
    own = list(inspect.signature(train).parameters.values())[:-1]
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(own + [inspect.Parameter(name, keyword, default=value) for name, _, value, _ in OPTIONS])


train.__signature__ = _signature()  # type: ignore[attr-defined]
train.__doc__ = (
    (train.__doc__ or "") + "\n    Options:\n" + "".join(f"      {name}: {help}\n" for name, _, _, help in OPTIONS)
)


class Result:
    """What a run left: the best epoch's weights, the outputs of all nodes, and how it went."""

    def __init__(self, run: _core.Run | ToldRun, dataset: Dataset):
        self._run = run
        self.dataset = dataset
        self.model = Model(run.model)
        self.summary: dict[str, Any] = json.loads(run.summary)
        """As summary.json."""

    @property
    def history(self) -> dict[str, np.ndarray]:
        """An array over the epochs for each number of metrics.jsonl, nan where an epoch has none; nested ones have
        names like "bytes.halo_forward"."""
        epochs = [dict(_flat(json.loads(line))) for line in self._run.metrics]
        names = dict.fromkeys(name for epoch in epochs for name in epoch)
        whole = {"epoch"}
        return {
            name: np.array([epoch.get(name, np.nan) for epoch in epochs], np.int64 if name in whole else np.float64)
            for name in names
        }

    @property
    def best(self) -> dict[str, Any]:
        """The best epoch's line of metrics.jsonl."""
        best = self.summary["best_epoch"]
        return next(line for line in map(json.loads, self._run.metrics) if line["epoch"] == best)

    @property
    def bytes_sent(self) -> int:
        """Bytes of all kinds, headers included, sum over ranks."""
        return int(self.summary["bytes_sent"]["total"])

    @property
    def ending(self) -> str:
        """finished, patience, converged or stopped."""
        return str(self.summary["ending"])

    @property
    def directory(self) -> str | None:
        """The run directory, where out= named one."""
        return self._run.directory or None

    def logits(self, dataset: Dataset | None = None) -> np.ndarray:
        """(n, outputs) float32 before softmax or sigmoid, of the graph of the training or of another one."""
        return self._run.outputs if dataset is None else self.model.logits(dataset)

    def predict(self, dataset: Dataset | None = None) -> np.ndarray:
        """Class ids (n,) int32; of several labels probabilities (n, outputs); of regression values (n, outputs)."""
        return predictions(self.logits(dataset), self.model.task)

    def embeddings(self, dataset: Dataset | None = None) -> np.ndarray:
        """See Model.embeddings; of the graph of the training or of another one."""
        return self.model.embeddings(self.dataset if dataset is None else dataset)

    def state_dict(self, torch: bool = False) -> dict[str, Any]:
        """See Model.state_dict."""
        return self.model.state_dict(torch)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the run directory that out= would have left; under mpirun rank 0 does. Errors: InputError where
        `path` is there already."""
        self._run.save(os.fspath(path))

    def report(self, path: str | os.PathLike[str]) -> None:
        """Writes the page about this run, which needs no network; under mpirun rank 0 does. Errors: OSError."""
        if isinstance(self._run, ToldRun):
            return
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder) / Path(path).stem
            self.save(directory)
            Path(path).write_bytes((directory / "report.html").read_bytes())

    def __repr__(self) -> str:
        scores = {name: self.summary[name] for name in ("test_accuracy", "val_accuracy") if name in self.summary}
        words = "".join(f"{name} {score:.4f}, " for name, score in scores.items())
        return f"Result({words}best epoch {self.summary['best_epoch']} of {self.summary['epochs']}, {self.ending})"


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of nested dicts."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, prefix + name + ".")
        elif isinstance(value, (int, float)):
            yield prefix + name, value
