"""GCN's normalisation by the degrees of the whole graph."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any, Iterator

import torch
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.utils import add_remaining_self_loops, scatter

from .exchange import HaloExchange

_thread = threading.local()


@contextlib.contextmanager
def running(exchange: HaloExchange) -> Iterator[list[Any]]:
    """While a wrapped module's forward() runs. Yields a list for what it has sent."""
    before = getattr(_thread, "exchange", None)
    _thread.exchange = exchange
    try:
        yield []
    finally:
        _thread.exchange = before


def replace_gcn_norm(kind: type) -> None:
    """Where the code of a module and its bases calls torch_geometric's gcn_norm, it comes here first. Outside of wrapped
    modules that changes nothing."""
    for base in kind.__mro__:
        module = sys.modules.get(base.__module__)
        if getattr(module, "gcn_norm", None) is gcn_norm:
            module.gcn_norm = _gcn_norm  # type: ignore[union-attr]


def _gcn_norm(
    edge_index: Any,
    edge_weight: torch.Tensor | None = None,
    num_nodes: int | None = None,
    improved: bool = False,
    add_self_loops: bool = True,
    flow: str = "source_to_target",
    dtype: torch.dtype | None = None,
) -> Any:
    exchange: HaloExchange | None = getattr(_thread, "exchange", None)
    if exchange is None or not isinstance(edge_index, torch.Tensor) or edge_index.layout != torch.strided:
        return gcn_norm(edge_index, edge_weight, num_nodes, improved, add_self_loops, flow, dtype)
    exchange.check_nodes(exchange.owned if num_nodes is None else num_nodes)
    how = (improved, add_self_loops, dtype)
    known = exchange.norms.find(edge_index, edge_weight, how)
    if known is not None:
        return known
    given = edge_index, edge_weight
    if add_self_loops:
        edge_index, edge_weight = add_remaining_self_loops(
            edge_index, edge_weight, 2.0 if improved else 1.0, exchange.owned
        )
    if edge_weight is None:
        edge_weight = torch.ones(edge_index.size(1), dtype=dtype, device=edge_index.device)
    source, target = edge_index[0], edge_index[1]
    degree = scatter(edge_weight, target, dim=0, dim_size=exchange.owned, reduce="sum")
    scale = degree.pow(-0.5)
    scale = scale.masked_fill(scale == float("inf"), 0)
    scale_of_all = exchange(scale.unsqueeze(1), training=False).squeeze(1)
    edge_weight = scale_of_all[source] * edge_weight * scale[target]
    exchange.norms.keep(*given, how, (edge_index, edge_weight))
    return edge_index, edge_weight
