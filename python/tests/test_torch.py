"""tersegraph.torch against the same model in one process."""

import copy
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
geometric = pytest.importorskip("torch_geometric.nn")

import tersegraph.torch as tt
import torch.nn.functional as F
from tersegraph import InputError, RunError
from test_docs import blocks
from torch_geometric.data import Data

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def data(arrays) -> Data:
    torch.set_num_threads(1)
    masks = {f"{name}_mask": torch.from_numpy(getattr(arrays, name)) for name in ("train", "val", "test")}
    x, edges, y = map(torch.from_numpy, (arrays.features, arrays.edge_index, arrays.labels))
    return Data(x=x, edge_index=edges, y=y, **masks)


class Net(torch.nn.Module):
    def __init__(self, *convs):
        super().__init__()
        self.convs = torch.nn.ModuleList(convs)

    def forward(self, x, *edges):
        for k, conv in enumerate(self.convs):
            x = conv(x if k == 0 else x.relu(), *edges)
        return x


def net(kind, hidden=16):
    make = getattr(geometric, kind)
    heads = {"heads": 2} if kind in ("GATConv", "GATv2Conv", "TransformerConv") else {}
    more = {"GINConv": lambda a, b: make(torch.nn.Linear(a, b)), "TAGConv": lambda a, b: make(a, b, K=2),
            "SGConv": lambda a, b: make(a, b, K=2), "ResGatedGraphConv": make}.get(kind)  # fmt: skip
    torch.manual_seed(5)
    if more:
        return Net(more(12, hidden), more(hidden, 4))
    return Net(make(12, hidden, **heads), make(hidden * heads.get("heads", 1), 4))


def train(model, data, epochs=5, edges=(), options=None):
    """(losses, logits, bytes by kind) of the model on one rank, where options is None the only one."""
    model = copy.deepcopy(model)
    if options is not None:
        data = tt.partition(data)
        tt.wrap(model, data, **options)
    edges = [data[name] for name in edges]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    losses = []
    for _ in range(epochs):
        model.train()
        optimizer.zero_grad()
        out = model(data.x, data.edge_index, *edges)
        each = F.cross_entropy(out[data.train_mask], data.y[data.train_mask], reduction="none")
        loss = each.mean() if options is None else tt.mean(each)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        logits = model(data.x, data.edge_index, *edges).numpy()
    return np.array(losses), logits, data.get("n_id"), tt.bytes_sent()


def on_ranks(ranks, model, data, **keywords):
    """(losses, logits by node, bytes of all ranks by kind)"""
    results = tt.run_threads(ranks, lambda: train(model, data, **keywords))
    logits = np.zeros((data.num_nodes, results[0][1].shape[1]), np.float32)
    sent = {}
    for losses, rows, ids, kinds in results:
        np.testing.assert_array_equal(losses, results[0][0])
        logits[ids] = rows
        for kind, count in kinds.items():
            sent[kind] = sent.get(kind, 0) + count
    return results[0][0], logits, sent


def halo_bytes(sent):
    return sent["halo_forward"] + sent["halo_backward"]


KINDS = ["GCNConv", "SAGEConv", "GATConv", "GATv2Conv", "TransformerConv", "GraphConv", "GINConv", "SGConv", "TAGConv",
         "ResGatedGraphConv"]  # fmt: skip


@pytest.mark.parametrize("kind, ranks", [(kind, 3) for kind in KINDS] + [(kind, 4) for kind in KINDS[:3]])
def test_exact_is_one_process(kind, ranks, data):
    model = net(kind)
    losses, logits, *_ = train(model, data)
    their_losses, their_logits, sent = on_ranks(ranks, model, data, options={})
    np.testing.assert_allclose(their_losses, losses, atol=1e-4)
    np.testing.assert_allclose(their_logits, logits, atol=1e-4)
    assert halo_bytes(sent) > 0


def test_a_directed_weighted_graph_with_loops(data):
    torch.manual_seed(2)
    edges = torch.cat([data.edge_index[:, ::2], torch.tensor([[7, 9], [7, 9]])], dim=1)
    weighted = data.clone()
    weighted.edge_index, weighted.edge_weight = edges, torch.rand(edges.size(1)) + 0.5
    model = net("GCNConv")
    losses, logits, *_ = train(model, weighted, edges=["edge_weight"])
    their_losses, their_logits, _ = on_ranks(3, model, weighted, edges=["edge_weight"], options={})
    np.testing.assert_allclose(their_losses, losses, atol=1e-4)
    np.testing.assert_allclose(their_logits, logits, atol=1e-4)


