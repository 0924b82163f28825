#!/usr/bin/env python3
"""Full-graph GCN or GraphSAGE epochs as an expert writes them in PyTorch, with epoch_bench's savings as options, so that
what an algorithm saves and what a kernel saves can be told apart. Prints JSON.

    torch_gcn.py DATA.npz [--model gcn|sage] [--cache-input] [--skip-rows] [--sparse-input] ...

DATA is in our own schema (docs/data.md). Layers, initialisation (Glorot, biases 0), Adam, dropout after ReLU and the loss
over the training rows are epoch_bench's; random numbers differ. Aggregation is torch.sparse.mm on CSR in both
directions, on the narrower side of each product.
  --cache-input   A X of the first layer is computed once
  --skip-rows     the last layer's outputs are computed for training rows alone
  --sparse-input  X, or the cached A X, is multiplied as CSR where less than a tenth of it is stored
On processors where MKL is slow (not its maker's) an expert also takes other kernels that PyTorch and DGL bring along:
  --onednn        products by oneDNN
  --dgl-spmm      aggregation by DGL's kernel, on the pattern alone, with rows scaled before and after
For allocations that are not returned to the system after every step, which is half of the time on some machines, set
GLIBC_TUNABLES as compare_peers does.
"""
import argparse
import json
import os
import resource
import statistics
import time
import warnings

warnings.filterwarnings("ignore", message=".*Sparse CSR.*")


def parse_words():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--model", choices=["gcn", "sage"], default="gcn")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=10, help="timed ones")
    parser.add_argument("--warmup", type=int, default=2, help="epochs before them")
    for option in ("--cache-input", "--skip-rows", "--sparse-input", "--onednn", "--dgl-spmm"):
        parser.add_argument(option, action="store_true")
    return parser.parse_args()


args = parse_words()
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(args.threads)  # read when torch is loaded

import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

if args.dgl_spmm:
    os.environ.setdefault("DGLBACKEND", "pytorch")
    import dgl  # noqa: E402


def read(path):
    """Adjacency (n, n), features (n, F; dense or CSR), labels, training and test rows."""
    with np.load(path) as z:
        n = len(z["adj_indptr"]) - 1
        ones = np.ones(len(z["adj_indices"]), np.float32)
        adjacency = sp.csr_matrix((ones, z["adj_indices"], z["adj_indptr"]), shape=(n, n))
        if "attr" in z.files:
            features = z["attr"].astype(np.float32, copy=False)
        else:
            stored = (z["attr_data"].astype(np.float32), z["attr_indices"], z["attr_indptr"])
            features = sp.csr_matrix(stored, shape=tuple(z["attr_shape"]))
        rows = [np.flatnonzero(z[mask]) for mask in ("train_mask", "test_mask")]
        return adjacency, features, z["labels"].astype(np.int64).reshape(-1), *rows


class Operator:
    """diag(left) pattern diag(right)."""

    def __init__(self, left, pattern, right):
        self.left, self.pattern, self.right = left, pattern, right

    def rows(self, rows):
        return Operator(self.left[rows], self.pattern[rows], self.right)

    def matrix(self):
        return (sp.diags(self.left) @ self.pattern @ sp.diags(self.right)).tocsr()


def aggregation_operator(adjacency, model):
    n = adjacency.shape[0]
    if model == "gcn":
        looped = (adjacency + sp.identity(n, dtype=np.float32, format="csr")).tocsr()
        scale = (1 / np.sqrt(np.asarray(looped.sum(1)).ravel())).astype(np.float32)
        return Operator(scale, looped, scale)
    degrees = np.asarray(adjacency.sum(1)).ravel()
    return Operator((1 / np.maximum(degrees, 1)).astype(np.float32), adjacency, np.ones(n, np.float32))


def to_torch(matrix):
    matrix = matrix.tocsr()
    matrix.sort_indices()
    parts = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data.astype(np.float32))
    return torch.sparse_csr_tensor(*map(torch.from_numpy, parts), size=matrix.shape)


class Sparse:
    """A constant CSR matrix and its transpose."""

    def __init__(self, matrix):
        self.matrix, self.transposed = to_torch(matrix), to_torch(matrix.T)

    def times(self, dense):
        return torch.sparse.mm(self.matrix, dense)

    def transposed_times(self, dense):
        return torch.sparse.mm(self.transposed, dense.contiguous())

    def __matmul__(self, dense):
        return ConstantProduct.apply(dense, self)


class DglSparse(Sparse):
    """An Operator, multiplied by DGL."""

    def __init__(self, operator):
        column = lambda scale: torch.from_numpy(scale).unsqueeze(1)
        self.left, self.right = column(operator.left), column(operator.right)
        pattern = operator.pattern.tocoo()
        rows, cols = (torch.from_numpy(ids.astype(np.int32)) for ids in (pattern.row, pattern.col))
        self.forward_graph = self.graph(cols, rows, pattern.shape[::-1])
        self.backward_graph = self.graph(rows, cols, pattern.shape)

    @staticmethod
    def graph(sources, targets, counts):
        graph = dgl.heterograph({("from", "edge", "to"): (sources, targets)}, dict(zip(("from", "to"), counts)))
        graph.create_formats_()
        return graph

    def times(self, dense):
        return dgl.ops.copy_u_sum(self.forward_graph, dense * self.right).mul_(self.left)

    def transposed_times(self, dense):
        return dgl.ops.copy_u_sum(self.backward_graph, dense * self.left).mul_(self.right)


class ConstantProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx, dense, constant):
        ctx.constant = constant
        return constant.times(dense)

    @staticmethod
    def backward(ctx, gradient):
        return ctx.constant.transposed_times(gradient), None


class OneDnnProduct(torch.autograd.Function):
    """h w"""

    @staticmethod
    def product(a, b_transposed):
        return torch.ops.mkldnn._linear_pointwise(a, b_transposed, None, "none", [], "")

    @staticmethod
    def forward(ctx, h, w):
        ctx.save_for_backward(h, w)
        return OneDnnProduct.product(h, w.t().contiguous())

    @staticmethod
    def backward(ctx, gradient):
        h, w = ctx.saved_tensors
        below = OneDnnProduct.product(gradient, w) if ctx.needs_input_grad[0] else None
        return below, OneDnnProduct.product(h.t(), gradient.t())


def multiply(h, w):
    return OneDnnProduct.apply(h, w) if args.onednn and not isinstance(h, Sparse) else h @ w


def constant(matrix):
    """An input of the first layer: dense, or Sparse where that is asked for and pays."""
    if sp.issparse(matrix):
        if args.sparse_input and matrix.nnz < 0.1 * np.prod(matrix.shape):
            return Sparse(matrix)
        matrix = matrix.toarray()
    return torch.from_numpy(np.ascontiguousarray(matrix, dtype=np.float32))


class Network(torch.nn.Module):
    def __init__(self, widths, adjacency, features, train):
        super().__init__()
        glorot = lambda i: torch.nn.Parameter(torch.nn.init.xavier_uniform_(torch.empty(widths[i], widths[i + 1])))
        layers = range(len(widths) - 1)
        self.weights = torch.nn.ParameterList(map(glorot, layers))
        self.roots = torch.nn.ParameterList(map(glorot, layers)) if args.model == "sage" else None
        self.biases = torch.nn.ParameterList(torch.nn.Parameter(torch.zeros(widths[i + 1])) for i in layers)
        a = aggregation_operator(adjacency, args.model)
        make = DglSparse if args.dgl_spmm else lambda operator: Sparse(operator.matrix())
        self.a = make(a)
        self.train_rows = torch.from_numpy(train)
        self.a_train = make(a.rows(train)) if args.skip_rows else None
        self.aggregated = constant(a.matrix() @ features) if args.cache_input else None
        self.x = constant(features) if self.roots is not None or not args.cache_input else None

    def convolve(self, i, h, a):
        weight = self.weights[i]
        if i == 0 and self.aggregated is not None:
            return multiply(self.aggregated, weight)
        if weight.shape[1] < weight.shape[0] or isinstance(h, Sparse):
            return a @ multiply(h, weight)
        return multiply(a @ h, weight)

    def forward(self, few_rows):
        """Outputs of the training rows (few_rows) or of all."""
        h, last = self.x, len(self.weights) - 1
        for i in range(last + 1):
            few = few_rows and i == last and self.a_train is not None
            y = self.convolve(i, h, self.a_train if few else self.a) + self.biases[i]
            if self.roots is not None:
                y = y + multiply(h[self.train_rows] if few else h, self.roots[i])
            h = F.dropout(F.relu(y), args.dropout, self.training) if i < last else y
        return h if not few_rows or self.a_train is not None else h[self.train_rows]


def rss_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def main():
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    adjacency, features, labels, train, test = read(args.data)
    before = rss_mb()
    widths = [features.shape[1]] + [args.hidden] * (args.layers - 1) + [int(labels.max()) + 1]
    network = Network(widths, adjacency, features, train)
    optimizer = torch.optim.Adam(network.parameters(), lr=args.lr)
    labels = torch.from_numpy(labels)
    train_labels, test = labels[network.train_rows], torch.from_numpy(test)
    seconds, losses = [], []
    for _ in range(args.warmup + args.epochs):
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(network(few_rows=True), train_labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    network.eval()
    with torch.no_grad():
        accuracy = (network(few_rows=False).argmax(1) == labels)[test].float().mean().item()
    timed = seconds[args.warmup :]
    print(json.dumps({
        "model": args.model, "threads": args.threads, "torch": torch.__version__,
        "options": [o for o in ("cache_input", "skip_rows", "sparse_input", "onednn", "dgl_spmm") if getattr(args, o)],
        "epoch_median_s": statistics.median(timed), "epoch_min_s": min(timed), "losses": losses,
        "rss_before_MB": before, "peak_rss_MB": peak, "test_acc": accuracy,
    }))


if __name__ == "__main__":
    main()
