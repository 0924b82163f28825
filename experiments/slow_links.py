"""Time to accuracy over slow links, by every way of exchanging rows.

GCN of 3 layers of 64 (dropout, LayerNorm, ReLU: the order of AdaQP), Adam, learning rate 0.01, split 60/20/20 by the
seed, on METIS parts, a host each. Seconds are those of training epochs; evaluation, every 5 epochs, is left out. The
accuracy to reach is 0.01 below the best validation accuracy of exact messages, of the same seed. `adaqp-exact` is fp32 in
the order of AdaQP's comparison: features sent in every epoch, aggregated before every transform.
"""

import math
import shlex

import harness
from harness import mean

SETS = {"amazon_computers": ("100mbit", 150, ["--norm", "layer", "--layer-order", "dropout-norm-relu", "--hidden", 64]),
        "sbm200k": ("1gbit", 20, ["--norm", "none", "--hidden", 256])}
WAYS = {"exact": "--exchange exact",
        "adaqp-exact": "--exchange exact --no-layer0-cache --aggregate-first --halo-rows sources",
        "uniform, 2 bits": "--exchange uniform --bits 2",
        "adaptive": "--exchange adaptive",
        "adaptive, slack": "--exchange adaptive --budget slack",
        "pipe": "--exchange pipe",
        "sancus": "--exchange sancus"}
BELOW, SEEDS = 0.01, 2
GPU = "the paper's figures are of GPUs on larger sets; here hosts are emulated"

MINUTES = (2, 25)
NEEDS = ["launch", "data/amazon_computers"]
CLAIMS = {
    "adaqp": ("AdaQP", "adaptive bits reach an accuracy sooner than fp32 in the order of its comparison", "up to 3.01x throughput"),
    "ours": ("ours", "few bits reach an accuracy sooner than our own exact messages, which send layer 0 once", ""),
    "pipe": ("AdaQP", "quantized messages end at a better accuracy than one-epoch-stale ones (PipeGCN)", ""),
    "sancus": ("AdaQP", "quantized messages are sooner than skipped ones (SANCUS)", ""),
    "choice": ("ours", "adaptive bits reach an accuracy as soon as 2 bits everywhere", "")}


class SlowLinks:
    def __init__(self, runner):
        self.runner, self.quick = runner, runner.quick
        self.seeds = 1 if runner.quick else SEEDS
        self.sets = dict(list(SETS.items())[:1]) if runner.quick else SETS
        self.results = []

    def run(self, name, way, seed):
        """Of one run, by epoch: training seconds so far and loss; of evaluated epochs the accuracies."""
        rate, epochs, shape = SETS[name]
        words = ["--data", self.runner.data(name), "--split", "0.6,0.2,0.2", "--layers", 3, *shape,
                 "--epochs", 20 if self.quick else epochs, "--eval-every", 5, "--threads", 1, "--seed", seed,
                 *shlex.split(WAYS[way])]
        run = self.runner.run(*words, launch=self.runner.launch(2, rate))
        if run is None:
            raise harness.Failed(f"{name}, {way}: the run failed")
        seconds, curve = 0.0, []
        for line in self.runner.metrics(run):
            seconds += line["epoch_seconds"]
            curve.append({"seconds": seconds, "loss": line["train_loss"], "val": line.get("val_accuracy")})
        halo = sum(run["bytes_sent"]["by_kind"].get(kind, 0) for kind in ("halo_forward", "halo_backward", "layer0"))
        return {"set": name, "way": way, "seed": seed, "test": run["test_accuracy"], "halo_mb": halo / 2e6, "curve": curve}

    def rows(self, name):
        runs = {way: [self.run(name, way, seed) for seed in range(self.seeds)] for way in WAYS}
        self.results += [run for of_way in runs.values() for run in of_way]
        reached = reached_by(self.results, name)
        exact = mean(at["seconds"] for at in reached["exact"])
        rows = []
        for way, of_way in runs.items():
            found = [at for at in reached[way] if at]
            rows.append([way, harness.figure([run["test"] for run in of_way], 4),
                         f"{mean(run['curve'][-1]['loss'] for run in of_way):.4f}",
                         f"{mean(run['curve'][-1]['seconds'] / len(run['curve']) for run in of_way):.3f}",
                         f"{mean(run['halo_mb'] for run in of_way):.1f}", f"{len(found)} of {len(of_way)}",
                         f"{mean(at['epoch'] for at in found):.0f}" if found else "",
                         f"{mean(at['seconds'] for at in found):.1f}" if found else "",
                         f"{exact / mean(at['seconds'] for at in found):.2f}x" if found else ""])
        return rows

    def text(self):
        header = ["messages", "test accuracy", "loss at the end", "s an epoch", "halo MB a rank", "reached",
                  "at epoch", "after s", "sooner than exact"]
        parts = []
        for name, (rate, epochs, _) in self.sets.items():
            epochs = 20 if self.quick else epochs
            parts += [f"## {name}, 2 hosts, {rate}, {epochs} epochs\n", harness.table(header, self.rows(name)),
                      f"![accuracy by seconds](slow_links_{name}.svg)\n\n![loss by epochs](slow_links_{name}_loss.svg)\n"]
        return "\n".join(parts)


