"""Rows between ranks: what skipping, partial sums and the partition save.

A training step needs the outputs of the training nodes, and before the last layer those that they depend on: the other
rows stay where they are ("skipping"). Edges between two ranks are served by the rows of their sources, or by the fewest
rows and partial sums ("cover", `--halo-rows cover`). Counted in the plans of a model of 3 layers on METIS's partition
whose features are sent once: 2 exchanges forward and 2 backward an epoch. "few" trains on 20 nodes a class (cnr2000,
which has no labels: on 1 % of the nodes), "many" on 60 %.
"""

import harness

SETS = ["cora", "amazon_computers", "coauthor_cs", "cnr2000"]
METHODS = ["metis", "metis-volume", "metis-refined"]
PICTURED = 8  # parts

MINUTES = (0.3, 0.3)
NEEDS = ["bench/plan_rows", *(f"data/{name}" for name in SETS)]
CLAIMS = {"hosts": ("ours", "ranks of one host that share a copy of a halo row send fewer between hosts", ""),
          "cover": ("ours", "a vertex cover of the edges between ranks needs fewer rows (SuperGCN's idea)", ""),
          "both": ("ours", "with rows left out that no training node needs, fewer still", ""),
          "bits": ("ours", "at 2 bits such an epoch sends a small part of the bytes of all rows in fp32", "")}


def saved(rows, full):
    return f"{rows:,} (-{100 * (1 - rows / full):.0f} %)"


def row_tables(counts):
    rows, seconds = [], []
    for graph in counts["graphs"]:
        for training, choices in graph["rows"].items():
            sources, cover = choices["sources"], choices["cover"]
            full, both = sources["epoch"], cover["epoch_skipping"]
            megabytes = [f"{full * counts['row_bytes'][kind] / 1e6:.2f} -> {both * counts['row_bytes'][kind] / 1e6:.2f}"
                         for kind in ("fp32", "2 bits")]
            rows.append([graph["data"], graph["parts"], training, f"{full:,}", saved(sources["epoch_skipping"], full),
                         saved(cover["epoch"], full), saved(both, full), *megabytes])
            if training == "many":
                seconds.append([graph["data"], graph["parts"], f"{sources['seconds_with_layers']:.3f}",
                                f"{cover['seconds_with_layers']:.3f}"])
    return (harness.table(["graph", "parts", "training", "rows an epoch", "skipping", "cover", "both",
                           "MB in fp32, 256 a row", "MB at 2 bits"], rows),
            harness.table(["graph", "parts", "s, sources", "s, cover"], seconds))


def partition_table(counts):
    rows = []
    for graph in counts["graphs"]:
        facts = graph["partitions"]
        rows.append([graph["data"], graph["parts"]] + [f"{facts[method]['halo_rows']:,}" for method in METHODS] +
                    [f"{facts[method]['largest_volume']:,}" for method in METHODS] +
                    [f"{facts[method]['largest_part']:.3f}" for method in METHODS] +
                    [f"{facts[method]['seconds']:.2f}" for method in METHODS])
    header = [f"{what}, {method}" for what in ("rows", "largest volume", "largest part / mean", "s") for method in METHODS]
    return harness.table(["graph", "parts", *header], rows)


def host_table(counts):
    rows = []
    for graph in counts["graphs"]:
        for hosts, choices in sorted(graph.get("hosts", {}).items()):
            cells = [[f"{of['apart']:,}", f"{of['shared']:,} ({of['apart'] / of['shared']:.2f}x fewer)"]
                     for of in (choices["sources"], choices["cover"])]
            rows.append([graph["data"], graph["parts"], hosts, *cells[0], *cells[1]])
    return harness.table(["graph", "ranks", "hosts", "rows", "rows, shared", "cover", "cover, shared"], rows)


def measure(runner):
    names = SETS[:3] if runner.quick else SETS
    counts = runner.bench("plan_rows", *(runner.data(name) for name in names))
    rows, seconds = row_tables(counts)
    return "\n".join([rows, "Seconds in which the plans of all layers are made (slowest rank; ranks as threads of one process "
                      "on few cores):\n", seconds, "## Partitions\n",
                      "Rows of one exchange over all ranks, and the most that one rank sends and receives.\n",
                      partition_table(counts), "## Several ranks on a host\n",
                      "Rows of one exchange that go between hosts of several ranks, neighbours by number together: as each rank needs "
                      "them, and as the ranks of a host share them (`--intra`).\n", host_table(counts),
                      "![rows that are left](halo_rows.svg)\n"]), counts


def judge(counts):
    # Sources: what travels at few bits.
    hosts = [of["sources"] for graph in counts["graphs"] for of in graph.get("hosts", {}).values()]
    factors = sorted(of["apart"] / of["shared"] for of in hosts)
    shared = (f"{factors[0]:.2f} to {factors[-1]:.2f} times fewer rows between hosts, median {factors[len(factors) // 2]:.2f}"
              if factors else "")
    choices = [choice for graph in counts["graphs"] for choice in graph["rows"].values()]

    def shares(of):
        values = sorted(of(choice) for choice in choices)
        least, middle, most = (100 * (1 - values[place]) for place in (-1, len(values) // 2, 0))
        return 1 - middle / 100, f"{least:.0f} to {most:.0f} % fewer rows, median {middle:.0f} %"

    cover, cover_words = shares(lambda c: c["cover"]["epoch"] / c["sources"]["epoch"])
    both, both_words = shares(lambda c: c["cover"]["epoch_skipping"] / c["sources"]["epoch"])
    factor = counts["row_bytes"]["fp32"] / counts["row_bytes"]["2 bits"]
    return {"hosts": harness.verdict(bool(factors) and factors[0] > 1, shared, ratio=factors[len(factors) // 2] if factors else None),
            "cover": harness.verdict(cover < 1, cover_words, ratio=cover), "both": harness.verdict(both < 1, both_words, ratio=both),
            "bits": harness.verdict(both < 1, f"{factor / both:.0f} times fewer (median)", ratio=both / factor,
                                    why="rows of 256 values; features are sent once")}


def draw(counts, folder):
    import chart

    ways = {"skipping": ("sources", "epoch_skipping"), "cover": ("cover", "epoch"), "both": ("cover", "epoch_skipping")}
    chart.bars(folder / "halo_rows.svg", f"Rows of an epoch, {PICTURED} parts, beside all rows of all sources", "% of all rows",
               {f"{graph['data']}, {training} train": {way: 100 * rows[kind][key] / rows["sources"]["epoch"]
                                                       for way, (kind, key) in ways.items()}
                for graph in counts["graphs"] if graph["parts"] == PICTURED for training, rows in graph["rows"].items()})
