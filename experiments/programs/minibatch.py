#!/usr/bin/env python3
"""GraphSAGE by sampled mini-batches in DGL or PyG, as JSON: {"curve": [{"seconds", "val", "test"} after each epoch], ...}.

    minibatch.py dgl|pyg DATA.npz [--epochs 30] [--lr 0.003] [--fanout 10] [--batch 1024] ...
    minibatch.py split DATA.npz OUT.npz            the same graph with masks of 60/20/20 shares

DATA is in Tersegraph's schema (docs/data.md), undirected. Seconds are of training, sampling included; inference on the whole graph is outside.
"""
import argparse
import json
import os
import resource
import time
import warnings

warnings.filterwarnings("ignore")
os.environ["DGLBACKEND"] = "pytorch"

import numpy as np  # noqa: E402


def split(path, out, seed=0):
    with np.load(path) as z:
        arrays = dict(z)
    n = len(arrays["labels"])
    order = np.random.default_rng(seed).permutation(n)
    cuts = np.split(order, [int(0.6 * n), int(0.8 * n)])
    for name, nodes in zip(("train", "val", "test"), cuts):
        arrays[f"{name}_mask"] = np.zeros(n, np.uint8)
        arrays[f"{name}_mask"][nodes] = 1
    np.savez(out, **arrays)


def read(path):
    """CSR (indptr, indices), features (n, F), labels, and the nodes of the three parts, as tensors."""
    import scipy.sparse as sp
    import torch

    with np.load(path) as z:
        if "attr" in z.files:
            x = z["attr"].astype(np.float32)
        else:
            x = sp.csr_matrix((z["attr_data"], z["attr_indices"], z["attr_indptr"]), shape=tuple(z["attr_shape"]))
            x = x.toarray().astype(np.float32)
        csr = [torch.from_numpy(z[name].astype(np.int64)) for name in ("adj_indptr", "adj_indices")]
        parts = [torch.from_numpy(np.flatnonzero(z[f"{name}_mask"].reshape(len(x), -1)[:, 0])) for name in ("train", "val", "test")]
        return csr, torch.from_numpy(x), torch.from_numpy(z["labels"].astype(np.int64).reshape(-1)), parts


def make_model(layers, widths, dropout):
    """Layers with LayerNorm, ReLU and dropout between them; it is given what applies layer i to h, as apply(i, layer, h)."""
    import torch

    class Sage(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList(layers)
            self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(width) for width in widths[1:-1])

        def forward(self, apply, h):
            for i, layer in enumerate(self.layers):
                h = apply(i, layer, h)
                if i + 1 < len(self.layers):
                    h = torch.nn.functional.dropout(self.norms[i](h).relu(), dropout, self.training)
            return h

    return Sage()


class Dgl:
    """Layers of DGL on the blocks of its sampler."""

    def __init__(self, words, csr, x, y, fit, widths):
        import dgl
        from dgl.dataloading import DataLoader, NeighborSampler
        from dgl.nn.pytorch import SAGEConv

        dgl.seed(words.seed)
        self.x, self.y, self.graph = x, y, dgl.graph(("csr", (*csr, [])))
        self.model = make_model([SAGEConv(a, b, "mean") for a, b in zip(widths, widths[1:])], widths, words.dropout)
        self.loader = DataLoader(self.graph, fit, NeighborSampler([words.fanout] * words.layers), batch_size=words.batch, shuffle=True,
                                 num_workers=0)
        self.version = dgl.__version__

    def batches(self):
        """(outputs, labels) of one batch after the other."""
        for inputs, outputs, blocks in self.loader:
            yield self.model(lambda i, layer, h: layer(blocks[i], h), self.x[inputs]), self.y[outputs]

    def whole(self):
        return self.model(lambda i, layer, h: layer(self.graph, h), self.x)


