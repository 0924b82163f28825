"""Every Python block of the docs runs, in order, one after the other."""

import importlib.util
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def blocks(name: str) -> list:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / name).read_text(), re.M | re.S)


@pytest.mark.parametrize("name", ["README.md", "docs/python.md", "docs/torch.md"])
def test_blocks_run(name, arrays, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = blocks(name)
    assert found
    np.savez("graph.npz", **vars(arrays))
    arrays.dataset().save("cora.npz")
    names = {**vars(arrays), "np": np}
    for block in found:
        if "torch_geometric" in block and not importlib.util.find_spec("torch_geometric"):
            continue
        path = tmp_path / "block.py"
        path.write_text(block)
        names = runpy.run_path(str(path), names)
