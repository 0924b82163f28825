"""Partitions read row by row, beside METIS's.

`--partition stream` keeps 12 bytes a node and a graph of clusters in memory, and reads the edges some 14 times in order
(`src/graph/stream_partition.h`). Halo rows are those of one exchange over all parts; the largest part is in means; MB are what
partitioning took beside the graph (`bench/partition_bench`). sbm200k is generated: its communities are far larger than a cluster
may be and overlap in most of their edges, so neither finds much, and the graph of clusters is large.
"""

import harness

SETS = ["amazon_computers", "coauthor_cs", "cnr2000", "sbm200k"]
PARTS = [2, 4, 8, 16, 32]

MINUTES = (0.1, 0.5)
NEEDS = ["bench/partition_bench", *(f"data/{name}" for name in SETS[:3])]
CLAIMS = {"rows": ("ours", "parts read row by row need about as many halo rows as METIS's (median at most 1.05)", ""),
          "memory": ("ours", "in less memory", "")}


def measure(runner):
    names, parts = (SETS[:2], PARTS[:3]) if runner.quick else (SETS, PARTS)
    results = [runner.bench("partition_bench", f"data={runner.data(name)}", f"parts={count}", f"method={method}")
               for name in names for count in parts for method in ("metis", "stream")]
    rows = [[m["data"], m["parts"], f"{m['halo_rows']:,}", f"{s['halo_rows']:,}", f"{s['halo_rows'] / m['halo_rows']:.2f}",
             f"{m['largest_part']:.3f}", f"{s['largest_part']:.3f}", f"{m['seconds']:.2f}", f"{s['seconds']:.2f}",
             f"{m['bytes'] / 1e6:.0f}", f"{s['bytes'] / 1e6:.0f}"] for m, s in pairs(results)]
    return harness.table(["graph", "parts", "rows, METIS", "rows, stream", "ratio", "largest, METIS", "stream", "s, METIS", "stream",
                          "MB, METIS", "stream"], rows) + "\n![rows by parts](partitions.svg)\n", results


def pairs(results):
    """(METIS's, the streamed one) of each graph and number of parts."""
    by_case = {(r["data"], r["parts"], r["method"]): r for r in results}
    return [(r, by_case[*key[:2], "stream"]) for key, r in by_case.items() if key[2] == "metis" and (*key[:2], "stream") in by_case]


def judge(results):
    rows, sizes = (sorted(s[key] / m[key] for m, s in pairs(results)) for key in ("halo_rows", "bytes"))
    middle = rows[len(rows) // 2]
    return {"rows": harness.verdict(middle <= 1.05, f"{rows[0]:.2f} to {rows[-1]:.2f}, median {middle:.2f}", ratio=middle),
            "memory": harness.verdict(sizes[-1] < 1, f"{sizes[0]:.2f} to {sizes[-1]:.2f} of METIS's", ratio=sizes[len(sizes) // 2])}


def limits(results):
    m, s = max(pairs(results), key=lambda pair: pair[1]["halo_rows"] / pair[0]["halo_rows"])
    return [f"{m['data']} in {m['parts']} parts: streamed ones need {s['halo_rows'] / m['halo_rows']:.2f} times METIS's halo rows"]


def draw(results, folder):
    import chart

    curves = {}
    for m, s in pairs(results):
        curves.setdefault(m["data"], []).append((m["parts"], s["halo_rows"] / m["halo_rows"]))
    chart.lines(folder / "partitions.svg", "Halo rows of streamed partitions", "parts", "times METIS's", curves, log_x=True,
                marks=sorted({r["parts"] for r in results}), points=True)
