"""Extreme numbers: what cannot be trained with ends with an event that says why, and leaves a run that can be read."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mnist_tui.data.types import Dataset, Split
from mnist_tui.errors import MnistTuiError
from mnist_tui.events import RunFailed, RunFinished, RunStopped
from mnist_tui.inference.network import load_trained
from mnist_tui.runs import Run
from mnist_tui.training import checkpoint
from tests.engine_fixtures import Lab, tiny_config, tiny_dataset

Report = Callable[[str], None]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


def net(folder: Path, name: str, init: str, forward: str) -> str:
    """The spec of a network in a file of its own."""
    file = folder / f"{name}.py"
    file.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n"
        f"    def __init__(self):\n        super().__init__()\n        {init}\n\n"
        f"    def forward(self, x):\n        {forward}\n"
    )
    return f"{file}:Net"


LINEAR = "self.fc = nn.Linear(784, 10)"
ODD_NETS = {
    "nothing": ("pass", "return x.flatten(1)[:, :10]"),
    "frozen": (LINEAR + "; self.requires_grad_(False)", "return self.fc(x.flatten(1))"),
    "nan": (LINEAR, "return self.fc(x.flatten(1)) * float('nan')"),
    "infinite": (LINEAR, "return self.fc(x.flatten(1)) * float('inf')"),
    "huge": (LINEAR, "return self.fc(x.flatten(1)) * 1e38"),
    "nan in testing": (LINEAR, "y = self.fc(x.flatten(1)); return y if self.training else y * float('nan')"),
    "nan gradient": (LINEAR, "return self.fc(x.flatten(1)) + (self.fc.weight.sum() * 0).abs().sqrt()"),
    "no gradient": (LINEAR, "return self.fc(x.flatten(1)).detach()"),
    "constant": (LINEAR, "return torch.zeros(len(x), 10) + 0 * self.fc.bias"),
    "double": (LINEAR + ".double()", "return self.fc(x.flatten(1).double())"),
    "half": (LINEAR + ".half()", "return self.fc(x.flatten(1).half())"),
    "one batch only": (LINEAR, "return self.fc(x.flatten(1))[:1]"),
    "nine classes": (LINEAR, "return self.fc(x.flatten(1))[:, :9]"),
    "raises": (LINEAR, "raise ValueError('no')"),
    "recursion": (LINEAR, "return self.forward(x)"),
    "empty parameter": (LINEAR + "; self.e = nn.Parameter(torch.zeros(0))", "return self.fc(x.flatten(1))"),
    "unused": (LINEAR + "; self.other = nn.Linear(3, 3)", "return self.fc(x.flatten(1))"),
    "lists": (LINEAR, "return [self.fc(x.flatten(1))]"),
}


def train_outcome(lab: Lab, config: object) -> str:
    """How a run of the config ended: `refused`, `finished`, `failed`. What is left on disk must be sound."""
    before = set(lab.runs_dir.iterdir()) if lab.runs_dir.exists() else set()
    try:
        outcome = lab.start(config)  # type: ignore[arg-type]
    except MnistTuiError as error:
        assert str(error).strip()
        assert error.remedy
        assert (set(lab.runs_dir.iterdir()) if lab.runs_dir.exists() else set()) == before
        return "refused"
    _check_what_is_left(outcome.run)
    event = outcome.event
    assert not isinstance(event, RunStopped)
    if isinstance(event, RunFailed):
        assert event.message.strip()
        return "failed"
    return "finished"


def _check_what_is_left(run: Run) -> None:
    history = run.history()
    assert history.status in ("finished", "failed")
    assert not run.is_locked()
    if run.checkpoint_file.exists():
        state = checkpoint.load_state(run.checkpoint_file)
        assert all(torch.isfinite(value.double()).all() for value in state["model"].values())
    if run.weights_file.exists():
        load_trained(run)


def test_odd_networks_end_in_words(lab: Lab, tmp_path: Path, report: Report) -> None:
    ends = {}
    for name, (init, forward) in ODD_NETS.items():
        for backend in ("eager", "auto"):
            config = tiny_config(model=net(tmp_path, name.replace(" ", "_"), init, forward), backend=backend)
            ends[name, backend] = train_outcome(lab, config)
    found = {end: sorted({name for (name, _), one in ends.items() if one == end}) for end in ends.values()}
    report(f"{len(ends)} trainings of odd networks: {found}")
    assert {ends[name, "eager"] for name in ("nan", "infinite", "nine classes", "raises")} <= {
        "failed",
        "refused",
    }
    assert ends["unused", "eager"] == "finished"


def test_rates_that_explode_are_said_to_diverge(lab: Lab, report: Report) -> None:
    ends = []
    for optimizer, lr, momentum, decay in itertools.product(
        ("sgd", "adam", "adamw"), (0.0, 1e-30, 1.0, 100.0), (0.0, 0.9999), (0.0, 10.0)
    ):
        config = tiny_config(optimizer=optimizer, lr=lr, momentum=momentum, weight_decay=decay, epochs=8)
        ends.append(train_outcome(lab, config))
    report(f"{len(ends)} trainings: {ends.count('finished')} finished, {ends.count('failed')} diverged and reported it")
    assert set(ends) == {"finished", "failed"}


@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_sets_of_all_sizes_are_trained_on_or_refused(lab: Lab, backend: str, report: Report) -> None:
    ends = {}
    for train, test, batch, validation in itertools.product(
        (1, 2, 17, 200), (1, 60), (1, 16, 1_000_000), (0, 1, 199, 200, 10**6)
    ):
        lab.dataset = tiny_dataset(train=train, test=test)
        config = tiny_config(batch_size=batch, validation=validation, epochs=1, backend=backend, model=lab.small_net())
        ends[train, test, batch, validation] = train_outcome(lab, config)
        expected = "refused" if validation >= train else "finished"
        if ends[train, test, batch, validation] != expected:
            # BatchNorm takes 196 values a channel here, so one image will do.
            raise AssertionError((train, test, batch, validation, ends[train, test, batch, validation]))
    counts = [list(ends.values()).count(end) for end in ("finished", "refused")]
    report(f"{len(ends)} sizes of sets, batches and validation: {counts[0]} trained, {counts[1]} refused in words")


def test_a_class_may_be_missing(lab: Lab, report: Report) -> None:
    whole = tiny_dataset()
    for missing in range(10):

        def without(split: Split, label: int = missing) -> Split:
            kept = split.labels != label
            return Split(split.images[kept], split.labels[kept])

        for train, test in ((without(whole.train), whole.test), (whole.train, without(whole.test))):
            lab.dataset = Dataset("synthetic", train, test, whole.classes, whole.source, f"{missing}")
            assert train_outcome(lab, tiny_config()) == "finished"
    report("20 sets with a class missing: trained")


@pytest.mark.parametrize("settings", [{"epochs": 0}, {"batch_size": 0}, {"lr": float("nan")}, {"lr": -1.0}])
def test_what_makes_no_training_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(MnistTuiError):
        tiny_config(**settings)


def test_finished_is_what_a_sound_run_is(lab: Lab) -> None:
    assert isinstance(lab.start(tiny_config()).event, RunFinished)
