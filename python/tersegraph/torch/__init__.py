"""A PyTorch Geometric script on several ranks: each trains the same model on its share of one graph.

    from tersegraph.torch import mean, partition, print, wrap
    data = partition(data)                                  # this rank's nodes, and the edges into them
    model = wrap(model, data, exchange="uniform", bits=2)   # messages between ranks; gradients averaged
    loss = mean(F.cross_entropy(out[mask], y[mask], reduction="none"))

Started by `mpirun -n 4 python script.py`; on its own it is the script as it was. Needs torch and torch_geometric.
"""

from .exchange import HaloExchange
from .partition import Shard, partition
from .ranks import bytes_sent, mean, print, rank, run_threads, size, start, total
from .wrap import wrap

__all__ = [
    "HaloExchange",
    "Shard",
    "bytes_sent",
    "mean",
    "partition",
    "print",
    "rank",
    "run_threads",
    "size",
    "start",
    "total",
    "wrap",
]
