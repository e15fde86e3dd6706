"""The README's animation: what is drawn once, and when it is shown."""

from __future__ import annotations

import importlib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_PLAIN = Style.parse("#ffffff on #000000")


def test_a_row_is_drawn_once_per_look_and_shown_while_it_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "docs")
    recorded = importlib.import_module("animation").Animation(8, 2, "#000000")
    for second in ("<one>", "two", "<one>"):
        lines = [Strip([Segment("always", _PLAIN)]), Strip([Segment(second, _PLAIN + Style(bold=True))])]
        recorded.add(lines, 2.0)
    svg = recorded.to_svg("a & b")
    ElementTree.fromstring(svg)
    assert [svg.count(text) for text in (">always<", ">&lt;one&gt;<", ">two<", "a &amp; b")] == [1, 1, 1, 1]
    assert "0.000%{opacity:1}33.333%{opacity:0}66.667%{opacity:1}" in svg
    assert "0.000%{opacity:0}33.333%{opacity:1}66.667%{opacity:0}" in svg
    assert svg.count("6s step-end infinite") == 2
