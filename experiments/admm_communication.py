"""Bytes against accuracy of pdADMM-G-Q: p and q in few bits.

arXiv 2105.09837, figure 5. A perceptron of 10 layers of 100 neurons on 10 ranks, so that every link between layers is a message.
The paper's schedule, for comparison, is 200 iterations at 2, 5 and 10 layers each, p, q and u in fp32; ours are 20, 10 and 20, and u
is never sent. Bytes are those of p and q with their headers, over all ranks.
"""

import harness

SETS = {"Cora": "cora", "Citeseer": "citeseer", "Computers": "amazon_computers", "Photo": "amazon_photo", "CS": "coauthor_cs"}
BITS = [32, 8, 4, 3, 2, 1]
WITHIN = 0.5  # points

MINUTES = (0.3, 3)
NEEDS = [f"data/{data}" for data in SETS.values()]
CLAIMS = {
    "bytes": ("pdADMM-G-Q", "quantizing p and q saves communication without loss of accuracy", "up to 45 %"),
    "schedule": ("ours", "a whole run sends a small part of what the paper's schedule would", ""),
    "seconds": ("ours", "10 layers are trained in well under a second", "")}


def case(runner, name, bits, seeds):
    words = ["--quantize", "pq", "--bits", bits] if bits < 32 else []
    summary = runner.run("--data", runner.data(SETS[name]), "--runs", seeds, "--model", "gamlp", "--optimizer", "admm",
                         "--hidden", 100, "--ranks", 10, "--threads", 1, *words)
    runs = harness.of_runs(summary)
    last = runner.metrics(summary, runs[0]["seed"])[-1]["bytes"]
    return {"set": name, "bits": bits, "test": [run["test_accuracy"] for run in runs], "step_bytes": last["p"] + last["q"],
            "run_bytes": sum(runs[0]["bytes_sent"]["by_kind"][kind] for kind in ("p", "q")),
            "best_iteration": [run["best_epoch"] for run in runs], "iterations": runs[0]["epochs"],
            "iteration_seconds": [run["epoch_seconds"]["median"] for run in runs], "run_seconds": [run["wall_seconds"] for run in runs]}


def beside(results):
    """Each case with points and shares of bytes beside fp32 of its set."""
    for r in results:
        exact = next(e for e in results if (e["set"], e["bits"]) == (r["set"], 32))
        links = [1, 4, 9]
        schedule = sum(200 * count * exact["step_bytes"] / links[-1] * 1.5 for count in links)
        yield r | {"points": 100 * (harness.mean(r["test"]) - harness.mean(exact["test"])),
                   "of_pq": r["step_bytes"] / exact["step_bytes"], "of_pqu": r["step_bytes"] / (1.5 * exact["step_bytes"]),
                   "of_schedule": r["run_bytes"] / schedule}


def measure(runner):
    names = list(SETS)[:2] if runner.quick else list(SETS)
    results = [case(runner, name, bits, 2 if runner.quick else 5) for name in names for bits in BITS]
    rows = [[r["set"], "fp32" if r["bits"] == 32 else r["bits"], harness.figure(r["test"], 4), f"{r['points']:+.2f}",
             f"{r['step_bytes']:,}", *[f"-{100 * (1 - r[key]):.1f} %" for key in ("of_pq", "of_pqu")],
             f"{r['run_bytes'] / 1e6:.2f} MB", f"-{100 * (1 - r['of_schedule']):.1f} %", f"{harness.mean(r['best_iteration']):.0f} of "
             f"{r['iterations']}", f"{1e3 * harness.mean(r['iteration_seconds']):.1f} ms", f"{harness.mean(r['run_seconds']):.2f} s"]
            for r in beside(results)]
    header = ["set", "bits", "test", "points", "bytes an iteration", "of p, q in fp32", "of p, q, u in fp32", "whole run",
              "of the paper's schedule", "best iteration", "an iteration", "whole run"]
    return harness.table(header, rows) + "\n![accuracy by bytes](admm_communication.svg)\n", results


def judge(results):
    chosen = {r["set"]: r for r in sorted(beside(results), key=lambda r: -r["bits"]) if r["points"] >= -WITHIN}
    saved = [100 * (1 - r["of_pqu"]) for r in chosen.values()]
    words = "; ".join(f"{name} {100 * (1 - r['of_pqu']):.0f} % at {r['bits']} bit{'s' * (r['bits'] > 1)}" for name, r in chosen.items())
    runs = [100 * (1 - r["of_schedule"]) for r in chosen.values()]
    seconds = [harness.mean(r["run_seconds"]) for r in results if r["bits"] == 4]
    return {"bytes": harness.verdict("better" if min(saved) > 45 else False, words, ratio=min(saved) / 45,
                                     why=f"fewest bits within {WITHIN} points of fp32; of p, q and u in fp32", headline=(
                                         f"Ten layers by ADMM: {min(saved):.0f} % fewer bytes an iteration than p, q and u in fp32, within "
                                         f"{WITHIN} points of their accuracy (pdADMM-G-Q claims up to 45 %)")),
            "schedule": harness.verdict(min(runs) > 90, f"{min(runs):.1f} to {max(runs):.1f} % less", ratio=1 - min(runs) / 100),
            "seconds": harness.verdict(max(seconds) < 1, f"{min(seconds):.2f} to {max(seconds):.2f} s, 10 ranks as threads")}


def draw(results, folder):
    import chart

    curves = {name: [(100 * r["of_pqu"], 100 * harness.mean(r["test"])) for r in beside(results) if r["set"] == name]
              for name in dict.fromkeys(r["set"] for r in results)}
    chart.lines(folder / "admm_communication.svg", "Accuracy by bytes of p and q", "% of the bytes of p, q and u in fp32",
                "test accuracy, %", curves, log_x=True, points=True)
