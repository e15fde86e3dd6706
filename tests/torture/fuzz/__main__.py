"""Fuzz one harness: `python -m tests.torture.fuzz NAME --seconds N`."""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from tests.torture.fuzz.harness import Harness

GUIDES = ["mnist_tui", "PIL", "tomllib", "zipfile"]
"""The packages whose branches the fuzzer sees; compiled code shows it none."""

SECONDS_PER_INPUT = 10
_ROOM = 4 * 2**30  # bytes of addresses that inputs may take beyond what was there at the start


def _harnesses() -> Mapping[str, Harness]:
    with atheris.instrument_imports(include=GUIDES):
        from tests.torture.fuzz import harness, of_files, of_runs
    import torch._weights_only_unpickler as unpickler

    atheris.instrument_func(unpickler.Unpickler.load)
    atheris.instrument_func(harness.planted)
    return {**of_runs.HARNESSES, **of_files.HARNESSES, **harness.CONTROLS}


def main() -> None:
    """Never returns: the fuzzer ends the process, with 0 where it found nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.fuzz", description=__doc__)
    parser.add_argument("name", help="what is to be read")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for what is found; else a new one")
    parser.add_argument("--input", type=Path, help="try this one file, and nothing else")
    options = parser.parse_args()
    harnesses = _harnesses()
    if options.name not in harnesses:
        parser.error(f"NAME is one of {', '.join(harnesses)}")
    chosen = harnesses[options.name]
    folder = options.folder or Path(tempfile.mkdtemp(prefix=f"fuzz-{options.name}-"))
    _fuzz(chosen, folder, options)


def _fuzz(chosen: Harness, folder: Path, options: argparse.Namespace) -> None:
    from tests.torture.fuzz.harness import careful

    for name in ("seeds", "corpus", "work", "making"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(chosen.seeds(folder / "making")):
        (folder / "seeds" / str(number)).write_bytes(seed)
    os.fsync = lambda _file: None  # a disk's speed is not what is tried
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _ROOM, used + _ROOM))
    limits = (
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed}",
        f"-timeout={SECONDS_PER_INPUT}",
        "-rss_limit_mb=3000",
        f"-max_len={chosen.longest}",
        f"-artifact_prefix={folder}{os.sep}",
        "-print_final_stats=1",
    )
    files = [options.input] if options.input else [folder / "corpus", folder / "seeds"]
    atheris.Setup([sys.argv[0], *limits, *map(str, files)], careful(chosen.use, folder / "work"))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
