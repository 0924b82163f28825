import json

import numpy as np
import pytest
import tersegraph
from conftest import CLASSES, FEATURES, NODES, SMALL, Arrays
from tersegraph import Dataset, InputError, RunError


def settled(line: dict) -> dict:
    """Without what the clock says."""
    return {name: value for name, value in line.items() if "seconds" not in name}


def lines_of(path) -> list:
    return [settled(json.loads(line)) for line in path.read_text().splitlines()]


WAYS = {
    "gcn": {"epochs": 6, "hidden": 16, "norm": "layer"},
    "sage, ranks, adaptive": {
        "model": "sage",
        "epochs": 6,
        "hidden": 16,
        "ranks": 2,
        "exchange": "adaptive",
        "intra": "same",
        "link": "1gbit,50us",
        "assign-every": 2,
    },
    "admm": {
        "model": "gamlp",
        "optimizer": "admm",
        "hidden": 16,
        "stages": "2,3",
        "iterations": "4,4",
        "quantize": "pq",
        "bits": 4,
    },
}


@pytest.mark.parametrize("words", WAYS.values(), ids=WAYS.keys())
def test_python_and_the_command_line_agree_bit_for_bit(words, small, program, tmp_path):
    flags = [word for name, value in words.items() for word in (f"--{name}", value)]
    program("train", "--data", SMALL, "--seed", 5, "--threads", 1, "--out", tmp_path / "cli", "--quiet", *flags)
    options = {name.replace("-", "_"): value for name, value in words.items()}
    result = tersegraph.train(small, seed=5, threads=1, out=tmp_path / "python", **options)
    result.save(tmp_path / "saved")
    assert result.directory == str(tmp_path / "python")
    for folder in ("python", "saved"):
        for name in ("model.safetensors", "predictions.npy"):
            assert (tmp_path / folder / name).read_bytes() == (tmp_path / "cli" / name).read_bytes()
        assert lines_of(tmp_path / folder / "metrics.jsonl") == lines_of(tmp_path / "cli" / "metrics.jsonl")
        theirs, ours = (json.loads((tmp_path / f / "summary.json").read_text()) for f in ("cli", folder))
        for name in ("test_accuracy", "val_accuracy", "best_epoch", "epochs", "mean_bits", "ending"):
            assert ours[name] == theirs[name]
        told, more = theirs["bytes_sent"], ours["bytes_sent"]
        if words.get("ranks"):
            # The result in memory has the outputs of all nodes, of which predictions.npy needs the class.
            extra = more["total"] - told["total"]
            assert 0 < extra < 4 * NODES * (CLASSES - 1) and extra % (4 * (CLASSES - 1)) == 0
            told["total"] += extra
            told["by_kind"]["evaluation"] += extra
            told["between_ranks"][1][0] += extra
        assert more == told
    np.testing.assert_array_equal(result.predict(), np.load(tmp_path / "cli" / "predictions.npy"))
    if words.get("ranks"):
        assert result.bytes_sent > 0


def test_the_result_in_memory(arrays, tmp_path):
    dataset = arrays.dataset()
    result = tersegraph.train(dataset, epochs=20, hidden=16, ranks=2, exchange="uniform", bits=4)
    history = result.history
    assert history["epoch"].tolist() == list(range(1, 21))
    assert history["train_loss"][-1] < history["train_loss"][0]
    assert history["val_accuracy"].max() == result.best["val_accuracy"] == result.summary["val_accuracy"]
    assert result.ending == "finished" and result.directory is None
    assert result.bytes_sent == result.summary["bytes_sent"]["total"] > history["bytes.halo_forward"].sum() > 0
    classes = result.predict()
    assert np.mean(classes[arrays.test] == arrays.labels[arrays.test]) == pytest.approx(result.summary["test_accuracy"])
    state = result.state_dict()
    assert state["layers.0.weight"].shape == (FEATURES, 16) and state["layers.2.bias"].shape == (1, 4)
    result.report(tmp_path / "page.html")
    assert "<html" in (tmp_path / "page.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html"]


def test_where_nothing_was_evaluated_history_says_nan(small):
    accuracy = tersegraph.train(small, epochs=4, hidden=8, eval_every=2).history["val_accuracy"]
    assert np.isnan(accuracy).tolist() == [True, False, True, False]


