"""Two runs of the experiments beside each other, made on other days or machines: whether their claims agree."""

import re

import harness

RATIOS = 0.15
MEASURED = re.compile(r"([-+]?\d*\.?\d+)\s*±\s*(\d*\.?\d+)")  # mean and standard deviation, as harness.figure writes them


def claims(folder, names):
    """Those that were tested, by experiment and key."""
    found = {}
    for name in names:
        for claim in (harness.load(folder, name) or {"claims": []})["claims"]:
            if claim["verdict"] != "not tested":
                found[name, claim["key"]] = claim
    return found


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
    """The table of what both runs tested, and how many claims disagree."""
    before, after = claims(first, names), claims(second, names)
    rows, disagree = [], 0
    for place in before.keys() & after.keys():
        why = apart(before[place], after[place])
        disagree += why is not None
        rows.append([place[0], before[place]["claim"], before[place]["ours"], after[place]["ours"], why or "yes"])
    return harness.table(["experiment", "claim", "first", "second", "agree"], sorted(rows)), disagree, len(rows)
