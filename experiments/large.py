"""Half a billion edges, from an edge list to an epoch, on one small machine.

A generated graph of 10,000,000 nodes and 500,000,000 directed edges, with 64 features and 16 classes, is written anew as another
program would write it (`experiments/programs/write_edge_list.py`: every edge once, in an order and a direction by chance), converted,
cut into a shard a rank, and trained from the shards: GCN, 2 layers of 64, one epoch, rows in 2 bits, 2 ranks of one thread each. Memory is
the peak of the largest process, seconds are those of the whole command.
"""

import filecmp
import shutil
import sys

import harness

NODES, EDGES, QUICK = 10_000_000, 250_000_000, 500  # as many times fewer
LIMIT = 12 * 2**30
PROGRAM = harness.ROOT / "experiments/programs/write_edge_list.py"

MINUTES = (0.2, 30)
NEEDS = []
CLAIMS = {"memory": ("ours", "half a billion directed edges are generated, converted and partitioned within 12 GiB of memory", "12 GiB"),
          "same": ("ours", "a shuffled edge list converts to the file that it was written from", "byte for byte"),
          "epoch": ("ours", "and an epoch of them is trained from the shards on 24 GiB", "24 GiB"),
          "bytes": ("ours", "rows in 2 bits: an epoch sends less than a byte a directed edge", "1 byte")}


def measure(runner):
    scale = QUICK if runner.quick else 1
    edges = EDGES // scale
    words = f"sbm:nodes={NODES // scale},edges={edges},features=64,classes=16,homophily=0.8"
    folder = runner.options.runs / f"large-{runner.key([words])}"
    folder.mkdir(parents=True, exist_ok=True)
    whole, written, again, shards = (folder / name for name in ("whole.npz", "written", "again.npz", "shards"))
    steps = {"generate": runner.measured(runner.tersegraph, "generate", words, "--out", whole)}
    runner.measured(sys.executable, PROGRAM, whole, written)
    steps["convert"] = runner.measured(runner.tersegraph, "convert", written, again)
    steps["partition"] = runner.measured(runner.tersegraph, "partition", again, "--parts", 2, "--memory-limit", "12G", "--out", shards)
    run = trained(runner, shards)
    if not folder.with_suffix(".json").exists():
        harness.save(folder.with_suffix(".json"), {"same": filecmp.cmp(whole, again, shallow=False), "file": again.stat().st_size,
                                                   "shards": sum(file.stat().st_size for file in shards.iterdir())})
    shutil.rmtree(folder)
    results = {"nodes": NODES // scale, "edges": 2 * edges, "run": run, **harness.load(folder.parent, folder.name),
               "steps": {name: step | {"out": said(step["out"], folder)} for name, step in steps.items()}}
    rows = [[name, f"{step['seconds']:.0f}", f"{step['peak'] / 1e9:.2f}", step["out"]] for name, step in results["steps"].items()]
    rows.append(["train", f"{run['wall']:.0f}", f"{run['peak'] / 1e9:.2f} a rank", f"an epoch in {run['epoch']:.1f} s"])
    sizes = [["dataset file, shards", f"{per_edge(results, 'file'):.1f}, {per_edge(results, 'shards'):.1f}"],
             ["sent in the epoch, both ways", f"{run['sent'] / results['edges']:.3f}"],
             ["sent once: features in fp32", f"{run['once'] / results['edges']:.2f}"]]
    return f"{2 * edges:,} directed edges.\n\n" + harness.table(["step", "seconds", "peak memory, GB", "what it says"], rows) + "\n" + \
        harness.table(["bytes a directed edge", ""], sizes) + "\n![peak of memory](large.svg)\n", results


def said(out, folder):
    """The last line, without this machine's folders."""
    return out.strip().splitlines()[-1].replace(f"{folder}/", "").removeprefix("output").strip()


def trained(runner, shards):
    mpirun = shutil.which("mpirun")
    summary = runner.run("--data", shards, "--layers", 2, "--hidden", 64, "--epochs", 1, "--eval-every", 0, "--threads", 1, "--exchange",
                         "uniform", "--bits", 2, *([] if runner.quick else ["--memory-limit", "11G" if mpirun else "22G"]),
                         launch=[mpirun, "-n", "2"] if mpirun else [])
    if summary is None:
        raise harness.Failed("training from the shards failed")
    sent = summary["bytes_sent"]["by_kind"]
    return {"epoch": summary["epoch_seconds"]["median"], "wall": summary["wall_seconds"], "peak": summary["peak_rss_bytes"],
            "ranks": 1 if not mpirun else 2, "sent": sent["halo_forward"] + sent["halo_backward"], "once": sent["layer0"]}


def per_edge(results, key):
    return results[key] / results["edges"]


def judge(results):
    peak, run = max(step["peak"] for step in results["steps"].values()), results["run"]
    edges = f"{results['edges']:,} directed edges"
    return {"memory": harness.verdict(peak < LIMIT, f"{peak / 2**30:.1f} GiB", ratio=peak / LIMIT, why=edges),
            "same": harness.verdict(results["same"], "the same bytes" if results["same"] else "other bytes"),
            "epoch": harness.verdict(run["ranks"] * run["peak"] < 24 * 2**30, f"{run['peak'] / 2**30:.1f} GiB a process, {run['epoch']:.1f} s",
                                     ratio=run["ranks"] * run["peak"] / (24 * 2**30), why=edges),
            "bytes": harness.verdict(run["sent"] < results["edges"], f"{run['sent'] / results['edges']:.2f} bytes; features once: "
                                     f"{run['once'] / results['edges']:.1f}", ratio=run["sent"] / results["edges"])}


def draw(results, folder):
    import chart

    peaks = {name: step["peak"] for name, step in results["steps"].items()} | {"train, a rank": results["run"]["peak"]}
    chart.bars(folder / "large.svg", f"Peak of memory, {results['edges']:,} directed edges", "GB",
               {name: {"": peak / 1e9} for name, peak in peaks.items()})
