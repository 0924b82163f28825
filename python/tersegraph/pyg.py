"""Weights of GCN and GraphSAGE to and from torch_geometric (2.x), which has to be installed."""

from __future__ import annotations

from typing import Any

import torch
from torch_geometric.nn import GCN, GCNConv, GraphSAGE, SAGEConv

from ._core import InputError
from .model import Model
from .training import Result


def convolutions(module: torch.nn.Module) -> list[Any]:
    """The GCNConv and SAGEConv of a module, in its order."""
    return [each for each in module.modules() if isinstance(each, (GCNConv, SAGEConv))]


def _tensors(conv: Any) -> dict[str, torch.Tensor | None]:
    """A convolution's tensors by our names; those of linear layers stand transposed there."""
    if isinstance(conv, GCNConv):
        return {"weight": conv.lin.weight, "bias": conv.bias}
    return {"weight": conv.lin_l.weight, "bias": conv.lin_l.bias, "root_weight": conv.lin_r.weight}


def load_into(module: torch.nn.Module, trained: Model | Result) -> torch.nn.Module:
    """Copies trained weights into the convolutions of `module`, layer by layer, and returns it.

    Errors: InputError where layers or shapes do not agree; the module is then as far changed as they did.
    """
    state = trained.state_dict(torch=True)
    convs = convolutions(module)
    layers = 1 + max(int(name.split(".")[1]) for name in state)
    if any(".norm." in name for name in state):
        raise InputError("the model has norms between its layers, which are not translated; train with norm='none'")
    if len(convs) != layers:
        raise InputError(f"the module has {len(convs)} convolutions, and the trained model {layers}")
    with torch.no_grad():
        for k, conv in enumerate(convs):
            for name, tensor in _tensors(conv).items():
                value = state.get(f"layers.{k}.{name}")
                if tensor is None or value is None:
                    raise InputError(f"layer {k}: {type(conv).__name__} does not fit, its {name} has no counterpart")
                value = value[0] if name == "bias" else value.T
                if tensor.shape != value.shape:
                    raise InputError(
                        f"layer {k}: {name} is {tuple(tensor.shape)} in the module, {tuple(value.shape)} trained"
                    )
                tensor.copy_(value)
    return module


def to_pyg(trained: Model | Result) -> torch.nn.Module:
    """torch_geometric.nn.GCN or GraphSAGE with the trained weights, in evaluation mode.

    module(x, edge_index) is (n, outputs). Errors: InputError for other kinds of models, norms and residual connections.
    """
    model = trained.model if isinstance(trained, Result) else trained
    state, options = model.state_dict(), model.options
    kinds = {"gcn": GCN, "sage": GraphSAGE}
    if options["model"] not in kinds:
        raise InputError(f"a model of kind {options['model']} has no counterpart in torch_geometric")
    if options["residual"] == "true":
        raise InputError("the model has residual connections, which torch_geometric's has not")
    layers = 1 + max(int(name.split(".")[1]) for name in state)
    features, outputs = state["layers.0.weight"].shape[0], state[f"layers.{layers - 1}.weight"].shape[1]
    hidden = state["layers.0.weight"].shape[1]
    return load_into(kinds[options["model"]](features, hidden, layers, outputs), model).eval()


def from_pyg(module: torch.nn.Module, **options: Any) -> Model:
    """The model of a module whose GCNConv or SAGEConv are joined by ReLU (and dropout) alone.

    Errors: InputError for other convolutions, or settings of theirs that change what is computed.
    """
    convs = convolutions(module)
    if not convs:
        raise InputError("the module has no GCNConv or SAGEConv")
    kinds = {type(conv) for conv in convs}
    if len(kinds) != 1:
        raise InputError("the module mixes GCNConv and SAGEConv; a model here has one kind")
    state = {}
    for k, conv in enumerate(convs):
        _check(conv, k)
        for name, tensor in _tensors(conv).items():
            if tensor is None:
                tensor = torch.zeros(conv.out_channels)
            state[f"layers.{k}.{name}"] = tensor if name == "bias" else tensor.T
    return Model.from_state_dict(state, model="gcn" if kinds == {GCNConv} else "sage", **options)


def _check(conv: Any, k: int) -> None:
    """Settings that change what a convolution computes."""
    if isinstance(conv, GCNConv):
        plain = conv.add_self_loops and conv.normalize and not conv.improved
    else:
        plain = conv.aggr == "mean" and conv.root_weight and not conv.normalize and not conv.project
    if not plain:
        raise InputError(f"layer {k}: only {type(conv).__name__} with its defaults is translated")
