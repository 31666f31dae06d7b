"""The door to a Dask cluster that runs already: its address, the connection, and its workers.

Starts, schedules and scales nothing itself. Only this module imports ``distributed``.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib.metadata
import logging
import socket
import urllib.parse
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from celeryleak_lint import __version__
from celeryleak_lint.config.parse import nearest
from celeryleak_lint.system.cache import version
from celeryleak_lint.system.elsewhere import Elsewhere

if TYPE_CHECKING:
    from distributed import Client

SCHEME = "dask"
EXPECTED = "expected dask://HOST:PORT, such as dask://scheduler.example:8786"
EXTRA = 'pip install "celeryleak-lint[dask]"'
DISTRIBUTION = "celeryleak-lint"

_KNOCK_SECONDS = 5.0
_CONNECT_SECONDS = 10.0
_WORKERS_SECONDS = 10.0
_ANSWER_SECONDS = 15.0
_CLOSE_SECONDS = 3.0
_MOST_NAMED = 3
#: Three classes before Python 3.11, and one since.
_TIMEOUTS = (TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError)


class Address(msgspec.Struct, frozen=True):
    """Where a scheduler listens."""

    host: str
    port: int

    def __str__(self) -> str:
        """As Dask writes it, without a scheme, so that its configuration chooses TCP or TLS."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class ClusterError(Exception):
    """Why a cluster cannot be used; the text is for the user, with the way out."""


def parse_address(url: str) -> Address:
    """The address in an URL such as ``dask://host:8786``; raises ``ClusterError`` for any other."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ClusterError(f"`{url}` is no URL of an executor; {EXPECTED}")
    if scheme.lower() != SCHEME:
        hint = nearest(scheme, (SCHEME,))
        raise ClusterError(f"`{scheme}` is no executor that is known here{hint or f'; {EXPECTED}'}")
    if any(mark in rest for mark in "/?#@") or not rest.isprintable() or " " in rest:
        raise ClusterError(f"`{url}` has more than a host and a port; {EXPECTED}")
    try:
        parts = urllib.parse.urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ClusterError(f"`{url}` has no valid port or host; {EXPECTED}") from None
    if not host or not port:
        raise ClusterError(f"`{url}` has no {'port' if host else 'host'}; {EXPECTED}")
    return Address(host, port)


@contextlib.contextmanager
def connected(address: Address, warn: Callable[[str], None]) -> Iterator[Elsewhere]:
    """The cluster at an address while the block lasts, all its workers known to be like us.

    Raises ``ClusterError`` when ``distributed`` is not installed, nobody answers in time, there is
    no worker, or a worker's summaries would not be those of this process.
    """
    make = _client_class()
    _ensure_listening(address)
    with _silenced():
        client = _opened(make, address)
        try:
            _ensure_alike(client, address)
            yield Elsewhere(
                client.get_executor(pure=False),
                f"the cluster at {address}",
                slots=lambda: _slots(client),
                warn=warn,
            )
        finally:
            with contextlib.suppress(Exception):
                client.close(timeout=_CLOSE_SECONDS)


def _client_class() -> Callable[..., Client]:
    try:
        from distributed import Client
    except ImportError as error:
        missing = "" if error.name in ("distributed", "dask") else f" ({error})"
        raise ClusterError(f"a Dask cluster needs an extra: {EXTRA}{missing}") from None
    make: Callable[..., Client] = Client
    return make


def _ensure_listening(address: Address) -> None:
    """Ask the system first: Dask itself would try again and again until its time is up."""
    try:
        with socket.create_connection((address.host, address.port), _KNOCK_SECONDS):
            return
    except OSError as error:
        raise ClusterError(_unreachable(address, _reason(error))) from None


def _opened(make: Callable[..., Client], address: Address) -> Client:
    """A client; to somebody who listens and never answers it would wait for ever, so ask first."""
    try:
        asyncio.run(_greeted(address))
        return make(str(address), timeout=_CONNECT_SECONDS, set_as_default=False)
    except Exception as error:
        reason = f"no Dask scheduler answers ({type(error).__name__})"
        raise ClusterError(_unreachable(address, reason)) from error


async def _greeted(address: Address) -> None:
    """Raise anything unless a scheduler says at the address who it is."""
    from distributed import rpc
    from distributed.security import Security

    security = Security().get_connection_args("client")
    peer = rpc(str(address), timeout=_CONNECT_SECONDS, connection_args=security)
    try:
        told = await asyncio.wait_for(peer.identity(), _CONNECT_SECONDS)
    finally:
        await peer.close_rpc()
    if told.get("type") != "Scheduler":
        raise TypeError(f"that is a {told.get('type')}")


def _unreachable(address: Address, reason: str) -> str:
    start = f"start one there with `dask scheduler --port {address.port}`"
    return f"no scheduler at {address}: {reason}; {start}, or read all files here, without it"


def _reason(error: OSError) -> str:
    text = error.strerror or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def _ensure_alike(client: Client, address: Address) -> None:
    """Raise ``ClusterError`` unless each worker has this code under this Python."""
    try:
        client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
        versions = _asked(client, importlib.metadata.version, DISTRIBUTION)
        lacking = [worker for worker, told in versions.items() if isinstance(told, Exception)]
        if lacking:
            raise ClusterError(
                f"{_listed(lacking)} at {address} cannot find celeryleak-lint; install "
                f"version {__version__} there"
            )
        told = _asked(client, version)
    except _TIMEOUTS:
        raise ClusterError(
            f"the scheduler at {address} has no worker that answers; start some with "
            f"`dask worker {address}`"
        ) from None
    except OSError as error:
        raise ClusterError(_unreachable(address, f"the connection is lost ({error})")) from None
    others = {worker: text for worker, text in told.items() if text != version()}
    if others:
        theirs = _shown(next(iter(others.values())))
        raise ClusterError(
            f"{_listed(list(others))} at {address} would summarise files differently: there is "
            f"celeryleak-lint {theirs}, here is {version()}; install the same there"
        )


def _asked(client: Client, function: Callable[..., object], *arguments: str) -> Mapping[str, Any]:
    """What each worker answers, an exception where it has none; raises ``TimeoutError``."""

    async def ask() -> Any:
        return await client.run(function, *arguments, on_error="return")

    answers: Mapping[str, Any] = client.sync(ask, callback_timeout=_ANSWER_SECONDS)
    if not answers:
        raise TimeoutError
    return answers


def _slots(client: Client) -> int:
    """The threads of all workers, 0 when there are none or nobody answers."""

    async def ask() -> Any:
        return await client.nthreads()

    try:
        threads = client.sync(ask, callback_timeout=_ANSWER_SECONDS)
    except Exception:  # noqa: BLE001 - a scheduler that is gone answers with any of a dozen classes
        return 0
    return sum(threads.values())


def _listed(workers: list[str]) -> str:
    named = ", ".join(sorted(workers)[:_MOST_NAMED])
    more = len(workers) - _MOST_NAMED
    return f"worker {named}" + (f" and {more} more" if more > 0 else "")


def _shown(told: object) -> str:
    return told if isinstance(told, str) else f"another version ({type(told).__name__})"


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Keep Dask's own words off stderr; what matters of them is told by us."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
