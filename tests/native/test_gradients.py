"""One compiled step: loss, gradients and running statistics against autograd in float64, dropout and all."""

from __future__ import annotations

import copy
from typing import NamedTuple

import pytest
import torch
from hypothesis import Phase, given, settings

from mnist_tui.data import loader
from mnist_tui.training.backends.base import StepSettings
from tests.engine_fixtures import tiny_config
from tests.native.beside_torch import ROUNDING, errors_of_a_step
from tests.native.chains import Batch, Chain, batches, chains
from tests.native.compiling import QUICKLY, has_instructions, native, other_flags
from tests.native.fixed_chains import CHAINS, chain
from tests.native.toolchain import needs_compiler
from tests.native.turning_points import find_firm_batch, firm_batch

pytestmark = needs_compiler

WIDTHS = {"x86-64": (), "x86-64-v3": ("avx2", "fma"), "x86-64-v4": ("avx512f", "avx512vl", "avx512bw")}


@pytest.mark.parametrize("name", CHAINS)
def test_a_step_is_that_of_autograd_in_float64(name: str) -> None:
    model = chain(name)
    with other_flags({} if name == "reference" else QUICKLY):
        batch = firm_batch(model, Batch(5, 0))
        assert errors_of_a_step(model, batch).unexcused == {}


def test_labels_may_be_smoothed() -> None:
    model, config = chain("fully connected"), tiny_config(label_smoothing=0.2)
    with other_flags(QUICKLY):
        batch = firm_batch(model, Batch(5, 0), config)
        assert errors_of_a_step(model, batch, config).unexcused == {}


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 31])
def test_batches_of_any_size(count: int) -> None:
    """Chunks of images are of different sizes then; a smaller batch leaves some of the room empty."""
    model, config = chain("one by one" if count > 1 else "pool of the average"), tiny_config()
    with other_flags(QUICKLY):
        batch = firm_batch(model, Batch(count, 0), config)
        assert errors_of_a_step(model, batch, config).unexcused == {}


@pytest.mark.parametrize("level", WIDTHS)
@pytest.mark.parametrize("name", ["one by one", pytest.param("wide padding", marks=pytest.mark.slow)])
def test_registers_of_any_width(name: str, level: str) -> None:
    if not has_instructions(*WIDTHS[level]):
        pytest.skip(f"no {level} processor")
    model = chain(name)
    with other_flags(QUICKLY | {"-march=native": f"-march={level}"}):
        batch = firm_batch(model, Batch(4, 0))
        assert errors_of_a_step(model, batch).unexcused == {}


@pytest.mark.parametrize("name", CHAINS)
def test_evaluation_is_that_of_float64(name: str) -> None:
    model = chain(name)
    images = Batch(40, 1).images()
    expected = copy.deepcopy(model).double().eval()(images).log_softmax(1)
    with other_flags({} if name == "reference" else QUICKLY):
        found = native(model, threads=2).logits(images.float()).double().log_softmax(1)
    # A sum of n products of order 1, in whatever order, is off by about √n · 2^-24: 2e-6 for the longest here, and
    # a chain of a few such layers, with logits of up to 10, by some times that.
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def test_what_is_not_a_number_stays_so() -> None:
    """A diverged run has to be seen, through ReLU and pooling too."""
    with other_flags(QUICKLY):
        backend = native(chain("pool of the average"))
    batch = Batch(4, 0)
    images = batch.images(torch.float32)
    images[2, 0, 14, 14] = float("nan")
    assert backend.step(loader.Batch(images, batch.labels()), StepSettings(0, 0.01, 0.9)).loss_sum.isnan()
    assert backend.logits(images)[2].isnan().all()


DISTINCT = 200
"""Chains to be met; Hypothesis draws some of them twice."""


@pytest.mark.slow
def test_two_hundred_random_chains() -> None:
    """In a chain that magnifies rounding, whose error is larger is a matter of luck: seldom ours, and never by much.

    What fails is printed so that it can be made again: `errors_of_a_step(model, batch)`.
    """
    met: set[str] = set()
    tensors, worse, left_out = 0, [], []

    @settings(deadline=None, max_examples=2 * DISTINCT, phases=[Phase.generate])
    @given(chains() | chains(dropout=0.3), batches())
    def compare(model: Chain, drawn: Batch) -> None:
        nonlocal tensors
        if repr(model) in met or len(met) == DISTINCT:
            return
        met.add(repr(model))
        batch = find_firm_batch(model, drawn)
        if batch is None:
            left_out.append(f"model = {model!r}\nbatch = {drawn!r}")
            return
        found = errors_of_a_step(model, batch)
        tensors += len(found.ours)
        worse.extend(
            Worse(name, *pair, f"model = {model!r}\nbatch = {batch!r}") for name, pair in found.unexcused.items()
        )

    with other_flags(QUICKLY):
        compare()
    report = "\n".join(
        [
            f"{len(worse)} of {tensors} tensors are off by more than 1e-5 and than torch's in float32:",
            *map(str, worse),
        ]
    )
    print(report)
    assert len(met) == DISTINCT
    assert len(left_out) <= 0.02 * DISTINCT, "\n".join(left_out)
    assert all(one.ours <= MUCH * max(ROUNDING, one.torchs) for one in worse), report
    assert len(worse) <= 0.01 * tensors, report


MUCH = 5
"""Times what PyTorch's float32 is off at most."""


class Worse(NamedTuple):
    """A tensor that is further from the truth than PyTorch's, and how the case is made again."""

    name: str
    ours: float
    torchs: float
    case: str

    def __str__(self) -> str:
        return f"{self.name} is off by {self.ours:.1e}, torch's by {self.torchs:.1e}, in\n{self.case}"
