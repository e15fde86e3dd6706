"""Downloading one file from one mirror: https only, bounded in time and size, no slower than a trickle."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from mnist_tui.data.download.progress import DatasetProgress
from mnist_tui.data.download.verified_files import MAX_BYTES

_CHUNK = 64 * 2**10


class MirrorFailedError(Exception):
    """A mirror did not deliver the file; the message completes the sentence "https://mirror/: …"."""


def make_https_session() -> requests.Session:
    """A session that supports https only, for redirects as well."""
    session = requests.Session()
    session.adapters.clear()
    session.mount("https://", HTTPAdapter())
    return session


@dataclass(frozen=True, kw_only=True)
class DownloadSettings:
    """Settings for downloads. Times are in seconds, `slowest` in bytes per second over each `window`."""

    open_session: Callable[[], requests.Session] = make_https_session
    connect_timeout: float = 5.0
    read_timeout: float = 10.0
    window: float = 20.0
    slowest: float = 1024.0
    max_bytes: int = MAX_BYTES


def download(url: str, path: Path, settings: DownloadSettings, progress: DatasetProgress) -> str:
    """Write the file at `url` to `path`, and return its MD5 sum.

    Raises MirrorFailedError or an exception of requests or urllib3 (see `describe_error`) if the mirror fails, OSError
    if the disk does, and whatever the `report` of `progress` raises.
    """
    timeouts = (settings.connect_timeout, settings.read_timeout)
    # Compressing compressed files is pointless, and a server that does it anyway would change the sum.
    headers = {"Accept-Encoding": "identity"}
    md5 = hashlib.md5(usedforsecurity=False)
    with (
        settings.open_session() as session,
        session.get(url, stream=True, timeout=timeouts, headers=headers) as response,
        path.open("wb") as file,
    ):
        progress.total = _check_headers(response, settings)
        for chunk in _read_chunks(response, settings, progress):
            md5.update(chunk)
            file.write(chunk)
    return md5.hexdigest()


def _check_headers(response: requests.Response, settings: DownloadSettings) -> int | None:
    """The size that the server announces. Raises MirrorFailedError if its answer is not a file."""
    if response.status_code != requests.codes.ok:
        raise MirrorFailedError(f"it answered {response.status_code} {response.reason}".rstrip())
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise MirrorFailedError("it sent a web page instead of the file")
    length = response.headers.get("Content-Length", "")
    size = int(length) if length.isdecimal() else None
    _check_size(size or 0, settings)
    return size


def _read_chunks(response: requests.Response, settings: DownloadSettings, progress: DatasetProgress) -> Iterator[bytes]:
    """The body as it arrives, not decoded: the checksum is that of the file on the server."""
    done = 0
    guard = TrickleGuard(settings.slowest, settings.window)
    progress(done)
    # `read1` returns what has arrived; `read` would wait for a whole chunk, and the guard with it.
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        done += len(chunk)
        _check_size(done, settings)
        guard.check(done)
        progress(done)
        yield chunk


def _check_size(size: int, settings: DownloadSettings) -> None:
    if size > settings.max_bytes:
        raise MirrorFailedError(f"it sends more than {settings.max_bytes:,} bytes")


class TrickleGuard:
    """Detects a server that sends just enough to never time out."""

    def __init__(self, slowest: float, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Require `slowest` bytes per second over each `window` seconds of `clock`."""
        self._slowest = slowest
        self._window = window
        self._clock = clock
        self._since, self._had = clock(), 0

    def check(self, done: int) -> None:
        """Raise MirrorFailedError if too few bytes came in a whole window; `done` is the number of bytes so far."""
        now = self._clock()
        elapsed = now - self._since
        if elapsed < self._window:
            return
        rate = (done - self._had) / elapsed
        if rate < self._slowest:
            raise MirrorFailedError(f"it sends only {rate:,.0f} bytes per second")
        self._since, self._had = now, done


def describe_error(error: requests.RequestException | HTTPError, settings: DownloadSettings) -> str:
    """What went wrong on the way to the mirror, without the libraries' vocabulary."""
    match error:
        case requests.ConnectTimeout():
            return f"no connection within {settings.connect_timeout:g} s"
        case requests.ReadTimeout() | ReadTimeoutError():
            return f"nothing came for {settings.read_timeout:g} s"
        case requests.exceptions.InvalidSchema():
            return "it is, or redirects to, an address that is not https"
        case requests.TooManyRedirects():
            return "it redirects in circles"
        case requests.exceptions.SSLError():
            return f"there is no secure connection to it ({_root_cause(error)})"
        case requests.ConnectionError():
            return f"it cannot be reached ({_root_cause(error)})"
        case ProtocolError():
            return "the connection broke off"
        case _:
            return str(error)


def _root_cause(error: BaseException) -> str:
    """The message of the innermost of several wrapped errors, which is the operating system's."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return getattr(error, "strerror", None) or str(error)
