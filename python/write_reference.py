"""Writes pages made of the package's docstrings, by pdoc.

write_reference.py FOLDER_OF_PACKAGE OUTPUT
"""

import importlib.util
import sys
from pathlib import Path

import pdoc


def modules() -> list:
    """Those that can be imported here."""
    torch = all(importlib.util.find_spec(name) for name in ("torch", "torch_geometric"))
    return ["tersegraph", *(["tersegraph.pyg", "tersegraph.torch"] if torch else [])]


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    pdoc.render.configure(docformat="restructuredtext", show_source=False)
    pdoc.pdoc(*modules(), output_directory=Path(sys.argv[2]))
