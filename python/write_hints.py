"""Writes the typed keywords of tersegraph.train() from the option table of the module that was just built.

write_hints.py FOLDER_OF_CORE OUTPUT.py
"""

import keyword
import sys

# Arguments of their own: the data, how much is printed, and how many runs, on which the type of the result depends.
LEFT_OUT = {"data", "quiet", "runs"}
# Words that are lists of numbers.
LISTS = {"stages", "iterations", "ridge", "class-weights", "widths", "split"}


def python_name(option: str) -> str:
    name = option.replace("-", "_")
    return name + "_" if keyword.iskeyword(name) else name


def hint(row: dict) -> str:
    default, choices = row["default"], row["choices"]
    if isinstance(default, str) and choices:
        return f"Literal[{', '.join(map(repr, choices))}]"
    if isinstance(default, int) and not isinstance(default, bool) and choices:
        return f"Literal[{', '.join(choices)}]"
    kind = {bool: "bool", int: "int", float: "float", str: "str"}[type(default)]
    return "str | Sequence[float]" if row["name"] in LISTS else kind


def write(table: list, path: str) -> None:
    rows = [row for row in table if row["name"] not in LEFT_OUT]
    lines = [
        '"""The options of tersegraph.train(). Generated from the table of the command line: do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Literal, Sequence, TypedDict",
        "",
        "# (keyword, option, default, help)",
        "OPTIONS = (",
    ]
    for row in rows:
        automatic = row["automatic"]
        default = None if automatic else row["default"]
        words = row["help"] + (f"; default: {automatic}" if automatic else "")
        lines.append(f"    ({python_name(row['name'])!r}, {row['name']!r}, {default!r}, {words!r}),")
    lines += [")", "", "", "class TrainOptions(TypedDict, total=False):"]
    group = None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            lines.append(f"    # {group}")
        optional = " | None" if row["automatic"] else ""
        lines.append(f"    {python_name(row['name'])}: {hint(row)}{optional}")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    import _core

    write(_core.options(), sys.argv[2])
