#!/usr/bin/env python3
"""GraphSAGE by sampled mini-batches in DGL, as JSON: {"curve": [{"seconds", "val", "test"} after each epoch], ...}.

    minibatch_dgl.py train DATA.npz [--epochs 30] [--lr 0.003] [--fanout 10] [--batch 1024] ...
    minibatch_dgl.py split DATA.npz OUT.npz        the same graph with masks of 60/20/20 shares

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
    """Graph, features (n, F), labels, and the nodes of the three parts."""
    import dgl
    import scipy.sparse as sp
    import torch

    with np.load(path) as z:
        if "attr" in z.files:
            x = z["attr"].astype(np.float32)
        else:
            x = sp.csr_matrix((z["attr_data"], z["attr_indices"], z["attr_indptr"]), shape=tuple(z["attr_shape"]))
            x = x.toarray().astype(np.float32)
        graph = dgl.graph(("csr", (z["adj_indptr"].astype(np.int64), z["adj_indices"].astype(np.int64), [])))
        parts = [torch.from_numpy(np.flatnonzero(z[f"{name}_mask"].reshape(len(x), -1)[:, 0])) for name in ("train", "val", "test")]
        return graph, torch.from_numpy(x), torch.from_numpy(z["labels"].astype(np.int64).reshape(-1)), parts


def make_model(widths, dropout):
    import torch
    from dgl.nn.pytorch import SAGEConv

    class Sage(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList(SAGEConv(a, b, "mean") for a, b in zip(widths, widths[1:]))
            self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(width) for width in widths[1:-1])

        def forward(self, blocks, h):
            for i, layer in enumerate(self.layers):
                h = layer(blocks[i], h)
                if i + 1 < len(self.layers):
                    h = torch.nn.functional.dropout(self.norms[i](h).relu(), dropout, self.training)
            return h

    return Sage()


def train(words):
    import dgl
    import torch
    import torch.nn.functional as F
    from dgl.dataloading import DataLoader, NeighborSampler

    torch.set_num_threads(words.threads)
    torch.manual_seed(words.seed)
    dgl.seed(words.seed)
    graph, x, y, (fit, val, test) = read(words.data)
    model = make_model([x.shape[1], *[words.hidden] * (words.layers - 1), int(y.max()) + 1], words.dropout)
    optimizer = torch.optim.Adam(model.parameters(), lr=words.lr)
    loader = DataLoader(graph, fit, NeighborSampler([words.fanout] * words.layers), batch_size=words.batch, shuffle=True, num_workers=0)
    seconds, curve = 0.0, []
    for _ in range(words.epochs):
        began = time.perf_counter()
        model.train()
        for inputs, outputs, blocks in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(blocks, x[inputs]), y[outputs]).backward()
            optimizer.step()
        seconds += time.perf_counter() - began
        model.eval()
        with torch.no_grad():
            right = model([graph] * words.layers, x).argmax(dim=1) == y
        curve.append({"seconds": seconds, "val": float(right[val].float().mean()), "test": float(right[test].float().mean())})
    print(json.dumps({"dgl": dgl.__version__, "torch": torch.__version__, "curve": curve,
                      "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "split"])
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
