"""Time to accuracy: the whole graph in every step, beside sampled mini-batches.

GraphSAGE (mean), 3 layers of width 256, LayerNorm, dropout 0.5, Adam, 2 threads, on one machine. Mini-batches by DGL's
NeighborSampler (fanout 10 in each layer, batches of 1024 training nodes; `experiments/programs/minibatch_dgl.py`), inference on
the whole graph. The learning rate of each side is the one of its grid with the best validation accuracy. Seconds are of training
alone; both sides are evaluated after every epoch, outside the clock. The accuracy to reach is 0.01 below the better side's best.
Amazon Computers is split 60/20/20, the same split for both sides; sbm200k is generated (200,000 nodes, 4 million directed edges).
PyG's NeighborLoader needs pyg-lib or torch-sparse, which its wheel does not bring: where they are missing it is left out.
"""

import subprocess

import harness

RATES, BELOW = [0.01, 0.003], 0.01
EPOCHS = {"amazon_computers": (150, 30), "sbm200k": (30, 4)}  # of whole graphs, of samples
QUICK = {"amazon_computers": (60, 2)}
PROGRAM = harness.ROOT / "experiments/programs/minibatch_dgl.py"

MINUTES = (1, 12)
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


def sampled(runner, data, epochs, rate):
    return runner.answer(runner.options.dgl, PROGRAM, "train", data, "--epochs", epochs, "--lr", rate, "--threads", 2)["curve"]


def measure(runner):
    why = subprocess.run([runner.options.pyg, "-c", "import pyg_lib"], capture_output=True).returncode if runner.options.pyg else 1
    if why:
        runner.leave_out("PyG's NeighborLoader", "pyg-lib is not installed" if runner.options.pyg else "needs --pyg")
    results = []
    for name, (whole, few) in (QUICK if runner.quick else EPOCHS).items():
        data, rates = with_split(runner, name), RATES[:1] if runner.quick else RATES
        for side, run, epochs in (("whole graph", ours, whole), ("samples, DGL", sampled, few)):
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
    """{set: (whole graph, samples)}"""
    names = dict.fromkeys(r["set"] for r in results)
    return {name: tuple(next(r for r in results if (r["set"], r["side"]) == (name, side)) for side in ("whole graph", "samples, DGL"))
            for name in names}


def judge(results):
    times = {name: [reached(results, r) for r in pair] for name, pair in sides(results).items()}
    text = "; ".join(f"{name}: whole {f'{w:.1f} s' if w else 'never'}, samples {f'{s:.1f} s' if s else 'never'}"
                     for name, (w, s) in times.items())
    ratios = [s / w for w, s in times.values() if w and s]
    slower = any(s and (not w or w > s) for w, s in times.values())
    tests = {name: [best(r["curve"])["test"] for r in pair] for name, pair in sides(results).items()}
    return {"sooner": harness.verdict(slower, text, ratio=min(ratios) if ratios else None, why="seconds of samples over ours, DGL, two cores"),
            "accurate": harness.verdict(all(w >= s - 0.005 for w, s in tests.values()),
                                        "; ".join(f"{name} {w:.3f} ({s:.3f})" for name, (w, s) in tests.items()), why="within half a point")}


def limits(results):
    return [f"{name}: DGL's mini-batches reach the accuracy in {s:.1f} s, the whole graph in {f'{w:.1f} s' if w else 'no time'}"
            for name, pair in sides(results).items() for w, s in [[reached(results, r) for r in pair]] if s and (not w or s < w)]


def draw(results, folder):
    import chart

    for name, pair in sides(results).items():
        chart.lines(folder / f"minibatch_{name}.svg", f"Validation accuracy, {name}", "seconds of training", "accuracy",
                    {r["side"]: [(p["seconds"], p["val"]) for p in r["curve"]] for r in pair}, log_x=True)
