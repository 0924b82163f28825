"""Trains graph neural networks on whole graphs, on one machine, with ranks that send few bits.

    import tersegraph
    dataset = tersegraph.Dataset.from_numpy(edge_index, features, labels, train=train, val=val, test=test)
    result = tersegraph.train(dataset, model="gcn", epochs=100)
    result.predict()

A mistake in what was given raises InputError, a run that failed RunError; both are one line.
"""

from ._core import InputError, RunError
from ._core import __version__ as __version__  # type: ignore[attr-defined]
from .classifier import GCNClassifier
from .dataset import Dataset
from .model import Model
from .training import Result, train

__all__ = ["Dataset", "GCNClassifier", "InputError", "Model", "Result", "RunError", "__version__", "train"]
