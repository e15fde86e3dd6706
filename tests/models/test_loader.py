"""A user's own network: found, checked, and each problem reported by name."""

import pickle
import re
import sys
from pathlib import Path

import pytest
import torch

from mnist_tui.errors import ModelError
from mnist_tui.models import load_model, resolve_spec

HEAD = "import torch\nfrom torch import nn\n"
GOOD = HEAD + (
    "class Net(nn.Sequential):\n"
    "    def __init__(self, hidden=10):\n"
    "        super().__init__(nn.Flatten(), nn.Linear(784, hidden))\n"
)


def forward(body: str) -> str:
    return HEAD + f"class Net(nn.Module):\n    def forward(self, x):\n        {body}\n"


@pytest.fixture
def write(tmp_path):
    """Write `source` as net.py in a folder of its own; the spec of its class Net."""

    def write(source: str, name: str = "net.py") -> str:
        (tmp_path / name).write_text(source)
        return f"{tmp_path / name}:Net"

    return write


def complaint(spec: str) -> str:
    """The whole error, remedy included, which must name the spec."""
    with pytest.raises(ModelError) as caught:
        load_model(spec)
    assert spec in str(caught.value)
    return f"{caught.value} | {caught.value.remedy}"


def test_a_class_of_a_file_is_loaded(write):
    assert type(load_model(write(GOOD))).__name__ == "Net"


def test_a_class_of_a_module_is_loaded():
    assert type(load_model("mnist_tui.models.reference:Reference")).__name__ == "Reference"


def test_a_network_that_ends_in_log_softmax_is_one(write):
    assert load_model(write(GOOD.replace("hidden))", "hidden), nn.LogSoftmax(1))")))


def test_lazy_layers_have_their_shapes_once_loaded(write):
    model = load_model(write(GOOD.replace("nn.Linear(784, hidden)", "nn.LazyLinear(hidden)")))
    assert sum(weight.numel() for weight in model.parameters()) == 7850


def test_trying_a_network_leaves_the_modes_its_author_set(write):
    model = load_model(write(GOOD + "        self[1].eval()\n"))
    assert (model.training, model[0].training, model[1].training) == (True, True, False)


def test_an_unknown_name_gets_the_nearest_and_all():
    text = complaint("referense")
    assert "did you mean 'reference'?" in text
    assert "reference, reference-fc, wide, linear" in text


def test_a_missing_file_is_named(tmp_path):
    assert f"no file {tmp_path / 'gone.py'}" in complaint(f"{tmp_path / 'gone.py'}:Net")


@pytest.mark.parametrize("place", ["~no-such-user/net.py", "a" * 5000 + ".py"])
def test_a_path_that_leads_nowhere_is_named(place):
    assert f"no file {Path.cwd() / place}" in complaint(f"{place}:Net")


def test_links_in_a_ring_are_no_file(tmp_path):
    (tmp_path / "ring.py").symlink_to(tmp_path / "ring.py")
    assert f"no file {tmp_path / 'ring.py'}" in complaint(f"{tmp_path / 'ring.py'}:Net")


def test_a_file_that_is_not_python_is_named(write):
    assert "notes.txt is not a Python file" in complaint(write("hello", "notes.txt"))


def test_a_folder_is_not_a_python_file(tmp_path):
    assert "is not a Python file" in complaint(f"{tmp_path}:Net")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1\nraise KeyError('weights')\n", "KeyError: 'weights' (line 2 of net.py)"),
        ("import sys\n\nsys.exit(3)\n", "SystemExit: 3 (line 3 of net.py)"),
        (
            "import no_such_module\n",
            "ModuleNotFoundError: No module named 'no_such_module' (line 1 of net.py)",
        ),
        ("x = (\n\n", "is not valid Python: '(' was never closed (line 1 of net.py)"),
    ],
)
def test_a_file_that_raises_is_told_with_its_exception_and_line(write, source, words):
    assert words in complaint(write(source))


def test_a_syntax_error_has_its_line(write):
    assert "(line 2 of net.py)" in complaint(write("x = 1\ny = = 2\n"))


def test_a_class_that_is_not_there_gets_the_nearest_and_all(write):
    text = complaint(write(GOOD.replace("class Net", "class Nets") + "class Other(nn.Module): pass\n"))
    assert "no class 'Net'; did you mean 'Nets'?" in text
    assert "Networks in net.py: Nets, Other." in text


def test_a_file_of_one_network_needs_no_class(write):
    assert type(load_model(write(GOOD).removesuffix(":Net"))).__name__ == "Net"


