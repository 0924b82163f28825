import gc
import weakref

import numpy as np
import pytest
import scipy.sparse
import tersegraph
from tersegraph import Dataset, InputError


def assert_same(a: Dataset, b: Dataset):
    for one, other in zip(a.adjacency, b.adjacency):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(a.features, b.features)
    np.testing.assert_array_equal(a.labels, b.labels)
    assert (a.task, a.directed, a.num_outputs) == (b.task, b.directed, b.num_outputs)
    assert len(a.splits) == len(b.splits)
    for one, other in zip(a.splits, b.splits):
        for ids, others in zip(one, other):
            np.testing.assert_array_equal(ids, others)


def test_all_ways_in_give_the_same_dataset(arrays, tmp_path):
    dataset = arrays.dataset()
    assert not dataset.directed and dataset.num_edges == arrays.edge_index.shape[1]
    masks = {"train": arrays.train, "val": arrays.val, "test": arrays.test}
    n = len(arrays.labels)
    matrix = scipy.sparse.coo_matrix((np.ones(dataset.num_edges), arrays.edge_index), (n, n))
    assert_same(dataset, Dataset.from_scipy(matrix, arrays.features, arrays.labels, **masks))
    csr = matrix.tocsr()
    rows = Dataset.from_numpy(None, arrays.features, arrays.labels, indptr=csr.indptr, indices=csr.indices, **masks)
    assert_same(dataset, rows)
    ids = {name: np.flatnonzero(mask)[::-1] for name, mask in masks.items()}
    assert_same(dataset, arrays.dataset(**ids))
    one_way = arrays.edge_index[:, arrays.edge_index[0] < arrays.edge_index[1]]
    assert_same(dataset, Dataset.from_numpy(one_way, arrays.features, arrays.labels, undirected=True, **masks))
    dataset.save(tmp_path / "graph.npz")
    assert_same(dataset, Dataset.load(tmp_path / "graph.npz"))


def test_edges_and_weights_stand_where_scipy_puts_them(arrays):
    draw = np.random.default_rng(1)
    n = len(arrays.labels)
    matrix = scipy.sparse.random(n, n, 0.02, random_state=draw, dtype=np.float32, format="csr")
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    from_matrix = Dataset.from_scipy(matrix, arrays.features, arrays.labels)
    coo = matrix.tocoo()
    edges = np.stack([coo.row, coo.col])
    from_edges = Dataset.from_numpy(edges, arrays.features, arrays.labels, edge_weight=coo.data)
    assert from_matrix.directed
    assert_same(from_matrix, from_edges)
    indptr, indices, weights = from_edges.adjacency
    np.testing.assert_array_equal(
        scipy.sparse.csr_matrix((weights, indices, indptr), (n, n)).toarray(), matrix.toarray()
    )


def test_float32_features_are_not_copied(arrays):
    features = arrays.features.copy()
    dataset = arrays.dataset()
    lent = Dataset.from_numpy(arrays.edge_index, features, arrays.labels)
    assert np.shares_memory(lent.features, features)
    assert not lent.features.flags.writeable
    wide = Dataset.from_numpy(arrays.edge_index, features.astype(np.float64), arrays.labels)
    np.testing.assert_array_equal(wide.features, dataset.features)
    other_order = Dataset.from_numpy(arrays.edge_index, np.asfortranarray(features), arrays.labels)
    np.testing.assert_array_equal(other_order.features, dataset.features)


def test_features_live_as_long_as_who_uses_them(arrays):
    features = arrays.features.copy()
    watched = weakref.ref(features)
    dataset = Dataset.from_numpy(arrays.edge_index, features, arrays.labels, train=arrays.train)
    del features
    gc.collect()
    assert watched() is not None
    result = tersegraph.train(dataset, epochs=2, hidden=8)
    seen = dataset.features
    del dataset
    gc.collect()
    assert watched() is not None and seen.sum() != 0
    np.testing.assert_array_equal(seen, arrays.features)
    del seen, result
    gc.collect()
    assert watched() is None


def test_normalize_features_leaves_the_array_as_it_is(arrays):
    features = np.abs(arrays.features)
    before = features.copy()
    dataset = Dataset.from_numpy(arrays.edge_index, features, arrays.labels, train=arrays.train)
    rows = before / before.sum(axis=1, keepdims=True)
    scaled = Dataset.from_numpy(arrays.edge_index, rows, arrays.labels, train=arrays.train)
    a = tersegraph.train(dataset, epochs=3, hidden=8, normalize_features=True)
    b = tersegraph.train(scaled, epochs=3, hidden=8)
    np.testing.assert_array_equal(features, before)
    np.testing.assert_allclose(a.logits(), b.logits(), rtol=1e-4, atol=1e-5)


