"""The comparison with PyTorch can fail: a fault that is put into the kernels is seen."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from mnist_tui.native.toolchain.build import build_library
from mnist_tui.native.toolchain.compiler import HEADERS
from mnist_tui.training.backends import native
from tests.native.beside_torch import errors_of_a_step
from tests.native.chains import Batch
from tests.native.compiling import QUICKLY, other_flags
from tests.native.fixed_chains import chain
from tests.native.toolchain import needs_compiler
from tests.native.turning_points import firm_batch

pytestmark = [needs_compiler, pytest.mark.slow]


class Fault(NamedTuple):
    """A text that occurs once in a header, and what replaces it."""

    chain: str
    header: str
    right: str
    wrong: str
    seen: str
    """A tensor that is wrong for it."""


FAULTS = {
    "no gradient of a bias": Fault(
        "fully connected",
        "convolution.hpp",
        "add(bias + vector * L, total, n);",
        "add(bias + vector * L, Floats<L>{}, n);",
        "gradient of 2.bias",
    ),
    "a row too few": Fault(
        "pool of the average",
        "convolution.hpp",
        "Floats<L> sums[kRows][kColumns][C] = {};\n          for (int y = 0; y < kHeight; y++)",
        "Floats<L> sums[kRows][kColumns][C] = {};\n          for (int y = 1; y < kHeight; y++)",
        "gradient of 0.weight",
    ),
    "a column off without padding": Fault(
        "one by one",
        "stage_layout.hpp",
        "kFirstGradient = kGradientPadding * (kRowGradient + kStep);",
        "kFirstGradient = kGradientPadding * (kRowGradient + kStep) - (kGradientPadding == 2 ? kStep : 0);",
        "gradient of 1.weight",
    ),
    "a norm whose deviation has no gradient": Fault(
        "pool of the average",
        "norm.hpp",
        "norm[kBySpread * step + c] = float(scale * norm[kRstd * step + c] * product / count);",
        "norm[kBySpread * step + c] = 0;",
        "gradient of 0.weight",
    ),
    "a norm that counts one too few": Fault(
        "fully connected",
        "norm.hpp",
        "float(scale * sum / count);",
        "float(scale * sum / (count - 1));",
        "gradient of 6.weight",
    ),
    "a variance that is not unbiased": Fault(
        "fully connected", "norm.hpp", "std::fmax(count - 1, 1.0)", "count", "4.running_var"
    ),
    "a mean that is a little off": Fault(
        "fully connected",
        "norm.hpp",
        "means[c] = float(mean);",
        "means[c] = float(mean * 1.001);",
        "4.running_mean",
    ),
    "windows that overlap and overwrite": Fault(
        "pool of the average",
        "stage_tail.hpp",
        "kTiled ? norm_backward(value, g, norm) : load<L>(to) + g",
        "kTiled ? norm_backward(value, g, norm) : g",
        "gradient of 0.weight",
    ),
    "the output of another image": Fault(
        "fully connected",
        "chain.hpp",
        "if (i > 0 && !is_current && !links_[i - 1]->shape.kept) forward_tail(i - 1, key, image);",
        "",
        "gradient of 6.weight",
    ),
    "dropout in one direction alone": Fault(
        "fully connected",
        "stage.hpp",
        "return S::drop > 0 ? g * drop(position(n, y, x, v)) : g;",
        "return g;",
        "gradient of 2.weight",
    ),
    "one number added up a hundred times": Fault(
        "average of a norm",
        "stage_tail.hpp",
        "sum += count * g;",
        "for (int k = 0; k < S::pool * S::pool; k++) sum += g;",
        "gradient of 0.bias",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault, headers = FAULTS[name], tmp_path / "cpp"
    shutil.copytree(HEADERS, headers)
    text = (headers / fault.header).read_text()
    assert text.count(fault.right) == 1
    (headers / fault.header).write_text(text.replace(fault.right, fault.wrong))
    monkeypatch.setattr(native, "build_library", partial(build_library, headers=headers))
    model = chain(fault.chain)
    with other_flags(QUICKLY):
        assert fault.seen in errors_of_a_step(model, firm_batch(model, Batch(5, 0))).unexcused
