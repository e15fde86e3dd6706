"""One file from one mirror: https only, bounded in time and size, and impatient with trickles."""

from __future__ import annotations

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
    """A mirror did not deliver; the message completes the sentence "https://mirror/: …"."""


def make_https_session() -> requests.Session:
    """A session that knows no scheme but https, so that no redirect can leave it either."""
    session = requests.Session()
    session.adapters.clear()
    session.mount("https://", HTTPAdapter())
    return session


@dataclass(frozen=True, kw_only=True)
class Network:
    """How mirrors are spoken to. Times are seconds, `slowest` is bytes a second over each `window`."""

    open_session: Callable[[], requests.Session] = make_https_session
    connect_timeout: float = 5.0
    read_timeout: float = 10.0
    window: float = 20.0
    slowest: float = 1024.0
    max_bytes: int = MAX_BYTES


@dataclass
class Download:
    """Called by pooch with the address and the temporary file to fill.

    Raises MirrorFailedError or what requests and urllib3 raise (`in_words` explains those) for the mirror's
    failures, OSError for the disk's, and whatever the meter's `report` raises.
    """

    network: Network
    meter: DatasetProgress

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Fill `output_file` with what `url` answers."""
        timeouts = (self.network.connect_timeout, self.network.read_timeout)
        # Compressing compressed files is pointless, and a server that does it anyway would change the sum.
        headers = {"Accept-Encoding": "identity"}
        with (
            self.network.open_session() as session,
            session.get(url, stream=True, timeout=timeouts, headers=headers) as response,
            Path(output_file).open("wb") as file,
        ):
            self.meter.total = self._read_headers(response)
            for chunk in self._read_chunks(response):
                file.write(chunk)

    def _read_headers(self, response: requests.Response) -> int | None:
        """The size the server promises, once its answer looks like data at all."""
        if response.status_code != requests.codes.ok:
            raise MirrorFailedError(f"it answered {response.status_code} {response.reason}".rstrip())
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise MirrorFailedError("it sent a web page instead of the file")
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else None
        self._check_size(size or 0)
        return size

    def _read_chunks(self, response: requests.Response) -> Iterator[bytes]:
        """The body as it arrives, undecoded: the checksum is that of the file on the server."""
        done = 0
        guard = TrickleGuard(self.network.slowest, self.network.window)
        self.meter(done)
        # `read1` returns what is there; `read` would wait for a whole chunk, and the guard with it.
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            done += len(chunk)
            self._check_size(done)
            guard.check(done)
            self.meter(done)
            yield chunk

    def _check_size(self, size: int) -> None:
        if size > self.network.max_bytes:
            raise MirrorFailedError(f"it sends more than {self.network.max_bytes:,} bytes")


class TrickleGuard:
    """Notices a server that sends just enough to never time out."""

    def __init__(self, slowest: float, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`slowest` bytes a second are asked for over each `window` seconds of `clock`."""
        self._slowest = slowest
        self._window = window
        self._clock = clock
        self._since, self._had = clock(), 0

    def check(self, done: int) -> None:
        """Raises MirrorFailedError when a whole window brought too little; `done` is the bytes so far."""
        now = self._clock()
        elapsed = now - self._since
        if elapsed < self._window:
            return
        rate = (done - self._had) / elapsed
        if rate < self._slowest:
            raise MirrorFailedError(f"it sends only {rate:,.0f} bytes a second")
        self._since, self._had = now, done


def describe_error(error: requests.RequestException | HTTPError, network: Network) -> str:
    """What went wrong between here and the mirror, without the libraries' vocabulary."""
    match error:
        case requests.ConnectTimeout():
            return f"no connection within {network.connect_timeout:g} s"
        case requests.ReadTimeout() | ReadTimeoutError():
            return f"nothing came for {network.read_timeout:g} s"
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
    """The last link of a chain of wrapped errors: there the operating system says what happened."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return getattr(error, "strerror", None) or str(error)
