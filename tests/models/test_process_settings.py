"""A user's file does not change the process's settings, and the same seed gives the same weights whatever it does."""

import os
import signal
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from mnist_tui.models import load_model
from mnist_tui.models.isolated_rng import load_model_isolated
from mnist_tui.models.process_settings import run_as_script
from tests.data.test_registry import run_warm

HEAD = "import torch\nfrom torch import nn\n"
NET = """
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(784, 10))
"""

CHANGES = {
    "default dtype": ("torch.set_default_dtype(torch.float64)", torch.get_default_dtype),
    "default device": ("torch.set_default_device('cpu')", lambda: torch.get_default_device().type),
    "gradients": ("torch.set_grad_enabled(False)", torch.is_grad_enabled),
    "threads": ("torch.set_num_threads(torch.get_num_threads() + 1)", torch.get_num_threads),
    "precision": ("torch.set_float32_matmul_precision('medium')", torch.get_float32_matmul_precision),
    "determinism": ("torch.use_deterministic_algorithms(True)", torch.are_deterministic_algorithms_enabled),
    "folder": ("import os\nos.chdir('/')", Path.cwd),
    "path": ("import sys\nsys.path.insert(0, '/nowhere')", lambda: list(sys.path)),
    "arguments": ("import sys\nsys.argv.append('more')", lambda: list(sys.argv)),
    "recursion": ("import sys\nsys.setrecursionlimit(4321)", sys.getrecursionlimit),
    "warnings": ("import warnings\nwarnings.simplefilter('always')", lambda: list(warnings.filters)),
    "signals": (
        "import signal\nsignal.signal(signal.SIGTERM, lambda *_: None)",
        lambda: signal.getsignal(signal.SIGTERM),
    ),
    "backend of plots": ("import os\nassert os.environ['MPLBACKEND']", lambda: os.environ.get("MPLBACKEND")),
    "standard output": ("import sys\nsys.stdout = open('/dev/null', 'w')", lambda: sys.stdout),
    "no byte code": ("import sys\nsys.dont_write_bytecode = False", lambda: sys.dont_write_bytecode),
}


@pytest.fixture
def write(tmp_path):
    def write(before: str, after: str = "", name: str = "net.py") -> str:
        (tmp_path / name).write_text(f"{HEAD}{before}\n{NET}{after}\n")
        return str(tmp_path / name)

    return write


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", CHANGES)
def test_what_an_import_changes_is_put_back(name, write):
    statement, look = CHANGES[name]
    before = look()
    spec = write(statement)
    model = load_model(spec)
    if name == "default dtype":  # the weights stay what their author made them
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float64}
    assert look() == before


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        ("", "", ":Net"),
        ("", "model = Net()", ":model"),
        ("", "def make():\n    return Net()", ":make"),
        ("noise = torch.randn(3)", "", ":Net"),
        ("", "", ""),
    ],
)
def test_the_same_seed_gives_the_same_weights(before, after, name, write):
    spec = write(before, after) + name
    weights = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        weights.append(load_model(spec)[1].weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_seed_of_the_files_own_is_none_of_the_trainings(write):
    spec = write("torch.manual_seed(0)") + ":Net"
    weights = []
    for seed in (3, 4):
        torch.manual_seed(seed)
        weights.append(load_model(spec)[1].weight)
    assert not torch.equal(*weights)


def test_opened_apart_it_leaves_all_random_numbers_alone(write):
    spec = write("torch.manual_seed(0)\ntorch.random.manual_seed(0)\ntorch.seed()") + ":Net"

    def drawn() -> list[float]:
        torch.manual_seed(7)
        return [float(torch.rand(())) for _ in range(20_000)]

    undisturbed, training_began = drawn(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(lambda: (training_began.set(), drawn())[1])
        training_began.wait()
        while not training.done():
            load_model_isolated(spec)
        assert training.result() == undisturbed


def test_the_torchvision_workaround_serves_user_files_too(tmp_path_factory, write):
    """A stand-in that attaches a function to an operator that has not been declared."""
    package = tmp_path_factory.mktemp("site") / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("from torchvision import meta, datasets\n")
    (package / "datasets.py").write_text("MNIST = 'theirs'\n")
    (package / "meta.py").write_text(
        "import torch\n@torch.library.register_fake('torchvision::nms')\ndef nms(dets, scores, iou_threshold):\n"
        "    return dets\n"
    )
    spec = write("from torchvision import datasets\nassert datasets.MNIST == 'theirs'") + ":Net"
    done = run_warm(f"from mnist_tui.models import load_model; print(load_model({spec!r})[1])", package.parent)
    assert (done.stdout.strip(), done.stderr) == (
        "Linear(in_features=784, out_features=10, bias=True)",
        "",
    )


def test_what_a_program_prints_that_it_starts_is_on_standard_error(capfd):
    with run_as_script(None):
        os.system("echo of the network")
    os.system("echo of the results")
    assert capfd.readouterr() == ("of the results\n", "of the network\n")
