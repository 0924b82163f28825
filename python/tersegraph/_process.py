"""The rank that this process is, where mpirun (or srun) has started several."""

from __future__ import annotations

import atexit
import sys
from types import TracebackType

from . import _core
from ._core import InputError, RunError

TIMEOUT = 600.0
"""Seconds that a rank waits for a message before the other is taken for lost."""

_process: _core.Rank | None = None


def process_rank(timeout: float | None = None) -> _core.Rank | None:
    """None where this process was started alone. The first call waits for the other processes and sets the timeout."""
    global _process
    if _process is None and _core.launched_ranks() > 1:
        _process = _core.process_rank(TIMEOUT if timeout is None else timeout)
        atexit.register(_process.close)
        _end_with_all(_process)
    return _process


def _end_with_all(mine: _core.Rank) -> None:
    """The others would wait for a rank that an exception has ended."""
    show = sys.excepthook

    def end(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        show(kind, value, trace)
        sys.stdout.flush()
        sys.stderr.flush()
        mine.fail("", 2 if issubclass(kind, InputError) else 3 if issubclass(kind, RunError) else 1)

    sys.excepthook = end
