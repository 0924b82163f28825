"""What PyG, DGL and Tersegraph offer: the facts that a program can look up.

Asks the installed packages (`experiments/programs/check_features.py`); [features.md](../features.md) says what follows.
"""

import harness

MINUTES = (1, 2)
NEEDS = ["pyg", "dgl"]
CLAIMS = {"bits": ("ours", "neither PyG nor DGL sends rows between machines in few bits", ""),
          "same": ("ours", "the same weights, bit for bit, on 1 and 2 threads", ""),
          "disk": ("ours", "small to install: less on disk than either", "")}


def measure(runner):
    facts = runner.answer(harness.ROOT / "experiments/programs/check_features.py", "--pyg", runner.options.pyg, "--dgl",
                          runner.options.dgl, "--program", runner.tersegraph)
    names = ["version", "layers", "datasets", "few_bits", "same_bits_on_1_and_2_threads", "megabytes"]
    rows = [[name, *[facts[who].get(name, "") for who in ("tersegraph", "pyg", "dgl")]] for name in names]
    return harness.table(["", "Tersegraph", "PyG", "DGL"], rows), facts


def judge(facts):
    same = {who: facts[who]["same_bits_on_1_and_2_threads"] for who in ("tersegraph", "pyg", "dgl")}
    sizes = [facts[who]["megabytes"] for who in ("pyg", "dgl")]
    ours = facts["tersegraph"]["megabytes"]
    few = [facts[who]["few_bits"] for who in ("pyg", "dgl")]
    return {"bits": harness.verdict(few == [[], []], "no file of theirs names it" if few == [[], []] else f"{few}"),
            "same": harness.verdict(same["tersegraph"], "yes", why="PyG and DGL too, in this test" if all(same.values()) else ""),
            "disk": harness.verdict(ours < min(sizes), f"{ours} MB; PyG {sizes[0]} MB, DGL {sizes[1]} MB", ratio=min(sizes) / ours,
                                    why="program and library alone; theirs with PyTorch and CUDA, as pip installs them")}


def limits(facts):
    return [f"{who} has {facts[key]['layers']} kinds of layers, sampled mini-batches and GPUs; we have four models, whole graphs and CPUs"
            for who, key in (("PyG", "pyg"), ("DGL", "dgl"))]
