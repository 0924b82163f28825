"""Graphs with features, labels and splits, from arrays in memory or from files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from . import _core
from ._core import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def _numbers(array: Any, what: str) -> np.ndarray:
    """A contiguous array of numbers; torch tensors of the CPU become one without a copy."""
    if hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    result = np.ascontiguousarray(array)
    if result.dtype.kind not in "biuf" or result.dtype.itemsize > 8:
        raise InputError(f"{what}: is an array of {result.dtype}; give numbers")
    return result if result.dtype.isnative else result.astype(result.dtype.newbyteorder("="))


def _ids(chosen: Any, nodes: int, what: str) -> list[np.ndarray]:
    """The ascending node ids of a mask (n,), of masks (splits, n), or of ids (k,)."""
    if chosen is None:
        return []
    chosen = _numbers(chosen, what)
    if chosen.dtype == bool:
        if chosen.ndim not in (1, 2) or chosen.shape[-1] != nodes:
            raise InputError(f"{what}: has shape {chosen.shape} where ({nodes},) or (splits, {nodes}) is needed")
        return [np.flatnonzero(mask).astype(np.int64) for mask in np.atleast_2d(chosen)]
    if chosen.dtype.kind not in "iu" or chosen.ndim != 1:
        raise InputError(f"{what}: is neither a mask of booleans nor a list of node ids")
    return [np.sort(chosen.astype(np.int64))]


def _splits(train: Any, val: Any, test: Any, nodes: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    sets = [_ids(train, nodes, "train"), _ids(val, nodes, "val"), _ids(test, nodes, "test")]
    count = len(sets[0])
    if count == 0 and (sets[1] or sets[2]):
        raise InputError("val and test were given without train; give it too")
    for name, ids in zip(("val", "test"), sets[1:]):
        if ids and len(ids) != count:
            raise InputError(f"{name}: holds {len(ids)} splits, and train holds {count}")
    nothing = np.zeros(0, np.int64)
    first, second, third = (ids or [nothing] * count for ids in sets)
    return list(zip(first, second, third))


def _labels(labels: Any) -> np.ndarray | None:
    """A column becomes a vector, and truth values of several labels become numbers."""
    if labels is None:
        return None
    numbers = _numbers(labels, "labels")
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = np.ascontiguousarray(numbers[:, 0])
    return numbers.astype(np.uint8) if numbers.dtype == bool else numbers


def _is_scipy(matrix: Any) -> bool:
    return hasattr(matrix, "tocsr")


class Dataset:
    """A graph of n nodes with features (n, F), labels, and the splits to train on. It cannot be changed.

    Labels: whole numbers (n,) are classes, -1 where there is none; whole numbers or booleans (n, C) are several labels
    a node; fractions (n,) or (n, C) are values to predict, nan where there is none.
    """

    def __init__(self, core: _core.Dataset):
        self._core = core

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Dataset:
        """Any file or folder that the command line's --data reads, or "sbm:nodes=..."; see docs/data.md.

        Errors: InputError, which names the file and what is wrong in it.
        """
        return cls(_core.load_dataset(os.fspath(path)))

    @classmethod
    def from_numpy(
        cls,
        edge_index: ArrayLike | None = None,
        features: Any = None,
        labels: ArrayLike | None = None,
        *,
        indptr: ArrayLike | None = None,
        indices: ArrayLike | None = None,
        edge_weight: ArrayLike | None = None,
        train: ArrayLike | None = None,
        val: ArrayLike | None = None,
        test: ArrayLike | None = None,
        num_nodes: int | None = None,
        num_classes: int | None = None,
        undirected: bool = False,
        name: str = "arrays",
    ) -> Dataset:
        """From edges (2, m), sources then targets, or from CSR rows `indptr` (n + 1), `indices`.

        Self loops and duplicates are dropped. The graph is directed unless the reverse of every edge is there, which
        `undirected=True` adds. features (n, F): float32 in C order are not copied (do not change them afterwards);
        others are, and a scipy sparse matrix stays sparse. labels (n,) or (n, C): see the class. edge_weight (m,). train,
        val, test: masks of booleans (n,), several splits (splits, n), or node ids. Errors: InputError where shapes, ids
        or values do not fit.
        """
        if (edge_index is None) == (indptr is None) or (indptr is None) != (indices is None):
            raise InputError("give the graph as edge_index, or as indptr and indices")
        dense = sparse = None
        rows_of_graph = None if indptr is None else _numbers(indptr, "indptr")
        if _is_scipy(features):
            rows = features.tocsr()
            sparse = (rows.shape, rows.indptr, rows.indices, _numbers(rows.data, "features"))
            feature_rows = rows.shape[0]
        elif features is not None:
            dense = _numbers(features, "features")
            if dense.ndim != 2:
                raise InputError(f"features: has shape {dense.shape} where (nodes, features) is needed")
            dense = dense.astype(np.float32, copy=False)
            feature_rows = dense.shape[0]
        targets = _labels(labels)
        if num_nodes is None:
            if rows_of_graph is not None:
                num_nodes = len(rows_of_graph) - 1
            elif features is not None:
                num_nodes = feature_rows
            elif targets is not None:
                num_nodes = targets.shape[0]
            else:
                raise InputError("how many nodes there are is not said; give features, labels or num_nodes")
        core = _core.make_dataset(
            name=name,
            nodes=num_nodes,
            edge_index=None if edge_index is None else _numbers(edge_index, "edge_index"),
            indptr=rows_of_graph,
            indices=None if indices is None else _numbers(indices, "indices"),
            weights=None
            if edge_weight is None
            else _numbers(edge_weight, "edge_weight").astype(np.float32, copy=False),
            symmetrise=undirected,
            dense=dense,
            sparse=sparse,
            labels=targets,
            classes=num_classes,
            splits=_splits(train, val, test, num_nodes),
        )
        return cls(core)

    @classmethod
    def from_scipy(cls, adjacency: Any, features: Any = None, labels: ArrayLike | None = None, **more: Any) -> Dataset:
        """From a sparse matrix whose row u holds v for every edge u -> v, with edge weights as values unless all are 1.

        adjacency (n, n), the rest and further arguments as from_numpy's. Errors: InputError.
        """
        rows = adjacency.tocsr()
        if rows.shape[0] != rows.shape[1]:
            raise InputError(f"the adjacency matrix has {rows.shape[0]} rows and {rows.shape[1]} columns")
        if (rows.data == 0).any():
            rows = rows.copy()
            rows.eliminate_zeros()
        weights = None if (rows.data == 1).all() else rows.data
        return cls.from_numpy(
            None, features, labels, indptr=rows.indptr, indices=rows.indices, edge_weight=weights, **more
        )

    @classmethod
    def from_pyg(cls, data: Any, **more: Any) -> Dataset:
        """From a torch_geometric.data.Data: edge_index, x, y, edge_weight, and train_mask, val_mask, test_mask.

        edge_index (2, m), x (n, F), y (n,) or (n, C), edge_weight (m,); masks (n,), of several splits (n, splits).
        Further arguments are from_numpy's, and replace what `data` holds. Errors: InputError.
        """
        found: dict[str, Any] = {}
        for name in ("train", "val", "test"):
            mask = getattr(data, name + "_mask", None)
            if mask is not None:
                mask = _numbers(mask, name + "_mask").astype(bool)
                found[name] = np.ascontiguousarray(mask.T) if mask.ndim == 2 else mask
        if getattr(data, "edge_weight", None) is not None:
            found["edge_weight"] = data.edge_weight
        labels = _labels(getattr(data, "y", None))
        # Several labels a node come as 0.0 and 1.0, since PyTorch's loss wants fractions.
        if labels is not None and labels.ndim == 2 and labels.dtype.kind == "f" and np.isin(labels, (0, 1)).all():
            labels = labels.astype(np.uint8)
        found["num_nodes"] = int(data.num_nodes)
        return cls.from_numpy(data.edge_index, getattr(data, "x", None), labels, **{**found, **more})

    @classmethod
    def from_ogb(cls, dataset: Any, **more: Any) -> Dataset:
        """From a node property dataset of ogb (its library-agnostic or its PyG form), made undirected as in the file.

        `dataset[0]` is (graph, label) or a Data; `dataset.get_idx_split()` has train, valid and test. Further arguments
        are from_numpy's. Errors: InputError.
        """
        split = dataset.get_idx_split()
        found = {"train": split["train"], "val": split["valid"], "test": split["test"], "undirected": True, **more}
        first = dataset[0]
        if not isinstance(first, tuple):
            first = ({"edge_index": first.edge_index, "node_feat": first.x, "num_nodes": first.num_nodes}, first.y)
        graph, labels = first
        labels = _numbers(labels, "labels")
        if labels.ndim == 2 and labels.shape[1] > 1:
            labels = labels.astype(np.uint8)
        elif labels.dtype.kind == "f":
            labels = np.where(np.isnan(labels), -1, labels).astype(np.int64)
        features = graph.get("node_feat")
        return cls.from_numpy(graph["edge_index"], features, labels, num_nodes=int(graph["num_nodes"]), **found)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the .npz that Tersegraph reads fastest. Errors: InputError where it cannot be written."""
        self._core.save(os.fspath(path))

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._core.name

    @property
    def num_nodes(self) -> int:
        """Nodes, n."""
        return self._core.nodes

    @property
    def num_edges(self) -> int:
        """Directed edges: an undirected one counts twice."""
        return self._core.edges

    @property
    def num_features(self) -> int:
        """Columns of the features, F; 0 without features."""
        return self._core.feature_columns

    @property
    def num_outputs(self) -> int:
        """Classes, labels or values a node; 0 without labels."""
        return self._core.outputs

    @property
    def task(self) -> str:
        """multiclass, multilabel or regression."""
        return self._core.task

    @property
    def directed(self) -> bool:
        """Whether an edge lacks its reverse."""
        return self._core.directed

    @property
    def adjacency(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """indptr (n + 1,), indices (m,), weights (m,) or None: row u lists v for every edge u -> v. Read-only, as all
        arrays here."""
        return self._core.adjacency

    @property
    def features(self) -> np.ndarray | tuple[np.ndarray, np.ndarray, np.ndarray | None] | None:
        """(n, F) float32; of sparse ones (indptr, indices, values or None)."""
        return self._core.features

    @property
    def labels(self) -> np.ndarray | None:
        """(n,) int32 classes, -1 where there is none; of other tasks (n, C) float32, nan where there is none."""
        return self._core.labels

    @property
    def splits(self) -> Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(train, val, test) of each split: node ids, (k,) int64 each."""
        return self._core.splits

    def __repr__(self) -> str:
        size = f"{self.num_nodes} nodes, {self.num_edges} edges"
        return f"Dataset({self.name!r}: {size}, {self.num_features} features, {self.num_outputs} outputs)"
