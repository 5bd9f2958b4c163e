"""discord.py reads each compression: zstd where the module is there, else zlib, else none."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import discord
import pytest

from tests.conformance.discord_py.conftest import Den


def context_without_zstd(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What discord.py itself reads streams with where no zstd module is installed."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    assert discord.utils.__file__ is not None
    spec = spec_from_file_location("discord.utils_without_zstd", discord.utils.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module._ActiveDecompressionContext


@pytest.mark.parametrize("stream", ["zstd-stream", "zlib-stream"])
async def test_a_bot_hears_by_every_stream(
    den: Den, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    context: Any = discord.utils._ActiveDecompressionContext
    assert context.COMPRESSION_TYPE == "zstd-stream"
    if stream == "zlib-stream":
        context = context_without_zstd(monkeypatch)
        assert stream == context.COMPRESSION_TYPE
        monkeypatch.setattr(discord.utils, "_ActiveDecompressionContext", context)
    asked: list[str] = []
    read: list[str] = []
    connect = discord.http.HTTPClient.ws_connect
    decompress = context.decompress

    async def seen(self: Any, url: str, **more: Any) -> Any:
        asked.append(url)
        return await connect(self, url, **more)

    def heard(self: Any, data: bytes, /) -> Any:
        text = decompress(self, data)
        read.append(text or "")
        return text

    monkeypatch.setattr(discord.http.HTTPClient, "ws_connect", seen)
    monkeypatch.setattr(context, "decompress", heard)
    bot = await den.bot()
    for text in ("x", "long " * 300, "x"):
        await den.say(den.ann, text)
        assert (await bot.told("message")).content == text.strip()
    assert f"compress={stream}" in asked[0]
    assert sum('"MESSAGE_CREATE"' in text for text in read) == 3
