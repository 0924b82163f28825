"""Charts of experiments, as SVG files. They need matplotlib (./setup puts it into .venv)."""

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker

# Text stays text, and the same data give the same file.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tersegraph", "axes.grid": True, "grid.color": "#e3e7ec",
                            "axes.spines.top": False, "axes.spines.right": False, "font.size": 10})


def lines(path, title, across, up, curves, log_x=False, log_y=False, marks=None, points=False):
    """curves: {name: [(x, y), ...]}; marks: where the x axis has its ticks, all others without."""
    figure, axes = pyplot.subplots(figsize=(8, 4.6))
    for name, curve in curves.items():
        axes.plot(*zip(*curve), label=name, linewidth=1.4, marker="o" if points or len(curve) == 1 else None, markersize=4)
    axes.set(title=title, xlabel=across, ylabel=up, xscale="log" if log_x else "linear", yscale="log" if log_y else "linear")
    if marks:
        axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
        axes.minorticks_off()
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, path)


def intervals(path, title, across, rows, goals):
    """rows: [(name, low, middle, high)], one below the other; goals: [(value, words)] as upright lines."""
    figure, axes = pyplot.subplots(figsize=(8, 1.2 + 0.32 * len(rows)))
    names, low, middle, high = zip(*reversed(rows))
    axes.errorbar(middle, range(len(rows)), xerr=[[m - l for l, m in zip(low, middle)], [h - m for m, h in zip(middle, high)]],
                  fmt="o", markersize=4, linewidth=1.4)
    axes.set_yticks(range(len(rows)), names)
    axes.set(xlabel=across)
    axes.set_title(title, pad=20)
    axes.axvline(0, color="#5a6473", linewidth=0.8)
    for value, words in goals:
        axes.axvline(value, color="#b91c1c", linestyle="--", linewidth=1)
        axes.annotate(words, (value, 1), xycoords=("data", "axes fraction"), color="#b91c1c", ha="center", va="bottom")
    save(figure, path)


def scatter(path, title, across, up, groups, within):
    """groups: {name: [(x, y), ...]}; the diagonal is where y is x, in a band of so large a share to both sides."""
    figure, axes = pyplot.subplots(figsize=(6.4, 5.4))
    for name, points in groups.items():
        axes.scatter(*zip(*points), label=name, s=18)
    ends = [f(value for points in groups.values() for point in points for value in point) for f in (min, max)]
    axes.plot(ends, ends, color="#5a6473", linewidth=0.8)
    axes.fill_between(ends, [end * (1 - within) for end in ends], [end * (1 + within) for end in ends], color="#5a6473", alpha=0.15,
                      label=f"within {100 * within:.0f} %")
    axes.set(title=title, xlabel=across, ylabel=up, xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(ticker.NullLocator())
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, path)


def bars(path, title, across, groups):
    """groups: {name: {bar: value or None}}, one below the other; the bars of each have the same colours."""
    names = list(dict.fromkeys(bar for values in groups.values() for bar in values))
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.16 * len(groups) * (len(names) + 1)))
    for place, bar in enumerate(names):
        heights = [group * (len(names) + 1) + place for group in range(len(groups))]
        axes.barh(heights, [values.get(bar) or 0 for values in groups.values()], label=bar)
    axes.set_yticks([group * (len(names) + 1) + (len(names) - 1) / 2 for group in range(len(groups))], groups)
    axes.invert_yaxis()
    axes.set_axisbelow(True)
    axes.grid(False, axis="y")
    axes.set(title=title, xlabel=across)
    if len(names) > 1:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, path)


def save(figure, path):
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
