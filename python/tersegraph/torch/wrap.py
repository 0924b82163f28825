"""A model of torch_geometric over all ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter
from torch_geometric.data import Data
from torch_geometric.nn import MessagePassing

from .. import _core
from .._core import InputError
from .exchange import HaloExchange
from .normalise import replace_gcn_norm, running

_NORMS_OVER_NODES = {"BatchNorm", "DiffGroupNorm", "GraphNorm", "GraphSizeNorm", "InstanceNorm", "MeanSubtractionNorm",
                     "PairNorm", "HeteroBatchNorm", "BatchNorm1d", "SyncBatchNorm", "LazyBatchNorm1d", "InstanceNorm1d"}  # fmt: skip


def wrap(model: torch.nn.Module, data: Data, **options: Any) -> torch.nn.Module:
    """Makes `model` compute on partition()'s `data` what it computes on the whole graph, and returns it. Collective.

    Whatever a MessagePassing module sends along edges it gets from the ranks that own the nodes, once for each node, as
    HaloExchange's options say: wrap(model, data, exchange="uniform", bits=2). Weights become those of rank 0, and
    backward() leaves on every rank the same gradients, averaged over ranks: see mean(). model.halo_exchange is the
    exchange. Errors: InputError for what cannot be computed by ranks, such as norms over all nodes.
    """
    exchange = HaloExchange(data, **options)
    model.halo_exchange = exchange  # type: ignore[assignment]
    if exchange.shard.rank.size == 1:
        return model
    for name, module in model.named_modules():
        _check(name, module)
    for module in model.modules():
        if isinstance(module, MessagePassing):
            replace_gcn_norm(type(module))
            module.__class__ = _spread(type(module))
            module._exchange = exchange
    _share_weights(model, exchange)
    _average_gradients(model, exchange.shard.rank)
    model.register_forward_pre_hook(_begin_step)
    return model


def _begin_step(model: Any, arguments: Any) -> None:
    if model.training and torch.is_grad_enabled():
        _average_gradients(model, model.halo_exchange.shard.rank)
        model.halo_exchange.step()


def _check(name: str, module: torch.nn.Module) -> None:
    where = f"{name or 'the model'} ({type(module).__name__})"
    if type(module).__name__ in _NORMS_OVER_NODES or getattr(module, "mode", "") == "graph":
        raise InputError(f"{where} takes statistics over all nodes, of which a rank has a part; use torch.nn.LayerNorm")
    if not isinstance(module, MessagePassing):
        return
    if isinstance(module, _Spread):
        raise InputError(f"{where} is wrapped already")
    if module.flow != "source_to_target":
        raise InputError(f"{where} sends messages against the edges; only flow='source_to_target' is supported")
    for arguments in (module._user_args, module._edge_user_args):
        for sent in _sent(arguments):
            if sent in arguments:
                raise InputError(f"{where} uses {sent} both along edges and as a whole, which is not supported")


def _sent(arguments: list[str]) -> list[str]:
    """What a module looks up at the sources of edges."""
    return [name[:-2] for name in arguments if name.endswith("_j")]


class _Spread:
    """What a MessagePassing module becomes: its messages come from [owned; halo], and go to the owned nodes."""

    _exchange: HaloExchange
    training: bool
    node_dim: int
    _sent_rows: list[tuple[torch.Tensor, torch.Tensor]]

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        with running(self._exchange) as self._sent_rows:
            return super().forward(*arguments, **keywords)  # type: ignore[misc]

    def propagate(self, edge_index: Any, size: Any = None, **values: Any) -> Any:
        values = self._complete(values, self._user_args)  # type: ignore[attr-defined]
        return super().propagate(edge_index, size=self._size(edge_index), **values)  # type: ignore[misc]

    def edge_updater(self, edge_index: Any, size: Any = None, **values: Any) -> Any:
        values = self._complete(values, self._edge_user_args)  # type: ignore[attr-defined]
        return super().edge_updater(edge_index, size=self._size(edge_index), **values)  # type: ignore[misc]

    def _set_jittable_templates(self, *arguments: Any) -> None:
        """A copy of the module would otherwise lose the methods above."""

    def _size(self, edge_index: Any) -> tuple[int, int]:
        if not isinstance(edge_index, torch.Tensor) or edge_index.layout != torch.strided:
            raise InputError("edges must be edge_index (2, m); sparse matrices are not supported by ranks")
        return self._exchange.owned + self._exchange.halo, self._exchange.owned

    def _complete(self, values: dict[str, Any], arguments: list[str]) -> dict[str, Any]:
        """As a bipartite graph has it: (rows of sources, rows of targets)."""
        completed = dict(values)
        for name in _sent(arguments):
            value = values.get(name)
            if isinstance(value, torch.Tensor):
                completed[name] = (self._rows(value), value)
            elif isinstance(value, (tuple, list)) and isinstance(value[0], torch.Tensor):
                completed[name] = (self._rows(value[0]), value[1])
        return completed

    def _rows(self, x: torch.Tensor) -> torch.Tensor:
        """Of a tensor that is sent twice in one call of the module, the rows are those of the first time."""
        if self.node_dim not in (0, -x.dim()):
            raise InputError(f"rows are {tuple(x.shape)}: the nodes must be the first dimension")
        for sent, rows in self._sent_rows:
            if sent is x:
                return rows
        self._sent_rows.append((x, self._exchange(x, training=self.training)))
        return self._sent_rows[-1][1]


_KINDS: dict[type, type] = {}


def _spread(kind: type) -> type:
    if kind not in _KINDS:
        _KINDS[kind] = type(kind.__name__, (_Spread, kind), {"__module__": kind.__module__, "__doc__": kind.__doc__})
    return _KINDS[kind]


def _share_weights(model: torch.nn.Module, exchange: HaloExchange) -> None:
    """Those of rank 0, buffers too."""
    mine = exchange.shard.rank
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if isinstance(tensor, (UninitializedParameter, UninitializedBuffer)):
                raise InputError(f"{name} has no shape yet: run the model once on the whole graph before wrap()")
            values = np.ascontiguousarray(tensor.detach().cpu().numpy())
            sent = mine.gather(values.tobytes() if mine.rank == 0 else b"")[0]
            if len(sent) != values.nbytes:
                raise InputError(f"{name} has {len(sent)} bytes on rank 0 and {values.nbytes} on rank {mine.rank}")
            tensor.copy_(torch.from_numpy(np.frombuffer(sent, values.dtype).reshape(values.shape).copy()))


def _average_gradients(model: torch.nn.Module, mine: _core.Rank) -> None:
    """Over ranks, each as it is ready. Parameters lose their hooks when a model is copied; the copy gets its own."""

    def average(gradient: torch.Tensor) -> torch.Tensor:
        sums = gradient.detach().cpu().contiguous().clone().reshape(-1)
        mine.sum_float32(sums.numpy())
        averages: torch.Tensor = sums / mine.size
        return averages.reshape(gradient.shape).to(gradient.device)

    for name, parameter in model.named_parameters():
        if parameter.dtype != torch.float32:
            raise InputError(f"{name} is {parameter.dtype}; only float32 weights are supported by ranks")
        if parameter.requires_grad and getattr(parameter, "_averaged_as", None) != id(parameter):
            parameter.register_hook(average)  # type: ignore[no-untyped-call]
            parameter._averaged_as = id(parameter)  # type: ignore[attr-defined]
