"""An estimator in the manner of scikit-learn, which need not be installed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._core import InputError
from ._words import words_of
from .dataset import Dataset
from .model import softmax
from .training import Result, train


class GCNClassifier:
    """Classifies nodes. Its parameters are the options of train(), for example GCNClassifier(layers=2, hidden=16).

    A graph is an adjacency matrix of scipy, or edges (2, m).
    """

    def __init__(self, **options: Any):
        words_of(options)  # unknown ones fail here
        self._options = dict(options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options given so far; there is nothing nested that `deep` could reach."""
        return dict(self._options)

    def set_params(self, **options: Any) -> GCNClassifier:
        """Takes effect in the next fit(). Errors: InputError for unknown options."""
        words_of(options)
        self._options.update(options)
        return self

    def fit(self, X: Any, y: Any, graph: Any, *, train_mask: Any = None, val_mask: Any = None) -> GCNClassifier:
        """X (n, F), y (n,) of any values. The nodes to train on are those of train_mask, or all; the labels of the
        others are not read. With val_mask the epoch that is best there is kept, otherwise the last. Errors: as
        train()."""
        y = np.asarray(y)
        mask = np.ones(len(y), bool) if train_mask is None else np.asarray(train_mask)
        known = mask if val_mask is None else np.union1d(_ids(mask), _ids(val_mask))
        self.classes_ = np.unique(y[known])
        labels = np.full(len(y), -1, np.int64)
        labels[known] = np.searchsorted(self.classes_, y[known])
        dataset = _dataset(graph, X, labels, train=mask, val=val_mask, num_classes=len(self.classes_))
        self.result_: Result = train(dataset, progress=False, **self._options)
        self.n_features_in_ = dataset.num_features
        return self

    def decision_function(self, X: Any = None, graph: Any = None) -> np.ndarray:
        """Logits (n, classes), of the graph of fit() or of another one.

        Errors: InputError before fit(), as of predict_proba(), predict() and score().
        """
        if not hasattr(self, "result_"):
            raise InputError("this GCNClassifier is not fitted; call fit first")
        if (X is None) != (graph is None):
            raise InputError("give X and graph, or neither")
        return self.result_.logits(None if X is None else _dataset(graph, X, None))

    def predict_proba(self, X: Any = None, graph: Any = None) -> np.ndarray:
        """(n, classes), rows of sum 1; of the graph of fit() or of another one."""
        return softmax(self.decision_function(X, graph))

    def predict(self, X: Any = None, graph: Any = None) -> np.ndarray:
        """(n,) of the values that y had; of the graph of fit() or of another one."""
        best = self.decision_function(X, graph).argmax(axis=1)
        classes: np.ndarray = self.classes_[best]
        return classes

    def score(self, X: Any, y: Any, graph: Any, *, mask: Any = None) -> float:
        """The share, 0 to 1, of the nodes (of `mask`, (n,) or ids) that are classified as y (n,) says."""
        right = self.predict(X, graph) == np.asarray(y)
        return float(np.mean(right if mask is None else right[np.asarray(mask)]))

    def __repr__(self) -> str:
        return f"GCNClassifier({', '.join(f'{name}={value!r}' for name, value in self._options.items())})"


def _ids(chosen: Any) -> np.ndarray:
    chosen = np.asarray(chosen)
    return np.flatnonzero(chosen) if chosen.dtype == bool else chosen


def _dataset(graph: Any, X: Any, labels: Any, **more: Any) -> Dataset:
    make = Dataset.from_scipy if hasattr(graph, "tocsr") else Dataset.from_numpy
    return make(graph, X, labels, **more)
