#!/usr/bin/env python3
"""Test accuracy and halo bytes of a PyTorch Geometric model over the ranks of mpirun, with exact rows and with few bits, as JSON.

    mpirun -n 4 torch_ranks.py cora.npz --model GCN --epochs 150 --seeds 10 --bits 2
    torch_ranks.py cora.npz --ranks 4 ...

Two layers and Adam; the test accuracy at the best validation, which is looked at in every fifth epoch; bytes of rows and gradients in
an epoch, of all ranks, headers included. With --ranks they are threads of one process, which share torch's random numbers: the numbers
differ from run to run.
"""

import argparse
import json

import numpy as np
import tersegraph
import tersegraph.torch as ranks
import torch
import torch.nn.functional as F
from torch_geometric.data import Data
from torch_geometric.nn import GATConv, GCNConv, SAGEConv

RATES = {"GCN": 0.01, "SAGE": 0.01, "GAT": 0.005}


class Model(torch.nn.Module):
    """As the models' papers have them. SAGE reads the features as they are, so that ranks send them once."""

    def __init__(self, kind: str, features: int, classes: int):
        super().__init__()
        self.dropout, self.of_features, self.activation = 0.5, kind != "SAGE", F.relu
        if kind == "GCN":
            self.first, self.second = GCNConv(features, 16), GCNConv(16, classes)
        elif kind == "SAGE":
            self.first, self.second = SAGEConv(features, 64), SAGEConv(64, classes)
        else:
            self.dropout, self.activation = 0.6, F.elu
            self.first = GATConv(features, 8, heads=8, dropout=0.6)
            self.second = GATConv(64, classes, concat=False, dropout=0.6)

    def forward(self, x, edge_index):
        x = F.dropout(x, self.dropout, self.training and self.of_features)
        x = self.activation(self.first(x, edge_index))
        x = F.dropout(x, self.dropout, self.training)
        return self.second(x, edge_index)


def load(path: str) -> Data:
    """The dataset's first split; features in rows of sum 1."""
    dataset = tersegraph.Dataset.load(path)
    indptr, indices, _ = dataset.adjacency
    sources = np.repeat(np.arange(dataset.num_nodes), np.diff(indptr))
    x = dataset.features
    if isinstance(x, tuple):
        rows = np.repeat(np.arange(dataset.num_nodes), np.diff(x[0]))
        x = np.zeros((dataset.num_nodes, dataset.num_features), np.float32)
        x[rows, dataset.features[1]] = 1 if dataset.features[2] is None else dataset.features[2]
    x = x / np.maximum(np.abs(x).sum(axis=1, keepdims=True), 1e-12)
    masks = {}
    for name, ids in zip(("train", "val", "test"), dataset.splits[0]):
        masks[f"{name}_mask"] = torch.zeros(dataset.num_nodes, dtype=torch.bool)
        masks[f"{name}_mask"][torch.from_numpy(np.array(ids))] = True
    return Data(
        x=torch.from_numpy(x.astype(np.float32)),
        edge_index=torch.from_numpy(np.stack([sources, indices]).astype(np.int64)),
        y=torch.from_numpy(np.array(dataset.labels, np.int64)),
        **masks,
    )


def halo_bytes() -> int:
    """Of all ranks so far."""
    sent = ranks.bytes_sent()
    mine = torch.tensor(float(sent.get("halo_forward", 0) + sent.get("halo_backward", 0)), dtype=torch.float64)
    return int(ranks.total(mine))


def train(data: Data, words: argparse.Namespace, seed: int, **exchange) -> tuple[float, float]:
    """(test accuracy, halo bytes an epoch)"""
    torch.manual_seed(1000 * seed + ranks.rank())  # dropout's; the weights are rank 0's
    model = Model(words.model, data.num_features, words.classes)
    ranks.wrap(model, data, seed=seed, **exchange)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATES[words.model], weight_decay=5e-4)
    before, best = halo_bytes(), (0.0, 0.0)
    for epoch in range(words.epochs):
        model.train()
        optimizer.zero_grad()
        out = model(data.x, data.edge_index)
        ranks.mean(F.cross_entropy(out[data.train_mask], data.y[data.train_mask], reduction="none")).backward()
        optimizer.step()
        if epoch % 5 != 4:
            continue
        model.eval()
        with torch.no_grad():
            right = model(data.x, data.edge_index).argmax(dim=1) == data.y
        scores = [float(ranks.mean(right[mask])) for mask in (data.val_mask, data.test_mask)]
        best = max(best, tuple(scores), key=lambda each: each[0])
    return best[1], (halo_bytes() - before) / words.epochs


def compare(words: argparse.Namespace, whole: Data) -> None:
    data = ranks.partition(whole)
    exact, few = [], []
    for seed in range(words.seeds):
        exact.append(train(data, words, seed))
        few.append(train(data, words, seed, exchange="uniform", bits=words.bits))
    (scores, sent), (few_scores, few_sent) = (list(zip(*each)) for each in (exact, few))
    ranks.print(json.dumps({"model": words.model, "ranks": ranks.size(), "bits": words.bits, "epochs": words.epochs,
                            "exact": {"test": scores, "bytes_an_epoch": sent},
                            "few": {"test": few_scores, "bytes_an_epoch": few_sent}}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--model", choices=RATES, default="GCN")
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--bits", type=int, default=2)
    parser.add_argument("--ranks", type=int, default=0, help="threads of this process")
    words = parser.parse_args()
    torch.set_num_threads(1)
    whole = load(words.data)
    words.classes = int(whole.y.max()) + 1
    if words.ranks > 0:
        ranks.run_threads(words.ranks, compare, words, whole)
    else:
        compare(words, whole)


if __name__ == "__main__":
    main()
