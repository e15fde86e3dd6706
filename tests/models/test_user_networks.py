"""Users' networks in common styles: trained as their authors train them, by every backend, and resumed."""

import json

import pytest
import torch

from mnist_tui import runs
from mnist_tui.errors import MnistTuiError
from mnist_tui.events import EpochStarted, Notice, RunFinished
from mnist_tui.inference.export import export_network
from mnist_tui.inference.network import load_trained
from mnist_tui.models import load_model
from mnist_tui.runs import Run
from tests.engine_fixtures import Lab, at_step, differences, rows, tiny_config, tiny_dataset, training_state
from tests.models.user_networks import NOTICED, REFUSED, TRAINS, write
from tests.native.toolchain import needs_compiler

# Users' networks may use features that torch has deprecated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated"),
    pytest.mark.filterwarnings("ignore:`torch.jit.script"),
    pytest.mark.filterwarnings("ignore:`torch.jit.load"),
]
BACKENDS = ["eager", pytest.param("auto", marks=needs_compiler)]
CHAINS = (
    *("view", "view by size", "batch norm over vectors", "lazy", "a chain in plain view"),
    *("log probabilities", "recomputed in backward", "layers of the first forward"),
)
"""What `auto` compiles."""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def notices(lab: Lab, topic: str = "model") -> list[str]:
    return [event.message for event in lab.events if isinstance(event, Notice) and event.topic == topic]


WAYS = [
    *((name, "eager") for name in TRAINS),
    *(pytest.param(name, "auto", marks=needs_compiler) for name in CHAINS),
]


@pytest.mark.parametrize(("name", "backend"), WAYS)
def test_a_user_network_trains_and_a_stop_changes_nothing(lab, tmp_path, name, backend):
    lab.dataset = tiny_dataset(train=100, test=30)
    config = tiny_config(model=write(tmp_path, TRAINS[name]), backend=backend, batch_size=16)
    whole = lab.start(config, name="whole")
    assert isinstance(whole.event, RunFinished)
    assert notices(lab) == []
    half = lab.start(config, name="half", watch=lab.stop_at(at_step(9))).run
    lab.resume(half)
    assert differences(training_state(half), training_state(whole.run)) == []
    assert load_trained(half).logits(lab.dataset.test.images[:1]).shape == (1, 10)
    assert whole.run.record().machine.backend == ("native" if backend == "auto" else "eager")


@needs_compiler
@pytest.mark.parametrize("name", [name for name in TRAINS if name not in CHAINS])
def test_what_is_no_chain_is_trained_by_eager(lab, tmp_path, name):
    config = tiny_config(model=write(tmp_path, TRAINS[name]), backend="auto", epochs=1)
    run = lab.start(config, watch=lab.stop_at(at_step(1))).run
    assert run.record().machine.backend == "eager"
    assert notices(lab) == []


@pytest.mark.parametrize("name", ["softmax layer", "dropout for ever", "unused layer"])
def test_what_is_found_is_in_the_runs_log_once(lab, tmp_path, name):
    source, words = NOTICED[name]
    run = lab.start(tiny_config(model=write(tmp_path, source), epochs=1)).run
    lab.resume(run, more_epochs=1)
    logged = [event for event in run.events() if isinstance(event, Notice) and event.topic == "model"]
    assert len(logged) == 1
    assert words in logged[0].message


def test_what_cannot_be_trained_makes_no_run(lab, tmp_path):
    with pytest.raises(MnistTuiError, match="not \\(1, 10\\)"):
        lab.start(tiny_config(model=write(tmp_path, REFUSED["squeeze"][0])))
    assert runs.list_runs(lab.runs_dir) == []


LAST_OF_ONE = {"train": 129, "steps": 4}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_last_image_goes_with_the_batch_before_where_it_cannot_be_alone(lab, tmp_path, backend):
    lab.dataset = tiny_dataset(train=LAST_OF_ONE["train"])
    spec = write(tmp_path, TRAINS["batch norm over vectors"])
    config = tiny_config(model=spec, backend=backend, batch_size=32, focus=0.3)
    whole = lab.start(config, name="whole")
    assert isinstance(whole.event, RunFinished)
    assert [event.steps for event in lab.events if isinstance(event, EpochStarted)] == [4, 4]
    assert "goes with the batch before" in notices(lab)[0]
    assert whole.run.record().data.joins_last_image is True
    half = lab.start(config, name="half", watch=lab.stop_at(at_step(7))).run
    lab.resume(half)
    assert differences(training_state(half), training_state(whole.run)) == []


@needs_compiler
def test_a_joined_last_image_is_learned_alike_by_both_backends(lab, tmp_path):
    lab.dataset = tiny_dataset(train=LAST_OF_ONE["train"])
    spec = write(tmp_path, TRAINS["batch norm over vectors"])
    statistics = []
    for backend in ("eager", "native"):
        config = tiny_config(model=spec, backend=backend, batch_size=32, epochs=1, lr=0.001)
        run = lab.start(config, name=backend).run
        statistics.append(training_state(run)["model"]["norm.running_var"])
    # Four steps in float32: another order of sums makes some 1e-6 of it, a batch of one would take a tenth away.
    assert torch.allclose(*statistics, rtol=1e-3)


