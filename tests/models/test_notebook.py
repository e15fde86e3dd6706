"""A notebook's cells as Python: IPython syntax, broken cells and older formats do not hide a class."""

import ast
import json

import pytest

from mnist_tui.models.notebook import read_cells

NET = "class Net:\n    pass\n"


def notebook(*sources):
    return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]})


def names(text):
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\n!pip install x",
        "files = !ls\nfast = %timeit -o f()",
        "%%bash\nls | wc -l",
        "net?\n?net",
        "print 'of Python 2'",
        "for batch in batches:\n    print(batch))",
        "await model.fit()",
    ],
)
def test_a_cell_that_is_not_python_keeps_no_class_of_another_from_being_found(cell):
    cells = read_cells(notebook(cell, NET))
    assert names(cells.text) == ["Net"]
    (node,) = (node for node in ast.parse(cells.text).body if isinstance(node, ast.ClassDef))
    assert cells.locate(node.lineno) == "line 1 of cell 2"


def test_a_class_in_a_broken_cell_is_named_with_its_line():
    with pytest.raises(SyntaxError) as caught:
        ast.parse(read_cells(notebook("x = 1", NET + "oops)")).text)
    assert read_cells(notebook("x = 1", NET + "oops)")).locate(caught.value.lineno or 0) == "line 3 of cell 2"


def test_the_format_before_has_its_cells_in_worksheets():
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": [NET]}]}]}
    assert names(read_cells(json.dumps(old)).text) == ["Net"]


@pytest.mark.parametrize("text", ["[]", "{}", '{"cells": 3}', '{"worksheets": [3]}'])
def test_what_has_no_cells_is_no_notebook(text):
    with pytest.raises(ValueError, match="no cells"):
        read_cells(text)
