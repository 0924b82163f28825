"""What the fault campaigns share: a training to disturb, the processes below one, and whether two runs left the same."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

GRAPH = "sbm:nodes=2000,edges=12000,features=24,classes=4,seed=3"
GCN = ["--model", "gcn", "--layers", "2", "--hidden", "32", "--epochs", "40"]
SAGE = ["--model", "sage", "--layers", "2", "--hidden", "32", "--dropout", "0.3", "--norm", "layer", "--epochs", "30",
        "--eval-every", "4"]
GROWN = ["--model", "gamlp", "--hidden", "24", "--hops", "2", "--stages", "2,3,5", "--iterations", "12,10,14"]
ADMM = ["--model", "gamlp", "--optimizer", "admm", "--hidden", "32", "--hops", "2", "--stages", "2,4,6",
        "--iterations", "8,6,12"]
QUANTIZED = ["--quantize", "pq", "--bits", "4"]


def mpi_environment():
    return dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_mpi_yield_when_idle="1", OMPI_MCA_btl="self,vader,tcp")


def stat_of(pid):
    """The fields of /proc/PID/stat from the state on; None when it has gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def is_alive(pid):
    fields = stat_of(pid)
    return fields is not None and fields[0] != "Z"


def children(parent):
    found = []
    for name in os.listdir("/proc"):
        fields = stat_of(name) if name.isdigit() else None
        if fields is not None and int(fields[1]) == parent:
            found.append(int(name))
    return found


def descendants(pid):
    """All processes below one, itself last."""
    found = [pid]
    for each in found:
        found.extend(children(each))
    return found[::-1]


def kill_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def lines_of(path):
    try:
        with open(path, "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return 0


def name_of(case):
    name, ranks, processes, _ = case
    return f"{name}, {ranks} {'processes' if processes else 'threads'}"


class Trainer:
    """Starts trainings of the cases (name, ranks, under mpirun, words), and knows what each leaves when nothing is done
    to it."""

    def __init__(self, program, mpirun, folder):
        self.program, self.mpirun, self.folder = os.path.abspath(program), mpirun, folder
        self.references = {}

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def start(self, case, words, **popen):
        _, ranks, processes, _ = case
        launcher = [self.mpirun, "-n", str(ranks)] if processes else []
        return subprocess.Popen(launcher + [self.program, "train", "--quiet", *words], cwd=self.folder,
                                env=mpi_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **popen)

    @staticmethod
    def words(case, out):
        _, ranks, processes, words = case
        count = [] if processes else ["--ranks", str(ranks)]
        return ["--data", GRAPH, "--threads", "1", "--checkpoint-every", "1", "--timeout", "60", "--out", out, *count,
                *words]

    def go_on(self, case, out):
        """What was stopped there, from its checkpoint; from the start where it had not come to write its words."""
        again = not os.path.exists(self.path(out, "config.toml"))
        if again:
            shutil.rmtree(self.path(out), ignore_errors=True)
        return self.start(case, self.words(case, out) if again else ["--resume", out])

    def reference(self, case):
        """The folder of the run that nobody disturbs, and its seconds."""
        key = str(case)
        if key not in self.references:
            out = f"reference-{len(self.references)}"
            began = time.monotonic()
            process = self.start(case, self.words(case, out))
            text = process.communicate()[0]
            if process.returncode != 0:
                sys.exit(f"the run that nobody disturbs failed: {text.decode()}")
            self.references[key] = (out, time.monotonic() - began)
        return self.references[key]


TIMES = {"epoch_seconds", "hidden_seconds", "seconds", "wall_seconds", "peak_rss_bytes"}


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key not in TIMES}
    if isinstance(value, list):
        return [without_times(each) for each in value]
    return value


def contents(folder):
    files = {}
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "checkpoint"]
        for name in names:
            with open(os.path.join(path, name), "rb") as file:
                data = file.read()
            if name.endswith(".json"):
                data = without_times(json.loads(data))
            elif name.endswith(".jsonl"):
                data = [without_times(json.loads(line)) for line in data.splitlines()]
            elif name.endswith(".html"):
                data = None  # tells times
            files[os.path.relpath(os.path.join(path, name), folder)] = data
    return files


def compare(expected, found):
    a, b = contents(expected), contents(found)
    if a.keys() != b.keys():
        return f"files differ: {sorted(a.keys() ^ b.keys())}"
    differing = [name for name in a if a[name] != b[name]]
    return f"contents differ: {differing}" if differing else None
