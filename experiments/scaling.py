"""Seconds an epoch against edges.

GCN, 3 layers of width 256, 100 features, 50 edges a node, one rank, 2 threads, on generated graphs without communities (so that
no order of the nodes helps one size more than another; `bench/scaling`). The line is fitted to sizes from 8 million edges on. Where
the rows that neighbours are summed from fit into the third-level cache in part or whole, an edge costs less.
"""

import subprocess

import harness

HIDDEN = 256
WORDS = ["--degree", 50, "--hidden", HIDDEN, "--features", 100, "--homophily", 0.0625]

MINUTES = (0.5, 7)
NEEDS = ["bench/epoch_bench"]
CLAIMS = {"linear": ("ours", "seconds of an epoch grow as edges to the power 1, within 0.05", "1"),
          "line": ("ours", "and every size is within 10 % of a line", "")}


def measure(runner):
    words = ["--edges", 1, 2, 4, "--fit-from", 1, "--most-gib", 2] if runner.quick else ["--fit-from", 8, "--most-gib", 40]
    results = runner.bench("scaling", runner.options.build, *WORDS, *words, "--rounds", 1, "--epochs", 3)
    results["cache_bytes"] = int(subprocess.run(["getconf", "LEVEL3_CACHE_SIZE"], capture_output=True, text=True).stdout or 0)
    off = {row["edges"]: f"{100 * residual:+.1f} %" for row, residual in fitted(results)}
    rows = [[f"{row['edges']:,}", f"{row['nodes']:,}", f"{row['seconds']:.4g}", f"{1e9 * row['seconds'] / row['edges']:.1f}",
             f"{rows_bytes(row) / 1e6:,.0f}", f"{row['peak_mb'] / 1e3:.2f}", off.get(row["edges"], "")] for row in results["rows"]]
    header = ["edges", "nodes", "seconds an epoch", "ns an edge", "rows, MB", "peak, GB", "off the line"]
    return harness.table(header, rows) + \
        f"\nSeconds grow as edges to the power {results['fit']['log_log']['exponent']:.3f}.\n\n![seconds by edges](scaling.svg)\n", results


def fitted(results):
    """(row, its distance from the line as a share) of each size that the line is fitted to."""
    fit = results["fit"]
    return [(row, residual) for row, residual in zip(results["rows"], fit["linear"]["residuals"]) if row["edges"] >= fit["from_edges"]]


def rows_bytes(row):
    """Of what a hidden layer's neighbours are summed from."""
    return 4 * HIDDEN * row["nodes"]


def judge(results):
    exponent, cache = results["fit"]["log_log"]["exponent"], results["cache_bytes"]
    rows, residuals = zip(*fitted(results))
    off = max(map(abs, residuals))
    sizes = (f"{rows[0]['edges'] / 1e6:.0f} to {rows[-1]['edges'] / 1e6:.0f} million edges, rows of {rows_bytes(rows[0]) / 1e6:,.0f} to "
             f"{rows_bytes(rows[-1]) / 1e6:,.0f} MB" + (f", a third-level cache of {cache / 1e6:.0f} MB" if cache else ""))
    return {"linear": harness.verdict(abs(exponent - 1) <= 0.05, f"{exponent:.3f}", ratio=exponent, why=sizes),
            "line": harness.verdict(off <= 0.10, f"within {100 * off:.0f} %", why=sizes)}


def draw(results, folder):
    import chart

    line = results["fit"]["linear"]
    chart.lines(folder / "scaling.svg", "Seconds an epoch", "edges", "s", {
        "measured": [(row["edges"], row["seconds"]) for row in results["rows"]],
        "the line": [(row["edges"], line["intercept_seconds"] + line["seconds_per_million_edges"] * row["edges"] / 1e6)
                     for row, _ in fitted(results)]}, log_x=True, log_y=True, points=True)
