"""Plans against runs: how near `tersegraph plan` comes.

The machine's rates are measured once (`plan --calibrate`), by kernels alone; then every case is planned, and run. Ranks are
threads of one process, or processes on emulated hosts of one machine, whose cores they share. `plan` and `run` are
milliseconds an epoch (the median of the run's epochs but its first three; an iteration of ADMM at full depth), of the fastest of
three runs: a virtual machine's processors may share a core for seconds. Bytes are those of a whole run, every kind but setup (of
ADMM p, q and the all-reduce), and where they are not exact, by how many a run sent more: a row of few bits whose range is small beside
its minimum takes two bytes more, which only values tell. Memory is the peak of the largest process.
"""

import os
import shlex
import statistics

import harness

GRAPHS = {"amazon_computers": 256, "coauthor_cs": 256, "synth200k": 64}
SYNTH = "sbm:nodes=200000,edges=2000000,features=64,classes=16,seed=1"
TRAINERS = {"gcn, exact": "--model gcn --exchange exact", "sage, 4 bits": "--model sage --exchange uniform --bits 4",
            "gamlp, ADMM": "--model gamlp --optimizer admm --quantize pq --stages 10"}
PLACES = [("threads", 2), ("threads", 4), ("100mbit", 2), ("1gbit", 2), ("1gbit", 4), ("10gbit", 2)]
QUICK = [("threads", 2), ("1gbit", 2)]
KINDS = {True: ["p", "q", "all_reduce"], False: ["halo_forward", "halo_backward", "layer0", "evaluation", "all_reduce"]}
EPOCHS, SETTLING, TURNS = 10, 3, 3
SECONDS, MEMORY = 0.15, 0.10

MINUTES = (1.5, 16)
NEEDS = ["launch", "data/amazon_computers", "data/coauthor_cs"]
CLAIMS = {"bytes": ("ours", "bytes of a run are predicted exactly", "all cases"),
          "seconds": ("ours", f"seconds of an epoch are predicted within {100 * SECONDS:.0f} %", "all cases"),
          "memory": ("ours", f"peak memory is predicted within {100 * MEMORY:.0f} %", "all cases")}