def test_a_partition_of_ones_own_and_one_that_no_loss_is_on(data):
    """Rank 1 has no training node."""
    part = np.arange(data.num_nodes) % 2
    part[data.train_mask] = 0
    model = net("SAGEConv")
    losses, *_ = train(model, data)

    def run():
        local = tt.partition(data, part=part)
        assert bool(local.train_mask.any()) == (tt.rank() == 0)
        again = tt.wrap(copy.deepcopy(model), local)
        out = again(local.x, local.edge_index)
        loss = tt.mean(F.cross_entropy(out[local.train_mask], local.y[local.train_mask], reduction="none"))
        loss.backward()
        return loss.item(), [each.grad for each in again.parameters()]

    (loss, gradients), (other_loss, other_gradients) = tt.run_threads(2, run)
    assert loss == other_loss == pytest.approx(losses[0], abs=1e-5)
    assert all(torch.equal(*pair) for pair in zip(gradients, other_gradients))


@pytest.mark.parametrize("kind", KINDS[:3])
def test_two_bits_are_a_twelfth_of_the_bytes(kind, data):
    model = net(kind, 64)
    exact_losses, _, exact = on_ranks(2, model, data, options={}, epochs=20)
    losses, _, sent = on_ranks(2, model, data, options={"exchange": "uniform", "bits": 2}, epochs=20)
    assert halo_bytes(exact) > 12 * halo_bytes(sent)
    assert sent.get("layer0") == exact.get("layer0") and sent["evaluation"] == exact["evaluation"]
    assert 0 < np.abs(losses - exact_losses).max() < 0.1
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("options", [{"exchange": "uniform", "bits": 3}, {"exchange": "adaptive", "assign_every": 4}])
def test_the_same_seed_gives_the_same_bits(options, data):
    model = net("GATConv")
    runs = [on_ranks(3, model, data, options=dict(options, seed=seed), epochs=12) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0][1], runs[1][1])
    assert runs[0][2] == runs[1][2]
    assert not np.array_equal(runs[0][1], runs[2][1])


def test_adaptive_chooses_widths(data):
    def run():
        local = tt.partition(data)
        model = tt.wrap(net("GCNConv", 64), local, exchange="adaptive", assign_every=3, budget="bytes=0.12")
        for _ in range(8):
            out = model(local.x, local.edge_index)
            tt.mean(F.cross_entropy(out, local.y, reduction="none")).backward()
        return model.halo_exchange.bits

    bits, others = tt.run_threads(2, run)
    assert bits == others and set(bits) == {"forward.1", "forward.2", "backward.1", "backward.2"}
    assert all(2 <= each <= 8 for each in bits.values()) and len(set(bits.values())) > 1


