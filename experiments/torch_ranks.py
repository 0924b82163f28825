"""PyTorch Geometric models on several ranks, with few bits between them.

`tersegraph.torch` on Cora, METIS parts, processes of mpirun: two layers, dropout, Adam (`experiments/programs/torch_ranks.py`).
Test accuracy at the best validation; bytes are halo rows and gradients of one epoch over all ranks, headers included. The Python
of `--pyg` must have tersegraph installed, or find it in the build.
"""

import os
import shutil

import harness

MODELS, RANKS = ["GCN", "SAGE", "GAT"], [2, 4]

MINUTES = (1, 12)
NEEDS = ["data/cora", "pyg"]
CLAIMS = {"bytes": ("ours", "a PyG script with five lines changed sends a small part of the bytes at 2 bits", ""),
          "accuracy": ("ours", "at an accuracy within one point of exact rows", "")}


def case(runner, model, ranks, seeds, epochs):
    mpirun = shutil.which("mpirun")
    words = [mpirun, "-n", ranks, "--oversubscribe"] if mpirun else []
    program = harness.ROOT / "experiments/programs/torch_ranks.py"
    path = os.pathsep.join(filter(None, [str(runner.options.build / "python"), os.environ.get("PYTHONPATH")]))
    threads = [] if mpirun else ["--ranks", ranks]
    return runner.answer(*words, runner.options.pyg, program, runner.data("cora"), "--model", model, "--seeds", seeds,
                         "--epochs", epochs, *threads, env={"PYTHONPATH": path})


def measure(runner):
    cases, seeds, epochs = ([("GCN", 2)], 2, 30) if runner.quick else ([(m, r) for m in MODELS for r in RANKS], 5, 150)
    results = [case(runner, model, ranks, seeds, epochs) for model, ranks in cases]
    rows = [[r["model"], r["ranks"], *[harness.figure([100 * x for x in r[way]["test"]], 2) for way in ("exact", "few")],
             harness.figure(points(r), 2), *[f"{harness.mean(r[way]['bytes_an_epoch']):.0f}" for way in ("exact", "few")],
             f"{saved(r):.2f}x"] for r in results]
    header = ["model", "ranks", "exact", "2 bits", "difference by seed", "bytes an epoch, exact", "2 bits", "fewer"]
    return f"{seeds} seeds, {epochs} epochs.\n\n" + harness.table(header, rows) + "\n![differences](torch_ranks.svg)\n", results


def points(r):
    return [100 * (few - exact) for few, exact in zip(r["few"]["test"], r["exact"]["test"])]


def saved(r):
    return harness.mean(r["exact"]["bytes_an_epoch"]) / harness.mean(r["few"]["bytes_an_epoch"])


def judge(results):
    factors, changes = [saved(r) for r in results], [harness.mean(points(r)) for r in results]
    return {"bytes": harness.verdict(min(factors) > 1, f"{min(factors):.1f} to {max(factors):.1f} times fewer", ratio=min(factors)),
            "accuracy": harness.verdict(min(changes) >= -1, f"{min(changes):+.2f} to {max(changes):+.2f} points",
                                        why=f"{len(results[0]['exact']['test'])} seeds")}


def draw(results, folder):
    import chart

    rows = [(f"{r['model']}, {r['ranks']} ranks", mean - std, mean, mean + std) for r in results
            for mean, std in [harness.mean_std(points(r))]]
    chart.intervals(folder / "torch_ranks.svg", "Test accuracy with rows in 2 bits, beside exact ones (mean and std of the seeds)", "points",
                    rows, [(-1, "-1")])
