"""Speed of ADMM's layers: on two ranks, beside PyTorch, and beside the paper's schedule.

arXiv 2105.09837, figures 3 and 4, where it can be measured on one machine of two cores (`bench/compare_admm`): 16 layers on 1 and
2 ranks of mpirun of a thread each; iterations of 10 layers beside a clean PyTorch program of the same algorithm, 2 threads; and
seconds of iterations until 10 layers are as accurate as the paper says on Cora, beside the paper's 600 iterations in PyTorch.
More ranks are simulated: [simulated_scaling.md](simulated_scaling.md).
"""

import shutil

import harness

MINUTES = (1, 3)
NEEDS = ["data/cora", "bench/admm_bench", "pyg"]
CLAIMS = {"ranks": ("pdADMM-G", "layers on ranks: the speedup is near the number of ranks (figure 4: 0.71 to 1.07 of it)", "0.71"),
          "torch": ("ours", "an iteration is faster than PyTorch's", ""),
          "schedule": ("ours", "the paper's accuracy on Cora is reached sooner than by its schedule", "")}


def measure(runner):
    build, few = runner.options.build, ["--rounds", 1, "--repeats", 5]
    results = {"torch": runner.bench("compare_admm", "torch", build, "--python", runner.options.pyg,
                                     *([*few, "--neurons", 100] if runner.quick else [])),
               "schedule": runner.bench("compare_admm", "schedule", build, "--data", runner.data("cora"), "--python", runner.options.pyg,
                                        *(["--rounds", 1] if runner.quick else []))}
    if shutil.which("mpirun"):
        results["mpi"] = runner.bench("compare_admm", "mpi", build, *([*few, "--neurons", 300] if runner.quick else []))
    else:
        runner.leave_out("two ranks", "no mpirun")
    rows = [[r["layers"], r["neurons"], r["columns"], f"{r['milliseconds']['1']:.1f}", f"{r['milliseconds']['2']:.1f}", f"{r['speedup']:.2f}x"]
            for r in results.get("mpi", {"rows": []})["rows"]]
    text = ["## One and two ranks\n", harness.table(["layers", "neurons", "training nodes", "ms, 1", "ms, 2", "speedup"], rows),
            "## An iteration beside PyTorch\n", harness.table(["neurons", "ratio to PyTorch"], [[r["neurons"], f"{ratio(r):.2f}x"]
                                                              for r in results["torch"]["rows"]]),
            "## Beside the paper's schedule\n", harness.table(["accuracy", "iterations alone", "whole run"], [
                [r["accuracy"], f"{r['ratio']:.0f}x", f"{r['ratio_whole_run']:.0f}x"] for r in results["schedule"]["rows"]]),
            "![times our seconds](admm_speed.svg)\n"]
    return "\n".join(text), results


def ratio(row):
    """The faster of PyTorch's two forms over ours."""
    found = row["milliseconds"]
    return min(value for side, value in found.items() if side != "tersegraph") / found["tersegraph"]


def judge(results):
    torch, schedule = [ratio(r) for r in results["torch"]["rows"]], results["schedule"]["rows"][0]
    found = {"torch": harness.verdict(min(torch) > 1, f"{min(torch):.2f}x to {max(torch):.2f}x", ratio=min(torch)),
             "schedule": harness.verdict(schedule["ratio"] > 1, f"{schedule['ratio']:.0f}x sooner by iterations, "
                                         f"{schedule['ratio_whole_run']:.0f}x with all else of the run", ratio=schedule["ratio"])}
    if "mpi" in results:
        each = [r["speedup"] / 2 for r in results["mpi"]["rows"]]
        found["ranks"] = harness.verdict(min(each) >= 0.71, f"{2 * min(each):.2f}x on 2 ranks", ratio=min(each), why="two cores, Open MPI")
    return found


def draw(results, folder):
    import chart

    schedule = results["schedule"]["rows"][0]
    sides = {f"an iteration, {r['neurons']} neurons: PyTorch": ratio(r) for r in results["torch"]["rows"]}
    sides |= {f"16 layers, {r['neurons']} neurons: one rank of two": r["speedup"] for r in results.get("mpi", {"rows": []})["rows"]}
    sides["the paper's accuracy: its schedule, whole run"] = schedule["ratio_whole_run"]
    chart.bars(folder / "admm_speed.svg", "ADMM's layers: what the others take", "times our seconds", {name: {"": value} for name, value in sides.items()})