def of_set(results, name):
    """The runs of a set by way, in the order of their seeds."""
    return {way: [run for run in results if (run["set"], run["way"]) == (name, way)] for way in WAYS}


def reached_by(results, name):
    """By way, for each seed the epoch and second at which the accuracy was reached; None where it was not."""
    runs = of_set(results, name)
    goals = [max(point["val"] or 0.0 for point in run["curve"]) - BELOW for run in runs["exact"]]
    return {way: [first_at(run, goal) for run, goal in zip(of_way, goals)] for way, of_way in runs.items()}


def first_at(run, goal):
    """The first evaluated epoch with at least such a validation accuracy, and its seconds; None if there is none."""
    return next(({"epoch": epoch, "seconds": point["seconds"]} for epoch, point in enumerate(run["curve"], 1)
                 if (point["val"] or 0.0) >= goal), None)


def measure(runner):
    links = SlowLinks(runner)
    return links.text(), links.results


def seconds(results):
    """{set: {way: mean seconds to the accuracy, or None where a seed did not reach it}}"""
    return {name: {way: mean(at["seconds"] for at in found) if all(found) else None
                   for way, found in reached_by(results, name).items()}
            for name in dict.fromkeys(run["set"] for run in results)}


def sooner(results, way, than):
    """By set, how many times sooner `way` was; infinite where only it reached the accuracy, 0 where it did not."""
    return {name: (s[than] / s[way] if s[than] else math.inf) if s[way] else 0.0 for name, s in seconds(results).items()}


def words_of(ratios):
    return "; ".join(f"{name} {ratio:.2f}x" if 0 < ratio < math.inf else
                     f"{name}: {'the other never' if ratio else 'not reached'}" for name, ratio in ratios.items())


def compared(results, way, than, claimed=None, **more):
    ratios = sooner(results, way, than)
    finite = [ratio for ratio in ratios.values() if ratio < math.inf]
    word = "better" if claimed and max(finite, default=0) > claimed else all(ratio > 1 for ratio in ratios.values())
    return harness.verdict(word, words_of(ratios), ratio=max(finite, default=None), **more)


def place(name):
    return SETS[name][0] if name in SETS else "1gbit"


def judge(results):
    adaqp = sooner(results, "adaptive", "adaqp-exact")
    name, best = max(adaqp.items(), key=lambda item: item[1])
    headline = (f"Two hosts joined at {place(name)}: {name} reaches its accuracy {best:.1f} times sooner with adaptive bits "
                "than with fp32 rows in the order of AdaQP's comparison, "
                f"{sooner(results, 'adaptive', 'exact')[name]:.1f} times sooner than with our own exact ones")
    tests = {name: [mean(run["test"] for run in of_set(results, name)[way]) for way in ("adaptive", "pipe")]
             for name in adaqp}
    choice = sooner(results, "adaptive", "uniform, 2 bits")
    return {"adaqp": compared(results, "adaptive", "adaqp-exact", 3.01, why=GPU, headline=headline if 0 < best < math.inf else ""),
            "ours": compared(results, "adaptive", "exact"),
            "pipe": harness.verdict(all(a > p for a, p in tests.values()),
                                    "; ".join(f"{name} {a:.3f} ({p:.3f})" for name, (a, p) in tests.items()),
                                    ratio=max(a / p for a, p in tests.values()), why="our own PipeGCN, on CPUs"),
            "sancus": compared(results, "adaptive", "sancus", why="our own SANCUS, per peer, bound 0.2"),
            "choice": harness.verdict(all(ratio > 0.97 for ratio in choice.values()), words_of(choice),
                                      ratio=min(choice.values()),
                                      why="2 bits cost these sets no accuracy, which nobody knows beforehand")}


def limits(results):
    return [f"{name}, two hosts at {place(name)}: `{way}` reaches the accuracy in {s[way]:.1f} s, adaptive bits in "
            f"{s['adaptive']:.1f} s"
            for name, s in seconds(results).items() for way in WAYS
            if s[way] and s["adaptive"] and s[way] < 0.97 * s["adaptive"]]


def draw(results, folder):
    import chart

    for name in dict.fromkeys(run["set"] for run in results):
        curves = {run["way"]: run["curve"] for run in results if run["set"] == name and run["seed"] == 0}
        accuracy = {way: [(p["seconds"], p["val"]) for p in curve if p["val"]] for way, curve in curves.items()}
        loss = {way: [(epoch, p["loss"]) for epoch, p in enumerate(curve, 1)] for way, curve in curves.items()}
        stem = f"{folder}/slow_links_{name}"
        chart.lines(f"{stem}.svg", f"Validation accuracy, {name}", "seconds of training", "accuracy", accuracy, log_x=True)
        chart.lines(f"{stem}_loss.svg", f"Training loss, {name}", "epoch", "loss", loss, log_y=True)
