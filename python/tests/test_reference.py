"""Every public name says what it is, and the pages of the reference hold them."""

import importlib
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import tersegraph

PACKAGE = Path(tersegraph.__file__).parent
WRITER = Path(__file__).resolve().parents[1] / "write_reference.py"
MODULES = ["tersegraph", "tersegraph.pyg", "tersegraph.torch"]


def members(name, value):
    """(name, object) of a public name and, of a class of the package, of its public methods and properties."""
    yield name, value
    if inspect.isclass(value):
        for attribute, member in vars(value).items():
            if not attribute.startswith("_") and (callable(member) or isinstance(member, (property, classmethod))):
                yield f"{name}.{attribute}", member


def public(name):
    if name != "tersegraph":
        pytest.importorskip("torch_geometric")
    module = importlib.import_module(name)
    names = getattr(module, "__all__", None)
    if names is None:
        own = inspect.getmembers(module, lambda value: getattr(value, "__module__", None) == name)
        names = [each for each, _ in own if not each.startswith("_")]
    return module, [each for each in names if not each.startswith("__")]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_has_a_docstring(name):
    module, names = public(name)
    assert module.__doc__ and len(names) >= 4
    found = [pair for each in names for pair in members(each, getattr(module, each))]
    assert [each for each, value in found if not (getattr(value, "__doc__", None) or "").strip()] == []


def test_the_reference_is_made_of_them(tmp_path):
    pytest.importorskip("pdoc")
    subprocess.run([sys.executable, WRITER, PACKAGE.parent, tmp_path], check=True, capture_output=True, text=True)
    page = (tmp_path / "tersegraph.html").read_text()
    for each in public("tersegraph")[1]:
        assert f'id="{each}"' in page, each
    assert "undirected=True" in page and "weight_decay" in page
    assert (tmp_path / "tersegraph" / "torch.html").exists() == bool(importlib.util.find_spec("torch_geometric"))
