"""The peer of the HTTP rows: aiohttp's `web.Server` on uvloop with a handler that does nothing.

empty_server.py PORT
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import web


async def handler(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=b"{}", content_type="application/json")


async def main(port: int) -> None:
    server = web.Server(handler, access_log=None)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(server, "127.0.0.1", port, backlog=4096)
    print(f"ready http://127.0.0.1:{port}", flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
