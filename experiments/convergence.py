"""Convergence with quantized messages: how fast, how far down, and by which gradients.

GCN of 3 layers of 64 without dropout on 4 METIS parts that all count as hosts, split 60/20/20, SGD with a fixed step.
The gradient whose squared norm is shown is always the exact one over the whole graph, at the weights that the quantized
run has then. AdaQP (MLSys 2023) proves that the least of them over T epochs falls as O(1/T) down to a floor that the
variance of quantization sets.
"""

import math
from concurrent.futures import ThreadPoolExecutor

import harness

TIMES = [50, 100, 200, 400, 800, 1600]
WAYS = {"exact": ["exchange=exact"], **{f"{bits} bits": ["exchange=uniform", f"bits={bits}"] for bits in (8, 4, 2, 1)},
        "adaptive, 10 %, with its guard": ["exchange=adaptive", "budget=0.1"]}

MINUTES = (0.2, 1)
NEEDS = ["bench/quantized_descent", "data/cora"]
CLAIMS = {
    "rate": ("AdaQP", "with quantized messages the least squared gradient falls as O(1/T)", "slope -1"),
    "floor": ("AdaQP", "down to a floor that the variance of quantization sets: the fewer bits, the higher", ""),
    "unbiased": ("AdaQP", "gradients of quantized messages are unbiased", ""),
    "variance": ("ours", "the variance that widths are chosen by is the measured one within 2 %", "")}


class Convergence:
    def __init__(self, runner):
        self.runner = runner
        self.sets = {"cora": 0.2}  # and their steps
        self.times = TIMES[:3] if runner.quick else TIMES
        self.draws = 100 if runner.quick else 400
        self.results = []

    def start(self, mode, *words):
        """Measurements of all ways of all sets, two at a time."""
        with ThreadPoolExecutor(2) as pool:
            started = {(name, way): pool.submit(self.runner.bench, "quantized_descent", f"data={self.runner.data(name)}", f"mode={mode}",
                                                f"lr={rate}", "ranks=4", *how, *words)
                       for name, rate in self.sets.items() for way, how in WAYS.items()
                       if mode == "path" or way != "exact"}
        return {key: one.result() for key, one in started.items()}

    # ---- descent

    def descent(self):
        rows = []
        for (name, way), found in self.start("path", f"epochs={self.times[-1]}").items():
            norms = found["gradient_norms"]
            least = [min(y for epoch, y in zip(found["epochs"], norms) if epoch <= time) for time in self.times]
            a, floor, worst = fit(self.times, least)
            steepness = slope(self.times, least)
            late = harness.mean_std(y for epoch, y in zip(found["epochs"], norms) if epoch > 0.75 * self.times[-1])[0]
            last = slope(self.times[-2:], least[-2:])
            if way == "exact":
                reached = least[-1]
            self.results.append({"set": name, "way": way, "times": self.times, "least": least, "a": a, "floor": floor,
                                 "worst": worst, "slope": steepness, "late_mean": late} | found)
            rows.append([name, way, f"{found['mean_bits']:.2f}", *[f"{y:.2e}" for y in least], f"{steepness:.2f}",
                         f"{last:.2f}", f"{least[-1] - reached:+.1e}", f"{a:.2e}/T + {floor:.1e}", f"{worst:.2f}x",
                         f"{late:.2e}", f"{found['train_loss']:.4f}"])
        header = ["set", "messages", "bits", *[f"T = {time}" for time in self.times], "slope in log-log",
                  "of the last doubling", "above exact", "fit", "off by",
                  "mean of the last quarter", "loss"]
        return harness.table(header, rows)

    # ---- gradients at fixed weights

    def gradients(self, *words):
        rows, exchanges = [], []
        for (name, way), found in self.start("noise", "epochs=100", f"draws={self.draws}", *words).items():
            g = found["gradient"]
            self.results.append({"set": name, "way": way, "words": words, "noise": found})
            parts = {"all": g["tensors"], "after the last ReLU": g["tensors"][-2:], "before it": g["tensors"][:-2]}
            row = [name, way]
            for part in parts.values():
                exact, bias, variance = (sum(tensor[key] for tensor in part) for key in ("exact", "bias", "variance"))
                error = variance / g["draws"]
                row += [f"{math.sqrt(variance / exact):.1e}", f"{math.sqrt(bias / exact):.1e}",
                        f"{math.sqrt(error / exact):.1e}", f"{max(0.0, bias - error) / variance:.3f}"]
            rows.append(row)
            if "exchange" in found:
                e = found["exchange"]
                exchanges.append([name, way, f"{e['measured']:.4g}"] +
                                 [f"{e[key]:.4g} ({e[key] / e['measured']:.3f}x)" for key in ("traced", "uniform", "most")])
        header = ["set", "messages"] + [f"{what}, {part}" for part in parts
                                        for what in ("noise", "mean - exact", "its standard error", "bias^2 / variance")]
        return (harness.table(header, rows),
                harness.table(["set", "messages", "measured", "S^2 sum f (1 - f): what widths are chosen by", "D S^2 / 6",
                               "D S^2 / 4"], exchanges))

    def text(self):
        descent = self.descent()
        gradients, exchanges = self.gradients()
        linear, _ = self.gradients("open=1")
        pictures = "\n".join(f"![descent on {name}](convergence_{name}.svg)\n" for name in self.sets)
        rates = ", ".join(f"{rate} on {name}" for name, rate in self.sets.items())
        return "\n".join([
            f"The step is {rates}.\n",
            "## The least squared norm of the gradient over T epochs\n",
            "The fit is a/T + c by least squares of relative errors, a and c from 0 on; \"off by\" is its largest "
            "ratio to a figure. A slope of -1 or less is O(1/T); where that of the last doubling is flatter than exact "
            "messages', the floor comes in sight. The step is at the edge of stability, so single gradients (the mean of "
            "the last quarter) are far larger than the least. The guard compares gradients every 100 epochs: near the "
            "optimum, where they are small beside the noise of rounding, it takes the narrow widths away.\n", descent, pictures,
            "## Gradients at fixed weights\n",
            f"After 100 epochs of exact descent: {self.draws} gradients with fresh rounding beside the exact one. Lengths are "
            "shares of the exact gradient's; the noise is of one draw. The last column of each part is the bias that the "
            "standard error leaves, squared. The gradients of the last layer, which no ReLU follows, are unbiased where "
            "that column is near 0; those before it are biased.\n", gradients,
            "The same with the biases of the hidden layers set to 1, which opens next to all ReLUs, so that the network is "
            "linear but for the softmax. What bias is gone was that of masks that have seen noise: E 1{z + noise > 0} is not "
            "1{z > 0} for a z within the noise. What is left is in the last layer, too: the softmax's curvature.\n", linear,
            "## Variance of one exchange\n",
            "E ||A x^ - A x||^2 over all ranks, x the input of layer 1 after a ReLU, beside the sums over messages of a "
            "row's variance times its squared coefficients; S is the step of a row's grid, D its length, f what is left "
            "of a value between two steps.\n", exchanges])


