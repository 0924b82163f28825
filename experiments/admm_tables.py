"""pdADMM-G's Tables III and IV, and ours beside them.

arXiv 2105.09837. Test accuracy of a graph-augmented perceptron of 10 layers, mean±std over seeds, on the sets that are at hand.
Ours has one setting for all sets. Of the methods by back-propagation (300 epochs) the learning rate, and in the tuned rows weight
decay, is chosen for each set and row by the validation accuracy of one seed at 100 neurons.
"""

import harness
from papers import ADMM_TABLES

SETS = {"Cora": "cora", "Citeseer": "citeseer", "Computers": "amazon_computers", "Photo": "amazon_photo",
        "CS": "coauthor_cs"}
PAPER_RATES = {"GD": ("sgd", [.1, .01, .001]), "Adadelta": ("adadelta", [.001]), "Adagrad": ("adagrad", [.001]),
               "Adam": ("adam", [.0001, .001])}
SENSIBLE_RATES = {"GD": ("sgd", [1, .3]), "Adadelta": ("adadelta", [1]), "Adagrad": ("adagrad", [.1, .01]),
                  "Adam": ("adam", [.01, .003])}
SIMPLE = {"SGC, K=2": ["--model", "sgc", "--lr", .1, "--epochs", 200, "--weight-decay", .00001],
          "GCN, 2 layers of 64": ["--model", "gcn", "--layers", 2, "--hidden", 64, "--normalize-features", "--input-dropout", .5,
                                  "--weight-decay", .0005, "--decay-first-layer-only", "--epochs", 200],
          "SAGE, 2 layers of 64": ["--model", "sage", "--layers", 2, "--hidden", 64, "--normalize-features", "--input-dropout", .5,
                                   "--weight-decay", .0005, "--epochs", 200],
          "GA-MLP (SIGN), 2 layers of 100, Adam": ["--model", "gamlp", "--layers", 2, "--lr", .01, "--epochs", 200,
                                                   "--weight-decay", .0005],
          "GA-MLP, 2 layers of 100, ADMM": ["--model", "gamlp", "--optimizer", "admm", "--stages", 2]}
OURS = "ADMM, fp32"

MINUTES = (3, 150)
NEEDS = [f"data/{data}" for data in SETS.values()]
CLAIMS = {
    "table3": ("pdADMM-G", "10 layers of 100 neurons by ADMM: test accuracy (Table III)", ""),
    "table4": ("pdADMM-G", "10 layers of 500 neurons by ADMM: test accuracy (Table IV)", ""),
    "quantized": ("pdADMM-G-Q", "p and q on a grid lose next to nothing (Table III)", "-4.8 to +0.4 points"),
    "gradients": ("pdADMM-G", "ADMM is more accurate than GD, Adadelta, Adagrad and Adam on the same 10 layers", ""),
    "helped": ("ours", "and as accurate as they are with He initialisation, growth by identities and decay, which the paper has not", ""),
    "depth": ("ours", "ADMM keeps its accuracy at 16 layers, where Adam loses it", ""),
    "simple": ("ours", "10 layers by ADMM are as accurate as 2-layer GCN, SAGE, SGC and a perceptron", "")}


