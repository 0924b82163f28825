"""AdaQP's ablation: which bits, what choosing them costs, and where they go.

Amazon Computers (split 60/20/20 by the seed), 8 METIS parts that all count as hosts, GCN of 3 layers of 64 (LayerNorm, dropout
0.5), Adam, learning rate 0.01, evaluated every 5th epoch; each seed has the same split and partition for all ways, and rows
travel as they are. Bytes are halo rows and gradients of one epoch, headers included. `choosing` is the time that `adaptive`
spends on widths, as a share of the training; bits by layer are those of the last epoch. `hidden` are seconds in which rows
travelled while ranks computed, summed over messages, in the median epoch. The time of one choice alone is
`bench/assigner_bench`'s. Overlap is taken away (`--no-overlap`) on two emulated hosts (`bench/compare_links`), GCN of 3 layers of 256
without norm, in turns.
"""

import statistics

import harness

WAYS = {"exact": "--exchange exact --halo-rows sources", "uniform, 8 bits": "--exchange uniform --bits 8",
        "uniform, 4 bits": "--exchange uniform --bits 4", "uniform, 2 bits": "--exchange uniform --bits 2",
        "random": "--exchange random", "adaptive": "--exchange adaptive", "adaptive, bytes of 4 bits": "--exchange adaptive --budget bytes=0.14",
        "pipe": "--exchange pipe", "sancus": "--exchange sancus"}
OVERLAP = {"with overlap": ("exact", "adaptive"), "without": ("exact-waits", "adaptive-waits")}
PLACES = [("sbm200k", "1gbit"), ("sbm200k", "10gbit"), ("amazon_computers", "1gbit")]
POINTS = -0.3  # what a way may lose in the mean

MINUTES = (1.5, 25)
NEEDS = ["data/amazon_computers", "bench/assigner_bench"]
CLAIMS = {
    "uniform": ("AdaQP", "adaptive bits are at least as accurate as 2 bits everywhere", ""),
    "random": ("AdaQP", "and as random bits", ""),
    "accuracy": ("AdaQP", "and lose little beside exact messages", "-0.30 points"),
    "stale": ("AdaQP", "PipeGCN's late rows converge more slowly", ""),
    "overhead": ("AdaQP", "choosing the bits takes a small part of the training (here: at most 5 %)", ""),
    "choice": ("ours", "a choice for two million messages takes less than a second, without a solver", "3.6 to 7 s"),
    "layers": ("ours", "bits differ by layer and direction", ""),
    "overlap": ("AdaQP", "without overlap of computation and messages epochs are longer", "")}


def measure(runner):
    seeds, epochs = (2, 30) if runner.quick else (10, 100)
    results = {"ways": [case(runner, way, seeds, epochs) for way in WAYS],
               "assigner": runner.bench("assigner_bench", 200000 if runner.quick else 2000000)}
    if runner.options.launch:
        results["overlap"] = overlap(runner)
    else:
        runner.leave_out("epochs without overlap", "needs --launch")
    exact = results["ways"][0]
    rows = [[r["way"], harness.figure(r["test"], 4), harness.figure(points(r, exact), 2), f"{r['bytes'] / 1e6:.2f}",
             f"{exact['bytes'] / r['bytes']:.1f}x", f"{r['bits']:.2f}", f"{100 * r['choosing']:.2f} %", f"{r['hidden']:.4f}"]
            for r in results["ways"]]
    layers = results["ways"][list(WAYS).index("adaptive")]["layers"]
    return "\n".join([f"{seeds} seeds, {epochs} epochs.\n", harness.table(
        ["messages", "test accuracy", "points, by seed", "MB an epoch", "fewer", "bits", "choosing", "hidden, s"], rows),
        "![accuracy by bytes](ablation.svg)\n", "## Bits by layer, adaptive\n",
        harness.table(list(layers), [[f"{bits:.2f}" for bits in layers.values()]]),
        "## Without overlap, seconds an epoch, two hosts\n", harness.table(
            ["graph", "link", "messages", *OVERLAP, "times as long"], [[*place, f"{on:.4f}", f"{off:.4f}", f"{off / on:.2f}x"]
                                                                       for *place, on, off in pairs(results)]),
        "## One choice of widths\n", harness.table(["goal", "widths", "ms", "mean bits"], [
            [r["goal"], r["widths"], r["total_ms"], f"{r['mean_bits']:.2f}"] for r in results["assigner"]["results"]])]), results


