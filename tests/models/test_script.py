"""Which statements of a file a network needs."""

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.models import script
from mnist_tui.models.notebook import read_cells


def needed(source: str, name: str = "Net") -> list[str]:
    return [ast.unparse(statement) for statement in script.select_statements(parsed(source), name).body]


def parsed(source: str) -> ast.Module:
    return ast.parse(textwrap.dedent(source))


def test_imports_definitions_and_what_they_use_are_needed_and_no_more():
    source = """
        import torch, os
        import plots as plt
        from torch import nn, optim
        SIZE = 2 * HALF
        other = 3
        def helper(x): return x * SIZE
        class Net(nn.Module):
            def forward(self, x):
                other = 1
                return helper(x)
        print(Net())
        plt.show()
    """
    kept = needed(source)
    assert kept[:2] == ["from torch import nn", "SIZE = 2 * HALF"]
    assert [line.partition("(")[0] for line in kept[2:]] == ["def helper", "class Net"]


def test_what_changes_a_needed_name_is_needed():
    source = """
        parser = make()
        parser.add_argument("--width")
        args = parser.parse_args()
        args.width = 3
        config["a"] = 1
        class Net(Base):
            width = args.width
    """
    assert len(needed(source)) == 5


def test_loops_training_and_the_main_guard_are_not_needed():
    source = """
        for x in range(3): net = x
        with open("x") as net: pass
        net = train(Net())
        if __name__ == "__main__": net = 1
        def train(model): loss.backward()
        net = Net()
    """
    assert needed(source, "net") == ["net = Net()"]


@pytest.mark.parametrize(
    ("source", "trains"),
    [
        ("def train():\n    loss.backward()\nif __name__ == '__main__':\n    train()", False),
        ("def train():\n    loss.backward()\ndef main():\n    train()\nmain()", True),
        ("for epoch in range(3):\n    loss.backward()", True),
        ("trainer.fit(model)", True),
        ("class Net:\n    def fit(self):\n        self.loss.backward()", False),
        ("model = Net()\nprint(model)", False),
    ],
)
def test_a_file_that_trains_when_it_is_run_is_recognized(source, trains):
    assert script.trains_when_run(parsed(source)) is trains


@given(st.binary(max_size=200))
def test_any_bytes_are_some_text(content):
    assert "\r" not in script.decode_source(content)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["cells", "cell_type", "source", "code"]), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_json_is_cells_or_no_notebook(value):
    import json

    try:
        cells = read_cells(json.dumps(value))
    except ValueError:
        return
    assert len(cells.starts) == len(cells.numbers)


def test_lines_of_a_notebook_are_named_by_cell():
    import json

    code = [{"cell_type": "code", "source": source} for source in ("a = 1\nb = 2", "%time c\n!ls", "d = 4")]
    cells = read_cells(json.dumps({"cells": [{"cell_type": "markdown", "source": "#"}, *code]}))
    assert cells.text == "a = 1\nb = 2\npass\npass\nd = 4\n"
    assert [cells.locate(line) for line in (1, 2, 4, 5)] == [
        "line 1 of cell 2",
        "line 2 of cell 2",
        "line 2 of cell 3",
        "line 1 of cell 4",
    ]
