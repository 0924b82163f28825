"""What every experiment needs beside its runs (runner.py): figures, tables, verdicts, and the files of its results.

An experiment is a module beside this file, started by `experiments/run NAME`. It has
  __doc__    its first line is the page's title, the rest, the setup, stands below it
  MINUTES    (quick, full) on two quiet cores
  NEEDS      what has to be there, see runner.missing
  CLAIMS     {key: (whose, what is claimed, the claimed figure or "")}
  measure(runner) -> (Markdown, results)     the rest of the page; all raw figures, as JSON has them
  judge(results) -> {key: verdict(...)}      by claim; one that is not there was not tested
  limits(results) -> [sentence]              where this is not the best choice; optional
  draw(results, folder)                      pictures; optional
"""

import json
import math
import os
import platform
import re
import time
from pathlib import Path

from runner import ROOT, Failed  # noqa: F401 (experiments take them from here)


def of_runs(summary):
    """The summaries of the single runs."""
    return summary.get("runs", [summary])


# ---- figures


def mean_std(values):
    values = list(values)
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, 0.0
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))


def mean(values):
    return mean_std(values)[0]


def figure(values, digits=3):
    """Mean and standard deviation; below one without the zero before the point, as the papers' tables have them."""
    average, std = mean_std(values)
    return re.sub(r"(?<!\d)0\.", ".", f"{average:.{digits}f}±{std:.{digits}f}")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "-|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def verdict(holds, ours, claimed=None, ratio=None, why="", headline=""):
    """How a claim came out. holds: True, False or "better"; ours: the measured figure in words; claimed: the claimed one
    where it stands in the results; ratio: ours over claimed, or what the claim is a ratio of; headline: a sentence for the
    project's first page."""
    word = {True: "holds", False: "does not hold"}.get(holds, holds)
    return {"verdict": word, "ours": ours, "claimed": claimed, "ratio": None if ratio is None else round(ratio, 3),
            "why": why, "headline": headline}


def at_least(value):
    """For words like these, which rounding up would make untrue."""
    return f"{math.floor(100 * value) / 100:.2f}"


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform(), "load": round(os.getloadavg()[0], 1)}


# ---- results


def judged(module, results):
    """The claims of an experiment with their verdicts, as its JSON has them."""
    found = module.judge(results)
    return [{"key": key, "whose": whose, "claim": claim, "claimed": claimed} |
            {k: v for k, v in found.get(key, verdict("not tested", "", why="not part of this run")).items() if k != "claimed" or v is not None}
            for key, (whose, claim, claimed) in module.CLAIMS.items()]


def write(options, runner, name, module, text, results):
    options.out.mkdir(parents=True, exist_ok=True)
    command = f"experiments/run {name}" + (" --quick" if options.quick else "")
    facts = machine()
    out = "".join(f"Left out: {words}.\n\n" for words in runner.left_out)
    day = time.strftime("%Y-%m-%d")
    foot = f"\n{out}Made by `{command}` on {day}; {runner.version}; {facts['cpu']}, {facts['cores']} cores.\n"
    title, setup = heading(module)
    (options.out / f"{name}.md").write_text(f"# {title}\n\n{setup}\n\n{text}{foot}")
    save(options.out / f"{name}.json",
         {"command": command, "day": day, "version": runner.version, "machine": facts, "left_out": runner.left_out,
          "claims": judged(module, results), "limits": limits(module, results), "results": results})
    draw(module, results, options.out)


def write_left_out(options, name, module, why):
    """So that the page of results says it, where nothing was measured before."""
    found = load(options.out, name)
    if not found or found["results"] is None:
        options.out.mkdir(parents=True, exist_ok=True)
        claims = [{"key": key, "whose": whose, "claim": claim, "claimed": claimed} | verdict("not tested", "", claimed, why=why)
                  for key, (whose, claim, claimed) in module.CLAIMS.items()]
        save(options.out / f"{name}.json", {"command": f"experiments/run {name}", "left_out": [why], "claims": claims,
                                            "limits": [], "results": None})


def draw(module, results, folder):
    if hasattr(module, "draw"):
        try:
            module.draw(results, folder)
        except ImportError as error:  # chart.py has it from .venv, where ./setup puts it
            print(f"left out: pictures: {error}")


def limits(module, results):
    return module.limits(results) if hasattr(module, "limits") else []


def save(path, content):
    path.with_suffix(".part").write_text(json.dumps(content, indent=1) + "\n")
    path.with_suffix(".part").rename(path)


def load(folder, name):
    """What an experiment wrote; None where it has not run."""
    path = Path(folder) / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def heading(module):
    """Title and setup of an experiment, for its page."""
    title, setup = module.__doc__.split("\n", 1)
    return title.rstrip("."), setup.strip()
