"""Untrusted texts cannot control terminals or spreadsheets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.system.sanitize import escape_csv_cell, strip_control_codes


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    left = strip_control_codes(text)
    codes = {*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x2028, 0x2029}
    codes |= {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    assert not any(ord(character) in codes for character in left)
    assert "".join(character for character in text if ord(character) not in codes) == left


@pytest.mark.parametrize("text", ["", "Grüße, 数字 ✓", "two\tcolumns\nand lines", "مرحبا"])
def test_ordinary_texts_stay(text: str) -> None:
    assert strip_control_codes(text) == text


@pytest.mark.parametrize("text", ["=1+1", "+49", "-cmd|' /C calc'!A0", "@SUM(A1)", "\tx", "\x1b=1", "-"])
def test_formulas_become_texts(text: str) -> None:
    cell = escape_csv_cell(text)
    if text == "+49":  # a number is no formula
        assert cell == text
    else:
        assert str(cell).startswith("'")
        assert "\x1b" not in str(cell)


@pytest.mark.parametrize("value", [-0.5, 3, None, "-0.5", "1e-05", "+3", "reference", "a=b"])
def test_numbers_and_names_stay(value: object) -> None:
    assert escape_csv_cell(value) == value
