#!/usr/bin/env python3
"""The facts behind docs/features.md that a program can look up: prints them as JSON.

    check_features.py --pyg PYTHON --dgl PYTHON --program tersegraph

PYTHON are interpreters that have PyTorch Geometric or DGL installed.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

COMMON = """
import json, os, sys, warnings
warnings.filterwarnings("ignore")
os.environ["DGLBACKEND"] = "pytorch"
import torch
def public(module, end=""):
    return sorted(n for n in dir(module) if n[0].isupper() and n.endswith(end))
def words_in(package, pattern):
    # Files of the package's own Python that name what sends rows in few bits.
    import re, pathlib
    root = pathlib.Path(package.__file__).parent
    return sorted(str(p.relative_to(root)) for p in root.rglob("*.py") if re.search(pattern, p.read_text(errors="ignore")))
def same_bits(step):
    # The weights after 30 steps, on 1 and on 2 threads.
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        model, loss_of = step()
        optimizer = torch.optim.Adam(model.parameters(), 0.01)
        for _ in range(30):
            optimizer.zero_grad(); loss_of(model).backward(); optimizer.step()
        results.append([p.detach().clone() for p in model.parameters()])
    return all(torch.equal(a, b) for a, b in zip(*results))
n, m, f, c = 20000, 200000, 64, 8
generator = torch.Generator().manual_seed(1)
edges = torch.randint(n, (2, m), generator=generator)
x, y = torch.randn(n, f, generator=generator), torch.randint(c, (n,), generator=generator)
"""
PYG = COMMON + """
import torch_geometric as g, torch_geometric.distributed, torch_geometric.loader, torch_geometric.datasets, torch_geometric.data
import torch_geometric.nn as nn
def step():
    return nn.GCN(f, 64, 3, c), lambda model: torch.nn.functional.cross_entropy(model(x, edges), y)
facts = {"version": g.__version__, "torch": torch.__version__, "layers": len(public(nn.conv, "Conv")),
    "datasets": len(public(g.datasets)), "distributed": public(g.distributed), "loaders": public(g.loader, "Loader"),
    "heterogeneous": hasattr(g.data, "HeteroData"), "temporal": hasattr(g.data, "TemporalData"),
    "explain": hasattr(g, "explain"), "few_bits": words_in(g, r"stochastic.{0,5}round|quantiz(e|ed).{0,40}(send|messag|halo)"),
    "same_bits_on_1_and_2_threads": same_bits(step)}
"""
DGL = COMMON + """
import dgl, dgl.distributed, dgl.dataloading, dgl.data, dgl.nn.pytorch as nn, dgl.nn.pytorch.conv as conv
graph = dgl.add_self_loop(dgl.to_bidirected(dgl.graph((edges[0], edges[1]), num_nodes=n)))
class Gcn(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([nn.GraphConv(f, 64), nn.GraphConv(64, 64), nn.GraphConv(64, c)])
    def forward(self, h):
        for layer in self.layers[:-1]: h = layer(graph, h).relu()
        return self.layers[-1](graph, h)
def step():
    return Gcn(), lambda model: torch.nn.functional.cross_entropy(model(x), y)
facts = {"version": dgl.__version__, "torch": torch.__version__, "layers": len(public(conv, "Conv")),
    "datasets": len(public(dgl.data, "Dataset")), "distributed": public(dgl.distributed),
    "loaders": public(dgl.dataloading, "Loader"), "heterogeneous": hasattr(dgl, "heterograph"),
    "temporal": any("empora" in name for name in dir(dgl.data)), "explain": hasattr(nn, "explain"),
    "few_bits": words_in(dgl, r"stochastic.{0,5}round|quantiz(e|ed).{0,40}(send|messag|halo)"),
    "same_bits_on_1_and_2_threads": same_bits(step)}
"""


def ask(python, script):
    ended = subprocess.run([python, "-c", script + "print(json.dumps(facts))"], capture_output=True, text=True)
    return json.loads(ended.stdout.splitlines()[-1]) if ended.returncode == 0 else ended.stderr[-2000:]


def megabytes(python):
    folder = Path(python).resolve().parent.parent if "bin" not in Path(python).parts else Path(python).parent.parent
    return int(subprocess.run(["du", "-sm", folder], capture_output=True, text=True).stdout.split()[0])


def ours(program):
    with tempfile.TemporaryDirectory() as scratch:
        weights = []
        for threads in ("1", "2"):
            out = f"{scratch}/{threads}"
            subprocess.run([program, "train", "--quiet", "--epochs", "30", "--hidden", "64", "--threads", threads,
                            "--out", out], check=True)
            weights.append(Path(out, "model.safetensors").read_bytes())
        version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip()
        parts = [program, *Path(program).resolve().parent.parent.glob("src/libtersegraph.so*")]
        size = sum(Path(part).stat().st_size for part in parts if not Path(part).is_symlink())
        return {"version": version, "megabytes": round(size / 1e6), "same_bits_on_1_and_2_threads": weights[0] == weights[1]}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("pyg", "dgl", "program"):
        words.add_argument(f"--{name}", required=True)
    given = words.parse_args()
    facts = {"tersegraph": ours(given.program)}
    for name, python, script in (("pyg", given.pyg, PYG), ("dgl", given.dgl, DGL)):
        facts[name] = ask(python, script)
        if isinstance(facts[name], dict):
            facts[name]["megabytes"] = megabytes(python)
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
