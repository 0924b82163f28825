"""Convergence of ADMM: objective, residual, Lagrangian, and the condition on rho.

arXiv 2105.09837, figures 2 and 3 and its theorems. Cora, 10 layers of 100 neurons from the start, one seed; `gradient` takes the
paper's steps, `closed` solves each subproblem. The proof wants rho > 4 nu for ReLU; the paper's settings, and our default, are
rho = nu. A rise is an iteration after which the Lagrangian is higher by more than a millionth of itself. The tables of the theory
(`bench/admm_theory`) are of small problems from random starts at rho = 4.5 nu; c_k is the least squared step so far, and o(1/k)
means that k c_k vanishes.
"""

import re

import harness

NU = 0.003
SOLVERS, RHOS = ["closed", "gradient"], {"rho = nu": 1, "rho = 4.5 nu": 4.5}
GRIDS = {"fp32": [], "p, q in 4 bits": ["--quantize", "pq", "--bits", 4]}
RISE = 1e-6
DECAY = 0.5  # of k c_k from its largest value, at least

MINUTES = (0.2, 1)
NEEDS = ["data/cora", "bench/admm_theory"]
CLAIMS = {
    "objective": ("pdADMM-G", "the objective falls and the residual vanishes (figure 2)", ""),
    "descent": ("pdADMM-G", "the Lagrangian never rises when rho > max(4 nu S^2, (sqrt 17 + 1) nu / 2)", ""),
    "rate": ("pdADMM-G", "the squared steps fall as o(1/k)", ""),
    "quantized": ("pdADMM-G-Q", "with p on a fixed grid it never rises either", ""),
    "condition": ("ours", "at rho = nu, which the proof does not cover, the Lagrangian falls all the same on Cora", "")}


def measure(runner):
    results = {"runs": [run(runner, *case, 60 if runner.quick else 2000) for case in
                        [(solver, rho, grid) for solver in SOLVERS for rho in RHOS for grid in GRIDS]],
               "theory": runner.bench("admm_theory", 100 if runner.quick else 3000, read=tables)}
    text = [harness.table(["solver", "", "messages", "objective, first", "last", "residual, largest", "last", "rises of L", "of"],
                          [row(r) for r in results["runs"]]),
            "![objective](admm_convergence_objective.svg)\n\n![residual](admm_convergence_residual.svg)\n", "## The theory's tables\n",
            harness.table(["case", "iterations", "rises of L", "k c_k, largest", "last"],
                          [[t["case"], int(t["rows"][-1][0]), t["rises"], f"{max(kc(t)):.2e}", f"{kc(t)[-1]:.2e}"]
                           for t in results["theory"]])]
    return "\n".join(text), results


def run(runner, solver, rho, grid, iterations):
    summary = runner.run("--data", runner.data("cora"), "--model", "gamlp", "--optimizer", "admm", "--stages", 10, "--hidden", 100,
                         "--iterations", iterations, "--eval-every", 0, "--threads", 1, "--nu", NU, "--rho", NU * RHOS[rho],
                         "--solver", solver, *GRIDS[grid])
    lines = runner.metrics(summary) if summary else []
    shown = [k for k in range(len(lines)) if k < 50 or k % (len(lines) // 100 + 1) == 0 or k + 1 == len(lines)]
    return {"solver": solver, "rho": rho, "grid": grid, "iterations": len(lines), "rises": rises([line["lagrangian"] for line in lines]),
            "epochs": [lines[k]["epoch"] for k in shown], "objective": [lines[k]["objective"] for k in shown],
            "residual": [sum(r * r for r in lines[k]["residuals"]) ** 0.5 for k in shown]}


def rises(values):
    return sum(b - a > RISE * abs(a) for a, b in zip(values, values[1:]))


def row(r):
    if not r["objective"]:
        return [r["solver"], r["rho"], r["grid"], "diverged", "", "", "", "", ""]
    return [r["solver"], r["rho"], r["grid"], f"{r['objective'][0]:.4g}", f"{r['objective'][-1]:.4g}", f"{max(r['residual']):.2e}",
            f"{r['residual'][-1]:.2e}", r["rises"], r["iterations"] - 1]


def tables(text):
    """The tables that admm_theory prints: case, rows of figures (k, L, gradient, but for p, residual, c_k, k c_k, tau, theta), rises."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and re.match(r"\d+$", cells[0]):
            found[-1]["rows"].append([float(cell) for cell in cells])
        elif line.startswith("Rises"):
            found[-1]["rises"] = int(re.search(r": (\d+) of", line).group(1))
        elif " columns, " in line:
            found.append({"case": line, "rows": []})
    return found


def kc(t):
    return [figures[6] for figures in t["rows"]]


def judge(results):
    runs = [r for r in results["runs"] if r["objective"] and r["grid"] == "fp32"]
    falls = [r["objective"][-1] / r["objective"][0] for r in runs]
    shrinks = [r["residual"][-1] / max(r["residual"]) for r in runs]
    theory = results["theory"]
    exact = [t for t in theory if "fp32" in t["case"]]
    fixed = [t for t in theory if "p in " in t["case"]]
    rates = [kc(t)[-1] / max(kc(t)) for t in exact]
    working, above = (sum(r["rises"] for r in runs if (r["rho"] == "rho = nu") == at) for at in (True, False))

    def never(cases):
        return harness.verdict(not any(t["rises"] for t in cases), f"{sum(t['rises'] for t in cases)} rises in {len(cases)} problems of "
                               f"{int(cases[0]['rows'][-1][0])} iterations", why="small problems, random starts, rho = 4.5 nu, both solvers")
    return {"objective": harness.verdict(max(falls) < 1 and max(shrinks) < 0.1, f"objective to {max(falls):.2g} of the first, residual to "
                                         f"{max(shrinks):.1g} of its largest, or less", why="Cora, both solvers, both rho"),
            "descent": never(exact), "quantized": never(fixed),
            "rate": harness.verdict(max(rates) < DECAY, f"k c_k falls to {min(rates):.1g} to {max(rates):.1g} of its largest",
                                    ratio=max(rates), why=f"held to {DECAY}"),
            "condition": harness.verdict(not working, f"{working} rises at rho = nu, {above} at "
                                         "4.5 nu", why="fp32, both solvers; the condition is sufficient")}


def draw(results, folder):
    import chart

    for what in ("objective", "residual"):
        chart.lines(folder / f"admm_convergence_{what}.svg", f"{what.capitalize()}, Cora, 10 layers of 100", "iteration", what,
                    {f"{r['solver']}, {r['rho']}, {r['grid']}": list(zip(r["epochs"], r[what])) for r in results["runs"] if r[what]},
                    log_x=True, log_y=True)
