"""The machine's C++ compiler: which one it is, how it is called, and what it says when it fails."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_tui.native.codegen.unit import Unit
from mnist_tui.native.toolchain.process import ProcessFailedError, run_all
from mnist_tui.native.unsupported import Unsupported
from mnist_tui.system import atomic_file
from mnist_tui.system.cpu import usable_cores

NAMES = ("c++", "g++", "clang++")

HEADERS = Path(__file__).parents[1] / "cpp"
"""The folder of the kernels' headers, `*.hpp`."""

TIME_LIMIT = 120.0
"""Seconds that compiling all units may take, and linking them."""

LIBRARY = "step.so"


@dataclass(frozen=True)
class Compiler:
    """One that is there and has told its version."""

    name: str
    """As a person calls it: `g++`, or what CXX says."""
    command: tuple[str, ...]
    """Its absolute path, then the arguments that CXX gives it."""
    version: str

    @property
    def flags(self) -> tuple[str, ...]:
        """All but where things lie. No -ffast-math: a NaN has to stay one, or a run that has diverged looks sound."""
        flags = ("-std=c++17", "-O3", *_for_this_processor(), "-fPIC", "-pthread")
        flags += ("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast")
        if "Free Software Foundation" in self.version:
            # GCC has the inline variables of all libraries in a process shared by name, even those of two
            # networks whose steps differ. And it would keep what one position read for the next, in registers
            # that the sums are in already. Clang does neither, and does not know the flags.
            flags += ("-fno-gnu-unique", "-fno-predictive-commoning")
        return flags

    @property
    def identity(self) -> str:
        """What its libraries depend on: links followed, since `c++` may be another compiler tomorrow."""
        return "\n".join([os.path.realpath(self.command[0]), *self.command, self.version, *self.flags])


def find_compiler(should_stop: Callable[[], bool]) -> Compiler:
    """CXX's, else the first of `NAMES` on the path. Raises Unfit when there is none that answers."""
    words = _from_environment() or _from_path()
    name = shlex.join(words)
    path = shutil.which(words[0])
    if path is None:
        raise Unsupported(
            f"CXX names {words[0]}, which is no program here",
            hint="Set CXX to a C++ compiler, or unset it to have one looked for.",
        )
    # Its links are not followed: one that is called by ccache's links is ccache by its real name.
    command = (str(Path(path).absolute()), *words[1:])
    _, outcome = _call(name, [[*command, "--version"]], should_stop=should_stop)
    if outcome.status != 0:
        raise Unsupported(f"the C++ compiler {name} failed: {outcome.explanation}")
    return Compiler(name, command, outcome.output)


def compile_library(
    compiler: Compiler,
    units: Sequence[Unit],
    workspace: Path,
    *,
    headers: Path,
    log: Path,
    should_stop: Callable[[], bool],
) -> Path:
    """The path of the library, in the empty folder `workspace`, where all of the compiler's files are.

    Units are compiled by as many compilers at once as there are cores, and then linked. Raises Unfit with the
    compiler's first error, all of which is then in the file `log`; Interrupted; and OSError when `workspace`
    cannot be written.
    """
    for unit in units:
        (workspace / unit.file).write_text(unit.text, encoding="utf-8")
    called = [*compiler.command, *compiler.flags]
    objects = [Path(unit.file).with_suffix(".o").name for unit in units]
    compiling = [
        [*called, f"-I{headers}", "-c", unit.file, "-o", made]
        for unit, made in zip(units, objects, strict=True)
    ]
    linking = [*called, "-shared", *objects, "-o", LIBRARY]
    command, outcome = _call(compiler.name, compiling, should_stop=should_stop, workspace=workspace)
    if outcome.status == 0:
        command, outcome = _call(compiler.name, [linking], should_stop=should_stop, workspace=workspace)
    library = workspace / LIBRARY
    if outcome.status == 0 and library.is_file():
        return library
    hint = ""
    with contextlib.suppress(OSError):  # the disk may be full, which is then what the compiler says
        story = f"$ {shlex.join(command)}\n{outcome.output}\nexit status: {outcome.status}\n"
        atomic_file.write_bytes(log, story.encode(errors="surrogateescape"))
        hint = f"Its whole output is in {log}."
    if outcome.status == 0:
        raise Unsupported(f"the C++ compiler {compiler.name} made no library", hint)
    raise Unsupported(f"the C++ compiler {compiler.name} failed: {outcome.explanation}", hint)


def _from_environment() -> list[str]:
    try:
        return shlex.split(os.environ.get("CXX", ""))
    except ValueError as error:
        raise Unsupported(
            f"CXX cannot be read: {error}", hint="Set CXX to a C++ compiler and its arguments, quoted well."
        ) from error


def _from_path() -> list[str]:
    for name in NAMES:
        if shutil.which(name):
            return [name]
    raise Unsupported(
        f"no C++ compiler was found (looked for {', '.join(NAMES)})",
        hint="Install one, such as g++ or clang++, or set CXX to one that is not on the path.",
    )


def _for_this_processor() -> tuple[str, ...]:
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64", "i686", "i386"):
        return ("-march=native",)
    return ("-mcpu=native",) if machine.startswith(("aarch64", "arm")) else ()


def _call(
    name: str,
    commands: Sequence[list[str]],
    *,
    should_stop: Callable[[], bool],
    workspace: Path | None = None,
) -> ProcessFailedError:
    """In English, because the version and errors are parsed. Temporary files go to the workspace."""
    environment = {"LC_ALL": "C"} | ({} if workspace is None else {"TMPDIR": "."})
    try:
        return run_all(
            commands,
            at_once=usable_cores(),
            time_limit=TIME_LIMIT,
            should_stop=should_stop,
            workspace=workspace,
            environment=environment,
        )
    except OSError as error:
        raise Unsupported(f"the C++ compiler {name} cannot be started: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise Unsupported(f"the C++ compiler {name} was not done after {error.timeout:g} seconds") from error