def test_sparse_features_train_like_dense_ones(arrays):
    features = np.where(arrays.features > 0.5, arrays.features, 0)
    masks = {"train": arrays.train, "val": arrays.val, "test": arrays.test}
    dense = Dataset.from_numpy(arrays.edge_index, features, arrays.labels, **masks)
    sparse = Dataset.from_numpy(arrays.edge_index, scipy.sparse.csc_matrix(features), arrays.labels, **masks)
    assert isinstance(sparse.features, tuple)
    options = {"epochs": 5, "hidden": 8, "dropout": 0.0}
    np.testing.assert_allclose(
        tersegraph.train(sparse, **options).logits(), tersegraph.train(dense, **options).logits(), atol=1e-4
    )


def test_labels_say_the_task(arrays):
    n = len(arrays.labels)
    draw = np.random.default_rng(2)
    several = draw.integers(0, 2, (n, 3))
    assert arrays.dataset().task == "multiclass"
    assert arrays.dataset(num_classes=9).num_outputs == 9
    assert Dataset.from_numpy(arrays.edge_index, labels=several).task == "multilabel"
    assert Dataset.from_numpy(arrays.edge_index, labels=several.astype(bool)).task == "multilabel"
    assert Dataset.from_numpy(arrays.edge_index, labels=draw.random(n)).task == "regression"
    column = Dataset.from_numpy(arrays.edge_index, labels=arrays.labels[:, None])
    np.testing.assert_array_equal(column.labels, arrays.labels)


def test_several_splits(arrays):
    masks = np.stack([arrays.train, arrays.val])
    dataset = arrays.dataset(train=masks, val=masks[::-1].copy(), test=None)
    assert len(dataset.splits) == 2
    np.testing.assert_array_equal(dataset.splits[1][0], np.flatnonzero(arrays.val))
    np.testing.assert_array_equal(dataset.splits[1][1], np.flatnonzero(arrays.train))


@pytest.mark.parametrize(
    "change, words",
    [
        ({"edge_index": np.array([[0, 1], [1, 300]])}, "edge 1 has node 300"),
        ({"edge_index": np.zeros((3, 4), int)}, "where (2, edges) is needed"),
        ({"edge_index": np.array([["a"], ["b"]])}, "give numbers"),
        ({"features": np.full((300, 2), np.nan, np.float32)}, "attr of node 0, column 0 is nan"),
        ({"features": np.ones((7, 2), np.float32), "num_nodes": 300}, "features of 7 nodes, and 300 nodes"),
        ({"labels": np.zeros(5, int)}, "labels: has shape (5,) where"),
        ({"labels": np.full(300, 300)}, "label 300 is more than there are nodes"),
        ({"train": np.ones(5, bool)}, "train: has shape (5,)"),
        ({"val": np.ones(300, bool)}, "sets must not overlap"),
        ({"train": np.array([300])}, "train node 300 does not exist"),
        ({"edge_weight": np.ones(3)}, "edge_weight: has 3 weights"),
        ({"edge_index": None}, "give the graph as edge_index, or as indptr and indices"),
    ],
)
def test_mistakes_are_told_in_one_line(arrays, change, words):
    given = {"edge_index": arrays.edge_index, "features": arrays.features, "labels": arrays.labels}
    masks = {"train": arrays.train, "val": arrays.val, "test": arrays.test}
    with pytest.raises(InputError) as error:
        Dataset.from_numpy(**{**given, **masks, **change})
    assert words in str(error.value) and "\n" not in str(error.value)
    assert isinstance(error.value, ValueError)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot"):
        Dataset.load(tmp_path / "nothing.npz")


class OgbLike:
    """What ogb's NodePropPredDataset offers."""

    def __init__(self, arrays, labels):
        one_way = arrays.edge_index[:, arrays.edge_index[0] < arrays.edge_index[1]]
        self._first = {"edge_index": one_way, "edge_feat": None, "node_feat": arrays.features, "num_nodes": 300}, labels
        self._split = {
            "train": np.flatnonzero(arrays.train),
            "valid": np.flatnonzero(arrays.val),
            "test": np.flatnonzero(arrays.test),
        }

    def get_idx_split(self):
        return self._split

    def __getitem__(self, index):
        return self._first


def test_ogb(arrays):
    assert_same(arrays.dataset(), Dataset.from_ogb(OgbLike(arrays, arrays.labels[:, None])))
    missing = np.where(arrays.test, np.nan, arrays.labels)[:, None]
    del_test = OgbLike(arrays, missing)
    del_test._split["test"] = np.zeros(0, int)
    assert (Dataset.from_ogb(del_test).labels[arrays.test] == -1).all()
