"""Against torch_geometric itself."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

import tersegraph
from tersegraph import pyg
from torch_geometric.data import Data
from torch_geometric.nn import GCN, GCNConv, GraphSAGE


@pytest.fixture(scope="module")
def data(arrays) -> Data:
    return Data(
        x=torch.from_numpy(arrays.features),
        edge_index=torch.from_numpy(arrays.edge_index),
        y=torch.from_numpy(arrays.labels),
        train_mask=torch.from_numpy(arrays.train),
        val_mask=torch.from_numpy(arrays.val),
        test_mask=torch.from_numpy(arrays.test),
    )


def test_from_pyg_is_from_numpy(arrays, data):
    ours, theirs = arrays.dataset(), tersegraph.Dataset.from_pyg(data)
    assert np.shares_memory(theirs.features, data.x.numpy())
    options = {"epochs": 3, "hidden": 8}
    np.testing.assert_array_equal(
        tersegraph.train(ours, **options).logits(), tersegraph.train(theirs, **options).logits()
    )


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("model", ["gcn", "sage"])
def test_the_same_logits_both_ways(model, layers, data):
    dataset = tersegraph.Dataset.from_pyg(data)
    result = tersegraph.train(dataset, model=model, layers=layers, hidden=16, epochs=10)
    module = pyg.to_pyg(result)
    with torch.no_grad():
        logits = module(data.x, data.edge_index).numpy()
    np.testing.assert_allclose(logits, result.logits(), rtol=1e-4, atol=1e-4)
    back = pyg.from_pyg(module)
    np.testing.assert_allclose(back.logits(dataset), result.logits(), rtol=1e-4, atol=1e-4)
    for name, value in back.state_dict().items():
        np.testing.assert_array_equal(value, result.state_dict()[name])


def test_a_module_trained_there_speaks_here(data):
    torch.manual_seed(0)
    module = GraphSAGE(data.num_features, 8, 2, 4).eval()
    with torch.no_grad():
        logits = module(data.x, data.edge_index).numpy()
    model = pyg.from_pyg(module)
    np.testing.assert_allclose(model.logits(tersegraph.Dataset.from_pyg(data)), logits, rtol=1e-4, atol=1e-4)


def test_what_does_not_fit_is_told(data):
    dataset = tersegraph.Dataset.from_pyg(data)
    result = tersegraph.train(dataset, layers=2, hidden=8, epochs=2)
    with pytest.raises(tersegraph.InputError, match="3 convolutions, and the trained model 2"):
        pyg.load_into(GCN(12, 8, 3, 4), result)
    with pytest.raises(tersegraph.InputError, match="layer 0: weight is"):
        pyg.load_into(GCN(12, 9, 2, 4), result)
    with pytest.raises(tersegraph.InputError, match="norms"):
        pyg.to_pyg(tersegraph.train(dataset, layers=2, hidden=8, epochs=2, norm="layer"))
    with pytest.raises(tersegraph.InputError, match="its defaults"):
        pyg.from_pyg(GCNConv(3, 2, improved=True))


def test_state_dict_as_torch_tensors(data):
    state = tersegraph.train(tersegraph.Dataset.from_pyg(data), layers=2, hidden=8, epochs=2).state_dict(torch=True)
    assert all(isinstance(value, torch.Tensor) for value in state.values())
