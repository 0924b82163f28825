"""The keywords of train() are the options of the command line."""

import inspect
import re
import typing

import tersegraph
from tersegraph import _core, _options

# Arguments of their own, and what is not an option of a run.
OWN = {"data", "quiet", "runs"}
OTHERS = {"config", "resume", "help"}


def test_every_option_of_the_command_line_is_a_keyword(program):
    listed = re.findall(r"^ +(?:-h, *)?--(?:no-)?([a-z0-9-]+)", program("train", "--help"), re.M)
    assert set(listed) - OWN - OTHERS == {option for _, option, _, _ in _options.OPTIONS}


def test_hints_and_signature_agree_with_the_table():
    table = {row["name"]: row for row in _core.options()}
    hints = typing.get_type_hints(_options.TrainOptions)
    parameters = inspect.signature(tersegraph.train).parameters
    for keyword, option, default, help in _options.OPTIONS:
        row = table.pop(option)
        assert keyword.rstrip("_") == option.replace("-", "_")
        assert row["help"] in help and help in tersegraph.train.__doc__
        assert default == (None if row["automatic"] else row["default"])
        assert parameters[keyword].default == default
        assert keyword in hints
        if row["choices"]:
            literal = next((h for h in typing.get_args(hints[keyword]) if typing.get_origin(h)), hints[keyword])
            assert [str(choice) for choice in typing.get_args(literal)] == row["choices"]
    assert set(table) == OWN
    assert len(hints) == len(_options.OPTIONS)


def test_defaults_may_be_given(small):
    given = {keyword: default for keyword, _, default, _ in _options.OPTIONS}
    given |= {"epochs": 2, "hidden": 8}
    a, b = tersegraph.train(small, **given), tersegraph.train(small, epochs=2, hidden=8)
    assert (a.logits() == b.logits()).all()
