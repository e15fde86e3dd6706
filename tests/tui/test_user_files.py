"""The user's keymap and themes: what can be used is used, and what cannot is named with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.color import Color

from mnist_tui.tui.app import Dashboard
from mnist_tui.tui.keys import KEYS, key_display
from mnist_tui.tui.theme_colors import GROUNDS, contrast
from mnist_tui.tui.themes import THEMES
from mnist_tui.tui.user_files import COLORS, OUR_COLORS, UserFiles, load_user_files
from tests.tui.app_support import OpenDashboard, with_dashboard

MINE = """
background = "#301030"
foreground = "#c0a0c0"
primary = "purple"
partner = "mnist-frost"
"""


def keymap(folder: Path, *lines: str) -> UserFiles:
    (folder / "keymap.toml").write_text("\n".join(lines))
    return load_user_files(folder)


def theme(folder: Path, text: str, name: str = "mine") -> UserFiles:
    (folder / "themes").mkdir(exist_ok=True)
    (folder / "themes" / f"{name}.toml").write_text(text)
    return load_user_files(folder)


def test_without_files_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert load_user_files(tmp_path) == UserFiles()
    assert load_user_files(tmp_path / "nowhere") == UserFiles()


def test_keys_are_taken_from_the_keymap(tmp_path: Path) -> None:
    found = keymap(tmp_path, 'stop = "ctrl+s, f5"', 'zoom = "f"', 'one-more = "+"')
    assert found.keymap == {"stop": "ctrl+s,f5", "zoom": "f", "one-more": "plus"}
    assert found.notices == []


def test_two_actions_may_swap_their_keys(tmp_path: Path) -> None:
    assert keymap(tmp_path, 'stop = "x"', 'export = "s"').notices == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('stopp = "x"', "line 2: there is no action 'stopp'; did you mean 'stop'?"),
        ('stop = "ctrl+nothing"', "line 2: 'ctrl+nothing' is no key."),
        ('stop = ""', "line 2: '' is no key."),
        ("stop = 3", 'line 2: stop is 3. Write its keys in quotes: stop = "ctrl+s"'),
        ('stop = "x"', "line 2: 'x' is a key of 'export' already. Take another, or give 'export' one of its own."),
        ('help = "/"', "line 2: 'slash' is a key of 'filter' already."),
        ('quit-now = "x"', "line 2: the keys of 'quit-now' are fixed."),
        ("stop = x", "line 2: this is not TOML"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_the_rest_is_used(tmp_path: Path, line: str, problem: str) -> None:
    found = keymap(tmp_path, 'zoom = "f"', line)
    [notice] = found.notices
    assert notice.startswith(f"keymap.toml, {problem}")
    assert found.keymap == ({} if "TOML" in problem else {"zoom": "f"})


def test_a_theme_of_three_colors_gets_the_rest_and_can_be_read(tmp_path: Path) -> None:
    found = theme(tmp_path, MINE)
    assert found.notices == []
    mine = found.themes["mine"]
    assert mine.dark
    assert set(OUR_COLORS) <= set(mine.variables)
    colors = mine.to_color_system().generate() | mine.variables
    for name in ("muted", "text-primary", "text-error", "train"):
        assert contrast(Color.parse(colors[name]), Color.parse(colors["background"])) >= 4.5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('primary = "#12"', "line 1: '#12' is no color."),
        ('primary = "blue"\nprimry = "red"', "line 2: a theme has no color 'primry'; did you mean 'primary'?"),
        ('primary = "blue"\ndark = "yes"', "line 2: dark is true or false"),
        ('primary = "blue"\ntest = "red 50%"', "line 2: 'red 50%' is no color."),
        ('background = "black"', 'a theme needs a color "primary". Add: primary = "#4c8dff"'),
        ("primary", "line 1: this is not TOML"),
    ],
)
def test_what_a_theme_cannot_say_is_named(tmp_path: Path, text: str, problem: str) -> None:
    found = theme(tmp_path, text)
    assert found.notices[0].startswith("themes/mine.toml")
    assert problem in found.notices[0]


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "keymap.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "large.toml").write_bytes(b"#" * 2**20)
    (tmp_path / "themes" / "folder.toml").mkdir()
    notices = load_user_files(tmp_path).notices
    assert [notice.split(" cannot be read")[0] for notice in notices] == [
        *("keymap.toml", "themes/folder.toml", "themes/large.toml")
    ]


@given(st.text(max_size=200))
def test_no_text_is_more_than_a_notice(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("config")
    theme(folder, f'primary = "red"\n{text}')
    keymap(folder, text, f'stop = "{text}"')


def test_the_dashboard_uses_them_and_says_what_it_could_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theme(tmp_path, MINE)
    files = keymap(tmp_path, 'help = "f1"', 'screen-runs = "f5"', 'new-run = "ctrl+n"', 'nonsense = "y"')
    before = Dashboard.__init__
    monkeypatch.setattr(Dashboard, "__init__", lambda *args, **kw: before(*args, **kw, user_files=files, theme="mine"))

    async def scenario(dashboard: OpenDashboard) -> None:
        app = dashboard.app
        assert app.theme == "mine"
        await dashboard.until(lambda: "keymap.toml, line 4: there is no action 'nonsense'. docs" in dashboard.toasts)
        await dashboard.wait_for_text("f1 Help", "^n New run", "f5 Runs")
        await dashboard.press("5", "question_mark")  # they are no keys now
        assert app.current_mode == "train"
        await dashboard.press("f5")
        assert app.current_mode == "runs"
        assert key_display(app, "screen-runs") == "f5"
        await dashboard.press("T")
        assert app.theme == "mnist-frost"  # as the theme says

    with_dashboard(scenario, tmp_path, has_job=False)


def test_an_unknown_theme_is_refused_with_the_most_similar(tmp_path: Path) -> None:
    from mnist_tui.config import TrainConfig
    from mnist_tui.errors import ConfigError
    from mnist_tui.training.jobs import Folders

    with pytest.raises(ConfigError, match=r"no theme 'mnist-papr'; did you mean 'mnist-paper'\?"):
        Dashboard(TrainConfig(), Folders(tmp_path, tmp_path), theme="mnist-papr")


def test_the_document_lists_every_action_color_and_theme() -> None:
    document = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text(encoding="utf-8")
    rows = [f"| `{entry.id}` | {_keys(entry.keys)} | {entry.meaning} |" for entry in KEYS.values()]
    assert [row for row in rows if row not in document] == []
    assert [name for name in (*COLORS, *OUR_COLORS) if f"`{name}`" not in document] == []
    assert [found.name for found in THEMES if f"`{found.name}`" not in document] == []
    assert all(ground in document for ground in GROUNDS)


def _keys(keys: str) -> str:
    return " ".join(f"`{key}`" for key in keys.split(","))
