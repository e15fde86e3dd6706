"""Two networks whose helpers have the same names do not meet, however late they import."""

import sys
from concurrent.futures import ThreadPoolExecutor

import torch

from mnist_tui.models import load_model

NET = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        import helper
        from helper import SIGN

        assert helper.SIGN == SIGN
        return SIGN * self.fc(x.flatten(1))
"""


def write(folder, sign):
    folder.mkdir()
    (folder / "net.py").write_text(NET)
    (folder / "helper.py").write_text(f"SIGN = {sign}\n")
    return f"{folder / 'net.py'}:Net"


def test_helpers_of_one_name_are_kept_apart(tmp_path):
    plus, minus = (load_model(write(tmp_path / name, sign)) for name, sign in (("plus", 1.0), ("minus", -1.0)))
    minus.load_state_dict(plus.state_dict())
    images = torch.randn(4, 1, 28, 28)
    wanted = plus(images).detach()

    def use(model, sign):
        return all(torch.equal(sign * model(images), wanted) for _ in range(200))

    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(use, (plus, minus), (1.0, -1.0)))


def test_the_programs_own_imports_do_not_find_user_files(tmp_path):
    folder = tmp_path / "mine"
    spec = write(folder, 1.0)
    (folder / "colorsys.py").write_text("raise SystemExit('the user\\'s own colorsys')\n")
    sys.modules.pop("colorsys", None)
    load_model(spec)
    import colorsys

    assert colorsys.rgb_to_hsv


def test_an_edited_helper_is_run_anew(tmp_path):
    spec = write(tmp_path / "mine", 1.0)
    first = load_model(spec)
    (tmp_path / "mine" / "helper.py").write_text("SIGN = 2.0\n")
    second = load_model(spec)
    second.load_state_dict(first.state_dict())
    images = torch.randn(2, 1, 28, 28)
    assert torch.equal(2 * first(images), second(images))
