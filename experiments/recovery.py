"""Recovery: training that is killed goes on as if nothing had been.

`tests/faults/kills` sends SIGKILL at random moments, half of them while a checkpoint is being written, resumes, and compares what
the run leaves with one that nobody killed, bit for bit but for times and memory; `tests/faults/lost_ranks` kills or stops one
rank under mpirun: every other rank has to name it and end within ten seconds, and the run to go on with one rank fewer.
"""

import re
import shutil

import harness

MINUTES = (1, 25)
NEEDS = []
CLAIMS = {"kills": ("ours", "a killed run ends, after --resume, in the same bits", "all"),
          "ranks": ("ours", "a lost rank is named, and the run goes on with one fewer", "all")}


def trials(runner, program, count):
    words = [] if program == "lost_ranks" or shutil.which("mpirun") else ["--mpirun", ""]
    return runner.answer(harness.ROOT / "tests/faults" / program, runner.tersegraph, "--trials", count, *words, read=counts, codes=(0, 1))


def counts(text):
    tried, survived = re.search(r"(\d+) tried, (\d+) survived", text).groups()
    return {"tried": int(tried), "survived": int(survived), "failures": [line for line in text.splitlines() if line.startswith("trial ")]}


def measure(runner):
    results = {"kills": trials(runner, "kills", 6 if runner.quick else 200)}
    if shutil.which("mpirun"):
        results["ranks"] = trials(runner, "lost_ranks", 3 if runner.quick else 100)
    else:
        runner.leave_out("lost ranks", "no mpirun")
    return harness.table(["", "tried", "survived"], [[what, r["tried"], r["survived"]] for what, r in results.items()]), results


def judge(results):
    return {what: harness.verdict(r["tried"] == r["survived"], f"{r['survived']} of {r['tried']}", ratio=r["survived"] / r["tried"])
            for what, r in results.items()}
