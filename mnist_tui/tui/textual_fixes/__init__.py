"""Corrections of Textual 8.2.8, the only modules that reach into what it keeps private.

Each says what Textual does and where that is known. pyproject.toml bounds the versions; a newer one may have made a
correction superfluous. Reports that have no issue yet are in docs/upstream.md.
"""
