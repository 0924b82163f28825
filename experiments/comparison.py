"""Two runs of the experiments beside each other, made on other days or machines: whether their claims agree, and the cells of
their pages' tables."""

import re

import harness

RATIOS = 0.15
NUMBER = r"[-+]?\d*\.?\d+"
RATIO = re.compile(r"(\d*\.?\d+)x")
MEASURED = re.compile(rf"({NUMBER})\s*±\s*(\d*\.?\d+)")  # mean and standard deviation, as harness.figure writes them


def runs(first, second, names):
    """{experiment: (an earlier run, a later one)}: both in full or both quick, with claims that both tested, and not the same one
    twice."""
    found = {name: (harness.load(first, name), harness.load(second, name)) for name in names}
    return {name: pair for name, pair in found.items()
            if None not in pair and measured(pair[0]) != measured(pair[1]) and quick(pair[0]) == quick(pair[1])
            and tested(pair[0]).keys() & tested(pair[1]).keys()}


def measured(run):
    """What no two runs have in common: the machine's load is part of its facts."""
    return run.get("results"), run.get("machine")


def quick(run):
    return "--quick" in run["command"]


def tested(run):
    return {claim["key"]: claim for claim in run["claims"] if claim["verdict"] != "not tested"}


def machine_and_day(run):
    return f"{run.get('machine', {}).get('cpu', 'machine not said')}, {run.get('day', 'day not said')}"


def beyond(mean, deviation, other, others):
    """Whether two means are further apart than the larger of their standard deviations."""
    return abs(float(mean) - float(other)) > max(float(deviation), float(others))


def apart(first, second):
    """Why two results of a claim do not agree, or None: another verdict, means further apart than the larger of their
    standard deviations, ratios more than RATIOS apart."""
    if first["verdict"] != second["verdict"]:
        return f"{first['verdict']}, then {second['verdict']}"
    pairs = list(zip(MEASURED.findall(first["ours"]), MEASURED.findall(second["ours"])))
    for (mean, deviation), (other, others) in pairs:
        if beyond(mean, deviation, other, others):
            return f"{mean} and {other} are more than their deviation apart"
    if not pairs and first["ratio"] and second["ratio"] and abs(second["ratio"] / first["ratio"] - 1) > RATIOS:
        return f"ratio {second['ratio'] / first['ratio']:.2f} of the first's"
    return None


# ---- cells of tables


def cells(page):
    """{(header of a table, number of it, row's first cell, row, column): cell} of a page; none where there is no page."""
    found, header, row, tables = {}, None, 0, {}
    for line in page.read_text().splitlines() if page.exists() else []:
        if not line.startswith("|"):
            header = None
        elif header is None:
            header, row = line, 0
            tables[header] = tables.get(header, 0) + 1
        else:
            row += 1  # 1 is the line of dashes
            of_row = [cell.strip() for cell in line.strip("|").split("|")]
            found |= {(header, tables[header], of_row[0], row, column): cell for column, cell in enumerate(of_row)}
    return found


def cells_apart(first, second):
    """Of cells at the same place of two pages: [those whose means and deviations do not agree, of how many], the same of ratios."""
    before, after = cells(first), cells(second)
    means, ratios = [], []
    for place in before.keys() & after.keys():
        one, other = (MEASURED.fullmatch(side[place]) for side in (before, after))
        if one and other:
            means.append(beyond(*one.groups(), *other.groups()))
        one, other = (RATIO.findall(side[place]) for side in (before, after))
        if len(one) == len(other) == 1 and float(one[0]):
            ratios.append(abs(float(other[0]) / float(one[0]) - 1) > RATIOS)
    return (sum(means), len(means)), (sum(ratios), len(ratios))


def cell_table(first, second, names):
    """Of each experiment how many cells agree, and a last row of all."""
    found = {name: cells_apart(first / f"{name}.md", second / f"{name}.md") for name in names}
    found = {name: kinds for name, kinds in found.items() if any(count for _, count in kinds)}
    found["all"] = tuple(tuple(map(sum, zip(*of_kind))) for of_kind in zip(*found.values())) if found else ((0, 0), (0, 0))
    return harness.table(["experiment", "mean±std", "ratios"], [
        [name, *[f"{count - off} of {count}" if count else "" for off, count in kinds]] for name, kinds in found.items()])


# ---- the page


def compare(first, second, names):
    """A page on what both runs tested, how many claims disagree, and of how many."""
    found, rows, disagree = runs(first, second, names), [], 0
    for name, pair in found.items():
        before, after = map(tested, pair)
        for key in [key for key in before if key in after]:
            why = apart(before[key], after[key])
            disagree += why is not None
            rows.append([name, before[key]["claim"], before[key]["ours"], after[key]["ours"], why or "yes"])
    machines = ["; ".join(sorted({machine_and_day(pair[place]) for pair in found.values()})) for place in (0, 1)]
    text = [f"# Two runs of the experiments\n\nThe claims of an earlier run ({machines[0]}) beside those of a later one "
            f"({machines[1]}). They agree\nwhere the verdict is the same, means are within the larger of their standard deviations, and ratios within "
            f"{100 * RATIOS:.0f} %.\n\n{len(rows) - disagree} of {len(rows)} claims that both tested agree.\n",
            harness.table(["experiment", "claim", "earlier", "later", "agree"], rows),
            "Cells of the pages' tables that agree, of those that stand at the same place in both:\n",
            cell_table(first, second, found),
            "Made by `experiments/run --compare FOLDER`, where FOLDER holds the earlier results."]
    return "\n".join(text), disagree, len(rows)
