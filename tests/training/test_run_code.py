"""A run's own copy of its network's code: complete, verified, and the only code of the run that is executed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_tui.errors import ModelError, RunError
from mnist_tui.events import EpochFinished, Notice, RunFinished
from mnist_tui.inference.network import load_trained
from mnist_tui.models import ModelSource, code_copy, load_model, resolve_spec, trusted_code
from mnist_tui.runs import Run
from mnist_tui.training import run_code
from mnist_tui.training.run_code import UntrustedCodeError, find_code
from tests.engine_fixtures import Lab, differences, tiny_config, training_state

NET = """from torch import nn
from blocks import act


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.fc = nn.Linear(784, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(act(self.a(x.flatten(1))))
"""
BLOCKS = "def act(x):\n    return x.relu()\n"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MNIST_TUI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(trusted_code, "_trusted_now", set())
    return Lab(tmp_path, monkeypatch)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a network and its helper."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "net.py").write_text(NET)
    (folder / "blocks.py").write_text(BLOCKS)
    return folder


def trained(lab: Lab, project: Path, **changes: Any) -> Run:
    outcome = lab.start(tiny_config(model=f"{project / 'net.py'}:Net", **changes))
    assert isinstance(outcome.event, RunFinished)
    return outcome.run


def as_another_person(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """On a machine that has trained nothing."""
    monkeypatch.setenv("MNIST_TUI_STATE_DIR", str(folder / "another-state"))
    monkeypatch.setattr(trusted_code, "_trusted_now", set())


def answers(run: Run, lab: Lab) -> torch.Tensor:
    return load_trained(run).logits(lab.dataset.test.images)


def test_a_changed_helper_changes_nothing_and_is_reported(lab: Lab, project: Path) -> None:
    run = trained(lab, project)
    before = answers(run, lab)
    assert find_code(run).change == ""
    (project / "blocks.py").write_text(BLOCKS.replace("x.relu", "(-x).relu"))
    assert find_code(run).change == f"blocks.py has changed since run {run.name} began; its own copy is used"
    assert torch.equal(answers(run, lab), before)
    (project / "blocks.py").unlink()
    assert find_code(run).change.startswith("blocks.py is gone")
    assert torch.equal(answers(run, lab), before)


def test_a_run_whose_code_was_changed_is_resumed_with_its_own_copy_to_the_same_weights(lab: Lab, project: Path) -> None:
    whole = trained(lab, project)
    outcome = lab.start(
        tiny_config(model=f"{project / 'net.py'}:Net"),
        watch=lab.stop_at(lambda event: isinstance(event, EpochFinished)),
    )
    (project / "net.py").write_text("raise RuntimeError('another network by now')\n")
    resumed = lab.resume(outcome.run)
    assert isinstance(resumed.event, RunFinished)
    assert differences(training_state(whole), training_state(outcome.run)) == []
    assert any("net.py has changed" in event.message for event in lab.events if isinstance(event, Notice))


def test_the_copy_is_what_was_run_also_where_the_file_changes_meanwhile(lab: Lab, project: Path) -> None:
    (project / "net.py").write_text(NET + "import pathlib\npathlib.Path(__file__).write_text('another')\n")
    run = trained(lab, project)
    assert (project / "net.py").read_text() == "another"
    assert (run.source_folder() / "net.py").read_text().startswith(NET)


@pytest.mark.parametrize("damage", ["changed", "gone", "a link"])
def test_a_damaged_copy_is_refused(damage: str, lab: Lab, project: Path) -> None:
    run = trained(lab, project)
    file = run.source_folder() / "blocks.py"
    file.unlink()
    if damage == "changed":
        file.write_text(BLOCKS + "\n")
    elif damage == "a link":
        file.symlink_to(project / "blocks.py")
    with pytest.raises(RunError, match=r"blocks\.py"):
        load_trained(run)


def test_a_file_that_was_added_to_the_copy_is_not_run(lab: Lab, project: Path) -> None:
    (project / "net.py").write_text(
        NET.replace("class Net", "try:\n    import extra\nexcept ImportError:\n    pass\n\n\nclass Net")
    )
    run = trained(lab, project)
    (run.source_folder() / "extra.py").write_text("raise SystemExit('it was run')\n")
    load_trained(run)


def test_code_that_was_trained_with_here_is_known_wherever_the_run_lies(
    lab: Lab, project: Path, tmp_path: Path
) -> None:
    run = trained(lab, project)
    moved = Run(Path(shutil.copytree(run.folder, tmp_path / "elsewhere" / "another-name")))
    assert torch.equal(answers(moved, lab), answers(run, lab))


@pytest.mark.parametrize("has_copy", [True, False])
def test_code_from_elsewhere_is_not_run_until_the_user_agrees(
    has_copy: bool, lab: Lab, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = trained(lab, project)
    if not has_copy:  # as runs were before they kept one
        record = run.record().to_dict()
        del record["model"]["source"]
        run.config_file.write_text(json.dumps(record))
        shutil.rmtree(run.source_folder())
    as_another_person(monkeypatch, tmp_path)
    with pytest.raises(UntrustedCodeError, match=run.name) as caught:
        load_trained(run)
    assert "net.py" in str(caught.value)
    assert (caught.value.exit_code, caught.value.code.digest) == (4, find_code(run).digest)
    with pytest.raises(UntrustedCodeError):
        lab.resume(run, more_epochs=1)
    caught.value.code.trust()
    load_trained(run)


def test_a_teacher_is_kept_with_its_code(lab: Lab, project: Path) -> None:
    teacher = trained(lab, project)
    config = tiny_config(teacher=teacher.name)
    whole = lab.start(config).run
    student = lab.start(config, watch=lab.stop_at(lambda event: isinstance(event, EpochFinished))).run
    teacher.delete()
    shutil.rmtree(project)
    assert isinstance(lab.resume(student).event, RunFinished)
    assert differences(training_state(whole), training_state(student)) == []
    student.delete()
    assert not student.folder.exists()


def test_too_much_code_is_not_kept_and_that_is_said(lab: Lab, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_copy, "MAX_FILES", 1)
    run = trained(lab, project)
    assert not run.source_folder().exists()
    assert any("is not kept with the run" in event.message for event in lab.events if isinstance(event, Notice))
    load_trained(run)


def test_an_installed_module_is_not_copied() -> None:
    source = resolve_spec("mnist_tui.models.reference:SoftmaxRegression")
    from mnist_tui.models import loader

    model = load_model(source)
    imported = loader.imported_code(model)
    assert imported is not None
    assert code_copy.copy_code(source, imported) is None


_NAMES = st.sampled_from(["net.py", "../net.py", "/etc/passwd", "", ".", "a/../../b", "sub", "no\0name", 3, None])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES.map(str), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    record=st.fixed_dictionaries(
        {},
        optional={
            "entry": _JSON,
            "class": _JSON,
            "module": _JSON,
            "folders": _JSON,
            "root": _JSON,
            "files": _JSON,
        },
    )
)
def test_whatever_a_record_says_no_file_outside_the_copy_is_run(record: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir(exist_ok=True)
    source = ModelSource("Net", "net.py:Net", "Net")
    try:
        found = code_copy.open_copy(source, record, folder, "run one")
    except ModelError:
        return
    assert found.copy is not None
    assert all(folder in path.parents for path in found.copy.sums)


def test_a_registered_network_needs_no_trust(lab: Lab) -> None:
    code = find_code(lab.start().run)
    assert (code.digest, code.is_known, code.change) == ("", True, "")
    assert run_code.find_teacher_code(lab.start().run) is None
