"""Servers that the samples of growth.py talk to, on free ports of this machine only."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOPBACK = "127.0.0.1"
PATIENCE = 10.0  # seconds that a server gets to answer


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Redis:
    """A Redis server that answers on `port`."""

    port: int

    def url(self, database: int) -> str:
        """How clients name one of its databases."""
        return f"redis://{LOOPBACK}:{self.port}/{database}"

    def command(self, words: str) -> str:
        """The server's answer to an inline command; raises `OSError` when there is none."""
        with socket.create_connection((LOOPBACK, self.port), PATIENCE) as connection:
            connection.sendall(f"{words}\r\nQUIT\r\n".encode())
            parts = iter(lambda: connection.recv(65536), b"")
            return b"".join(parts).decode()

    def connections(self) -> int:
        """How many connections were opened since the server was started."""
        return stat(self.command("INFO stats"), "total_connections_received")


def stat(info: str, name: str) -> int:
    """One number of Redis' `INFO`; raises `KeyError` when it is not there."""
    lines = (line.partition(":") for line in info.splitlines())
    return int({key: value for key, _, value in lines}[name])


@contextmanager
def redis_server() -> Iterator[Redis | None]:
    """A Redis of the block's own, kept in memory; nothing where `redis-server` is missing."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    redis = Redis(free_port())
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [program, "--port", str(redis.port), "--bind", LOOPBACK, "--save", "",
             "--appendonly", "no", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_until_it_answers(redis)
            yield redis
        finally:
            process.terminate()
            process.wait()


def _wait_until_it_answers(redis: Redis) -> None:
    end = time.monotonic() + PATIENCE
    while not _answers(redis):
        if time.monotonic() > end:
            raise RuntimeError(f"redis-server does not answer on port {redis.port}")
        time.sleep(0.05)


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.command("PING"))
    except OSError:
        return False


@dataclass(slots=True)
class Http:
    """An HTTP server that answers on `port` and counts who connects."""

    port: int
    accepted: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}"

    def connections(self) -> int:
        """How many connections were opened since the server was started."""
        return self.accepted


@contextmanager
def http_server() -> Iterator[Http]:
    """A server that answers everything with a few bytes and keeps connections open."""
    counting = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            with counting:
                http.accepted += 1
            super().setup()

        def do_GET(self) -> None:
            body = b'{"stock": 3}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent: the table is on the same terminal."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    http = Http(server.server_port)
    worker = threading.Thread(target=server.serve_forever, daemon=True)
    worker.start()
    try:
        yield http
    finally:
        server.shutdown()
        server.server_close()
