"""What every experiment needs: runs of the program that are made once and kept, seeds, tables, and the machine's facts.

An experiment is a program beside this file. It asks for runs by their words; a run that is already there is read
instead of repeated, so an interrupted experiment goes on where it was. Results go to docs/results/NAME.md and .json.
"""

import argparse
import hashlib
import json
import math
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def arguments(description, flags={}, texts={}):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--program", default=ROOT / "build/release/bin/tersegraph", type=Path)
    parser.add_argument("--data", default=ROOT.parent / "shared/data/npz", type=Path, help="folder with the graphs")
    parser.add_argument("--runs", default=ROOT / "runs/experiments", type=Path, help="where runs are kept")
    parser.add_argument("--out", default=ROOT / "docs/results", type=Path)
    parser.add_argument("--quick", action="store_true", help="fewer sets and seeds: minutes instead of hours")
    for flag, words in flags.items():
        parser.add_argument(f"--{flag}", action="store_true", help=words)
    for option, words in texts.items():
        parser.add_argument(f"--{option}", required=True, help=words)
    parsed = parser.parse_args()
    if not parsed.program.exists():
        sys.exit(f"{parsed.program} is not there: build it (cmake --workflow --preset program), or give --program")
    return parsed


class Runner:
    def __init__(self, options):
        self.options = options
        self.version = subprocess.run([options.program, "--version"], capture_output=True, text=True,
                                      check=True).stdout.strip()

    def run(self, *words, launch=()):
        """summary.json of `tersegraph train words...`, started by the words of `launch`, and its "folder".

        None when the run failed (it diverged): the reason is printed; and where it is not there under --so-far.
        """
        words = [str(word) for word in words]
        key = hashlib.sha256(" ".join([*launch, self.version] + words).encode()).hexdigest()[:16]
        folder = self.options.runs / key
        if getattr(self.options, "so_far", False) and not self.is_whole(folder):
            return None
        if not self.is_whole(folder):
            if folder.exists():  # cut off amid the run
                shutil.rmtree(folder)
            print("tersegraph train", " ".join(words), flush=True)
            done = subprocess.run([*launch, self.options.program, "train", *words, "--quiet", "--out", folder],
                                  capture_output=True, text=True)
            if not (folder / "summary.json").exists():
                print("  failed:", done.stderr.strip())
                return None
        return json.loads((folder / "summary.json").read_text()) | {"folder": str(folder)}

    @staticmethod
    def is_whole(folder):
        summary = folder / "summary.json"
        return summary.exists() and json.loads(summary.read_text())["ending"] != "stopped"

    def metrics(self, summary, seed=None):
        """The lines of metrics.jsonl; of one seed where there were several."""
        folder = Path(summary["folder"])
        if seed is not None:
            folder = folder / f"run-{seed}"
        return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]

    def best_by_validation(self, choices):
        """The choice (a list of words) whose runs have the best validation accuracy, and its summary."""
        best = None
        for words in choices:
            summary = self.run(*words)
            if summary and (best is None or summary["val_accuracy"] > best[1]["val_accuracy"]):
                best = (words, summary)
        return best


def of_runs(summary):
    """The summaries of the single runs."""
    return summary.get("runs", [summary])


def mean_std(values):
    values = list(values)
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, 0.0
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))


def figure(values, digits=3):
    mean, std = mean_std(values)
    return f"{mean:.{digits}f}±{std:.{digits}f}".replace("0.", ".")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "-|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform()}


def write(options, runner, name, text, results):
    options.out.mkdir(parents=True, exist_ok=True)
    command = f"experiments/{name}" + (" --quick" if options.quick else "")
    facts = machine()
    foot = f"\nMade by `{command}`; {runner.version}; {facts['cpu']}, {facts['cores']} cores.\n"
    (options.out / f"{name}.md").write_text(text + foot)
    (options.out / f"{name}.json").write_text(
        json.dumps({"command": command, "version": runner.version, "machine": facts, "results": results}, indent=1))
    print(f"wrote {options.out / name}.md and .json")