class Pyg:
    """Layers of PyG on the subgraphs of its loader; a layer computes only what the later ones need."""

    def __init__(self, words, csr, x, y, fit, widths):
        import torch
        import torch_geometric
        from torch_geometric.data import Data
        from torch_geometric.loader import NeighborLoader
        from torch_geometric.nn import SAGEConv

        targets = torch.repeat_interleave(torch.arange(len(x)), csr[0].diff())
        self.x, self.adjacency = x, torch.sparse_csr_tensor(*csr, torch.ones(len(csr[1])), size=(len(x), len(x)))
        self.model = make_model([SAGEConv(a, b) for a, b in zip(widths, widths[1:])], widths, words.dropout)
        self.loader = NeighborLoader(Data(x=x, y=y, edge_index=torch.stack([csr[1], targets])), [words.fanout] * words.layers,
                                     input_nodes=fit, batch_size=words.batch, shuffle=True, num_workers=0)
        self.version = torch_geometric.__version__

    def batches(self):
        """(outputs, labels) of one batch after the other."""
        from torch_geometric.utils import trim_to_layer

        for batch in self.loader:
            edges = batch.edge_index
            hops = by_hop(edges, batch.batch_size, len(self.model.layers))

            def apply(i, layer, h):
                nonlocal edges
                h, edges, _ = trim_to_layer(i, *hops, h, edges)
                return layer(h, self.matrix(edges, len(h)))

            yield self.model(apply, batch.x)[:batch.batch_size], batch.y[:batch.batch_size]

    @staticmethod
    def matrix(edges, nodes):
        """Edges in the form whose rows PyG sums fastest: torch-sparse's, where it is."""
        from torch_geometric.typing import WITH_TORCH_SPARSE, SparseTensor

        if not WITH_TORCH_SPARSE:
            return edges
        return SparseTensor(row=edges[1], col=edges[0], sparse_sizes=(nodes, nodes), is_sorted=True, trust_data=True)

    def whole(self):
        return self.model(lambda i, layer, h: layer(h, self.adjacency), self.x)


def by_hop(edges, seeds, layers):
    """How many nodes and edges (sources, targets) each hop of a sample has added; PyG's samplers number both in that order, but only
    pyg-lib's says where the hops end."""
    nodes, counts = [seeds], []
    for _ in range(layers):
        within = int((edges[1] < sum(nodes)).sum())
        counts.append(within - sum(counts))
        found = int(edges[0, :within].max()) + 1 if within else 0
        nodes.append(max(0, found - sum(nodes)))
    return nodes, counts


def train(words):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(words.threads)
    torch.manual_seed(words.seed)
    csr, x, y, (fit, val, test) = read(words.data)
    side = {"dgl": Dgl, "pyg": Pyg}[words.what](words, csr, x, y, fit,
                                                [x.shape[1], *[words.hidden] * (words.layers - 1), int(y.max()) + 1])
    optimizer = torch.optim.Adam(side.model.parameters(), lr=words.lr)
    seconds, curve = 0.0, []
    for _ in range(words.epochs):
        began = time.perf_counter()
        side.model.train()
        for outputs, labels in side.batches():
            optimizer.zero_grad()
            F.cross_entropy(outputs, labels).backward()
            optimizer.step()
        seconds += time.perf_counter() - began
        side.model.eval()
        with torch.no_grad():
            right = side.whole().argmax(dim=1) == y
        curve.append({"seconds": seconds, "val": float(right[val].float().mean()), "test": float(right[test].float().mean())})
    print(json.dumps({words.what: side.version, "torch": torch.__version__, "curve": curve,
                      "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["dgl", "pyg", "split"])
    parser.add_argument("data")
    parser.add_argument("out", nargs="?", help="of split")
    for name, kind, value in (("epochs", int, 30), ("lr", float, 0.003), ("fanout", int, 10), ("batch", int, 1024), ("layers", int, 3),
                              ("hidden", int, 256), ("dropout", float, 0.5), ("threads", int, 2), ("seed", int, 0)):
        parser.add_argument(f"--{name}", type=kind, default=value)
    words = parser.parse_args()
    if words.what == "split":
        split(words.data, words.out)
    else:
        train(words)


if __name__ == "__main__":
    main()
