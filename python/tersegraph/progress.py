"""A line about the epoch: in terminals and notebooks, by rich where it is installed."""

from __future__ import annotations

import sys
from typing import Any


def _in_notebook() -> bool:
    shell: Any = sys.modules.get("IPython")
    return bool(shell) and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


def _words(metrics: dict[str, Any]) -> str:
    words = f"epoch {metrics['epoch']}  loss {metrics['train_loss'] or float('nan'):.4f}"
    return words + (f"  validation {metrics['val_accuracy']:.4f}" if "val_accuracy" in metrics else "")


class _RichLine:
    def __init__(self, total: int | None):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn()
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("", total=total)
        self._progress.start()

    def show(self, metrics: dict[str, Any]) -> None:
        self._progress.update(self._task, completed=metrics["epoch"], description=_words(metrics))

    def close(self) -> None:
        self._progress.stop()


class _PlainLine:
    def __init__(self, total: int | None):
        self._of = f" of {total}" if total else ""

    def show(self, metrics: dict[str, Any]) -> None:
        print(f"\r{_words(metrics)}{self._of}\x1b[K", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        print(file=sys.stderr)


class Progress:
    """shown=None: where somebody is likely to look. `words` are the options of the run."""

    def __init__(self, shown: bool | None, words: dict[str, str]):
        self.shown = (sys.stderr.isatty() or _in_notebook()) if shown is None else shown
        self._line: Any = None
        self._words = words

    def __enter__(self) -> Progress:
        if self.shown:
            admm = self._words.get("optimizer") == "admm"
            total = int(self._words["epochs"]) if "epochs" in self._words else None if admm else 200
            try:
                self._line = _RichLine(total)
            except ImportError:
                self._line = _PlainLine(total)
        return self

    def update(self, metrics: dict[str, Any]) -> None:
        """After an epoch: its line of metrics.jsonl."""
        self._line.show(metrics)

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.close()
