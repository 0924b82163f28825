"""train() in a script that mpirun has started, against ranks that are threads."""

import numpy as np
import tersegraph
from conftest import SMALL

HEAD = f"""
import os
import numpy as np
import tersegraph
rank = int(os.environ["OMPI_COMM_WORLD_RANK"])
dataset = tersegraph.Dataset.load({SMALL!r})
"""
OPTIONS = {"epochs": 6, "hidden": 8, "exchange": "uniform", "bits": 4, "seed": 3}

SCRIPT = f"""{HEAD}
seen = []
result = tersegraph.train(dataset, callbacks=[lambda line: seen.append(line["epoch"])], out="run", **{OPTIONS})
stopped = tersegraph.train(dataset, epochs=50, hidden=8, callbacks=[lambda line: line["epoch"] == 2], timeout=100)
seeds = tersegraph.train(dataset, epochs=2, hidden=8, runs=2, progress=True)
result.save("saved")
result.report("page.html")
np.savez(f"rank{{rank}}.npz", logits=result.logits(), loss=result.history["train_loss"], again=result.predict(dataset),
         hidden=result.embeddings(),
         weight=result.state_dict()["layers.1.weight"], seen=seen, epochs=stopped.summary["epochs"],
         seeds=[run.summary["seed"] for run in seeds], second=seeds[1].logits(), directory=result.directory)
"""


def finished(job):
    out, err = job.communicate(timeout=150)
    assert job.returncode == 0, err
    return out


def test_processes_give_what_threads_give_and_all_have_it(small, tmp_path, launched):
    assert finished(launched(SCRIPT, 2)) == ""
    threads = tersegraph.train(small, ranks=2, **OPTIONS)
    seeds = tersegraph.train(small, ranks=2, epochs=2, hidden=8, runs=2)
    for rank in (0, 1):
        got = np.load(tmp_path / f"rank{rank}.npz")
        np.testing.assert_array_equal(got["logits"], threads.logits())
        np.testing.assert_array_equal(got["loss"], threads.history["train_loss"])
        np.testing.assert_array_equal(got["weight"], threads.state_dict()["layers.1.weight"])
        np.testing.assert_array_equal(got["again"], threads.predict(small))
        np.testing.assert_array_equal(got["hidden"], threads.embeddings())
        np.testing.assert_array_equal(got["second"], seeds[1].logits())
        assert got["seeds"].tolist() == [0, 1] and got["epochs"] == 2 and got["directory"] == "run"
        assert got["seen"].tolist() == ([1, 2, 3, 4, 5, 6] if rank == 0 else [])
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (tmp_path / "saved" / "model.safetensors").read_bytes()
    assert "<html" in (tmp_path / "page.html").read_text()


FAILING = f"""{HEAD}
def fails(line):
    raise KeyError("mine")

def attempt(**options):
    try:
        tersegraph.train(dataset, hidden=8, **options)
    except Exception as error:
        return f"{{type(error).__name__}} {{error}}"

words = [attempt(epochs=9, callbacks=[fails]), attempt(epochs=50, lr=1e30, optimizer="sgd"), attempt(ranks=5),
         attempt(out="/proc/none"), attempt(epochs=1)]
open(f"rank{{rank}}", "w").write("\\n".join(map(str, words)))
"""


def test_what_ends_a_run_on_one_ends_it_on_all(tmp_path, launched):
    finished(launched(FAILING, 2))
    first, second = ((tmp_path / f"rank{rank}").read_text().splitlines() for rank in (0, 1))
    assert first[0] == "KeyError 'mine'" and second[0] == "RunError an exception of rank 0 has ended the run"
    assert first[1:] == second[1:]
    assert first[1].startswith("RunError diverged in epoch ")
    assert first[2].startswith("InputError") and "5" in first[2] and "2 processes" in first[2]
    assert first[3].startswith("InputError") and first[4] == "None"


def test_a_script_that_fails_ends_with_its_code(launched):
    job = launched(f"{HEAD}\ntersegraph.train(dataset, ranks=3)", 2)
    _, err = job.communicate(timeout=60)
    assert "leave --ranks out" in err and job.returncode == 2
