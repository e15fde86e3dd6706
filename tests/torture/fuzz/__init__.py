"""Fuzzing guided by coverage: what reaches new code is kept and changed further. Needs the extra `fuzz`.

`python -m tests.torture.fuzz NAME --seconds N` hunts; NAME is what is read. It ends with an error at the first
input that is neither read nor refused in words, or takes too long or too much memory, and leaves it in a file.
"""
