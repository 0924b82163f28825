"""A rank's share of a graph."""

from __future__ import annotations

import copy
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from .. import _core
from .._core import InputError
from ..dataset import Dataset
from .ranks import current


@dataclass(frozen=True)
class Shard:
    """Which nodes a rank owns, and which of other ranks its edges come from."""

    rank: _core.Rank
    owned: np.ndarray
    """(owned,) global ids, ascending: the rows of this rank's tensors."""
    halo: np.ndarray
    """(halo,) global ids by owner: in edge_index they follow the owned ones."""
    halo_offsets: np.ndarray
    """(ranks + 1,): rank q owns halo[halo_offsets[q]:halo_offsets[q + 1]]."""

    def __copy__(self) -> Shard:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Shard:
        return self


def partition(data: Data, *, method: str = "metis", part: Any = None) -> Data:
    """This rank's share of `data`, which is the same on all ranks: what belongs to its nodes (x, y, masks, ...), and
    the edges into them with what belongs to those. edge_index counts the nodes of this rank first, then those of others
    that edges come from, whose rows layers get by messages (see wrap). n_id has the global id of each node. Collective.

    method: metis, metis-volume, metis-refined, stream, random or block; or part (n,), the rank of each node. Errors:
    InputError.
    """
    mine = current()
    _check(data)
    _compare(data, mine)
    parts = _parts(data, method, part, mine)
    sources, targets = data.edge_index.cpu().numpy()
    kept = np.flatnonzero(parts[targets] == mine.rank)
    owned = np.flatnonzero(parts == mine.rank)
    halo = np.unique(sources[kept])
    halo = halo[parts[halo] != mine.rank]
    halo = halo[np.argsort(parts[halo], kind="stable")]
    local_id = np.full(len(parts), -1, np.int64)
    local_id[owned] = np.arange(len(owned))
    local_id[halo] = len(owned) + np.arange(len(halo))

    share = _select(data, owned, kept)
    device = data.edge_index.device
    share.edge_index = torch.from_numpy(local_id[np.stack([sources[kept], targets[kept]])]).to(device)
    share.num_nodes = len(owned)
    share.n_id = torch.from_numpy(owned).to(device)
    offsets = np.searchsorted(parts[halo], np.arange(mine.size + 1)).astype(np.int64)
    share.shard = Shard(mine, owned.astype(np.int64), halo.astype(np.int64), offsets)
    return share


def _check(data: Data) -> None:
    if not isinstance(data, Data):
        raise InputError(f"partition takes a torch_geometric.data.Data of one graph, not a {type(data).__name__}")
    edges = data.edge_index if "edge_index" in data else None
    if not isinstance(edges, torch.Tensor) or edges.layout != torch.strided:
        raise InputError("partition needs edge_index (2, m); transforms to sparse matrices are not supported")
    if edges.dim() != 2 or edges.size(0) != 2 or edges.is_floating_point():
        raise InputError(f"edge_index is {edges.dtype} {tuple(edges.shape)}; give whole numbers of shape (2, m)")
    nodes = data.num_nodes
    least, greatest = (int(edges.min()), int(edges.max())) if edges.numel() > 0 else (0, -1)
    if least < 0 or greatest >= nodes:
        raise InputError(f"edge_index has node {least if least < 0 else greatest}, and the graph {nodes} nodes")


def _compare(data: Data, mine: _core.Rank) -> None:
    """All ranks must have loaded the same."""
    check = 0
    for name, value in sorted(data.to_dict().items()):
        if isinstance(value, torch.Tensor):
            values = np.ascontiguousarray(value.detach().cpu().numpy())
            check = zlib.crc32(values.data, zlib.crc32(name.encode(), check))
    others = mine.gather(check.to_bytes(8, "little"))
    differing = [q for q, other in enumerate(others) if other != others[0]]
    if differing:
        raise InputError(f"rank {differing[0]} has other data than rank 0: load the same, with the same seed, on all")


def _parts(data: Data, method: str, part: Any, mine: _core.Rank) -> np.ndarray:
    """(n,) the rank of each node, as rank 0 has it."""
    nodes = data.num_nodes
    if part is not None:
        parts = np.asarray(part.cpu() if isinstance(part, torch.Tensor) else part)
        owners = np.unique(parts)
        if parts.shape != (nodes,) or parts.dtype.kind not in "iu" or not np.array_equal(owners, np.arange(mine.size)):
            raise InputError(f"part: give the rank of each of the {nodes} nodes, and every rank of {mine.size} a node")
        return parts
    own = b""
    if mine.rank == 0:
        graph = Dataset.from_numpy(data.edge_index, num_nodes=nodes, undirected=True)
        own = np.array(_core.partition(graph._core, mine.size, method), np.int32).tobytes()
    return np.frombuffer(mine.gather(own)[0], np.int32)


def _select(data: Data, nodes: np.ndarray, edges: np.ndarray) -> Data:
    share = copy.copy(data)
    for name, value in data.to_dict().items():
        if not isinstance(value, torch.Tensor) or name == "edge_index":
            continue
        ids = edges if data.is_edge_attr(name) else nodes if data.is_node_attr(name) else None
        if ids is not None:
            share[name] = value.index_select(data.__cat_dim__(name, value), torch.from_numpy(ids).to(value.device))
    return share