def case(runner, way, seeds, epochs):
    summary = runner.run("--data", runner.data("amazon_computers"), "--split", "0.6,0.2,0.2", "--layers", 3, "--hidden", 64, "--norm", "layer",
                         "--epochs", epochs, "--eval-every", 5, "--ranks", 8, "--threads", 1, "--runs", seeds,
                         *WAYS[way].split(), *([] if way in ("exact", "sancus") else ["--intra", "same"]))
    runs = harness.of_runs(summary)
    lines = runner.metrics(summary, runs[0]["seed"])
    return {"way": way, "test": [run["test_accuracy"] for run in runs], "bits": runs[0]["mean_bits"], "layers": lines[-1].get("bits", {}),
            "bytes": sum(run["bytes_sent"]["by_kind"][kind] for run in runs for kind in ("halo_forward", "halo_backward"))
            / sum(run["epochs"] for run in runs), "hidden": statistics.median(line.get("hidden_seconds", 0.0) for line in lines),
            "choosing": sum(line["seconds"].get("assign", 0.0) for line in lines) / sum(line["epoch_seconds"] for line in lines)}


def overlap(runner):
    sittings = []
    for name, rate in PLACES[2:] if runner.quick else PLACES:
        sittings += runner.bench("compare_links", runner.tersegraph, "--data", runner.data(name), "--launch", runner.options.launch, "--rates", rate,
                                 "--train=--norm none", "--rounds", 1 if runner.quick else 5, "--policies", *sum(OVERLAP.values(), ()))["sittings"]
    return sittings


def pairs(results):
    """(graph, link, messages, seconds with overlap, without)"""
    return [(s["data"].removesuffix(".npz"), s["rate"], on, s["rows"][on]["seconds"], s["rows"][off]["seconds"])
            for s in results.get("overlap", []) for on, off in zip(*OVERLAP.values())]


def points(r, other):
    return [100 * (a - b) for a, b in zip(r["test"], other["test"])]


def judge(results):
    ways = {r["way"]: r for r in results["ways"]}
    seeds = f"{len(ways['exact']['test'])} paired seeds"

    def above(way, other, least=POINTS):
        change = harness.mean(points(ways[way], ways[other]))
        return harness.verdict(change >= least, f"{change:+.2f} points", why=f"{seeds}, held to {least}")
    pipe = harness.mean(points(ways["pipe"], ways["exact"]))
    two_million = [r["total_ms"] for r in results["assigner"]["results"] if r["goal"] == "balance" and r["widths"] == 3]
    layers = ways["adaptive"]["layers"].values()
    count = results["assigner"]["messages"]
    found = {"uniform": above("adaptive", "uniform, 2 bits"), "random": above("adaptive", "random"), "accuracy": above("adaptive", "exact"),
             "stale": harness.verdict(pipe < POINTS, f"{pipe:+.1f} points beside exact messages after as many epochs", why=seeds),
             "overhead": harness.verdict(ways["adaptive"]["choosing"] <= 0.05, f"{100 * ways['adaptive']['choosing']:.2f} %",
                                         ratio=ways["adaptive"]["choosing"], why="8 ranks as threads of one process"),
             "choice": harness.verdict("better" if two_million[0] < 1000 else False, f"{two_million[0]:.0f} ms for {count:,} messages",
                                       why="claimed: a MILP of groups by two solvers" if count > 1e6 else "a tenth of the messages"),
             "layers": harness.verdict(max(layers) > min(layers), f"{min(layers):.1f} to {max(layers):.1f} bits")}
    if longer := {f"{name}, {rate}, {way}": off / on for name, rate, way, on, off in pairs(results)}:
        least, most = min(longer, key=longer.get), max(longer, key=longer.get)
        found["overlap"] = harness.verdict(longer[least] > 1, f"{longer[least]:.2f} ({least}) to {longer[most]:.2f} times as long ({most})",
                                           ratio=longer[most], why="two emulated hosts of one core")
    return found


def limits(results):
    ways = {r["way"]: r for r in results["ways"]}
    better = [way for way, r in ways.items() if way.startswith("uniform") and r["bytes"] < ways["adaptive"]["bytes"]
              and harness.mean(r["test"]) >= harness.mean(ways["adaptive"]["test"])]
    return [f"Amazon Computers: `{way}` is as accurate as `adaptive` with fewer bytes" for way in better]


def draw(results, folder):
    import chart

    exact = results["ways"][0]
    curves = {r["way"]: [(exact["bytes"] / r["bytes"], 100 * harness.mean(r["test"]))] for r in results["ways"]}
    chart.lines(folder / "ablation.svg", "Accuracy by bytes, Amazon Computers, 8 parts", "times fewer bytes than exact", "test accuracy, %",
                curves, log_x=True, points=True)