def test_a_last_image_that_can_be_alone_stays_alone(lab, tmp_path):
    lab.dataset = tiny_dataset(train=LAST_OF_ONE["train"])
    lab.start(tiny_config(model=write(tmp_path, TRAINS["view"]), epochs=1))
    assert [event.steps for event in lab.events if isinstance(event, EpochStarted)] == [5]
    assert notices(lab) == []


def test_single_images_where_the_network_takes_none_are_refused_beforehand(lab, tmp_path):
    spec = write(tmp_path, TRAINS["batch norm over vectors"])
    with pytest.raises(MnistTuiError, match="one image at a time") as caught:
        lab.start(tiny_config(model=spec, batch_size=1))
    assert "--batch-size 2" in caught.value.remedy


def test_a_test_set_of_one_image_is_judged(lab, tmp_path):
    lab.dataset = tiny_dataset(test=1)
    done = lab.start(tiny_config(model=write(tmp_path, TRAINS["batch norm over vectors"]), epochs=1))
    assert isinstance(done.event, RunFinished)


def _forget(run: Run, part: str, name: str) -> None:
    """Make the record one of a time that did not know `name`."""
    record = run.record().to_dict()
    del record[part][name]
    run.config_file.write_text(json.dumps(record))


def test_the_memory_format_is_recorded_and_a_record_without_one_means_channels_last(lab, tmp_path, monkeypatch):
    spec = write(tmp_path, TRAINS["residual"])
    run = lab.start(tiny_config(model=spec, epochs=1)).run
    assert run.record().model.memory_format == "contiguous"
    placed = []
    place = torch.nn.Module.to

    def record_call(model, *given, **named):
        placed.append(named.get("memory_format"))
        return place(model, *given, **named)

    monkeypatch.setattr(torch.nn.Module, "to", record_call)
    lab.resume(run, more_epochs=1)
    assert set(placed) == {None}
    _forget(run, "model", "memory_format")
    placed.clear()
    lab.resume(run, more_epochs=1)
    assert placed[0] is torch.channels_last


@needs_compiler
def test_a_native_run_of_a_time_that_joined_nothing_keeps_its_steps(lab, tmp_path):
    lab.dataset = tiny_dataset(train=LAST_OF_ONE["train"])
    spec = write(tmp_path, TRAINS["batch norm over vectors"])
    run = lab.start(tiny_config(model=spec, backend="native", epochs=1)).run
    _forget(run, "data", "joins_last_image")
    lab.events.clear()
    lab.resume(run, more_epochs=1)
    assert [event.steps for event in lab.events if isinstance(event, EpochStarted)] == [5]


def test_an_eager_run_of_a_time_that_joined_nothing_could_only_fail_and_joins_now(lab, tmp_path):
    lab.dataset = tiny_dataset(train=LAST_OF_ONE["train"])
    spec = write(tmp_path, TRAINS["batch norm over vectors"])
    run = lab.start(tiny_config(model=spec, epochs=1)).run
    _forget(run, "data", "joins_last_image")
    lab.events.clear()
    assert isinstance(lab.resume(run, more_epochs=1).event, RunFinished)
    assert [event.steps for event in lab.events if isinstance(event, EpochStarted)] == [4]


def test_what_keeps_a_computed_weight_is_averaged_too(lab, tmp_path):
    config = tiny_config(model=write(tmp_path, TRAINS["weight norm of old"]), epochs=1, ema=0.9)
    assert isinstance(lab.start(config).event, RunFinished)


def test_a_user_network_can_be_a_teacher(lab, tmp_path):
    lab.start(tiny_config(model=write(tmp_path, TRAINS["view"]), epochs=1), name="teacher")
    student = lab.start(tiny_config(teacher="teacher", epochs=1))
    assert rows(student.run)[0].test_accuracy > 0.5


@pytest.mark.parametrize(
    "name", ["vectors", "LeNet's images", "double weights", "images in color", "probabilities beside logits"]
)
def test_a_network_fits_as_its_authors_loop_makes_it_fit(lab, tmp_path, name):
    """The weights keep their names, and what is exported takes images as from any other network."""
    source, words = NOTICED[name]
    spec = write(tmp_path, source)
    run = lab.start(tiny_config(model=spec), watch=lab.stop_at(at_step(9))).run
    lab.resume(run)
    (notice,) = notices(lab)
    assert words in notice
    network = load_trained(run)
    assert {*network.model.state_dict()} == {*load_model(spec).state_dict()} >= {"fc.weight", "fc.bias"}
    images = lab.dataset.test.images[:3]
    path = tmp_path / "net.pt"
    export_network(network, "torchscript", path, images)
    torch.testing.assert_close(torch.jit.load(path)(images), network.logits(images), rtol=0, atol=1e-4)


def test_a_network_that_is_random_is_named_as_such_where_its_export_does_not_agree(lab, tmp_path):
    run = lab.start(tiny_config(model=write(tmp_path, NOTICED["dropout for ever"][0]), epochs=1)).run
    with pytest.raises(MnistTuiError) as caught:
        export_network(load_trained(run), "torchscript", tmp_path / "net.pt", lab.dataset.test.images)
    assert "give F.dropout training=self.training" in caught.value.remedy
    assert not (tmp_path / "net.pt").exists()
