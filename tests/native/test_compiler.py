"""Which compiler is taken, how it is called, and how its failure is reported."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from torch import nn

from mnist_tui.errors import Interrupted
from mnist_tui.native.codegen.source import generate_source
from mnist_tui.native.toolchain import compiler
from mnist_tui.native.toolchain.build import build_library, never_stop
from mnist_tui.native.toolchain.compiler import HEADERS, NAMES, Compiler, find_compiler
from tests.native.compiling import plan_for
from tests.native.toolchain import (
    SOURCE,
    Pulse,
    fixture_cache,
    fixture_pulse,
    libraries,
    make,
    needs_compiler,
    refused,
    script,
)

__all__ = ["fixture_cache", "fixture_pulse"]
pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the path."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


# Finding one


def test_no_compiler(tools: Path) -> None:
    answer = refused()
    assert answer.reason == "no C++ compiler was found (looked for c++, g++, clang++)"
    assert "Install one, such as g++ or clang++" in answer.hint


def test_the_first_on_the_path(tools: Path) -> None:
    for name in reversed(NAMES):
        script(tools / name, "exit 1", version=f"{name} 1.0")
        assert find_compiler(never_stop).name == name
        assert find_compiler(never_stop).version == f"{name} 1.0\n"


def test_cxx_comes_first(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tools / "c++", "exit 1")
    mine = script(tmp_path / "my own++", "exit 1", version="mine")
    monkeypatch.setenv("CXX", f"'{mine}' -m64 '-DTEXT=a b'")
    found = find_compiler(never_stop)
    assert found.name == f"'{mine}' -m64 '-DTEXT=a b'"
    assert found.command == (str(mine), "-m64", "-DTEXT=a b")
    assert found.version == "mine\n"
    monkeypatch.setenv("CXX", " ")
    assert find_compiler(never_stop).name == "c++"


def test_a_link_is_called_by_its_own_name(tools: Path) -> None:
    # ccache, distinguished from the compilers it stands in for by the name it is called by alone.
    (tools / "ccache").write_text('#!/bin/sh\necho "as ${0##*/}"')
    (tools / "ccache").chmod(0o755)
    (tools / "g++").symlink_to("ccache")
    assert find_compiler(never_stop).version == "as g++\n"


def test_a_link_to_another_compiler_is_another_compiler(tools: Path) -> None:
    identities = set()
    for name in ("one", "two"):
        script(tools / name, "exit 1")
        (tools / "c++").unlink(missing_ok=True)
        (tools / "c++").symlink_to(name)
        identities.add(find_compiler(never_stop).identity)
    assert len(identities) == 2


def test_a_relative_cxx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "fake++", "echo 'error: reached'; exit 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CXX", "./fake++")
    assert refused().reason == "the C++ compiler ./fake++ failed: error: reached"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("nowhere++ -O3", "CXX names nowhere++, which is not a program here"),
        ("/etc/passwd", "CXX names /etc/passwd, which is not a program here"),
        ("/", "CXX names /, which is not a program here"),
        ("'g++", "CXX cannot be read: No closing quotation"),
    ],
)
def test_a_cxx_that_is_none(value: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", value)
    answer = refused()
    assert answer.reason == reason
    assert answer.hint.startswith("Set CXX to a C++ compiler")


# Calling it


def test_the_flags_owe_nothing_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXXFLAGS", "-ffast-math -O0")
    flags = Compiler("g++", ("/usr/bin/g++",), "Free Software Foundation").flags
    assert "-O3" in flags
    assert "-O0" not in flags
    assert "-ffast-math" not in flags
    assert {"-fno-gnu-unique", "-fno-predictive-commoning"} <= set(flags)
    others = set(Compiler("clang++", ("/usr/bin/clang++",), "clang").flags)
    assert others.isdisjoint(("-fno-gnu-unique", "-fno-predictive-commoning"))


@pytest.mark.parametrize(
    ("machine", "flag"),
    [("x86_64", "-march=native"), ("aarch64", "-mcpu=native"), ("arm64", "-mcpu=native"), ("riscv64", None)],
)
def test_the_processor_is_the_machines_own(machine: str, flag: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    flags = Compiler("g++", ("/usr/bin/g++",), "").flags
    assert [word for word in flags if word.endswith("=native")] == [flag] * bool(flag)


def test_it_speaks_english_and_keeps_its_files_in_the_cache(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    told = 'echo "error: mine"; echo "told: $LC_ALL $TMPDIR $(pwd)"; : > "$TMPDIR/file"; exit 1'
    fake = script(tmp_path / "fake++", told)
    monkeypatch.setenv("CXX", str(fake))
    log = Path(refused().hint.removeprefix("Its whole output is in ").removesuffix("."))
    locale, temporary, here = log.read_text().partition("told: ")[2].splitlines()[0].split(" ")
    assert locale == "C"
    assert temporary == "."
    assert Path(here).parent == cache
    assert libraries(cache) == []


def test_the_headers_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", str(script(tmp_path / "fake++", 'printf "error: %s\n" "$@"; exit 1')))
    hint = refused().hint
    log = Path(hint.removeprefix("Its whole output is in ").removesuffix("."))
    assert f"error: -I{HEADERS}\n" in log.read_text()
    assert Path(compiler.__file__).parents[1] / "cpp" == HEADERS


def compilers_here() -> dict[str, str]:
    """Their names by what they are: `c++` is one of the others."""
    return {str(Path(path).resolve()): name for name in NAMES if (path := shutil.which(name))}


@needs_compiler
@pytest.mark.parametrize("name", compilers_here().values())
def test_no_compiler_finds_anything_to_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", f"{name} -Werror")
    sources = generate_source(plan_for(nn.Sequential(nn.MaxPool2d(28), nn.Flatten(), nn.Linear(1, 10))))
    assert build_library(sources, on_progress=lambda _what: None).native_open


MEETING = """
case "$*" in
    *"-c step.cpp"*) read word < '{0}';;
    *"-c part1.cpp"*) echo word > '{0}';;
