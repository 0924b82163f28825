"""The phases of an epoch under the machine's roofs.

One epoch of GCN, 3 layers of width 256, on 2 threads (`bench/epoch_bench`). A roof is what a simple loop or oneDNN's sgemm reached in
the same process: a phase above its own finds its bytes in a cache, or keeps more reads under way. sbm200k is a generated graph of
200,000 nodes and 4 million directed edges, 128 features, 40 classes.
"""

import json
import subprocess
import sys

import harness

MINUTES = (0.3, 2)
NEEDS = ["bench/epoch_bench"]
CLAIMS = {"products": ("ours", "products of matrices reach at least 0.85 of the GEMM roof", ""),
          "sums": ("ours", "sums over neighbours reach the row-gather roof", ""),
          "rest": ("ours", "what is outside all phases is at most 5 % of an epoch", "")}


def measure(runner):
    name = "sbm20k" if runner.quick else "sbm200k"
    run = runner.bench("epoch_bench", f"data={runner.data(name)}", "threads=2", "epochs=8", "rows=train")
    rows = [[phase, f"{row['seconds']:.4f}", f"{100 * row['seconds'] / run['epoch_seconds']['median']:.1f} %",
             f"{row['gflops']:.0f}" if "gflops" in row else "", f"{row['fraction']:.2f} of {row['roof']}" if "fraction" in row else ""]
            for phase, row in run["phases"].items()]
    return "![phases of an epoch under the machine's roofs](epoch_roofline.svg)\n\n" + \
        harness.table(["phase", "seconds", "of the epoch", "GFLOP/s", "reached"], rows), run


def judge(run):
    gemm, spmm = (run["phases"][phase].get("fraction", 0.0) for phase in ("gemm", "spmm"))
    rest = run["outside_phases_seconds"] / run["epoch_seconds"]["median"]
    return {"products": harness.verdict(gemm >= 0.85, f"{gemm:.2f} of it", ratio=gemm),
            "sums": harness.verdict(spmm >= 1, f"{spmm:.2f} of it", ratio=spmm),
            "rest": harness.verdict(rest <= 0.05, f"{100 * rest:.1f} %", ratio=rest)}


def draw(run, folder):
    path = folder / "epoch_roofline.run.json"
    path.write_text(json.dumps(run))
    drawn = subprocess.run([sys.executable, harness.ROOT / "bench/roofline", path], capture_output=True, text=True, check=True)
    (folder / "epoch_roofline.svg").write_text(drawn.stdout)
    path.unlink()
