"""Users' files in common styles: each trains, or is rejected in one sentence with a remedy."""

from pathlib import Path

import pytest
import torch

from mnist_tui.errors import ModelError
from mnist_tui.events import Notice, RunFinished
from mnist_tui.inference.network import load_trained
from mnist_tui.models import load_model
from tests.engine_fixtures import Lab, tiny_config, tiny_dataset
from tests.models.user_files import REFUSED, TRAIN, Brought

# Notices of the program about the network itself, which are not the subject here.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    lab = Lab(tmp_path / "lab", monkeypatch)
    lab.dataset = tiny_dataset(train=64, test=20)
    return lab


@pytest.mark.parametrize("name", TRAIN)
def test_a_user_file_trains_and_its_run_keeps_its_code(
    name: str, tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brought = at_home(TRAIN[name], tmp_path, monkeypatch)
    outcome = lab.start(tiny_config(model=brought.spec, epochs=1))
    assert isinstance(outcome.event, RunFinished), outcome.event
    message = " ".join(event.message for event in lab.events if isinstance(event, Notice))
    assert brought.says in message
    assert capsys.readouterr().out == ""
    assert Path.cwd() == tmp_path / "home"
    before = load_trained(outcome.run, "last")
    for file in (tmp_path / "home").rglob("*.*"):
        file.unlink()
    after = load_trained(outcome.run, "last")
    images = lab.dataset.test.images
    assert torch.equal(after.logits(images), before.logits(images))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_loaded_is_refused_with_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = at_home(REFUSED[name], tmp_path, monkeypatch)
    with pytest.raises(ModelError) as caught:
        load_model(brought.spec)
    message = f"{caught.value} {caught.value.remedy}"
    assert brought.says in message
    assert "Traceback" not in message


def at_home(brought: Brought, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Brought:
    """With its files in the current folder."""
    home = folder / "home"
    home.mkdir()
    brought.write(home)
    monkeypatch.chdir(home)
    return brought