def slope(times, values):
    points = [(math.log(t), math.log(y)) for t, y in zip(times, values)]
    mx, my = (sum(p[k] for p in points) / len(points) for k in (0, 1))
    return sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x, _ in points)


def fit(times, values):
    """a, c >= 0 of a/T + c with least squares of relative errors, and the largest ratio to a value."""
    u, v = [1 / (t * y) for t, y in zip(times, values)], [1 / y for y in values]
    uu, uv, vv, su, sv = (sum(x * y for x, y in zip(p, q)) for p, q in
                          ((u, u), (u, v), (v, v), (u, [1] * len(u)), (v, [1] * len(v))))
    det = uu * vv - uv * uv
    a, c = (su * vv - sv * uv) / det, (uu * sv - uv * su) / det
    if c < 0:
        a, c = su / uu, 0.0
    if a < 0:
        a, c = 0.0, sv / vv
    ratios = [(a / t + c) / y for t, y in zip(times, values)]
    return a, c, max(max(r, 1 / r) for r in ratios)


def measure(runner):
    convergence = Convergence(runner)
    return convergence.text(), convergence.results


def judge(results):
    paths = {r["way"]: r for r in results if "least" in r}
    noises = [r for r in results if "noise" in r and not r["words"]]
    quantized = {way: r for way, r in paths.items() if way != "exact"}
    slopes = [r["slope"] for r in quantized.values()]
    ends = [paths[f"{bits} bits"]["least"][-1] for bits in (8, 4, 2, 1)]

    def bias(tensors, draws):
        exact, bias, variance = (sum(tensor[key] for tensor in tensors) for key in ("exact", "bias", "variance"))
        return max(0.0, bias - variance / draws) / variance

    last, before = ([bias(part(r["noise"]["gradient"]["tensors"]), r["noise"]["gradient"]["draws"]) for r in noises]
                    for part in (lambda t: t[-2:], lambda t: t[:-2]))
    traced = [e["traced"] / e["measured"] for e in (r["noise"]["exchange"] for r in noises if "exchange" in r["noise"])]
    return {"rate": harness.verdict(max(slopes) <= -1, f"slopes {min(slopes):.2f} to {max(slopes):.2f} (exact {paths['exact']['slope']:.2f})",
                                    ratio=-max(slopes), why="without dropout, a fixed step, Cora"),
            "floor": harness.verdict(ends == sorted(ends), f"at the end {ends[0]:.1e} at 8 bits, {ends[-1]:.1e} at 1",
                                     ratio=ends[-1] / ends[0], why=f"after {paths['exact']['times'][-1]} epochs"),
            "unbiased": harness.verdict(False, f"bias^2 over variance {min(before):.2f} to {max(before):.2f} before the last ReLU, "
                                        f"{min(last):.3f} to {max(last):.3f} after it",
                                        why="E 1{z + noise > 0} is not 1{z > 0}: ReLU's masks have seen the noise")
                        if max(before) > 0.01 else harness.verdict(True, f"bias^2 over variance below {max(before):.3f}"),
            "variance": harness.verdict(all(abs(t - 1) <= 0.02 for t in traced), f"{min(traced):.3f} to {max(traced):.3f} of it",
                                        ratio=harness.mean(traced))}


def draw(results, folder):
    import chart

    for name in dict.fromkeys(r["set"] for r in results):
        paths = [r for r in results if r["set"] == name and "least" in r]
        chart.lines(folder / f"convergence_{name}.svg", f"Least squared gradient norm over T epochs, {name}", "T",
                    "min ||grad F||^2", {r["way"]: list(zip(r["times"], r["least"])) for r in paths}, log_x=True, log_y=True,
                    marks=paths[0]["times"])
