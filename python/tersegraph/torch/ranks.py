"""Who else takes part, and sums over all."""

from __future__ import annotations

import builtins
import threading
from typing import Any, Callable

import numpy as np
import torch

from .. import _core
from .._core import InputError
from .._process import TIMEOUT, process_rank

_thread = threading.local()
_alone: _core.Rank | None = None


def current() -> _core.Rank:
    """The rank that this thread runs as: one of run_threads(), or the process' own."""
    mine: _core.Rank | None = getattr(_thread, "rank", None)
    return mine if mine is not None else start()


def start(timeout: float = TIMEOUT) -> _core.Rank:
    """Makes this process a rank of what mpirun (or srun) started, or the only one. Everything here does so when it is
    first used; call it before to choose the timeout (0: none), after which a rank that lets another wait for rows or sums
    is taken for lost, and the job ends with exit code 3. A process that dies, or ends by an exception, ends the job at once.
    """
    global _alone
    launched = process_rank(timeout)
    if launched is not None:
        return launched
    if _alone is None:
        _alone = _core.thread_ranks(1, 0.0)[0]
    return _alone


def run_threads(ranks: int, function: Callable[..., Any], *arguments: Any, timeout: float = TIMEOUT) -> list[Any]:
    """What function(*arguments) returns on each of `ranks` ranks that are threads of this process, for tests and
    notebooks: Python runs one of them at a time. The first exception of a rank ends the others and is raised. Models
    and exchanges cannot be used on ranks that have ended."""
    all_ranks = _core.thread_ranks(ranks, timeout)
    results: list[Any] = [None] * ranks
    failures: list[BaseException] = []

    def run(mine: _core.Rank) -> None:
        _thread.rank = mine
        try:
            results[mine.rank] = function(*arguments)
        except BaseException as failure:
            failures.append(failure)
            mine.fail(str(failure), 1)

    threads = [threading.Thread(target=run, args=(mine,)) for mine in all_ranks]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:
        all_ranks[0].fail("interrupted", 1)
        raise
    finally:
        for thread in threads:
            thread.join()
        for mine in all_ranks:
            mine.close()
    if failures:
        raise failures[0]
    return results


def rank() -> int:
    """Which of the ranks this is, from 0."""
    return current().rank


def size() -> int:
    """How many ranks there are."""
    return current().size


def print(*values: Any, **options: Any) -> None:
    """As print(), on rank 0; the others print nothing."""
    if current().rank == 0:
        builtins.print(*values, **options)


def bytes_sent() -> dict[str, int]:
    """Bytes that this rank has sent so far, headers included, by kind: halo_forward and halo_backward (rows and their
    gradients in training), layer0 (features that never change, once), evaluation, all_reduce (sums of gradients and
    scores), setup."""
    return dict(current().bytes_sent)


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, mine: _core.Rank) -> torch.Tensor:
        ctx.ranks, ctx.shape = mine.size, values.shape
        sums = np.array([values.sum(dtype=torch.float64).item()])
        mine.sum_float64(sums)
        return torch.tensor(sums[0], dtype=values.dtype, device=values.device)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return (gradient * ctx.ranks).expand(ctx.shape), None


def total(values: torch.Tensor) -> torch.Tensor:
    """The sum of all ranks' values, the same on each. Collective.

    wrap() averages gradients over ranks, so that what every rank adds to its loss alike (a penalty of the weights)
    counts once; a sum over ranks passes as many times the gradient on.
    """
    if not values.is_floating_point():
        values = values.to(torch.get_default_dtype())
    result: torch.Tensor = _Total.apply(values, current())
    return result


def mean(values: torch.Tensor) -> torch.Tensor:
    """The mean of all ranks' values, of any shape, as the script has it of all nodes: of losses with
    reduction="none", or of what is right and wrong. Collective. A rank may have none. Errors: InputError when no rank
    has any."""
    count = np.array([float(values.numel())])
    current().sum_float64(count)
    if count[0] == 0:
        raise InputError("mean: no rank has a value; is the mask empty?")
    return total(values) / float(count[0])