def gcn_in_numpy(state, dataset, layers, norm=False, residual=False):
    """Kipf and Welling's forward pass, in double precision: (h of the last layer's input, logits)."""
    indptr, indices, _ = dataset.adjacency
    n = dataset.num_nodes
    a = np.eye(n)
    a[np.repeat(np.arange(n), np.diff(indptr)), indices] = 1
    scale = 1 / np.sqrt(a.sum(axis=1))
    a = scale[:, None] * a * scale
    h = dataset.features.astype(np.float64)
    for k in range(layers):
        y = a @ h @ state[f"layers.{k}.weight"] + state[f"layers.{k}.bias"]
        if k == layers - 1:
            return h, y
        if norm:
            y = (y - y.mean(axis=1, keepdims=True)) / np.sqrt(y.var(axis=1, keepdims=True) + 1e-5)
            y = y * state[f"layers.{k}.norm.weight"] + state[f"layers.{k}.norm.bias"]
        y = np.maximum(y, 0)
        h = y + h if residual and k > 0 else y


@pytest.mark.parametrize("norm, residual", [("none", False), ("layer", False), ("layer", True)])
def test_logits_and_embeddings_are_the_formula(arrays, norm, residual):
    dataset = arrays.dataset()
    result = tersegraph.train(dataset, epochs=8, hidden=16, layers=4, norm=norm, residual=residual)
    h, logits = gcn_in_numpy(result.state_dict(), dataset, 4, norm == "layer", residual)
    np.testing.assert_allclose(result.logits(), logits, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(result.embeddings(), h, rtol=1e-3, atol=1e-4)


def test_embeddings_of_perceptrons_end_in_the_logits(small):
    result = tersegraph.train(small, model="gamlp", epochs=5, hidden=8, layers=3)
    state = result.state_dict()
    last = result.embeddings() @ state["layers.2.weight"] + state["layers.2.bias"]
    np.testing.assert_allclose(last, result.logits(), rtol=1e-3, atol=1e-4)
    with pytest.raises(InputError, match="ADMM"):
        tersegraph.train(small, model="gamlp", optimizer="admm", stages=[2], iterations=[2]).embeddings()
    with pytest.raises(InputError, match="one layer"):
        tersegraph.train(small, model="sgc", epochs=2).embeddings()


@pytest.mark.parametrize("model", ["gcn", "sage", "gamlp", "sgc"])
def test_another_graph_is_predicted_without_labels(model, arrays):
    result = tersegraph.train(arrays.dataset(), model=model, epochs=5)
    same = Dataset.from_numpy(arrays.edge_index, arrays.features)
    np.testing.assert_allclose(result.logits(same), result.logits(), rtol=1e-4, atol=1e-5)
    other = Arrays(seed=7)
    logits = result.logits(Dataset.from_numpy(other.edge_index, other.features))
    assert logits.shape == (NODES, 4) and not np.allclose(logits, result.logits())
    narrow = Dataset.from_numpy(other.edge_index, other.features[:, :3])
    with pytest.raises(InputError, match="has 3 features a node, but the model was trained on 12"):
        result.predict(narrow)


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_other_tasks(task, arrays):
    targets = np.stack([arrays.labels % 2, arrays.labels > 1], axis=1)
    labels = targets.astype(np.uint8) if task == "multilabel" else targets + 0.25
    masks = {"train": arrays.train, "val": arrays.val, "test": arrays.test}
    dataset = Dataset.from_numpy(arrays.edge_index, arrays.features, labels, **masks)
    result = tersegraph.train(dataset, epochs=30, hidden=16)
    expected = 1 / (1 + np.exp(-result.logits())) if task == "multilabel" else result.logits()
    np.testing.assert_allclose(result.predict(), expected, rtol=1e-5, atol=1e-6)
    unlabelled = Dataset.from_numpy(arrays.edge_index, arrays.features)
    np.testing.assert_allclose(result.predict(unlabelled), expected, rtol=1e-3, atol=1e-4)


def test_a_saved_run_is_a_model_again(small, tmp_path):
    result = tersegraph.train(small, model="sage", epochs=4, hidden=8, out=tmp_path / "run")
    loaded = tersegraph.Model.load(tmp_path / "run")
    np.testing.assert_allclose(loaded.logits(small), result.logits(), rtol=1e-5, atol=1e-6)
    made = tersegraph.Model.from_state_dict(result.state_dict(), model="sage")
    np.testing.assert_array_equal(made.logits(small), loaded.logits(small))


@pytest.mark.parametrize("ranks", [1, 3])
def test_callbacks_see_every_epoch_and_stop_at_once(ranks, small):
    seen = []
    callbacks = [lambda metrics: seen.append(metrics["epoch"]), lambda metrics: metrics["epoch"] == 7]
    result = tersegraph.train(small, epochs=50, hidden=8, ranks=ranks, callbacks=callbacks)
    assert seen == list(range(1, 8)) and result.ending == "stopped"
    assert result.history["epoch"].tolist() == seen
    in_full = tersegraph.train(small, epochs=7, hidden=8, ranks=ranks)
    np.testing.assert_array_equal(result.history["train_loss"], in_full.history["train_loss"])


def test_a_callback_that_fails_ends_the_run(small, tmp_path):
    def fails(metrics):
        if metrics["epoch"] == 2:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        tersegraph.train(small, epochs=50, hidden=8, ranks=2, callbacks=[fails], out=tmp_path / "run")
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["epochs"] == 2
    assert list((tmp_path / "run" / "checkpoint").iterdir())


def test_history_is_a_table(small):
    pandas = pytest.importorskip("pandas")
    history = tersegraph.train(small, epochs=4, hidden=8, ranks=2, eval_every=2).history
    table = pandas.DataFrame(history).set_index("epoch")
    assert table.shape == (4, len(history) - 1) and table["val_accuracy"].count() == 2
    assert table["train_loss"].loc[4] == history["train_loss"][3]


def test_several_seeds(small, tmp_path):
    results = tersegraph.train(small, epochs=3, hidden=8, runs=2, seed=4, out=tmp_path / "runs")
    alone = tersegraph.train(small, epochs=3, hidden=8, seed=5)
    np.testing.assert_array_equal(results[1].logits(), alone.logits())
    assert (tmp_path / "runs" / "run-5" / "summary.json").exists()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"hiden": 3}, "hiden is not an option of a run; did you mean hidden?"),
        ({"model": "gat"}, "model is 'gat'; known: gcn, sage, gamlp, sgc"),
        ({"dropout": 1.5}, "dropout is 1.5; it must be at least 0 and below 1"),
        ({"hidden": "wide"}, "hidden is 'wide'; it takes a whole number"),
        ({"exchange": "exact", "bits": 4}, "--bits 4 needs --exchange uniform"),
        ({"checkpoint_every": 2}, "--checkpoint-every 2 needs --out"),
        ({"ranks": 301}, "has only 300 nodes"),
        ({"split": "per-class:1000,1,1"}, "per-class"),
    ],
)
def test_mistakes_are_told_in_one_line(small, options, words):
    with pytest.raises(InputError) as error:
        tersegraph.train(small, **options)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_directory_is_not_overwritten(small, tmp_path):
    tersegraph.train(small, epochs=1, hidden=8, out=tmp_path / "run")
    with pytest.raises(InputError, match="not overwritten"):
        tersegraph.train(small, epochs=1, hidden=8, out=tmp_path / "run")


def test_divergence_is_a_run_error(small):
    with pytest.raises(RunError, match="diverged in epoch .*lower --lr") as error:
        tersegraph.train(small, epochs=50, hidden=8, lr=1e30, optimizer="sgd")
    assert isinstance(error.value, RuntimeError)


def test_no_labels_no_training(arrays):
    with pytest.raises(InputError, match="no labels to train on"):
        tersegraph.train(Dataset.from_numpy(arrays.edge_index, arrays.features), epochs=1)


def test_progress_is_silent_in_a_pipe(small, capfd):
    tersegraph.train(small, epochs=2, hidden=8)
    assert capfd.readouterr() == ("", "")
    tersegraph.train(small, epochs=2, hidden=8, progress=True)
    assert "epoch 2" in "".join(capfd.readouterr())