def test_a_file_of_several_networks_lists_them(write):
    text = complaint(write(GOOD + GOOD.removeprefix(HEAD).replace("Net", "Other")).removesuffix(":Net"))
    assert "add a colon and the network's name" in text
    assert "Networks in net.py: Net, Other." in text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("class Net: pass\n", "Net is not a torch.nn.Module"),
        ("def Net(): pass\n", "Net returns a NoneType, not a torch.nn.Module"),
        ("Net = 3\n", "Net is a int, not a torch.nn.Module class"),
    ],
)
def test_what_is_no_module_class_is_told_by_kind(write, source, words):
    assert words in complaint(write(source))


def test_needed_arguments_are_named(write):
    text = complaint(write(GOOD.replace("hidden=10", "hidden, *, depth, width=3")))
    assert "Net needs arguments: hidden, depth |" in text


def test_a_constructor_that_raises_is_told_with_its_line(write):
    text = complaint(write(GOOD.replace("nn.Linear(784, hidden)", "nn.Linear(784, -1)")))
    assert "creating a Net raised RuntimeError" in text
    assert "(line 5 of net.py)" in text


def test_an_exception_in_forward_is_told_with_the_input(write):
    text = complaint(write(forward("return x[:, 3] + undefined")))
    assert "its forward raised IndexError" in text
    assert "(line 5 of net.py)" in text
    assert "(2, 1, 28, 28)" in text


def test_an_output_that_is_no_tensor_is_named_by_its_type(write):
    assert "returns a tuple, not a tensor" in complaint(write(forward("return x, x")))


def test_a_wrong_output_shape_is_shown_beside_the_right_one(write):
    assert "shape (2, 7), not (2, 10)" in complaint(write(forward("return torch.zeros(2, 7)")))


def test_whole_numbers_are_no_logits(write):
    assert "torch.int64, not floating" in complaint(write(forward("return torch.zeros(2, 10).long()")))


def test_a_module_that_is_not_installed_is_named():
    assert "no module 'no_such_package' in this folder or on Python's path" in complaint("no_such_package:Net")


def test_a_file_may_import_its_siblings(write):
    write("WIDTH = 10\n", "widths.py")
    assert load_model(write("from widths import WIDTH\n" + GOOD.replace("hidden=10", "hidden=WIDTH")))


def test_another_folders_sibling_of_the_same_name_is_not_taken(tmp_path):
    for folder, width in (("one", 10), ("two", 11)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "widths.py").write_text(f"WIDTH = {width}\n")
        (tmp_path / folder / "net.py").write_text(
            "from widths import WIDTH\n" + GOOD.replace("hidden=10", "hidden=WIDTH")
        )
    assert load_model(f"{tmp_path / 'one' / 'net.py'}:Net")
    assert "shape (2, 11)" in complaint(f"{tmp_path / 'two' / 'net.py'}:Net")


def test_an_edit_is_seen_at_once(write):
    load_model(write(GOOD))
    assert "shape (2, 11)" in complaint(write(GOOD.replace("hidden=10", "hidden=11")))


def test_importing_leaves_no_mark(write, tmp_path):
    write("WIDTH = 10\n", "widths.py")
    path, writes = list(sys.path), sys.dont_write_bytecode
    load_model(write("import widths\n" + GOOD, "json.py"))
    assert (sys.path, sys.dont_write_bytecode) == (path, writes)
    assert not list(tmp_path.rglob("__pycache__"))
    assert "json" not in sys.modules or not str(sys.modules["json"].__file__).startswith(str(tmp_path))


def test_a_file_that_raises_leaves_no_half_module(write):
    complaint(write("raise ValueError\n", "halfway.py"))
    assert not [name for name in sys.modules if "halfway" in name]


def test_dataclasses_and_pickle_work_inside_the_file(write):
    source = (
        "from __future__ import annotations\nimport dataclasses, typing\n"
        "@dataclasses.dataclass\nclass Shape:\n    width: typing.ClassVar[int] = 10\n    depth: int = 2\n" + GOOD
    )
    model = load_model(write(source))
    assert torch.equal(pickle.loads(pickle.dumps(model))[1].weight, model[1].weight)


def test_a_source_finds_the_file_again_from_another_folder(write, tmp_path, monkeypatch):
    write(GOOD)
    monkeypatch.chdir(tmp_path)
    source = resolve_spec("net.py:Net")
    monkeypatch.chdir(Path(tmp_path.anchor))
    assert (source.name, source.spec) == ("Net", f"{tmp_path / 'net.py'}:Net")
    assert load_model(source.spec)
    assert resolve_spec(source.spec) == source


def test_a_source_tells_that_the_file_changed(write):
    before = resolve_spec(write(GOOD)).source_sha256
    after = resolve_spec(write(GOOD + "\n")).source_sha256
    assert re.fullmatch("[0-9a-f]{64}", before)
    assert before != after


def test_a_registered_name_comes_with_the_house_and_has_no_digest():
    assert resolve_spec("reference").source_sha256 is None
    assert resolve_spec("mnist_tui.models.reference:Reference").source_sha256 is not None
