"""Time to accuracy: the whole graph in every step, beside sampled mini-batches.

GraphSAGE (mean), 3 layers of width 256, LayerNorm, dropout 0.5, Adam, 2 threads, on one machine. Mini-batches by DGL's
NeighborSampler and PyG's NeighborLoader (fanout 10 in each layer, batches of 1024 training nodes;
`experiments/programs/minibatch.py`), inference on the whole graph. The learning rate of each side is the one of its grid with the
best validation accuracy. Seconds are of training alone; all sides are evaluated after every epoch, outside the clock. The accuracy
to reach is 0.01 below the best side's best. Amazon Computers is split 60/20/20, the same split for all sides; sbm200k is generated
(200,000 nodes, 4 million directed edges). PyG's NeighborLoader needs pyg-lib or torch-sparse, which its wheel does not bring: where
they are missing it is left out.
"""

import math
import subprocess

import harness

OURS = "whole graph"
RATES, BELOW = [0.01, 0.003], 0.01
EPOCHS = {"amazon_computers": (150, 30), "sbm200k": (30, 1)}  # of whole graphs, of samples
QUICK = {"amazon_computers": (60, 2)}
PROGRAM = harness.ROOT / "experiments/programs/minibatch.py"

MINUTES = (1, 20)
NEEDS = ["data/amazon_computers", "dgl"]
CLAIMS = {"sooner": ("others", "full-graph training is 2.4 to 15.2 times slower to an accuracy than mini-batches (arXiv 2406.00552)", "0.42x"),
          "accurate": ("ours", "the whole graph reaches at least the accuracy of samples", "")}


def with_split(runner, name):
    """The file of a graph whose masks both sides read; DGL's Python has NumPy."""
    if name in ("sbm200k", "sbm20k"):
        return runner.data(name)
    path = runner.options.runs / f"{name}_split.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([runner.options.dgl, PROGRAM, "split", runner.data(name), path], check=True)
    return path


def ours(runner, data, epochs, rate):
    summary = runner.run("--data", data, "--model", "sage", "--layers", 3, "--hidden", 256, "--norm", "layer", "--threads", 2,
                         "--epochs", epochs, "--lr", rate, "--eval-every", 1)
    seconds, curve = 0.0, []
    for line in runner.metrics(summary):
        seconds += line["epoch_seconds"]
        curve.append({"seconds": seconds, "val": line["val_accuracy"], "test": line["test_accuracy"]})
    return curve


def sampled(python, library):
    """A side that samples: curves of `library` in that Python."""
    def curve(runner, data, epochs, rate):
        return runner.answer(python, PROGRAM, library, data, "--epochs", epochs, "--lr", rate, "--threads", 2)["curve"]
    return curve


def samplers(runner):
    """{side: how to run it} of the libraries that can sample here."""
    o = runner.options
    found = {"samples, DGL": sampled(o.dgl, "dgl")}
    asks = "from torch_geometric.typing import *; raise SystemExit(not (WITH_PYG_LIB or WITH_TORCH_SPARSE))"
    if not o.pyg:
        runner.leave_out("PyG's NeighborLoader", "needs --pyg")
    elif subprocess.run([o.pyg, "-c", asks], capture_output=True).returncode:
        runner.leave_out("PyG's NeighborLoader", "neither pyg-lib nor torch-sparse is installed")
    else:
        found["samples, PyG"] = sampled(o.pyg, "pyg")
    return found


def measure(runner):
    results, sampling = [], samplers(runner)
    for name, (whole, few) in (QUICK if runner.quick else EPOCHS).items():
        data, rates = with_split(runner, name), RATES[:1] if runner.quick else RATES
        for side, run, epochs in ((OURS, ours, whole), *[(side, run, few) for side, run in sampling.items()]):
            curves = {rate: run(runner, data, epochs, rate) for rate in rates}
            rate = max(curves, key=lambda rate: best(curves[rate])["val"])
            results.append({"set": name, "side": side, "rate": rate, "curve": curves[rate]})
    rows = [[r["set"], r["side"], r["rate"], f"{best(r['curve'])['test']:.4f}", f"{r['curve'][-1]['seconds'] / len(r['curve']):.4f}",
             f"{at:.2f}" if (at := reached(results, r)) else "not reached"] for r in results]
    return harness.table(["set", "side", "learning rate", "test accuracy", "s an epoch", "s to the accuracy"], rows) + \
        "\n".join(f"\n![{name}](minibatch_{name}.svg)\n" for name in dict.fromkeys(r["set"] for r in results)), results


def best(curve):
    return max(curve, key=lambda point: point["val"])


def reached(results, r):
    """Seconds until the accuracy of its set; None where it is not reached."""
    goal = max(best(other["curve"])["val"] for other in results if other["set"] == r["set"]) - BELOW
    return next((point["seconds"] for point in r["curve"] if point["val"] >= goal), None)


def sides(results):
    """{set: (whole graph, the samples that reach the accuracy first)}"""
    found = {}
    for name in dict.fromkeys(r["set"] for r in results):
        whole = next(r for r in results if (r["set"], r["side"]) == (name, OURS))
        others = [r for r in results if r["set"] == name and r is not whole]
        found[name] = whole, min(others, key=lambda r: reached(results, r) or math.inf)
    return found


def judge(results):
    times = {name: [reached(results, r) for r in pair] for name, pair in sides(results).items()}
    text = "; ".join(f"{name}: whole {f'{w:.1f} s' if w else 'never'}, samples {f'{s:.1f} s' if s else 'never'}"
                     for name, (w, s) in times.items())
    libraries = " and ".join(dict.fromkeys(r["side"].split(", ")[1] for r in results if r["side"] != OURS))
    ratios = [s / w for w, s in times.values() if w and s]
    slower = any(s and (not w or w > s) for w, s in times.values())
    tests = {name: [best(r["curve"])["test"] for r in pair] for name, pair in sides(results).items()}
    return {"sooner": harness.verdict(slower, text, ratio=min(ratios) if ratios else None, why=f"seconds of samples over ours, {libraries}, two cores"),
            "accurate": harness.verdict(all(w >= s - 0.005 for w, s in tests.values()),
                                        "; ".join(f"{name} {w:.3f} ({s:.3f})" for name, (w, s) in tests.items()), why="within half a point")}


def limits(results):
    return [f"{name}: mini-batches ({few['side'].split(', ')[1]}) reach the accuracy in {s:.1f} s, the whole graph in "
            f"{f'{w:.1f} s' if w else 'no time'}" for name, (whole, few) in sides(results).items()
            for w, s in [(reached(results, whole), reached(results, few))] if s and (not w or s < w)]


def draw(results, folder):
    import chart

    for name in sides(results):
        chart.lines(folder / f"minibatch_{name}.svg", f"Validation accuracy, {name}", "seconds of training", "accuracy",
                    {r["side"]: [(p["seconds"], p["val"]) for p in r["curve"]] for r in results if r["set"] == name}, log_x=True)
