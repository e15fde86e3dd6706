"""The process's settings while user code runs: those of a script, restored afterwards."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import torch

from mnist_tui.models.project import InputRequestedError

# Prevents opening windows and asking for accounts while a network is loaded.
_ENVIRONMENT = {"MPLBACKEND": "Agg", "WANDB_MODE": "disabled"}


_lock = threading.RLock()


@contextlib.contextmanager
def run_as_script(path: Path | None) -> Iterator[None]:
    """A context for importing, creating and checking a network, after which the process has its own settings again.

    `sys.argv` has the file alone, standard output is redirected to standard error, also that of programs it starts,
    and reading standard input raises InputRequestedError.
    """
    with _lock, contextlib.ExitStack() as stack:
        if path is not None:
            stack.enter_context(_replace_attribute(sys, "argv", [str(path)]))
        stack.enter_context(_replace_attribute(sys, "stdin", _RefusingInput()))
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        stack.enter_context(_redirect_stdout_descriptor())
        stack.enter_context(_replace_attribute(argparse.ArgumentParser, "error", _refuse_arguments))
        stack.enter_context(_preserve_folder())
        stack.enter_context(_set_environment())
        stack.enter_context(_preserve_signal_handlers())
        stack.enter_context(warnings.catch_warnings())
        stack.callback(sys.setrecursionlimit, sys.getrecursionlimit())
        yield


@contextlib.contextmanager
def preserve_torch_settings() -> Iterator[None]:
    """Restores torch's settings afterwards. Callers take care of the random state."""
    dtype, device, threads = torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads()
    grad, deterministic = torch.is_grad_enabled(), torch.are_deterministic_algorithms_enabled()
    anomaly, precision = torch.is_anomaly_enabled(), torch.get_float32_matmul_precision()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_grad_enabled(grad)
        torch.use_deterministic_algorithms(deterministic)
        torch.autograd.set_detect_anomaly(anomaly)
        torch.set_float32_matmul_precision(precision)


class _RefusingInput:
    """Standard input without a user."""

    encoding, errors, closed = "utf-8", "strict", False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise InputRequestedError(f"it reads standard input (sys.stdin.{name})")

    def readline(self, *_: object) -> NoReturn:
        raise InputRequestedError("it asks for keyboard input")

    read = readlines = __next__ = readline

    def __iter__(self) -> _RefusingInput:
        return self

    def isatty(self) -> bool:
        return False

    def close(self) -> None:
        """`exit()` closes it."""


def _refuse_arguments(_parser: argparse.ArgumentParser, message: str) -> NoReturn:
    raise InputRequestedError(f"it asks for command-line arguments: {message}")


@contextlib.contextmanager
def _redirect_stdout_descriptor() -> Iterator[None]:
    """For output that does not go through Python, such as `os.system("nvidia-smi")`. Terminals show both anyway."""
    try:
        if os.isatty(1):
            yield
            return
        before = os.dup(1)
    except OSError:  # it is closed
        yield
        return
    try:
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)


@contextlib.contextmanager
def _replace_attribute(owner: Any, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextlib.contextmanager
def _preserve_folder() -> Iterator[None]:
    try:
        before = Path.cwd()
    except OSError:  # it has been deleted
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if Path.cwd() != before:
                os.chdir(before)


@contextlib.contextmanager
def _set_environment() -> Iterator[None]:
    added = {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextlib.contextmanager
def _preserve_signal_handlers() -> Iterator[None]:
    """Only the main thread can set signal handlers, so only there they are restored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [number for number in signal.valid_signals() if signal.getsignal(number) is not None]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is not handler:
                with contextlib.suppress(OSError, ValueError):
                    signal.signal(number, handler)
