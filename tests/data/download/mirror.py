"""A web server on this machine that serves files well, badly and maliciously.

The first part of the path names the behavior: `/good/x.gz`, `/stall/x.gz`.
"""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from mnist_tui.data.download import mirrors
from mnist_tui.data.download.http import DownloadSettings, make_https_session


class Mirror(ThreadingHTTPServer):
    """Serves `contents`. `closing` ends whatever hangs; `gate` holds back the behavior `gated`."""

    daemon_threads = True

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents = contents
        self.requested_paths: list[str] = []
        self.closing = threading.Event()
        self.gate = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Mirror:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.gate.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def at(self, behavior: str) -> str:
        return f"{self.root}{behavior}/"

    def session(self) -> requests.Session:
        """Https only, except for this very server."""
        session = make_https_session()
        session.trust_env = False  # no proxy for 127.0.0.1
        session.mount(self.root, HTTPAdapter())
        return session

    def settings(self, **settings: Any) -> DownloadSettings:
        return DownloadSettings(open_session=self.session, **{"read_timeout": 5.0, **settings})

    @contextmanager
    def reachable(self, **settings: Any) -> Iterator[None]:
        """Within the context, a dataset's files can be fetched from here, by http."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mirrors, "DownloadSettings", partial(self.settings, **settings))
            yield

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are what this server is for."""


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.requested_paths.append(self.path)
        _, behavior, name = self.path.split("/", 2)
        BEHAVIORS[behavior](self, self.server.contents.get(name, b"no such file"))

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def start(self, length: int | None, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def send(self, content: bytes, status: int = 200, lie: int = 0, **headers: str) -> None:
        """Send `content`, `lie` bytes longer than it claims to be."""
        self.start(len(content) - lie, status, **headers)
        self.wfile.write(content)

    def redirect(self, target: str) -> None:
        self.start(0, 302, Location=target)


def unsized(handler: Handler, content: bytes) -> None:
    handler.start(None)
    handler.wfile.write(content)


def silent(handler: Handler, content: bytes) -> None:
    handler.server.closing.wait()


def no_http(handler: Handler, content: bytes) -> None:
    handler.wfile.write(b"220 ftp ready\r\n")


def stall(handler: Handler, content: bytes) -> None:
    handler.start(len(content))
    handler.wfile.write(content[: len(content) // 2])
    handler.wfile.flush()
    handler.server.closing.wait()


def trickle(handler: Handler, content: bytes) -> None:
    handler.start(len(content))
    for value in content:
        handler.wfile.write(bytes([value]))
        if handler.server.closing.wait(0.005):
            return


def cut(handler: Handler, content: bytes) -> None:
    handler.start(len(content))
    handler.wfile.write(content[: len(content) // 2])


def reset(handler: Handler, content: bytes) -> None:
    cut(handler, content)
    handler.wfile.flush()
    linger_not_at_all = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
    handler.connection.close()


def endless(handler: Handler, content: bytes) -> None:
    handler.start(None)
    for _ in itertools.takewhile(lambda _: not handler.server.closing.is_set(), itertools.count()):
        handler.wfile.write(bytes(1 << 16))


def gated(handler: Handler, content: bytes) -> None:
    handler.server.gate.wait()
    handler.send(content)


BEHAVIORS: Mapping[str, Callable[[Handler, bytes], None]] = {
    "good": lambda handler, content: handler.send(content),
    "gated": gated,
    "unsized": unsized,
    "labeled-gzip": lambda handler, content: handler.send(content, Content_Encoding="gzip"),
    "forbidden": lambda handler, content: handler.send(b"", 403),
    "missing": lambda handler, content: handler.send(b"", 404),
    "busy": lambda handler, content: handler.send(b"", 503),
    "silent": silent,
    "no-http": no_http,
    "stall": stall,
    "trickle": trickle,
    "cut": cut,
    "reset": reset,
    "endless": endless,
    "huge": lambda handler, content: handler.start(1 << 40),
    "understated": lambda handler, content: handler.send(content, lie=1),
    "overstated": lambda handler, content: handler.send(content, lie=-1),
    "wrong": lambda handler, content: handler.send(content[::-1]),
    "page": lambda handler, content: handler.send(b"<html>Log in</html>", Content_Type="text/html"),
    "to-good": lambda handler, content: handler.redirect(handler.path.replace("to-good", "good")),
    "to-http": lambda handler, content: handler.redirect("http://localhost:1/x.gz"),
    "to-file": lambda handler, content: handler.redirect("file:///etc/hostname"),
    "to-itself": lambda handler, content: handler.redirect(handler.path),
}