esac
exec "$REAL" "$@"
"""


@needs_compiler
def test_files_are_compiled_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "meeting")
    fake = script(tmp_path / "fake++", MEETING.format(tmp_path / "meeting"))
    monkeypatch.setenv("CXX", str(fake))
    monkeypatch.setattr(compiler, "usable_cores", lambda: 2)
    assert make(SOURCE, "int more;")[0].answer() == 42
    monkeypatch.setattr(compiler, "usable_cores", lambda: 1)
    monkeypatch.setattr(compiler, "TIME_LIMIT", 0.5)
    assert "did not finish within" in refused(SOURCE, "int another;").reason


@needs_compiler
def test_on_one_core_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = f"""mkdir '{tmp_path}/busy' || exit 1; "$REAL" "$@"; rmdir '{tmp_path}/busy'"""
    monkeypatch.setenv("CXX", str(script(tmp_path / "fake++", body)))
    monkeypatch.setattr(compiler, "usable_cores", lambda: 1)
    assert make(SOURCE, "int one;", "int two;", "int three;")[0].answer() == 42


# Failing


@needs_compiler
def test_an_error_in_the_source(cache: Path) -> None:
    answer = refused("int fine;\nint wrong = nothing;\nint more = nothing;\n")
    assert answer.reason.startswith("the C++ compiler c++ failed: step.cpp:2:")
    assert "error:" in answer.reason
    assert "nothing" in answer.reason
    log = cache / "compiler.log"
    assert str(log) in answer.hint
    assert "step.cpp:3:" in log.read_text()
    assert libraries(cache) == []


@needs_compiler
def test_an_error_in_a_further_file(cache: Path) -> None:
    answer = refused(SOURCE, "int fine;\n", "int wrong = nothing;\n")
    assert answer.reason.startswith("the C++ compiler c++ failed: part2.cpp:1:")
    assert "part2.cpp -o part2.o" in (cache / "compiler.log").read_text()
    assert libraries(cache) == []


@needs_compiler
def test_files_that_do_not_fit_together(cache: Path) -> None:
    answer = refused(SOURCE, SOURCE)
    assert "multiple definition" in answer.reason or "duplicate symbol" in answer.reason
    assert "-shared step.o part1.o" in (cache / "compiler.log").read_text()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("exit 3", "failed: it ended with exit status 3"),
        ("kill -9 $$", "failed: it was ended by signal 9 (Killed)"),
        ("echo; echo ' first'; echo second; exit 1", "failed: first"),
        (
            "echo first; echo 'ld: cannot find -lc'; echo 'collect2: error: 1'; exit 1",
            "failed: ld: cannot find -lc",
        ),
        (r"printf '\033[31mfatal \007error: \377\000x\r\n' >&2; exit 1", "failed: [31mfatal  error: � x"),
        ("exit 0", "made no library"),
        ("mkdir -p step.so", "made no library"),
    ],
)
def test_a_compiler_that_fails(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    fake = script(tmp_path / "fake++", body)
    monkeypatch.setenv("CXX", str(fake))
    answer = refused()
    assert answer.reason == f"the C++ compiler {fake} {message}"
    assert answer.hint == f"Its whole output is in {cache / 'compiler.log'}."
    assert "exit status: " in (cache / "compiler.log").read_text(errors="replace")
    assert libraries(cache) == []


def test_where_the_log_cannot_be_written_it_is_not_named(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "compiler.log").mkdir(parents=True)
    cache.chmod(0o700)
    monkeypatch.setenv("CXX", str(script(tmp_path / "fake++", "echo 'error: no room'; exit 1")))
    answer = refused()
    assert answer.reason.endswith("failed: error: no room")
    assert answer.hint == ""


def test_a_compiler_that_cannot_tell_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "fake++"
    fake.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'error: no license'; exit 1")
    fake.chmod(0o755)
    monkeypatch.setenv("CXX", str(fake))
    assert refused().reason == f"the C++ compiler {fake} failed: error: no license"


@pytest.mark.parametrize("content", [b"no program", b"#!/no/such/shell\n", b"\x7fELF", b""])
def test_a_compiler_that_is_not_a_program(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "fake++"
    fake.write_bytes(content)
    fake.chmod(0o755)
    monkeypatch.setenv("CXX", str(fake))
    assert refused().reason.startswith(f"the C++ compiler {fake} cannot be started: ")


def test_a_compiler_that_never_ends(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pulse: Pulse) -> None:
    fake = script(tmp_path / "fake++", pulse.hanging)
    monkeypatch.setenv("CXX", str(fake))
    monkeypatch.setattr(compiler, "TIME_LIMIT", 0.5)
    assert refused().reason == f"the C++ compiler {fake} did not finish within 0.5 seconds"
    while pulse.wait():
        pass  # it said that it started; then all that it started is gone
    assert libraries(cache) == []


@needs_compiler
def test_a_stop_while_it_compiles(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pulse: Pulse) -> None:
    monkeypatch.setenv("CXX", str(script(tmp_path / "fake++", pulse.hanging)))
    with pytest.raises(Interrupted):
        make(should_stop=pulse.started)
    assert not pulse.wait()
    assert libraries(cache) == []
    shutil.rmtree(cache)
    monkeypatch.delenv("CXX")
    assert make()[0].answer() == 42
