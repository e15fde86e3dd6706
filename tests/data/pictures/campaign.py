"""The campaign behind docs/pictures.md: how many pictures of each condition a network reads.

    python -m tests.data.pictures.campaign RUN --pictures 20 [--held] [--runs-dir DIR] [--data-dir DIR]

prints its table as Markdown. RUN is a network trained on MNIST; the digits are half strokes, half MNIST's test images.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from mnist_tui import runs
from mnist_tui.data import datasets
from mnist_tui.data.formats.digit_file import DigitImage, DigitPage, extract_digits
from mnist_tui.data.pictures.mnist_format import canvas_to_mnist
from mnist_tui.errors import NoDigitError
from mnist_tui.inference import predict_file
from mnist_tui.inference.network import TrainedNetwork, load_trained
from mnist_tui.inference.prediction import THRESHOLD
from mnist_tui.system import paths
from tests.data.pictures import digits
from tests.data.pictures.conditions import Condition, conditions
from tests.data.pictures.digits import Digit
from tests.data.pictures.pages import KINDS, page

RIGHT, WRONG, UNSURE, NONE = "right", "wrong, and sure", "not sure", "no digit"
# A digit that the network is less sure of when it is drawn on nothing would measure the network.
_LEGIBLE = 0.9


@dataclass
class Row:
    """The results for the pictures of one condition."""

    family: str
    name: str
    counts: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)


class Writer:
    """Fresh digits that the network reads where nothing is in the way."""

    def __init__(self, network: TrainedNetwork, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.network, self.images, self.labels = network, images.numpy(), labels.numpy()

    def digit(self, label: int, random: np.random.Generator, *, of_strokes: bool) -> Digit:
        """One of `label`; both what a pen draws and MNIST's images are tried until one is legible."""
        while True:
            if of_strokes:
                made = digits.drawn(label, random)
            else:
                image = self.images[random.choice(np.flatnonzero(self.labels == label)), 0]
                made = digits.enlarged(image, label)
            clean = torch.from_numpy(canvas_to_mnist(np.pad(made.ink(200, 8), 20)))[None, None]
            probabilities = self.network.logits(clean).softmax(dim=1)[0]
            if int(probabilities.argmax()) == label and float(probabilities.max()) > _LEGIBLE:
                return made


def answer_of(content: bytes, network: TrainedNetwork) -> tuple[str, bool] | None:
    """The answer, lines joined by a newline, and whether it is sure; None if there is no digit."""
    try:
        (found,) = extract_digits(content, "picture").images
    except NoDigitError:
        return None
    lines = found.lines if isinstance(found, DigitPage) else ((found,),)
    words, sure = [], True
    for line in lines:
        digits_of_line: list[DigitImage] = list(line)  # type: ignore[arg-type]
        answers = [
            prediction.prediction for prediction in predict_file.predict_images(digits_of_line, network, THRESHOLD)
        ]
        words.append("".join(answer.best.name for answer in answers))
        sure = sure and all(answer.is_confident for answer in answers)
    return "\n".join(words), sure


def _kind_of(answer: tuple[str, bool] | None, expected: str) -> str:
    if answer is None:
        return NONE
    text, is_confident = answer
    if not is_confident:
        return UNSURE
    return RIGHT if text == expected else WRONG


def measured(condition: Condition, number: int, writer: Writer, pictures: int, seed: int) -> Row:
    """`pictures` digits in a condition, and half as many empty pages."""
    random = np.random.default_rng([seed, number])
    row = Row(condition.family, condition.name)
    for index in range(pictures):
        label = (index + number) % 10
        # A pen of a given width can only be had with strokes.
        of_strokes = condition.family == "thin pen" or index % 4 != 3
        content = condition.paint(writer.digit(label, random, of_strokes=of_strokes), random)
        row.counts[_kind_of(answer_of(content, writer.network), str(label))] += 1
    for _ in range(max(1, pictures // 4) if condition.has_empty else 0):
        row.empty[_kind_of(answer_of(condition.paint(None, random), writer.network), "")] += 1
    return row


def measured_pages(kind: str, number: int, writer: Writer, pictures: int, seed: int) -> Row:
    """Pages of several digits: right where all of them are."""
    random = np.random.default_rng([seed, 1000 + number])
    options, lengths = KINDS[kind]
    row = Row("several digits", kind)
    for _ in range(pictures):
        lines = [
            [writer.digit(int(random.integers(10)), random, of_strokes=True) for _ in range(length)]
            for length in lengths
        ]
        made = page(lines, random, **options)
        expected = "\n".join("".join(map(str, line)) for line in made.lines)
        row.counts[_kind_of(answer_of(made.content, writer.network), expected)] += 1
    return row


def rows(writer: Writer, *, pictures: int, held: bool, seed: int) -> Iterator[Row]:
    """Every condition, then the pages of several digits."""
    for number, condition in enumerate(conditions(held)):
        yield measured(condition, number, writer, pictures, seed)
    for number, kind in enumerate(KINDS):
        yield measured_pages(kind, number, writer, max(2, pictures // 2), seed)


HEAD = """| family | condition | right | wrong, and sure | not sure | no digit | empty |
|---|---|---:|---:|---:|---:|---:|"""


def line(row: Row) -> str:
    """Markdown: one condition of the table."""
    total, empty = row.counts.total(), row.empty.total()
    cells = [f"{row.counts[RIGHT]} of {total}", *(str(row.counts[kind] or "") for kind in (WRONG, UNSURE, NONE))]
    share = f"{row.empty[NONE]} of {empty}" if empty else ""
    return f"| {row.family} | {row.name} | {' | '.join(cells)} | {share} |"


def table(measured_rows: Sequence[Row]) -> str:
    """Markdown: one line per condition, and one for all."""
    return "\n".join([HEAD, *map(line, measured_rows), summary(measured_rows)])


def summary(measured_rows: Sequence[Row]) -> str:
    """The last line of the table."""
    counts: Counter[str] = sum((row.counts for row in measured_rows), Counter())
    empty: Counter[str] = sum((row.empty for row in measured_rows), Counter())
    shares = [f"{100 * counts[kind] / counts.total():.1f} %" for kind in (RIGHT, WRONG, UNSURE, NONE)]
    empty_share = f"{100 * empty[NONE] / max(1, empty.total()):.1f} %"
    return f"| **all** | {counts.total():,} pictures | {' | '.join(shares)} | {empty_share} |"


def main() -> None:
    """Print the table, each condition when it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs-dir", type=Path)
    parser.add_argument("--data-dir", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    network = load_trained(runs.find(paths.runs_dir(chosen.runs_dir), chosen.run))
    test = datasets.load_dataset("mnist", paths.data_dir(chosen.data_dir)).test
    writer = Writer(network, test.images, test.labels)
    print(HEAD)
    measured_rows = []
    for row in rows(writer, pictures=chosen.pictures, held=chosen.held, seed=chosen.seed):
        print(line(row), flush=True)
        measured_rows.append(row)
    print(summary(measured_rows))


if __name__ == "__main__":
    main()
