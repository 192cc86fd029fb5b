"""The yardstick: aiosmtpd as it comes, with a handler that does nothing, on asyncio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class Nothing:
    """Accepts everything and keeps nothing."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Say yes."""
        return "250 OK"


async def serve(tell: Callable[[str], object]) -> None:
    """Listen on a free port, tell which, and never stop."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Nothing(), hostname="localhost", data_size_limit=50 * 1024 * 1024, enable_SMTPUTF8=True),
        "127.0.0.1",
        0,
    )
    tell(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).write_text))
