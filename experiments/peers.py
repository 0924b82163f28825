"""Epochs beside PyTorch, PyG and DGL on one machine.

Full-graph training epochs of a 3-layer GCN and GraphSAGE (hidden width 256, dropout 0.5, Adam), forward, backward and step,
without evaluation; every side trains the same network on the same graph with 2 threads (`bench/compare_peers`). Seconds are
medians of rounds in which the sides take turns. `hand` is hand-written PyTorch, `dgl-tuned` DGL with a tuned allocator, `dgl` and
`pyg` as installed; `torch-best` is a program of ours that has what our algorithm saves (A X computed once, the last layer for
training rows alone) and the fastest kernels that PyTorch and DGL bring. sbm200k is a generated graph of 200,000 nodes and 4
million directed edges, 128 features, 40 classes. Where MKL, the library of PyTorch's products, is at home (not on an AMD
processor), ratios to `hand`, `dgl` and `pyg` are smaller.
"""

import harness

CASES = [("sbm200k", "gcn"), ("sbm200k", "sage"), ("amazon_computers", "gcn"), ("amazon_computers", "sage"), ("cora", "gcn")]
QUICK = [("cora", "gcn")]
SHIPPED = ["dgl-tuned", "dgl", "pyg", "hand"]

MINUTES = (1, 18)
NEEDS = ["bench/epoch_bench", "data/amazon_computers", "data/cora", "dgl", "pyg", "peers"]
CLAIMS = {
    "time": ("ours", "an epoch takes less time than the best of tuned PyTorch, PyG and DGL", ""),
    "best": ("ours", "and less than a PyTorch program with our algorithm and the best kernels that they bring", ""),
    "memory": ("ours", "the peak of memory is lower than the lowest of theirs", "")}


def measure(runner):
    measurements = []
    for name, model in QUICK if runner.quick else CASES:
        o = runner.options
        measurements.append(runner.bench(
            "compare_peers", o.build, "--data", runner.data(name), "--models", model, "--threads", 2, "--peers", o.peers,
            "--dgl-python", o.dgl, "--torch-python", o.pyg, "--rounds", 1 if runner.quick else 3, "--sides",
            "torch-best", *SHIPPED, "--epochs", 4))
    results = {"measurements": measurements}
    sides = ["ours", "torch-best", *SHIPPED]
    rows = [[f"{row['data']} {row['model']}", *[cell(row["sides"].get(side)) for side in sides]] for row in rows_of(results)]
    return harness.table(["graph, model", *sides], rows) + "\n![times of an epoch](peers.svg)\n", results


def cell(side):
    if side is None:
        return ""
    ratio = f", **{side['ratio']:.2f}x**" if "ratio" in side else ""
    return f"{side['seconds']:.4g} ({side['min']:.4g}..{side['max']:.4g}){ratio}, {side['peak_mb']:.0f} MB"


def rows_of(results):
    """With 2 threads; sides that were measured in sittings of their own are put together."""
    found = {}
    for row in (row for measurement in results["measurements"] for row in measurement["rows"]):
        if row["threads"] == 2:
            one = found.setdefault((row["data"], row["model"]), {"data": row["data"], "model": row["model"], "sides": {}})
            one["sides"] = row["sides"] | one["sides"]
    return list(found.values())


def ratios(results, sides, key):
    return {f"{row['data']} {row['model']}": min(row["sides"][side][key] for side in sides if side in row["sides"])
            for row in rows_of(results)}


def spread(values):
    low, high = min(values, key=values.get), max(values, key=values.get)
    return f"{values[low]:.2f}x ({low})" + (f" to {values[high]:.2f}x ({high})" if low != high else "")


def judge(results):
    shipped, best = ratios(results, SHIPPED, "ratio"), ratios(results, ["torch-best"], "ratio")
    memory = ratios(results, [*SHIPPED, "torch-best"], "ratio_peak")
    low = min(shipped.values())
    peak = min(memory.values())
    return {"time": harness.verdict(low > 1, f"the best of them takes {spread(shipped)}", ratio=low, why="two cores, one machine", headline=(
                f"On one machine an epoch is at least {harness.at_least(low)} times as fast as the best of tuned PyTorch, PyG and DGL, in "
                f"at most 1/{harness.at_least(peak)} of the memory of the least of theirs")),
            "best": harness.verdict(min(best.values()) > 1, f"it takes {spread(best)}", ratio=min(best.values())),
            "memory": harness.verdict(peak > 1, spread(memory), ratio=peak)}


def limits(results):
    best = ratios(results, ["torch-best"], "ratio")
    least = min(best, key=best.get)
    return [f"{least}: our lead over PyTorch with our algorithm and borrowed kernels is {best[least]:.2f}x; on processors where MKL is fast "
            "the leads over PyTorch, PyG and DGL are smaller; all of them have GPUs, which we have not"]


def draw(results, folder):
    import chart

    chart.bars(folder / "peers.svg", "One epoch on one machine, 2 threads", "times our seconds",
               {f"{row['data']} {row['model']}": {side: row["sides"][side].get("ratio", 1.0) for side in ("ours", "torch-best", *SHIPPED)
                                                  if side in row["sides"]} for row in rows_of(results)})
