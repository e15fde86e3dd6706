"""Fetching a dataset's files: from its mirrors in turn, checked before they appear, one process at a time."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from mnist_tui.data.download.http import DownloadSettings, MirrorFailedError, describe_error, download
from mnist_tui.data.download.progress import DatasetProgress, ignore_event
from mnist_tui.data.download.verified_files import UnusableFileError, find_verified
from mnist_tui.data.registry import DataFile, DatasetSpec
from mnist_tui.errors import DataError
from mnist_tui.events import Notice, Report
from mnist_tui.system.file_lock import FileLock
from mnist_tui.system.paths import DATA_DIR_VARIABLE

LOCK = ".fetch.lock"
PARTIAL = ".fetching"
"""The folder for files that are being downloaded, before they are checked and moved to their places."""
_POLL = 0.1
"""Seconds between two checks whether another process is done."""


def fetch_dataset(
    entry: DatasetSpec, home: Path, *, report: Report = ignore_event, settings: DownloadSettings | None = None
) -> None:
    """Fetch every file of `entry` into the folder `home`, except those that are there and verified.

    `report` receives the progress and a notice of each mirror that fails; it may raise Interrupted, and no partial file
    remains. Raises DataError if a file is not available or `home` cannot be written.
    """
    with _lock_folder(entry, home, report):
        _Fetch(entry, home, report, settings or DownloadSettings()).fetch_all()


@contextlib.contextmanager
def _lock_folder(entry: DatasetSpec, home: Path, report: Report) -> Iterator[None]:
    """Hold the folder's lock, so that a second process waits and then finds the files."""
    lock = FileLock(home / LOCK)
    progress = DatasetProgress(report, entry.name, "fetching", "another process is fetching", "bytes")
    with _explain_disk_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        while not lock.try_acquire(_POLL):
            progress(0)  # also the moment at which `report` may abort
    try:
        yield
    finally:
        lock.release()


@dataclass
class _Fetch:
    """One attempt at all files of `entry`, with the lock held."""

    entry: DatasetSpec
    home: Path
    report: Report
    settings: DownloadSettings
    failed: set[str] = field(default_factory=set)
    """Mirrors that failed for one file, which are tried last for the next."""

    def fetch_all(self) -> None:
        try:
            with _explain_disk_errors(self.home):
                self._remove_partial_files()  # what a killed process left
                (self.home / PARTIAL).mkdir()
            for file in self.entry.files:
                if not self._is_present(file):
                    self._fetch_file(file)
        finally:
            self._remove_partial_files()

    def _remove_partial_files(self) -> None:
        shutil.rmtree(self.home / PARTIAL, ignore_errors=True)

    def _is_present(self, file: DataFile) -> bool:
        try:
            find_verified(self.entry, self.home, file)
        except UnusableFileError:
            return False
        return True

    def _fetch_file(self, file: DataFile) -> None:
        reasons: list[str] = []
        for mirror in sorted(self.entry.mirrors, key=self.failed.__contains__):
            try:
                self._fetch_from(mirror, file)
            except MirrorFailedError as error:
                self.failed.add(mirror)
                reasons.append(f"{mirror}: {error}")
                message = f"{file.name} could not be fetched from {mirror}: {error}."
                self.report(Notice(topic="data", message=message, severity="detail"))
            else:
                return
        raise DataError(
            f"{self.home / file.name} could not be fetched ({'; '.join(reasons)}).",
            remedy=f"Check the connection and run `mnist-tui data fetch {self.entry.name}`, or put the file there.",
        )

    def _fetch_from(self, mirror: str, file: DataFile) -> None:
        """Raises MirrorFailedError if the mirror fails, DataError if the folder cannot be written."""
        progress = DatasetProgress(self.report, self.entry.name, "fetching", file.name, "bytes")
        partial = self.home / PARTIAL / file.name
        try:
            with _explain_disk_errors(self.home):
                md5 = download(mirror + file.name, partial, self.settings, progress)
                if md5 != file.md5:
                    raise MirrorFailedError("what it sent is not the expected file (wrong MD5 sum)")
                partial.chmod(0o644)
                partial.replace(self.home / file.name)
        except (requests.RequestException, HTTPError) as error:
            raise MirrorFailedError(describe_error(error, self.settings)) from error


@contextlib.contextmanager
def _explain_disk_errors(home: Path) -> Iterator[None]:
    """Turn an OSError while something is written to `home` into a DataError."""
    try:
        yield
    except requests.RequestException:
        raise  # an OSError too, but the network's
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message, remedy = f"There is no space left for {home}", "Free some (a dataset takes up to 25 MB)"
        else:
            message, remedy = f"{home} cannot be written: {error.strerror or error}", "Make it writable"
        raise DataError(f"{message}.", remedy=f"{remedy}, or name another folder in {DATA_DIR_VARIABLE}.") from error
