"""Trained weights, and what they say of a graph."""

from __future__ import annotations

import os
from typing import Any, Mapping

import numpy as np

from . import _core
from ._words import words_of
from .dataset import Dataset


def softmax(logits: np.ndarray) -> np.ndarray:
    """Of each row."""
    shares: np.ndarray = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Of each value."""
    shares: np.ndarray = 0.5 * np.tanh(0.5 * logits) + 0.5
    return shares


def predictions(logits: np.ndarray, task: str) -> np.ndarray:
    """What predictions.npy of a run holds: class ids (n,), probabilities of several labels, or values."""
    if task == "multiclass":
        return np.asarray(logits.argmax(axis=1), np.int32)
    return sigmoid(logits) if task == "multilabel" else np.array(logits)


class Model:
    """Weights with the options that shaped them. Made by train(), load() or from_state_dict()."""

    def __init__(self, core: _core.Model):
        self._core = core

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Model:
        """The model of a run directory, by train(out=...), Result.save() or the command line. Errors: InputError."""
        return cls(_core.load_model(os.fspath(directory)))

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any], *, task: str = "multiclass", **options: Any) -> Model:
        """From tensors of state_dict()'s names and shapes, and train()'s options of the model ("Model" in its help).

        task: multiclass, multilabel or regression. Errors: InputError; of tensors that do not fit, when
        it is used.
        """
        tensors = {}
        for name, value in state.items():
            value = value.detach().cpu().numpy() if hasattr(value, "detach") else value
            tensors[name] = np.ascontiguousarray(np.atleast_2d(np.asarray(value, np.float32)))
        layers = 1 + max(int(name.split(".")[1]) for name in tensors)
        last = tensors[f"layers.{layers - 1}.weight"]
        options = {"layers": layers, "hidden": tensors["layers.0.weight"].shape[1] if layers > 1 else None, **options}
        shapes = {"features": tensors["layers.0.weight"].shape[0], "outputs": last.shape[1]}
        metadata = {"task": task, **{name: str(size) for name, size in shapes.items()}}
        return cls(_core.make_model(words_of(options), metadata, tensors))

    @property
    def options(self) -> dict[str, str]:
        """The command line's options and words."""
        return dict(self._core.words)

    @property
    def task(self) -> str:
        """multiclass, multilabel or regression."""
        return self._core.metadata.get("task", "multiclass")

    def logits(self, dataset: Dataset) -> np.ndarray:
        """(n, outputs) float32 before softmax or sigmoid. The dataset needs no labels, and may be another one.

        Errors: InputError where the numbers of features do not agree; as for predict() and embeddings().
        """
        return self._core.outputs(dataset._core)

    def predict(self, dataset: Dataset) -> np.ndarray:
        """Class ids (n,) int32; of several labels probabilities (n, outputs); of regression values (n, outputs)."""
        return predictions(self.logits(dataset), self.task)

    def embeddings(self, dataset: Dataset) -> np.ndarray:
        """(n, hidden) float32: what the last layer reads. Errors: InputError for one layer, and for models by ADMM."""
        return self._core.embeddings(dataset._core)

    def state_dict(self, torch: bool = False) -> dict[str, Any]:
        """Tensors (rows, cols) by name: layers.K.weight (in, out), layers.K.bias (1, out) and, of sage,
        layers.K.root_weight. Copies, as torch tensors where asked for."""
        arrays = {name: np.array(value) for name, value in self._core.tensors.items()}
        if not torch:
            return arrays
        from torch import from_numpy

        return {name: from_numpy(value) for name, value in arrays.items()}