def steps(model, local, count):
    """The weights after some of them."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(count):
        optimizer.zero_grad()
        out = model(local.x, local.edge_index)
        tt.mean(F.cross_entropy(out, local.y, reduction="none")).backward()
        optimizer.step()
    return copy.deepcopy(model.state_dict())


def test_a_copy_of_a_wrapped_model_trains_as_the_model(data):
    def run():
        local = tt.partition(data)
        model = tt.wrap(net("GCNConv"), local)
        copied = copy.deepcopy(model)
        return steps(model, local, 4), steps(copied, local, 4), copied.halo_exchange is model.halo_exchange

    results = tt.run_threads(3, run)
    for trained, copied, same in results:
        assert same
        for name, weights in results[0][0].items():
            assert torch.equal(trained[name], weights) and torch.equal(copied[name], weights)


@pytest.mark.parametrize("options", [{"exchange": "uniform"}, {"exchange": "adaptive", "assign_every": 3}])
def test_going_on_from_a_state_is_the_same_bits(options, data):
    def run():
        local = tt.partition(data)
        model = tt.wrap(net("GCNConv"), local, **options)
        middle, state = steps(model, local, 5), model.halo_exchange.state_dict()
        end = steps(model, local, 5)
        model = tt.wrap(net("GCNConv"), local, **options)
        model.load_state_dict(middle)
        model.halo_exchange.load_state_dict(state)
        again = steps(model, local, 5)
        return all(torch.equal(end[name], again[name]) for name in end)

    assert tt.run_threads(3, run) == [True] * 3


def test_the_exchange_is_rows_of_their_owners_and_its_gradient_their_sum(data):
    torch.manual_seed(3)
    x = torch.randn(data.num_nodes, 2, 5)
    weights = torch.randn(4, data.num_nodes, 2, 5)

    def run(options):
        local = tt.partition(data, method="random")
        exchange = tt.HaloExchange(local, **options)
        ids = torch.from_numpy(np.concatenate([exchange.shard.owned, exchange.shard.halo]))
        mine = x[local.n_id].requires_grad_()
        rows = exchange(mine)
        (rows * weights[tt.rank(), ids]).sum().backward()
        return ids, len(local.n_id), rows.detach(), mine.grad

    for options, tolerance in (({}, 1e-6), ({"exchange": "uniform", "bits": 8}, 0.15)):
        results = tt.run_threads(4, run, options)
        gradient = torch.zeros_like(x)
        for rank, (ids, owned, rows, _) in enumerate(results):
            torch.testing.assert_close(rows, x[ids], atol=tolerance / 4, rtol=0)
            torch.testing.assert_close(rows[:owned], x[ids[:owned]], atol=0, rtol=0)
            gradient[ids] += weights[rank, ids]
        for ids, owned, _, got in results:
            torch.testing.assert_close(got, gradient[ids[:owned]], atol=tolerance, rtol=0)


def test_rounding_has_no_bias(data):
    def run():
        local = tt.partition(data)
        exchange = tt.HaloExchange(local, exchange="uniform", bits=1)
        x = data.x[local.n_id]  # another tensor than local.x: sent as rows of training
        exact = exchange(x, training=False)
        mean = sum(exchange(x) for _ in range(400)) / 400
        return (mean - exact).abs().max().item(), (exchange(x) - exact).abs().max().item()

    for far, once in tt.run_threads(2, run):
        assert far < 0.8 < 2 < once  # of a range of about 7: a standard error is 0.18


def test_features_that_do_not_change_are_sent_once(data):
    model = net("SAGEConv")
    once, more = (on_ranks(2, model, data, options={}, epochs=epochs)[2] for epochs in (1, 4))
    assert once["layer0"] == more["layer0"] > 0
    assert halo_bytes(more) == 4 * halo_bytes(once)


def test_sums_and_their_gradients(data):
    def run():
        weight = torch.ones(3, requires_grad=True)
        weight.register_hook(lambda gradient: gradient / tt.size())  # a rank's part of an average
        mine = torch.arange(1.0 + tt.rank())
        loss = tt.mean((mine * weight[0]) ** 2) + (weight**2).sum()
        loss.backward()
        return loss.item(), tt.total(torch.ones(2, dtype=torch.bool)).item(), weight.grad

    results = tt.run_threads(3, run)  # 0 | 0 1 | 0 1 2
    assert [loss for loss, *_ in results] == pytest.approx([1.0 + 3] * 3)
    assert [count for _, count, _ in results] == [6] * 3
    torch.testing.assert_close(sum(grad for *_, grad in results), torch.tensor([2 * 1.0 + 2, 2, 2]))


def test_one_rank_is_the_script_as_it_was(data):
    model = net("GCNConv")
    for ours, theirs in zip(train(model, data, options={"exchange": "uniform"})[:2], train(model, data)[:2]):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def refused(data, change, match, error=InputError, ranks=2):
    def run():
        local = tt.partition(data)
        change(local)

    with pytest.raises(error, match=match):
        tt.run_threads(ranks, run, timeout=20)


def test_mistakes_are_told_in_a_line(data):
    wrap = tt.wrap
    refused(data, lambda local: wrap(net("GCNConv"), data), "partition")
    refused(
        data,
        lambda local: wrap(net("GCNConv"), local)(data.x, data.edge_index),
        "there are 300 rows, and this rank owns",
    )
    refused(
        data, lambda local: wrap(net("GCNConv"), local)(local.x.double(), local.edge_index), "float|dtype", Exception
    )
    refused(data, lambda local: tt.HaloExchange(local)(local.x.double()), "only dense float32")
    refused(data, lambda local: tt.HaloExchange(local)(local.x[:, :0]), "no columns")
    refused(data, lambda local: wrap(net("GCNConv").double(), local), "only float32 weights")
    refused(data, lambda local: wrap(geometric.BatchNorm(12), local), "LayerNorm")
    refused(data, lambda local: wrap(geometric.LayerNorm(12), local), "statistics over all nodes")
    refused(data, lambda local: wrap(geometric.GCNConv(12, 4, flow="target_to_source"), local), "against the edges")
    refused(data, lambda local: wrap(geometric.GCNConv(-1, 4), local), "no shape yet")
    refused(data, lambda local: wrap(wrap(net("GCNConv"), local), local), "wrapped already")
    refused(data, lambda local: wrap(net("GCNConv"), local, exchange="pipe"), "pipe")
    refused(data, lambda local: wrap(net("GCNConv"), local, exchange="uniform", bits=9), "bits is .9.; known")
    refused(data, lambda local: wrap(net("GCNConv"), local, exchange="round"), "exact")
    refused(data, lambda local: tt.mean(local.x[:0]), "no rank has a value")
    refused(data, lambda local: tt.partition(data, part=np.zeros(300, int)), "every rank of 2 a node")
    refused(data, lambda local: tt.partition(data, method="luck"), "luck")
    refused(Data(x=data.x, edge_index=data.edge_index + 1), None, "edge_index has node 300")
    refused(Data(x=data.x, edge_index=data.edge_index - 1), None, "edge_index has node -1")
    refused(data, lambda local: tt.partition(Data(x=local.x, edge_index=data.edge_index % 100)), "load the same")


def test_ranks_that_call_differently_do_not_hang(data):
    def other_columns(local):
        tt.HaloExchange(local)(torch.ones(local.num_nodes, 3 + tt.rank()))

    refused(data, other_columns, "rank", RunError)

    def one_leaves(local):
        if tt.rank() == 1:
            raise KeyError("mine")
        tt.HaloExchange(local)(local.x)

    refused(data, one_leaves, "mine", KeyError)

    def one_is_missing(local):
        exchange = tt.HaloExchange(local)
        if tt.rank() == 0:
            exchange(local.x)

    started = time.monotonic()
    with pytest.raises(RunError, match="rank 1"):
        tt.run_threads(2, lambda: one_is_missing(tt.partition(data)), timeout=2)
    assert time.monotonic() - started < 20


def script_of_the_docs():
    """(with ranks, as it was, lines that changed)"""
    ours = blocks("docs/torch.md")[0]
    changed, theirs = 0, []
    for line in ours.splitlines():
        was = re.search(r"^(\s*).*  # was: (.*)$", line)
        changed += bool(was) or line.endswith("  # new")
        if not line.endswith("  # new"):
            theirs.append(was[1] + was[2] if was else line)
    return ours, "\n".join(theirs), changed


def test_the_script_of_the_docs_under_mpirun_and_as_it_was(arrays, tmp_path, launched):
    ours, theirs, changed = script_of_the_docs()
    assert changed == 5 and "tersegraph" not in theirs
    np.savez(tmp_path / "graph.npz", **vars(arrays))
    exact = re.sub(r'exchange="uniform", bits=2', "", ours).replace("0.5, self.training", "0.0, self.training")
    job = launched(exact, 3)
    out, err = job.communicate(timeout=120)
    assert job.returncode == 0, err
    (tmp_path / "theirs.py").write_text(theirs.replace("0.5, self.training", "0.0, self.training"))
    alone = subprocess.run([sys.executable, "theirs.py"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert out.startswith("loss ") and len(out.splitlines()) == 1
    np.testing.assert_allclose(*([float(n) for n in re.findall(r"\d\.\d+", o)] for o in (out, alone.stdout)), atol=2e-4)


STUCK = """
import os, signal, sys, torch
from torch_geometric.data import Data
import tersegraph.torch as tt
edges = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
local = tt.partition(Data(x=torch.ones(4, 2), edge_index=edges), method="block")
exchange = tt.HaloExchange(local)
exchange(local.x)
if tt.rank() == 1:
    {end}
exchange(local.x + 1)
"""


@pytest.mark.parametrize(
    "end, words",
    [
        ("raise KeyError('mine')", "KeyError: 'mine'"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "rank 1 on host .* was lost|signal 9"),
    ],
)
def test_a_rank_that_ends_ends_the_job(end, words, launched):
    started = time.monotonic()
    job = launched(STUCK.replace("{end}", end), 2)
    _, err = job.communicate(timeout=100)
    assert job.returncode != 0 and re.search(words, err)
    assert time.monotonic() - started < 60


def test_the_package_needs_no_torch():
    hide = "import sys; sys.modules['torch'] = None; import tersegraph; print(tersegraph.Dataset.__name__)\n"
    code = hide + "try:\n    import tersegraph.torch\nexcept ImportError as error:\n    print(error)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.startswith("Dataset\n") and "torch" in out
