"""One room over TLS for discord.py and @discordjs/voice, both unmodified."""

import json
import shutil
import ssl
from array import array
from collections.abc import AsyncIterator, Iterator
from itertools import count
from math import pi, sin
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord.opus import Encoder
from nacl.exceptions import CryptoError
from nacl.secret import Aead

from tests.command import hearth
from tests.conformance.discord_js.conftest import INSTALLED, JS, Node
from tests.conformance.discord_py.conftest import Bot, point
from tests.harness import Client, Held, Server

VOICE = INSTALLED and (JS / "node_modules/@discordjs/voice").is_dir()
ADMINISTRATOR = 1 << 3
_names = count()


class Frames(discord.AudioSource):
    """Numbered frames, each of 20 ms, as if a codec had made them."""

    def __init__(self, mark: str, many: int) -> None:
        self.left = [f"{mark} {n}".encode() for n in range(many)]

    def read(self) -> bytes:
        return self.left.pop(0) if self.left else b""

    def is_opus(self) -> bool:
        return True


class Tone(discord.AudioSource):
    """PCM that discord.py encodes itself: a sine of `hertz` for so many frames."""

    def __init__(self, hertz: int, many: int) -> None:
        rate = Encoder.SAMPLING_RATE
        samples = (
            int(12_000 * sin(2 * pi * hertz * n / rate))
            for n in range(many * Encoder.SAMPLES_PER_FRAME)
            for _ in range(Encoder.CHANNELS)
        )
        self.pcm = array("h", samples).tobytes()
        self.at = 0

    def read(self) -> bytes:
        start, self.at = self.at, self.at + Encoder.FRAME_SIZE
        piece = self.pcm[start : self.at]
        return piece if len(piece) == Encoder.FRAME_SIZE else b""


class Ear:
    """What comes to a discord.py voice client, opened with the key that it was given."""

    def __init__(self, client: discord.VoiceClient) -> None:
        self.client = client
        self.heard: list[bytes] = []
        self.bad = 0
        client._connection.add_socket_listener(self._take)

    def _take(self, data: bytes) -> None:
        if data[:2] not in (b"\x80\x78", b"\x80\xf8"):
            return
        box = Aead(bytes(self.client.secret_key))
        nonce = data[-4:] + bytes(20)
        try:
            self.heard.append(box.decrypt(data[12:-4], data[:12], nonce))
        except CryptoError:
            self.bad += 1

    def numbers(self, mark: str) -> list[int]:
        """The numbers of the frames with a mark that came."""
        head = f"{mark} ".encode()
        return [int(each[len(head) :]) for each in self.heard if each.startswith(head)]


JOIN = """
  const v = await voice();
  const connection = v.joinVoiceChannel({
    channelId: values.channel, guildId: guild.id,
    adapterCreator: guild.voiceAdapterCreator, selfDeaf: false,
  });
  globalThis.connection = connection;
  globalThis.heard = [];
  connection.on("error", (error) => tell("voiceError", { text: String(error) }));
  connection.on("stateChange", (_, now) => tell("voiceState", { status: now.status }));
  connection.receiver.speaking.on("start", (user) => {
    if (connection.receiver.subscriptions.has(user)) return;
    connection.receiver.subscribe(user).on("data", (packet) =>
      globalThis.heard.push([user, packet.toString("latin1")]));
  });
  await v.entersState(connection, v.VoiceConnectionStatus.Ready, 10_000);
  const { networking } = connection.state;
  return networking.state.connectionData.encryptionMode;
"""

PLAY = """
  const v = await voice();
  const { Readable } = await import("node:stream");
  const frames = [];
  for (let n = 0; n < values.many; n += 1) frames.push(Buffer.from(`${values.mark} ${n}`));
  const player = globalThis.player ?? v.createAudioPlayer();
  globalThis.player = player;
  globalThis.connection.subscribe(player);
  const resource = v.createAudioResource(Readable.from(frames), { inputType: v.StreamType.Opus });
  player.play(resource);
  await v.entersState(player, v.AudioPlayerStatus.Playing, 5_000);
  await v.entersState(player, v.AudioPlayerStatus.Idle, 30_000);
"""

HEARD = """
  const mark = `${values.mark} `;
  return globalThis.heard
    .filter(([user, text]) => user === values.user && text.startsWith(mark))
    .map(([, text]) => Number(text.slice(mark.length)));
"""


class Room:
    """A guild with a voice channel, one bot of each library, and who commands them."""

    def __init__(self, server: Server, ca: Path) -> None:
        self.server = server
        self.ca = ca
        name = f"ann{next(_names)}"
        server.person(name)
        made = server.operate("create_guild", {"name": "Den", "owner": name})
        self.guild = int(made["id"])
        channels = {channel["type"]: int(channel["id"]) for channel in made["channels"]}
        self.text, self.channel = channels[0], channels[2]
        self.accounts = [
            server.bot(f"bot{next(_names)}", name, self.guild, ADMINISTRATOR) for _ in range(2)
        ]
        self.bots: list[Bot] = []
        self.nodes: list[Node] = []

    @property
    def account(self) -> Client:
        """The bot of @discordjs/voice."""
        return self.accounts[1]

    async def python(self) -> Bot:
        """discord.py, logged in."""
        trust = ssl.create_default_context(cafile=str(self.ca))
        connector = aiohttp.TCPConnector(limit=0, ssl=trust)
        bot = Bot(self.accounts[0], discord.Intents.all(), connector=connector)
        self.bots.append(bot)
        bot.run_on()
        await bot.told("ready")
        return bot

    def voice_channel(self, bot: Bot) -> discord.VoiceChannel:
        """The voice channel as a bot has it."""
        channel = bot.get_channel(self.channel)
        assert isinstance(channel, discord.VoiceChannel)
        return channel

    async def node(self) -> Node:
        """discord.js, logged in."""
        env = {"NODE_EXTRA_CA_CERTS": str(self.ca)}
        node = await Node.start(self.server.url, self.account.token, **env)
        self.nodes.append(node)
        await node.do("login")
        await node.event("ready")
        return node

    async def run(self, node: Node, code: str, **values: Any) -> Any:
        """A piece of JavaScript's value."""
        at = {"guild": str(self.guild), "channel": str(self.text)}
        return await node.do("run", **at, code=code, values=values)

    async def close(self) -> None:
        """Log everybody out."""
        for bot in self.bots:
            for client in list(bot.voice_clients):
                await client.disconnect(force=True)
            await bot.end()
        for node in self.nodes:
            await node.end()
        for account in self.accounts:
            await account.close()


@pytest.fixture(scope="package")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server with TLS, as voice libraries want it, and its authority."""
    if not VOICE:
        pytest.skip("@discordjs/voice is not installed: packaging/test-deps.sh installs it")
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is missing")
    data = tmp_path_factory.mktemp("voice") / "data"
    done = hearth("admin", "--data", data, "cert", "--json")
    assert done.returncode == 0, done.stderr
    tls = data / "tls"
    made = json.loads(done.stdout)
    env = {"HEARTH_TLS_CERTIFICATE": made["certificate"], "HEARTH_TLS_KEY": made["key"]}
    # discord.js gives its session up when a connection is refused: the socket outlives a restart.
    running = Held(data, **env)
    running.start()
    yield running, tls / "ca.pem"
    if running.process is not None:
        assert running.stop() == 0
    running.socket.close()


@pytest.fixture
async def room(secure: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """A fresh guild, and discord.py pointed at the server."""
    server, ca = secure
    if server.process is None:
        server.start()
    point(monkeypatch, server.url)
    made = Room(server, ca)
    yield made
    await made.close()
