"""The halo exchange as an operation of autograd."""

from __future__ import annotations

from typing import Any, Sequence

import torch
from torch_geometric.data import Data

from .. import _core
from .._core import InputError
from .._words import words_of


class HaloExchange:
    """Completes a tensor by the rows of other ranks: exchange(x) is [owned; halo] for x (owned, ...), float32, in the
    order of edge_index. Its gradient returns the halo's rows to their owners, who add them. Collective: every rank makes
    the same calls in the same order, backward ones too.

    In training (gradients enabled) rows and gradients travel as `exchange` says: "exact" (fp32), "uniform" (`bits` a
    value, 1 to 8 or 16, rounded stochastically), "random" or "adaptive" (`widths`, chosen every `assign_every` steps;
    `lambda_`, `budget`, `link` as in tersegraph.train). Otherwise they are exact, and so is data.x, which is sent once.
    Same seed and ranks: the same bits. Errors: InputError for options and shapes, RunError for a rank that was lost.
    """

    def __init__(
        self,
        data: Data,
        *,
        exchange: str = "exact",
        bits: int = 2,
        widths: Sequence[int] = (2, 4, 8),
        assign_every: int = 50,
        lambda_: float = 0.5,
        budget: str | None = None,
        link: str | None = None,
        seed: int = 0,
    ):
        shard = getattr(data, "shard", None)
        if shard is None:
            raise InputError("give the Data that partition() returned")
        self.shard = shard
        words = words_of(
            {
                "exchange": exchange,
                "bits": bits,
                "widths": tuple(widths),
                "assign_every": assign_every,
                "lambda_": lambda_,
                "budget": budget,
                "link": link,
                "seed": seed,
            }
        )
        self._core = _core.HaloRows(shard.rank, shard.owned, shard.halo, shard.halo_offsets, words)
        self._features = data.x if "x" in data else None
        self._sent_features: tuple[int, torch.Tensor] | None = None
        self._step = self._call = 0
        self.norms = KeptNorms()

    def __copy__(self) -> HaloExchange:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> HaloExchange:
        return self

    @property
    def owned(self) -> int:
        """How many nodes are this rank's."""
        return len(self.shard.owned)

    @property
    def halo(self) -> int:
        """How many of other ranks' nodes have edges to them."""
        return len(self.shard.halo)

    @property
    def bits(self) -> dict[str, float]:
        """Mean bits a value of each exchange of a step, forward.K and backward.K, over all ranks."""
        return dict(self._core.bits)

    def step(self) -> None:
        """A training step begins; wrap() calls it. Collective."""
        self._end_step()
        self._step += 1

    def _end_step(self) -> None:
        if self._call > 0:
            self._core.end_epoch(self._step)
        self._call = 0

    def state_dict(self) -> dict[str, Any]:
        """What a later run of the same script needs beside weights and optimizer to go on bit for bit: of this rank,
        for as many ranks and the same partition. Between steps. Collective."""
        self._end_step()
        return {"step": self._step, "widths": self._core.state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Before the first step. Errors: InputError or RunError for a state that is damaged or of another partition."""
        self._step = state["step"]
        self._core.restore(state["widths"])

    def __call__(self, x: torch.Tensor, training: bool = True) -> torch.Tensor:
        """training=False: exact, as without gradients."""
        if self.shard.rank.size == 1:
            return x
        self._check(x)
        if x is self._features and not x.requires_grad:
            return self._constant(x)
        if not (training and torch.is_grad_enabled()):
            return self._exchange(x, "evaluation", 0)
        if self._step == 0:
            self.step()
        self._call += 1
        return self._exchange(x, "train", self._call)

    def check_nodes(self, rows: int) -> None:
        """Errors: InputError when these are not as many as the rank owns."""
        if rows != self.owned:
            raise InputError(f"there are {rows} rows, and this rank owns {self.owned} nodes: use what partition() gave")

    def _check(self, x: torch.Tensor) -> None:
        self.check_nodes(x.size(0) if x.dim() > 0 else 0)
        if x.dtype != torch.float32 or x.layout != torch.strided:
            raise InputError(f"rows are {x.dtype}; only dense float32 ones are exchanged")
        if x[0].numel() == 0:
            raise InputError(f"rows are {tuple(x.shape)}: they have no columns")

    def _constant(self, x: torch.Tensor) -> torch.Tensor:
        if self._sent_features is None or self._sent_features[0] != x._version:
            self._sent_features = (x._version, self._exchange(x, "constant", 0))
        return self._sent_features[1]

    def _exchange(self, x: torch.Tensor, kind: str, call: int) -> torch.Tensor:
        rows: torch.Tensor = _Exchange.apply(x.reshape(len(x), -1), self._core, self.halo, kind, self._step, call)
        return rows.reshape(-1, *x.shape[1:])


class KeptNorms:
    """Normalised weights of the edges that a model uses again and again, lest their degrees be sent every time."""

    SIZE = 4

    def __init__(self) -> None:
        self._kept: list[tuple[Any, ...]] = []

    @staticmethod
    def _versions(edge_index: torch.Tensor, edge_weight: torch.Tensor | None) -> tuple[Any, ...]:
        return edge_index._version, None if edge_weight is None else edge_weight._version

    def find(self, edge_index: torch.Tensor, edge_weight: torch.Tensor | None, how: tuple[Any, ...]) -> Any:
        for edges, weights, versions, their_how, result in self._kept:
            same = edges is edge_index and weights is edge_weight and how == their_how
            if same and versions == self._versions(edge_index, edge_weight):
                return result
        return None

    def keep(
        self, edge_index: torch.Tensor, edge_weight: torch.Tensor | None, how: tuple[Any, ...], result: Any
    ) -> None:
        if edge_weight is not None and edge_weight.requires_grad:
            return
        self._kept.append((edge_index, edge_weight, self._versions(edge_index, edge_weight), how, result))
        del self._kept[: -self.SIZE]


class _Exchange(torch.autograd.Function):
    """(owned, d) -> (owned + halo, d)."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, core: _core.HaloRows, halo: int, kind: str, step: int, call: int
    ) -> torch.Tensor:
        ctx.core, ctx.owned, ctx.when = core, len(x), (kind, step, call)
        mine = x.detach().cpu().contiguous()
        rows = torch.empty(len(x) + halo, x.size(1))
        rows[: len(x)] = mine
        core.forward(mine.numpy(), rows[len(x) :].numpy(), *ctx.when)
        return rows.to(x.device)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
        rows = gradient.detach().cpu().contiguous()
        mine = rows[: ctx.owned].clone()
        ctx.core.backward(rows[ctx.owned :].numpy(), mine.numpy(), *ctx.when)
        return mine.to(gradient.device), None, None, None, None, None