class Accuracy:
    def __init__(self, runner):
        self.runner = runner
        self.graphs = dict(list(GRAPHS.items())[:1]) if runner.quick else GRAPHS
        self.results = []

    def words(self, graph, trainer, ranks):
        words = shlex.split(TRAINERS[trainer]) + ["--ranks", ranks, "--threads", 1, "--eval-every", 0]
        if "admm" in words:
            return words + ["--hidden", 100, "--iterations", EPOCHS]
        return words + ["--hidden", GRAPHS[graph], "--epochs", EPOCHS]

    def plan(self, data, words, place):
        where = ["--hosts", 1] if place == "threads" else ["--one-machine", "--link", place]
        return self.runner.plan(data, *words, *where)

    def case(self, graph, trainer, place, ranks):
        data = SYNTH if graph == "synth200k" else self.runner.data(graph)
        words = self.words(graph, trainer, ranks)
        plan = self.plan(data, words, place)
        launch = () if place == "threads" else self.runner.launch(ranks, place)
        load = os.getloadavg()[0]
        turns = 1 if self.runner.quick else TURNS
        runs = [self.runner.run("--data", data, *words, launch=launch, turn=turn) for turn in range(turns)]
        if None in runs:
            return
        medians = [statistics.median(line["epoch_seconds"] for line in self.runner.metrics(run)[SETTLING:]) for run in runs]
        run = runs[medians.index(min(medians))]
        planned, counted = plan["bytes"]["run"], run["bytes_sent"]["by_kind"]
        kinds = KINDS["admm" in words]
        self.results.append({
            "graph": graph, "trainer": trainer, "place": place, "ranks": ranks, "load": load,
            "plan": plan["epoch_seconds"], "run": min(medians), "runs": medians,
            "planned_seconds": plan["seconds"], "planned_bytes": planned, "bytes": counted,
            "bytes_exact": all(planned.get(kind, 0) == counted.get(kind, 0) for kind in kinds),
            "planned_memory": plan["memory_bytes"]["total"], "memory": run["peak_rss_bytes"]})

    def measure(self):
        for graph in self.graphs:
            for trainer in TRAINERS:
                for place, ranks in QUICK if self.runner.quick else PLACES:
                    if (graph, place) != ("synth200k", "100mbit"):  # minutes an epoch
                        self.case(graph, trainer, place, ranks)

    def text(self):
        seconds = [abs(error(r["plan"], r["run"])) for r in self.results]
        memory = [abs(error(r["planned_memory"], r["memory"])) for r in self.results]
        exact = sum(r["bytes_exact"] for r in self.results)
        count = len(self.results)
        rows = [[r["graph"], r["trainer"], f"{r['ranks']}, {r['place']}", f"{1e3 * r['plan']:.1f}", f"{1e3 * r['run']:.1f}",
                 f"{100 * error(r['plan'], r['run']):+.0f} %", "exact" if r["bytes_exact"] else f"{more_bytes(r):+,d}",
                 f"{r['planned_memory'] / 1e6:.0f}", f"{r['memory'] / 1e6:.0f}",
                 f"{100 * error(r['planned_memory'], r['memory']):+.0f} %", f"{r['load']:.1f}"] for r in self.results]
        goals = (f"Seconds are within {100 * SECONDS:.0f} % in {sum(e <= SECONDS for e in seconds)} of {count} cases (median "
                 f"error {100 * statistics.median(seconds):.0f} %, largest {100 * max(seconds):.0f} %), bytes exact in {exact}, "
                 f"memory within {100 * MEMORY:.0f} % in {sum(e <= MEMORY for e in memory)} (median "
                 f"{100 * statistics.median(memory):.0f} %, largest {100 * max(memory):.0f} %).\n")
        middle = [abs(error(r["plan"], statistics.median(r["runs"]))) for r in self.results]
        spread = [max(r["runs"]) / min(r["runs"]) for r in self.results]
        turns = (f"Against the middle one of the three runs seconds are within {100 * SECONDS:.0f} % in "
                 f"{sum(e <= SECONDS for e in middle)} cases (median error {100 * statistics.median(middle):.0f} %); the slowest "
                 f"run took {statistics.median(spread):.2f} times as long as the fastest (median; at most {max(spread):.2f}).\n")
        loads = [r["load"] for r in self.results]
        busy = (f"Besides the measured run, {min(loads):.1f} to {max(loads):.1f} processes wanted the {os.cpu_count()} cores "
                "(load average when it began, runs before it counted).\n")
        header = ["graph", "trainer", "ranks", "plan", "run", "error", "bytes", "plan MB", "run MB", "error", "load"]
        return "\n".join([goals, turns, busy, harness.table(header, rows),
                          "![seconds](plan_accuracy_seconds.svg)\n\n![memory](plan_accuracy_memory.svg)\n"])


def error(planned, measured):
    return planned / measured - 1


def more_bytes(result):
    """Bytes that a run sent beyond those planned, of the kinds that are."""
    kinds = KINDS["ADMM" in result["trainer"]]
    return sum(result["bytes"].get(kind, 0) - result["planned_bytes"].get(kind, 0) for kind in kinds)


def measure(runner):
    accuracy = Accuracy(runner)
    accuracy.measure()
    if not accuracy.results:
        raise harness.Failed("no run is there")
    return accuracy.text(), accuracy.results


def judge(results):
    exact = sum(r["bytes_exact"] for r in results)
    off = max(abs(more_bytes(r)) / sum(r["planned_bytes"].values()) for r in results)
    found = {"bytes": harness.verdict(exact == len(results), f"{exact} of {len(results)}", ratio=exact / len(results),
                                      why=f"largest error {1e6 * off:.0f} millionths: rows whose minimum needs more digits")}
    for key, planned, run, within in (("seconds", "plan", "run", SECONDS), ("memory", "planned_memory", "memory", MEMORY)):
        errors = [abs(error(r[planned], r[run])) for r in results]
        near = sum(e <= within for e in errors)
        found[key] = harness.verdict(near == len(results), f"{near} of {len(results)}, median error "
                                     f"{100 * statistics.median(errors):.0f} %", ratio=near / len(results),
                                     why=f"largest error {100 * max(errors):.0f} %")
    return found


def draw(results, folder):
    import chart

    for what, unit, scale, planned, run, within in (("seconds", "ms an epoch", 1e3, "plan", "run", SECONDS),
                                                    ("memory", "MB a process", 1e-6, "planned_memory", "memory", MEMORY)):
        groups = {trainer: [(scale * r[planned], scale * r[run]) for r in results if r["trainer"] == trainer] for trainer in TRAINERS}
        chart.scatter(folder / f"plan_accuracy_{what}.svg", f"Plans against runs: {what}", f"planned, {unit}", f"measured, {unit}",
                      {trainer: points for trainer, points in groups.items() if points}, within)