class Tables:
    def __init__(self, runner):
        self.runner, self.quick = runner, runner.quick
        self.sets = dict(list(SETS.items())[:2]) if self.quick else SETS
        self.seeds = 2 if self.quick else 5
        self.widths = [100] if self.quick else [100, 500]
        self.epochs = 150 if self.quick else 300
        self.results = []

    def data(self, name, seeds=None):
        return ["--data", self.runner.data(SETS[name]), "--runs", seeds or self.seeds]

    def note(self, **facts):
        self.results.append(facts)

    def admm(self, name, width, title, *words):
        summary = self.runner.run(*self.data(name), "--model", "gamlp", "--optimizer", "admm", "--hidden", width, *words)
        runs = harness.of_runs(summary)
        self.note(set=name, width=width, title=title, words=list(words), best=[run["test_accuracy"] for run in runs],
                  last=[run["last"]["test_accuracy"] for run in runs], iterations=[run["best_epoch"] for run in runs])
        return summary

    def backprop(self, name, width, optimizer, rates, *words, layers=10, decays=(0,)):
        """Words and summary of the choice that is best by validation; None where all diverge."""
        words = ["--model", "gamlp", "--layers", layers, "--optimizer", optimizer, "--eval-every", 10, *words]
        if "--stages" not in words:
            words += ["--epochs", self.epochs]
        choices = [[*words, "--lr", rate, "--weight-decay", decay] for rate in rates for decay in decays]
        found = self.runner.best_by_validation([[*self.data(name, 1), "--hidden", 100, *choice] for choice in choices])
        if found is None:
            return None
        chosen = [*self.data(name), "--hidden", width, *found[0][6:]]
        summary = self.runner.run(*chosen)
        return summary and (chosen, summary)

    # ---- Tables III and IV

    def accuracy_table(self, width):
        paper = ADMM_TABLES[width]
        places = [list(SETS).index(name) for name in self.sets]
        rows = [[f"{method}, paper"] + [f"{paper[method][place]:.3f}"[1:] for place in places] for method in paper]
        rows += self.backprop_rows(width) if width == 100 else self.best_rates_rows(width)
        rows += self.admm_rows(width)
        return harness.table(["", *self.sets], rows)

    def backprop_rows(self, width):
        rows = []
        for method, (optimizer, rates) in PAPER_RATES.items():
            rows.append(self.backprop_row(f"{method}, ours, the paper's rates", width, optimizer, rates))
            rows.append(self.backprop_row(f"{method}, ours, sensible rates too", width, optimizer,
                                          rates + SENSIBLE_RATES[method][1]))
        rates = PAPER_RATES["Adam"][1] + SENSIBLE_RATES["Adam"][1]
        growth = ["--stages", "2,5,10", "--iterations", ",".join([str(self.epochs // 3)] * 3)]
        rows.append(self.backprop_row("Adam, He initialisation", width, "adam", rates, "--init", "he"))
        rows.append(self.backprop_row("Adam, identity growth", width, "adam", rates, *growth))
        rows.append(self.backprop_row("Adam, He, decay by validation", width, "adam", rates, "--init", "he",
                                      decays=(0, .0005, .005)))
        for method in ["GD", "Adadelta", "Adagrad"]:
            optimizer, rates = SENSIBLE_RATES[method]
            rows.append(self.backprop_row(f"{method}, He, identity growth, decay by validation", width, optimizer,
                                          rates + PAPER_RATES[method][1][:1], "--init", "he", *growth,
                                          decays=(0, .0005)))
        return rows

    def best_rates_rows(self, width):
        """Wide layers take long: the rates that were best at 100 neurons, three seeds."""
        seeds, self.seeds = self.seeds, min(self.seeds, 3)
        rows = [self.backprop_row(f"{method}, ours, 3 seeds", width, optimizer, rates + SENSIBLE_RATES[method][1])
                for method, (optimizer, rates) in PAPER_RATES.items()]
        self.seeds = seeds
        return rows

    def backprop_row(self, title, width, optimizer, rates, *words, decays=(0,)):
        row = [title]
        for name in self.sets:
            found = self.backprop(name, width, optimizer, rates, *words, decays=decays)
            row.append(self.cell(name, width, title, found))
        return row

    def cell(self, name, width, title, found):
        if found is None:
            return "diverged"
        words, summary = found
        accuracies = [run.get("test_accuracy") for run in harness.of_runs(summary)]
        if None in accuracies:
            return "diverged"
        self.note(set=name, width=width, title=title, words=[getattr(word, "name", str(word)) for word in words], best=accuracies)
        return harness.figure(accuracies)

    def admm_rows(self, width):
        rows = []
        for title, words in {OURS: [], "ADMM, 4 bits (p and q)": ["--quantize", "pq", "--bits", 4]}.items():
            summaries = {name: harness.of_runs(self.admm(name, width, title, *words)) for name in self.sets}
            for which, pick in {"best by validation": lambda run: run["test_accuracy"],
                                "last": lambda run: run["last"]["test_accuracy"]}.items():
                rows.append([f"**{title}**, {which}"] +
                            [harness.figure(pick(run) for run in summaries[name]) for name in self.sets])
        return rows

    # ---- what is beside them

    def simple_models(self):
        """Where less is as good."""
        rows = []
        for title, words in SIMPLE.items():
            summaries = {name: self.runner.run(*self.data(name), *words) for name in self.sets}
            rows.append([title] + [self.cell(name, None, title, summary and (words, summary)) for name, summary in summaries.items()])
        return harness.table(["", *self.sets], rows)

    def depth(self):
        """Back-propagation through more and more layers, and ADMM on the same."""
        rows = []
        for layers in [2, 4, 8, 16] if self.quick else [2, 4, 8, 16, 32, 64]:
            stages = ",".join(str(stage) for stage in sorted({2, 5, layers}) if stage <= layers)
            row = [layers]
            for title, rates, *words in [("Adam", [.01, .003, .001], "--init", "glorot"),
                                         ("Adam, He", [.01, .003, .001], "--init", "he"), ("GD", [1, .1, .01])]:
                found = self.backprop("Cora", 100, "adam" if "Adam" in title else "sgd", rates, *words, layers=layers)
                row.append(self.cell("Cora", None, f"{title}, {layers} layers", found))
            summary = self.admm("Cora", None, f"ADMM, {layers} layers", "--hidden", 100, "--stages", stages)
            rows.append(row + [harness.figure(run["test_accuracy"] for run in harness.of_runs(summary))])
        return harness.table(["layers", "Adam", "Adam, He", "GD", "ADMM"], rows)

    def text(self):
        parts = [f"{self.seeds} seeds.\n"]
        for width in self.widths:
            parts += [f"## Table {'III' if width == 100 else 'IV'}: {width} neurons\n", self.accuracy_table(width)]
        return "\n".join(parts + ["## Simpler models on the same splits\n", self.simple_models(),
                                  "## Depth, Cora, layers of 100 neurons\n", self.depth(),
                                  "![accuracy by set](admm_tables.svg)\n\n![accuracy by layers](admm_tables_depth.svg)\n"])


def measure(runner):
    tables = Tables(runner)
    return tables.text(), tables.results


# ---- claims


def by_title(results, width):
    """{title: {set: mean test accuracy}} of a width; None: of what has none."""
    found = {}
    for r in results:
        if r["width"] == width:
            found.setdefault(r["title"], {})[r["set"]] = harness.mean(r["best"])
    return found


def beside(ours, theirs, margin=0.0, **more):
    """By set, ours (theirs); holds where none is below by more than `margin`, better where none is below at all."""
    points = {name: 100 * (ours[name] - theirs[name]) for name in ours if name in theirs}
    word = "better" if min(points.values()) > 0 else min(points.values()) >= -margin
    text = "; ".join(f"{name} {ours[name]:.3f} ({theirs[name]:.3f})" for name in points)
    return harness.verdict(word, text, ratio=harness.mean(ours[name] / theirs[name] for name in points), **more)


def paper(width, method):
    return dict(zip(SETS, ADMM_TABLES[width][method]))


def best_of(titles, choose):
    rows = [cells for title, cells in titles.items() if choose(title)]
    return {name: max(cells[name] for cells in rows if name in cells) for name in {n for cells in rows for n in cells}}


def judge(results):
    found, seeds = {}, f"{max(len(r['best']) for r in results)} seeds, one setting for all sets"
    for width, key in ((100, "table3"), (500, "table4")):
        titles = by_title(results, width)
        if OURS in titles:
            found[key] = beside(titles[OURS], paper(width, "pdADMM-G"), 1.0, why=f"best by validation, {seeds}; in brackets the paper's")
    titles, bits = by_title(results, 100), "ADMM, 4 bits (p and q)"
    found["quantized"] = beside(titles[bits], titles[OURS], 0.5, why="4 bits, adaptive grid; in brackets fp32")
    found["gradients"] = beside(titles[OURS], best_of(titles, lambda title: ", ours, " in title),
                                why="in brackets the best of them, rates tuned by validation")
    found["helped"] = beside(titles[OURS], best_of(titles, lambda title: "ADMM" not in title), 1.0,
                             why="in brackets the best of all, each tuned by validation; held to one point")
    others = by_title(results, None)
    deep = {title: cells["Cora"] for title, cells in others.items() if title.endswith(", 16 layers")}
    adam = max(value for title, value in deep.items() if title.startswith("Adam"))
    found["depth"] = harness.verdict(deep["ADMM, 16 layers"] > adam, f"Cora {deep['ADMM, 16 layers']:.3f}, Adam {adam:.3f}",
                                     ratio=deep["ADMM, 16 layers"] / adam)
    found["simple"] = beside(titles[OURS], best_of(others, SIMPLE.__contains__), 1.0, why="in brackets the best of them")
    return found


def limits(results):
    ours, simple = by_title(results, 100)[OURS], by_title(results, None)
    return [f"{name}: {title} reaches {cells[name]:.3f}, 10 layers by ADMM {ours[name]:.3f}"
            for title, cells in simple.items() if title in SIMPLE for name in ours if cells.get(name, 0) > ours[name]]


def draw(results, folder):
    import chart

    titles, others = by_title(results, 100), by_title(results, None)
    sides = {"ADMM, the paper": paper(100, "pdADMM-G"), "ADMM, ours": titles[OURS],
             "back-propagation, as in the paper": best_of(titles, lambda title: ", ours, " in title),
             "back-propagation, helped": best_of(titles, lambda title: "ADMM" not in title),
             "the best of 2 layers": best_of(others, SIMPLE.__contains__)}
    chart.bars(folder / "admm_tables.svg", "10 layers of 100 neurons, and simpler models", "test accuracy",
               {name: {side: cells.get(name) for side, cells in sides.items()} for name in titles[OURS]})
    curves = {}
    for title, cells in others.items():
        if title.endswith(" layers") and title not in SIMPLE:
            who, layers = title.rsplit(", ", 1)
            curves.setdefault(who, []).append((int(layers.split()[0]), cells["Cora"]))
    curves = {who: sorted(curve) for who, curve in curves.items()}
    chart.lines(folder / "admm_tables_depth.svg", "Depth, Cora, layers of 100 neurons", "layers", "test accuracy", curves, log_x=True,
                marks=sorted({layers for curve in curves.values() for layers, _ in curve}), points=True)
