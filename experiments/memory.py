"""Memory: what fewer bits save, what they cost, and how well it is predicted.

GCN, 3 layers of width 256, one rank of 2 threads, peak resident memory of the process. Activations are kept for the way back at
32, 8 or 4 bits a value (`--activation-bits`), rows that the aggregation reads at 32 or 16 (`--gather-bits`). Accuracies are of
Amazon Computers with LayerNorm, split 60/20/20 by the seed, at the best validation; differences seed by seed. The prediction is
what `tersegraph plan` says. sbm20k and sbm200k are generated (20,000 and 200,000 nodes, 20 directed edges a node); so is the
graph of ogbn-products' shape.
"""

import harness

WAYS = {"32 bits": [], "8 bits": ["--activation-bits", 8], "4 bits": ["--activation-bits", 4], "rows in bfloat16": ["--gather-bits", 16]}
SHAPE = ["--model", "gcn", "--layers", 3, "--hidden", 256, "--threads", 2]
PRODUCTS = "sbm:nodes=2449029,edges=61859140,features=100,classes=47,seed=1,split=0.08/0.02/0.9"
WITHIN = 0.10

MINUTES = (0.5, 20)
NEEDS = ["data/amazon_computers"]
CLAIMS = {"saved": ("ours", "activations at 4 bits lower the peak of an epoch", ""),
          "accuracy": ("ours", "8 bits cost at most one point of accuracy", "-1 point"),
          "predicted": ("ours", f"the peak is predicted within {100 * WITHIN:.0f} %", ""),
          "products": ("ours", "an epoch of ogbn-products' shape fits into 16 GB", "16 GB")}


def peak(runner, name, way, data=None):
    data = data or runner.data(name)
    run = runner.run("--data", data, *SHAPE, "--epochs", 3 if data == PRODUCTS else 6, "--eval-every", 0, *WAYS[way])
    planned = runner.plan(data, *SHAPE, "--ranks", 1, "--hosts", 1) if way == "32 bits" else None
    return {"graph": name, "way": way, "peak": run["peak_rss_bytes"], "seconds": run["epoch_seconds"]["median"],
            "planned": planned and planned["memory_bytes"]["total"]}


def accuracies(runner, way):
    run = runner.run("--data", runner.data("amazon_computers"), *SHAPE, "--norm", "layer", "--split", "0.6,0.2,0.2",
                     "--epochs", 60 if runner.quick else 200, "--eval-every", 10, "--runs", 2 if runner.quick else 10, *WAYS[way])
    return {"way": way, "test": [one["test_accuracy"] for one in harness.of_runs(run)]}


def measure(runner):
    graphs = ["sbm20k"] if runner.quick else ["sbm20k", "sbm200k"]
    peaks = [peak(runner, name, way) for name in graphs for way in WAYS]
    if not runner.quick:
        peaks.append(peak(runner, "ogbn-products' shape", "32 bits", PRODUCTS))
    results = {"peaks": peaks, "accuracy": [accuracies(runner, way) for way in WAYS]}
    rows = [[r["graph"], r["way"], f"{r['peak'] / 1e6:.0f}", f"{r['planned'] / 1e6:.0f}" if r["planned"] else "", f"{r['seconds']:.4g}"]
            for r in peaks]
    scores = [[r["way"], harness.figure(r["test"]), f"{harness.mean(points(results, r['way'])):+.2f}"] for r in results["accuracy"]]
    return "\n".join([harness.table(["graph", "activations", "peak, MB", "predicted, MB", "s an epoch"], rows),
                      harness.table(["activations", "test accuracy", "points"], scores), "![peak of memory](memory.svg)\n"]), results


def points(results, way):
    test = {r["way"]: r["test"] for r in results["accuracy"]}
    return [100 * (a - b) for a, b in zip(test[way], test["32 bits"])]


def judge(results):
    peaks = {(r["graph"], r["way"]): r for r in results["peaks"]}
    saved = {g: 1 - r["peak"] / peaks[g, "32 bits"]["peak"] for (g, way), r in peaks.items() if way == "4 bits"}
    errors = {g: r["planned"] / r["peak"] - 1 for (g, way), r in peaks.items() if r["planned"]}
    cost = harness.mean(points(results, "8 bits"))
    found = {"saved": harness.verdict(min(saved.values()) > 0, "; ".join(f"{g} -{100 * s:.0f} %" for g, s in saved.items()),
                                      ratio=1 - max(saved.values())),
             "accuracy": harness.verdict(cost >= -1, f"{cost:+.2f} points", why=f"{len(results['accuracy'][0]['test'])} paired seeds"),
             "predicted": harness.verdict(all(abs(e) <= WITHIN for e in errors.values()),
                                          "; ".join(f"{g} {100 * e:+.0f} %" for g, e in errors.items()))}
    products = peaks.get(("ogbn-products' shape", "32 bits"))
    if products:
        found["products"] = harness.verdict(products["peak"] < 16e9, f"{products['peak'] / 1e9:.1f} GB, {products['seconds']:.1f} s an epoch",
                                            ratio=products["peak"] / 16e9, why="a generated graph of that shape")
    return found


def draw(results, folder):
    import chart

    graphs = list(dict.fromkeys(r["graph"] for r in results["peaks"] if r["way"] != "32 bits"))
    chart.bars(folder / "memory.svg", "Peak of memory, beside activations of 32 bits", "% of their peak", {
        graph: {r["way"]: 100 * r["peak"] / full["peak"] for r in results["peaks"] if r["graph"] == graph}
        for graph in graphs for full in results["peaks"] if (full["graph"], full["way"]) == (graph, "32 bits")})
