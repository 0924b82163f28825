"""Runs that are made once and kept, and what an experiment needs of the machine."""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Graphs that the program generates where an experiment wants one larger than the sets that can be had.
GENERATED = {"sbm200k": "sbm:nodes=200000,edges=2000000,features=128,classes=40,seed=1",
             "sbm20k": "sbm:nodes=20000,edges=200000,features=64,classes=8,seed=1"}


def missing(need, options):
    """Why something that an experiment needs is not there, in one line; None where it is.

    launch, pyg, dgl, peers: the option of that name; bench/NAME: a program of the build; data/NAME: a graph.
    """
    kind, _, name = need.partition("/")
    if kind == "bench":
        return None if (options.build / need).exists() else f"{need} is not built (-DTERSEGRAPH_BUILD_BENCH=ON)"
    if kind == "data":
        return None if (options.data / f"{name}.npz").exists() else f"{name}.npz is not in the folder of graphs"
    return None if getattr(options, kind) else f"needs --{kind}"


class Runner:
    """Runs of the program and of the bench programs, kept in options.runs: one that is there is read."""

    def __init__(self, options):
        self.options = options
        self.quick = options.quick
        self.tersegraph = options.build / "bin/tersegraph"
        self.version = subprocess.run([self.tersegraph, "--version"], capture_output=True, text=True,
                                      check=True).stdout.strip()
        self.left_out = []

    def leave_out(self, what, why):
        print(f"left out: {what}: {why}")
        self.left_out.append(f"{what}: {why}")

    def has(self, name):
        if name in GENERATED or not missing(f"data/{name}", self.options):
            return True
        self.leave_out(name, "not in the folder of graphs")
        return False

    def data(self, name):
        """The file of a graph; a generated one is made at the first time."""
        if name not in GENERATED:
            return self.options.data / f"{name}.npz"
        path = self.options.runs / f"{name}.npz"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([self.tersegraph, "generate", GENERATED[name], "--out", path], check=True,
                           stdout=subprocess.DEVNULL)
        return path

    def launch(self, ranks, rate):
        """Words that start a command on so many hosts with links of such a rate."""
        return shlex.split(self.options.launch.format(ranks=ranks, rate=rate))

    def key(self, words):
        """A name for what these words make; folders of this machine do not enter."""
        text = " ".join(str(word) for word in [self.version, *words])
        for folder in (self.options.data, self.options.runs, self.options.build, ROOT):
            text = text.replace(f"{folder}/", "")
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def run(self, *words, launch=(), turn=0):
        """summary.json of `tersegraph train words...`, started by the words of `launch`, and its "folder". Runs of other turns
        are made again.

        None when the run failed (it diverged): the reason is printed; and where it is not there under --so-far.
        """
        words = [str(word) for word in words]
        folder = self.options.runs / self.key([*launch, *words, *([turn] if turn else [])])
        if self.options.so_far and not is_whole(folder):
            return None
        if not is_whole(folder):
            if folder.exists():  # cut off amid the run
                shutil.rmtree(folder)
            print("tersegraph train", " ".join(words), flush=True)
            done = subprocess.run([*launch, self.tersegraph, "train", *words, "--quiet", "--out", folder],
                                  capture_output=True, text=True)
            if not (folder / "summary.json").exists():
                print("  failed:", done.stderr.strip())
                return None
        return json.loads((folder / "summary.json").read_text()) | {"folder": str(folder)}

    def answer(self, *words, env=None, read=json.loads, codes=(0,)):
        """What `read` makes of a command's standard output; one that was kept is read instead.

        Failed where it ends with another code than these."""
        words = [str(word) for word in words]
        kept = self.options.runs / f"{self.key(words)}.out"
        if not kept.exists():
            print(Path(words[0]).name, " ".join(words[1:])[:200], flush=True)
            done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **(env or {})})
            if done.returncode not in codes:
                print((done.stderr or done.stdout).strip()[-1500:])
                raise Failed(f"{Path(words[0]).name} {' '.join(words[1:3])} ... ended with {done.returncode}")
            keep(kept, done.stdout)
        return read(kept.read_text())

    def measured(self, *words):
        """Seconds, peak memory in bytes and standard output of a command, which is run once: what it makes has to stay until
        it is used."""
        words = [str(word) for word in words]
        kept = self.options.runs / f"{self.key(words)}.json"
        if not kept.exists():
            print(Path(words[0]).name, " ".join(words[1:])[:200], flush=True)
            began = time.monotonic()
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            out = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                raise Failed(f"{Path(words[0]).name} {words[1]} ... failed: {out.strip()[-300:]}")
            keep(kept, json.dumps({"seconds": time.monotonic() - began, "peak": 1024 * usage.ru_maxrss, "out": out}))
        return json.loads(kept.read_text())

    def bench(self, program, *words, read=json.loads):
        """The answer of a program of the build's bench/, or of bench/ here where it is a script."""
        built = self.options.build / "bench" / program
        return self.answer(built if built.exists() else ROOT / "bench" / program, *words, read=read)

    def rates(self):
        """The file of this machine's rates, measured once."""
        rates = self.options.runs / "rates.json"
        if not rates.exists():
            rates.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([self.tersegraph, "plan", "--calibrate", "--rates", rates], check=True)
        return rates

    def plan(self, *words):
        command = [self.tersegraph, "plan", "--json", "--rates", self.rates(), *words]
        return json.loads(subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout)

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
            if summary and not summary.get("diverged") and (
                    best is None or summary["val_accuracy"] > best[1]["val_accuracy"]):
                best = (words, summary)
        return best


def keep(path, text):
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".part").write_text(text)
    path.with_suffix(".part").rename(path)


class Failed(Exception):
    """An experiment cannot go on; one line says why."""


def is_whole(folder):
    summary = folder / "summary.json"
    return summary.exists() and json.loads(summary.read_text())["ending"] != "stopped"
