"""Two runs of the experiments beside each other, made on other days or machines: whether their claims agree."""

import re

import harness

RATIOS = 0.15
MEASURED = re.compile(r"([-+]?\d*\.?\d+)\s*±\s*(\d*\.?\d+)")  # mean and standard deviation, as harness.figure writes them


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


def apart(first, second):
    """Why two results of a claim do not agree, or None: another verdict, means further apart than the larger of their
    standard deviations, ratios more than RATIOS apart."""
    if first["verdict"] != second["verdict"]:
        return f"{first['verdict']}, then {second['verdict']}"
    pairs = list(zip(MEASURED.findall(first["ours"]), MEASURED.findall(second["ours"])))
    for (mean, deviation), (other, others) in pairs:
        if abs(float(mean) - float(other)) > max(float(deviation), float(others)):
            return f"{mean} and {other} are more than their deviation apart"
    if not pairs and first["ratio"] and second["ratio"] and abs(second["ratio"] / first["ratio"] - 1) > RATIOS:
        return f"ratio {second['ratio'] / first['ratio']:.2f} of the first's"
    return None


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
            "Made by `experiments/run --compare FOLDER`, where FOLDER holds the earlier results."]
    return "\n".join(text), disagree, len(rows)
