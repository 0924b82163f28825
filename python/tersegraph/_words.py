"""Values of Python as words of the option table."""

from __future__ import annotations

import difflib
from typing import Any, Mapping

from ._core import InputError
from ._options import OPTIONS

_NAMES = {keyword: option for keyword, option, _, _ in OPTIONS}


def _word(value: Any) -> str:
    if isinstance(value, (bool,)) or type(value).__name__ == "bool_":
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, (list, tuple)):
        return ",".join(_word(each) for each in value)
    return str(value)


def words_of(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(option, word) of each keyword that is not None. Errors: InputError for unknown ones."""
    words = []
    for keyword, value in options.items():
        if keyword not in _NAMES:
            near = difflib.get_close_matches(keyword, _NAMES, 1)
            raise InputError(f"{keyword} is not an option of a run" + (f"; did you mean {near[0]}?" if near else ""))
        if value is not None:
            words.append((_NAMES[keyword], _word(value)))
    return words
