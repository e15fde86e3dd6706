"""The machine's C++ compiler: which one it is, how it is called, and its errors."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_tui.native.toolchain.process import FinishedProcess, run_all
from mnist_tui.native.unsupported import Unsupported
from mnist_tui.system import atomic_file
from mnist_tui.system.cpu import usable_cores

NAMES = ("c++", "g++", "clang++")

HEADERS = Path(__file__).parents[1] / "cpp"
"""The folder of the kernels' headers, `*.hpp`."""

TIME_LIMIT = 120.0
"""Seconds that compiling all files may take, and linking them."""

LIBRARY = "step.so"


@dataclass(frozen=True)
class Compiler:
    """A compiler that was found and answered `--version`."""

    name: str
    """As in a shell: `g++`, or what CXX says."""
    command: tuple[str, ...]
    """Its absolute path, then the arguments that CXX gives it."""
    version: str

    @property
    def flags(self) -> tuple[str, ...]:
        """All but paths. No -ffast-math: a NaN has to stay one, or a run that has diverged looks healthy."""
        flags = ("-std=c++17", "-O3", *_processor_flags(), "-fPIC", "-pthread")
        flags += ("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast")
        if "Free Software Foundation" in self.version:
            # GCC has the inline variables of all libraries in a process shared by name, even those of two
            # networks whose steps differ. And it would keep what one position read for the next, in registers
            # that the sums are in already. Clang does neither, and does not know the flags.
            flags += ("-fno-gnu-unique", "-fno-predictive-commoning")
        return flags

    @property
    def identity(self) -> str:
        """What its libraries depend on, with links resolved: `c++` may be another compiler tomorrow."""
        return "\n".join([os.path.realpath(self.command[0]), *self.command, self.version, *self.flags])


def find_compiler(should_stop: Callable[[], bool]) -> Compiler:
    """The one in CXX, else the first of `NAMES` on the path. Raises Unsupported if none answers."""
    words = _from_environment() or _from_path()
    name = shlex.join(words)
    path = shutil.which(words[0])
    if path is None:
        raise Unsupported(
            f"CXX names {words[0]}, which is not a program here",
            hint="Set CXX to a C++ compiler, or unset it to search the path for one.",
        )
    # Its links are not followed: one that is called by ccache's links is ccache by its real name.
    command = (str(Path(path).absolute()), *words[1:])
    _, result = _call(name, [[*command, "--version"]], should_stop=should_stop)
    if result.status != 0:
        raise Unsupported(f"the C++ compiler {name} failed: {result.explanation}")
    return Compiler(name, command, result.output)


def compile_library(
    compiler: Compiler,
    sources: Mapping[str, str],
    workspace: Path,
    *,
    headers: Path,
    log: Path,
    should_stop: Callable[[], bool],
) -> Path:
    """Compile and link `sources`, C++ text by file name, in the empty folder `workspace`; returns the library's path.

    As many compilers run at once as there are cores. Raises Unsupported with the compiler's first error, whose whole
    output is then in the file `log`; Interrupted; and OSError if `workspace` cannot be written.
    """
    for name, text in sources.items():
        (workspace / name).write_text(text, encoding="utf-8")
    called = [*compiler.command, *compiler.flags]
    objects = [Path(name).with_suffix(".o").name for name in sources]
    compiling = [[*called, f"-I{headers}", "-c", name, "-o", made] for name, made in zip(sources, objects, strict=True)]
    linking = [*called, "-shared", *objects, "-o", LIBRARY]
    command, result = _call(compiler.name, compiling, should_stop=should_stop, workspace=workspace)
    if result.status == 0:
        command, result = _call(compiler.name, [linking], should_stop=should_stop, workspace=workspace)
    library = workspace / LIBRARY
    if result.status == 0 and library.is_file():
        return library
    hint = ""
    with contextlib.suppress(OSError):  # the disk may be full, which is then what the compiler says
        report = f"$ {shlex.join(command)}\n{result.output}\nexit status: {result.status}\n"
        atomic_file.write_bytes(log, report.encode(errors="surrogateescape"))
        hint = f"Its whole output is in {log}."
    if result.status == 0:
        raise Unsupported(f"the C++ compiler {compiler.name} made no library", hint)
    raise Unsupported(f"the C++ compiler {compiler.name} failed: {result.explanation}", hint)


def _from_environment() -> list[str]:
    try:
        return shlex.split(os.environ.get("CXX", ""))
    except ValueError as error:
        raise Unsupported(
            f"CXX cannot be read: {error}",
            hint="Set CXX to a C++ compiler and its arguments, quoted as in a shell.",
        ) from error


def _from_path() -> list[str]:
    for name in NAMES:
        if shutil.which(name):
            return [name]
    raise Unsupported(
        f"no C++ compiler was found (looked for {', '.join(NAMES)})",
        hint="Install one, such as g++ or clang++, or set CXX to one that is not on the path.",
    )


def _processor_flags() -> tuple[str, ...]:
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
) -> FinishedProcess:
    """Run compilers in English, as version and errors are parsed, with temporary files in the workspace."""
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
        raise Unsupported(f"the C++ compiler {name} did not finish within {error.timeout:g} seconds") from error
