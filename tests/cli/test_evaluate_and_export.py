"""`eval`, `predict` and `export`: a trained network used from the command line."""

from __future__ import annotations

import dataclasses
import io
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors import safe_open

from mnist_tui import runs
from mnist_tui.data import my_digits
from mnist_tui.inference import export
from mnist_tui.inference.network import load_trained
from tests import trained_runs
from tests.cli.conftest import Mnist


@pytest.fixture
def picture(tmp_path: Path) -> str:
    """What the network of `trained_runs` takes for a 3."""
    path = tmp_path / "three.png"
    Image.fromarray(trained_runs.picture_of(3)[0].numpy()).save(path)
    return str(path)


def keep_own(data_dir: Path, count: int = 12) -> None:
    for number in range(count):
        label = number % 10
        my_digits.add_digit(data_dir, trained_runs.picture_of(9 if label == 4 else label)[0].numpy(), label)


def test_eval_tells_what_is_right_and_draws_what_is_wrong(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    trained_runs.write(runs_dir)
    keep_own(tmp_path / "data")
    done = mnist("eval", "reader", "--dataset", "my-digits")
    assert done.code == 0, done.err
    assert "reader · best weights, epoch 2 · my-digits, 12 test images" in done.out
    assert "accuracy 91.67 % (95 % CI 64.61–98.51 %)" in done.out
    for part in ("precision", "Confusion", "expected calibration error", "Worst errors", "4 → 9", "test #4"):
        assert part in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert "Worst" not in mnist("eval", "reader", "--dataset", "my-digits", "--mistakes", "0").out


def test_eval_as_json_has_it_all(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    trained_runs.write(runs_dir)
    keep_own(tmp_path / "data")
    output = json.loads(mnist("eval", "reader", "--dataset", "my-digits", "--json").out)
    assert (output["run"], output["dataset"], output["images"], output["correct"]) == (
        "reader",
        "my-digits",
        12,
        11,
    )
    assert output["mistakes"][0]["top"][0]["name"] == "9"
    assert len(output["calibration"]["bins"]) == 15


def test_eval_refuses_images_of_other_classes(mnist: Mnist, runs_dir: Path) -> None:
    trained_runs.write(runs_dir, dataset="fashion-mnist")
    done = mnist("eval", "reader", "--dataset", "synthetic")
    assert (done.code, done.out) == (2, "")
    assert "T-shirt/top" in done.err


@pytest.mark.parametrize("command", [["eval"], ["export", "--format", "pt2"], ["predict", "-"]])
def test_a_run_that_is_not_there_or_has_no_weights_is_exit_4(mnist: Mnist, runs_dir: Path, command: list[str]) -> None:
    name, *rest = command
    assert mnist(name, "nothing", *rest).code == 4
    trained_runs.write(runs_dir).weights_file.unlink()
    done = mnist(name, "reader", *rest)
    assert done.code == 4
    assert "no best weights yet" in done.err


def test_predict_shows_the_picture_ten_bars_and_the_answer(mnist: Mnist, runs_dir: Path, picture: str) -> None:
    trained_runs.write(runs_dir)
    done = mnist("predict", "reader", picture)
    assert done.code == 0, done.err
    assert "three.png" in done.out.replace("\n", "")  # a long path is broken where the terminal ends
    assert "3, 100.0 %" in done.out
    assert sum(line.rstrip().endswith("%") for line in done.out.splitlines()) >= 10
    assert max(map(len, done.out.splitlines())) <= 80


def test_predict_is_not_sure_below_the_threshold(mnist: Mnist, runs_dir: Path, picture: str) -> None:
    trained_runs.write(runs_dir)
    assert "not sure: perhaps" in mnist("predict", "reader", "--weights", "last", picture).out
    output = json.loads(mnist("predict", "reader", "--weights", "last", "--threshold", "0.05", picture, "--json").out)
    assert output["images"][0]["sure"] is True
    assert len(output["images"][0]["probabilities"]) == 10
    assert np.array(output["images"][0]["pixels"]).shape == (28, 28)


def test_predict_answers_the_others_when_one_cannot_be_read(
    mnist: Mnist, runs_dir: Path, picture: str, tmp_path: Path
) -> None:
    trained_runs.write(runs_dir)
    (tmp_path / "words.txt").write_text("no picture")
    Image.new("L", (50, 50), 200).save(tmp_path / "blank.png")
    names = [str(tmp_path / "words.txt"), picture, str(tmp_path / "blank.png"), str(tmp_path / "gone.png")]
    done = mnist("predict", "reader", *names)
    assert done.code == 1
    assert "3, 100.0 %" in done.out
    for name, reason in (
        ("words.txt", "not a picture"),
        ("blank.png", "no digit"),
        ("gone.png", "No such file"),
    ):
        assert any(name in line and reason in line for line in done.err.splitlines())
    output = json.loads(mnist("predict", "reader", "--json", *names).out)["images"]
    assert [("error" in entry, entry.get("answer")) for entry in output] == [
        (True, None),
        (False, "3"),
        (True, None),
        (True, None),
    ]


def test_predict_shows_the_picture_that_the_network_judges(
    mnist: Mnist, runs_dir: Path, picture: str, tmp_path: Path
) -> None:
    slanting = Image.open(picture).transform((28, 28), Image.Transform.AFFINE, (1, 0.3, -4, 0, 1, 0))
    path = tmp_path / "slanting.png"
    slanting.save(path)

    def seen(name: str, **settings: object) -> torch.Tensor:
        trained_runs.write(runs_dir, name, **settings)
        (output,) = json.loads(mnist("predict", name, path, "--json").out)["images"]
        return torch.tensor(output["pixels"], dtype=torch.uint8).view(1, 1, 28, 28)

    plain, upright = seen("plain"), seen("upright", deskew=1.0, interpolation="bilinear")
    assert torch.equal(upright, load_trained(runs.find(runs_dir, "upright")).input_pixels(plain))
    assert not torch.equal(upright, plain)


def test_predict_reads_several_digits_each_with_its_box(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    trained_runs.write(runs_dir)
    page = Image.new("L", (400, 300), 255)
    for left, top in ((60, 40), (200, 40), (60, 180)):
        ImageDraw.Draw(page).line([(left, top), (left + 40, top), (left + 10, top + 80)], fill=0, width=8)
    path = str(tmp_path / "page.png")
    page.save(path)
    (entry,) = json.loads(mnist("predict", "reader", "--threshold", "0", path, "--json").out)["images"]
    assert [len(line) for line in entry["lines"]] == [2, 1]
    assert entry["digits"] == [digit for line in entry["lines"] for digit in line]
    assert entry["answer"] == "\n".join("".join(digit["answer"] for digit in line) for line in entry["lines"])
    assert entry["sure"] is True
    assert not {"top", "probabilities", "pixels", "box"} & set(entry)
    for digit, (left, top) in zip(entry["digits"], ((60, 40), (200, 40), (60, 180)), strict=True):
        assert np.abs(np.subtract(digit["box"], (left - 4, top - 4, 48, 88))).max() <= 5
        assert len(digit["probabilities"]) == 10
        assert np.array(digit["pixels"]).shape == (28, 28)
    shown = mnist("predict", "reader", "--threshold", "0", path).out
    assert "several digits, in 2 lines" in shown
    assert "line 2: " in shown


def test_predict_is_not_sure_of_a_number_with_a_digit_that_it_is_not_sure_of(
    mnist: Mnist, runs_dir: Path, tmp_path: Path
) -> None:
    trained_runs.write(runs_dir)
    page = Image.new("L", (400, 150), 255)
    for left in (60, 200):
        ImageDraw.Draw(page).line([(left, 40), (left + 40, 40), (left + 10, 120)], fill=0, width=8)
    path = str(tmp_path / "page.png")
    page.save(path)
    done = mnist("predict", "reader", "--weights", "last", path, "--json")
    assert done.code == 0, done.err
    (entry,) = json.loads(done.out)["images"]
    assert (entry["answer"], entry["sure"]) == (None, False)
    assert "several digits: not sure" in mnist("predict", "reader", "--weights", "last", path).out


def test_predict_tells_where_a_single_digit_is(mnist: Mnist, runs_dir: Path, picture: str) -> None:
    trained_runs.write(runs_dir)
    (entry,) = json.loads(mnist("predict", "reader", picture, "--json").out)["images"]
    assert entry["box"] == [4, 4, 20, 20]
    (digit,) = entry["digits"]
    assert digit == {name: value for name, value in entry.items() if name not in ("file", "digits")}


def test_predict_reads_standard_input(
    mnist: Mnist, runs_dir: Path, picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_runs.write(runs_dir)
    numbers = "\n".join(",".join(map(str, row)) for row in trained_runs.picture_of(7)[0].tolist())
    done = mnist("predict", "reader", "-", typed=numbers)
    assert "7, 100.0 %" in done.out


LABELS = [3, 1, 4, 9]


def labeled_csv(path: Path, labels: list[int], header: bool = True) -> Path:
    """As Kaggle has its train.csv, with the pictures of `LABELS` and these labels."""
    rows = [
        ",".join(map(str, [label, *trained_runs.picture_of(number)[0].flatten().tolist()]))
        for label, number in zip(labels, LABELS, strict=True)
    ]
    names = ["label," + ",".join(f"pixel{number}" for number in range(784))] if header else []
    path.write_text("\n".join([*names, *rows]) + "\n")
    return path


def test_predict_answers_every_row_of_a_file(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    trained_runs.write(runs_dir)
    path = labeled_csv(tmp_path / "train.csv", [3, 1, 4, 8])
    done = mnist("predict", "reader", path)
    assert done.code == 0, done.err
    shown = done.out.replace("\n", "")
    for number, answer in enumerate(LABELS, 1):
        assert f"train.csv · row {number}" in shown
        assert f"{answer}, 100.0 %" in shown
    assert "3 of 4 right, 75.00 %" in done.out
    output = json.loads(mnist("predict", "reader", path, "--json").out)
    assert [entry["index"] for entry in output["images"]] == [0, 1, 2, 3]
    assert [entry["answer"] for entry in output["images"]] == ["3", "1", "4", "9"]
    assert [entry["label"] for entry in output["images"]] == ["3", "1", "4", "8"]
    assert output["labeled"] == [{"file": str(path), "images": 4, "correct": 3, "accuracy": 0.75}]


def test_predict_lists_a_file_of_many(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    trained_runs.write(runs_dir)
    images = trained_runs.pictures([number % 10 for number in range(150)]).numpy()
    images[7] = 0
    np.savez(tmp_path / "many.npz", x_test=images, x_train=images[:3])
    done = mnist("predict", "reader", tmp_path / "many.npz")
    assert done.code == 1
    assert "x_test[7]: there is no digit on it" in done.err
    assert "notice: " in done.err
    assert "arrays ignored: " in done.err.replace("\n", "")
    assert "x_test[8]  8           100.0 %" in done.out
    assert "… and 49 more; --json has all of them" in done.out
    output = json.loads(mnist("predict", "reader", tmp_path / "many.npz", "--json").out)["images"]
    assert len(output) == 150
    assert [entry["index"] for entry in output if "error" in entry] == [7]


def test_a_label_that_the_run_does_not_know_is_reported(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    trained_runs.write(runs_dir)
    path = labeled_csv(tmp_path / "letters.csv", [3, 1, 4, 25])
    for arguments in (("predict", "reader", path), ("eval", "reader", "--dataset", path)):
        done = mnist(*arguments)
        assert done.code in (1, 3)
        assert "25" in done.err
        assert "row 4" in done.err


def test_eval_takes_a_file_with_labels(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    trained_runs.write(runs_dir)
    path = labeled_csv(tmp_path / "train.csv", [3, 1, 4, 8])
    output = json.loads(mnist("eval", "reader", "--dataset", path, "--json").out)
    assert (output["dataset"], output["images"], output["correct"]) == (str(path), 4, 3)
    assert "accuracy 75.00 %" in mnist("eval", "reader", "--dataset", path).out
    np.save(tmp_path / "test.npy", trained_runs.pictures(LABELS).numpy())
    without = mnist("eval", "reader", "--dataset", tmp_path / "test.npy")
    assert (without.code, without.out) == (3, "")
    assert "4 images without labels" in without.err
    assert "mnist-tui predict" in without.err
    unknown = mnist("eval", "reader", "--dataset", "minst")
    assert unknown.code == 2
    assert "'minst' is neither a file nor one of" in unknown.err.replace("\n", " ")


@pytest.mark.parametrize("format", ["safetensors", "torchscript", "pt2"])
def test_export_writes_a_file_that_answers_as_the_run(
    mnist: Mnist, runs_dir: Path, tmp_path: Path, format: str
) -> None:
    trained_runs.write(runs_dir, dataset="synthetic")
    path = tmp_path / "out" / "net"
    path.parent.mkdir()
    done = mnist("export", "reader", "--format", format, "-o", path)
    assert done.code == 0, done.err
    assert "answers the same, outputs differ by at most" in done.out
    assert path.stat().st_size > 1000
    if format != "safetensors":
        labels = [3, 1, 4, 1, 5]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            load = torch.jit.load if format == "torchscript" else lambda file: torch.export.load(file).module()
            logits = load(io.BytesIO(path.read_bytes()))(trained_runs.pictures(labels))
        assert logits.argmax(1).tolist() == labels


@pytest.mark.parametrize("format", ["onnx", "torchscript", "pt2", "safetensors"])
def test_an_exported_network_sets_digits_upright_as_the_run_does(
    mnist: Mnist, runs_dir: Path, tmp_path: Path, format: str
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime") if format == "onnx" else None
    run = trained_runs.write(runs_dir, dataset="synthetic", deskew=0.7, interpolation="bilinear")
    path = tmp_path / "net"
    done = mnist("export", "reader", "--format", format, "-o", path)
    assert done.code == 0, done.err
    images = torch.randint(0, 256, (7, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    expected = load_trained(run).logits(images)
    if format == "safetensors":
        with safe_open(path, "pt") as file:
            assert json.loads(file.metadata()["preprocessing"])["deskew"] == 0.7
        return
    if onnxruntime is not None:
        (logits,) = onnxruntime.InferenceSession(path).run(None, {"images": images.numpy()})
        logits = torch.from_numpy(logits)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = io.BytesIO(path.read_bytes())
            made = torch.jit.load(file) if format == "torchscript" else torch.export.load(file).module()
            logits = made(images)
    # Another program may add its 784 products in another order, which alone is 1.2e-5 on some processors. The bound is
    # what `export` promises; the same images left slanting are hundreds of times as far away.
    trained = load_trained(run)
    slanting = dataclasses.replace(trained, config=trained.config.replace(deskew=0.0)).logits(images)
    assert (logits - expected).abs().max() < export.MAX_DIFFERENCE
    assert (slanting - expected).abs().max() > 100 * export.MAX_DIFFERENCE


def test_export_to_onnx_is_read_by_onnxruntime(mnist: Mnist, runs_dir: Path, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    trained_runs.write(runs_dir, dataset="synthetic")
    done = mnist("export", "reader", "--format", "onnx", "-o", tmp_path / "net.onnx", "--json")
    assert done.code == 0, done.err
    output = json.loads(done.out)
    assert output["images"] == output["same_answers"]
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (taken,) = session.get_inputs()
    assert (taken.name, taken.type, taken.shape[1:]) == ("images", "tensor(uint8)", [1, 28, 28])
    for labels in ([7], [3, 1, 4, 1, 5, 9, 2]):
        (logits,) = session.run(None, {"images": trained_runs.pictures(labels).numpy()})
        assert logits.argmax(1).tolist() == labels
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["classes"]) == list("0123456789")
    assert json.loads(about["training"])["test_accuracy"] == 0.98


def test_without_the_extra_export_says_what_to_install(
    mnist: Mnist, runs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_runs.write(runs_dir)
    without = dataclasses.replace(export.EXPORT_FORMATS["onnx"], packages=("json", "onnx_that_is_not_there"))
    monkeypatch.setattr(export, "EXPORT_FORMATS", {**export.EXPORT_FORMATS, "onnx": without})
    done = mnist("export", "reader", "--format", "onnx")
    assert done.code == 1
    assert 'pip install "mnist-tui[onnx]"' in done.err


def test_a_file_that_does_not_agree_is_not_written(
    mnist: Mnist, runs_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_runs.write(runs_dir, dataset="synthetic")
    wrong = dict(
        export._READERS,
        safetensors=lambda content, network: lambda images: torch.zeros(len(images), 10),
    )
    monkeypatch.setattr(export, "_READERS", wrong)
    done = mnist("export", "reader", "--format", "safetensors", "-o", tmp_path / "net")
    assert done.code == 1
    assert "does not agree" in done.err
    assert not (tmp_path / "net").exists()
