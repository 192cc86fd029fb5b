"""Requests that are awaited: HTTP over asyncio streams, a connection for each, so that none outlives its loop."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from http.client import HTTPException, parse_headers
from io import BytesIO

from mailtrap.client import failures
from mailtrap.client.endpoint import Endpoint
from mailtrap.client.steps import Request, Response
from mailtrap.errors import Invalid

_MAX_HEAD = 64 * 1024


class _Nonsense(Exception):
    """This is not HTTP."""


class Streams:
    """For any number of tasks of any event loop, one after the other or at once."""

    def __init__(self, url: str, token: str | None, ca_file: str | None, timeout: float) -> None:
        self._at = Endpoint(url, token, ca_file)
        self.url = self._at.url
        self._context = self._at.context()
        self._timeout = timeout

    async def ask(self, request: Request) -> Response:
        """One request. Raises Unreachable, and Invalid where no loop of asyncio runs."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise Invalid(
                "Verbs to be awaited need asyncio",
                "under trio have a thread call the others: `await trio.to_thread.run_sync(inbox.wait, query)`",
            ) from None
        try:
            async with asyncio.timeout(self._timeout + request.patience):
                return await self._ask(request)
        except TimeoutError:
            raise failures.lost(self.url, "no answer in time") from None
        except ssl.SSLCertVerificationError as error:
            raise failures.untrusted(self.url, error.verify_message) from None
        except ssl.SSLError as error:
            raise failures.no_tls(self.url, error.reason or str(error)) from None
        except (EOFError, ConnectionError) as error:
            reason = getattr(error, "strerror", None) or "it hung up"
            raise failures.lost(self.url, str(reason)) from None
        except OSError as error:
            raise failures.lost(self.url, error.strerror or str(error)) from None
        except (_Nonsense, HTTPException, asyncio.LimitOverrunError, ValueError):
            raise failures.stranger(self.url, "it does not speak HTTP") from None

    async def _ask(self, request: Request) -> Response:
        at = self._at
        reader, writer = await asyncio.open_connection(at.host, at.port, ssl=self._context, limit=_MAX_HEAD)
        try:
            body = request.body or b""
            fields = {"Host": at.authority, "Connection": "close", **at.headers(request)}
            if request.method in ("POST", "PUT", "PATCH") or body:
                fields["Content-Length"] = str(len(body))
            head = f"{request.method} {at.target(request)} HTTP/1.1\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write(head.encode("latin-1") + b"\r\n" + body)
            with suppress(ConnectionError):  # it may have answered already that it does not want the body
                await writer.drain()
            return await self._answer(reader)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> Response:
        line = (await reader.readline()).decode("latin-1")
        if not line:
            raise EOFError
        version, _, rest = line.partition(" ")
        status, _, reason = rest.strip().partition(" ")
        if not version.startswith("HTTP/1.") or not status.isdecimal():
            raise _Nonsense
        head = BytesIO()
        while (field := await reader.readline()) not in (b"\r\n", b"\n", b""):
            head.write(field)
        fields = parse_headers(BytesIO(head.getvalue() + b"\r\n"))
        if fields.get("Transfer-Encoding", "").lower() == "chunked":
            octets = await _chunks(reader)
        elif (length := fields.get("Content-Length")) is not None:
            octets = await reader.readexactly(int(length))
        else:
            octets = await reader.read()
        return Response(int(status), reason, octets, self.url)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    octets = bytearray()
    while size := int((await reader.readline()).partition(b";")[0], 16):
        octets += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return bytes(octets)
