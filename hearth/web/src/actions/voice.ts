// What a person does in voice: come, speak, show, go; and what a moderator does to others there.
import { createEffect, createRoot, on } from "solid-js";
import { request } from "../api/client.ts";
import type { Channel, Id, VoiceState } from "../core/types.ts";
import { channels, isPrivate, may } from "../store/channels.ts";
import { myId, session } from "../store/session.ts";
import * as store from "../store/voice.ts";
import { type Failure, NO_ANSWER, NO_ROUTE } from "../voice/machine.ts";
import type { Sound } from "../voice/sounds.ts";
import type { Shows, Talk, TalkListener, Wishes } from "../voice/talk.ts";
import { command } from "./session.ts";

const ASK_MS = 10_000;
/** Who is moved hears of it from both gateways, in this time. */
const MOVE_MS = 4_000;
/** Tokens that were spent without a stay, in a row. */
const MOST_RENEWALS = 4;

const loadTalk = () => import("../voice/talk.ts");
const loadDevices = () => import("../voice/devices.ts");
let talk: Talk | null = null;
let asking: ReturnType<typeof setTimeout> | undefined;
let renewals = 0;
let held = false;
let onPage: Record<string, number> = {};

function wishes(): Wishes {
  const channel = store.myChannel();
  const push = store.mode() === "push" || (channel !== undefined && !may(channel, "USE_VAD"));
  return {
    muted: store.own.selfMute || store.silenced(),
    deafened: store.own.selfDeaf,
    push,
    held,
    thresholdDb: store.threshold(),
    microphone: store.microphone(),
    speaker: store.speaker(),
    treat: { echo: store.echo(), noise: store.noise(), gain: store.gain() },
    volumes: store.volumes(),
    direct: store.direct() && channel !== undefined && isPrivate(channel),
  };
}

function sound(which: Sound): void {
  if (store.sounds()) void import("../voice/sounds.ts").then(({ play }) => play(which));
}

/** Tell the main gateway where the person is and what of theirs is off. */
function ask(channelId: Id | null, guildId: Id | null): void {
  const { selfMute, selfDeaf, camera } = store.own;
  command(4, { guild_id: guildId, channel_id: channelId, self_mute: selfMute || selfDeaf, self_deaf: selfDeaf, self_video: camera !== null });
}

/** Whether the server has the person otherwise than they are. */
function differs(voice: VoiceState): boolean {
  const { selfMute, selfDeaf, camera } = store.own;
  return voice.self_mute !== (selfMute || selfDeaf) || voice.self_deaf !== selfDeaf || voice.self_video !== (camera !== null);
}

function begin(): void {
  const { channelId, guildId } = store.own;
  store.ownIs({ phase: "asking", failure: null });
  clearTimeout(asking);
  // What is asked without a connection is lost: it is asked again once there is one.
  if (session.connection !== "ready") return;
  asking = setTimeout(() => fail(NO_ANSWER), ASK_MS);
  // A token is given to who asks and changes nothing.
  const voice = store.myVoice();
  if (voice?.channel_id === channelId && differs(voice)) ask(channelId, guildId);
  ask(channelId, guildId);
}

function fail(failure: Failure): void {
  clearTimeout(asking);
  talk?.stop();
  talk = null;
  store.roomEnded();
  store.ownIs({ quality: null });
  // Where the server as a whole is away it is no matter of voice: one is back in once it is there.
  if ((failure === NO_ANSWER || failure === NO_ROUTE) && (session.connection !== "ready" || !navigator.onLine)) return store.ownIs({ phase: "asking" });
  hide();
  store.setPopped(null);
  ask(null, store.own.guildId);
  store.ownIs({ phase: "failed", failure });
}

/** Who was taken out, and is told of no other place, is out; while the server is away nobody can tell. */
function awaitWord(failure: Failure): void {
  clearTimeout(asking);
  asking = setTimeout(() => (session.connection === "ready" ? fail(failure) : awaitWord(failure)), MOVE_MS);
}

/** Come into a channel's voice; from wherever the person is now. */
export function join(channel: Channel): void {
  if (store.own.channelId === channel.id && store.own.phase !== "failed") return;
  void loadTalk();
  const guildId = channel.guild_id ?? null;
  const { phase, guildId: was } = store.own;
  if (phase !== "none" && was !== guildId) leave();
  renewals = 0;
  store.ownIs({ again: false, channelId: channel.id, guildId, selfMute: store.muted(), selfDeaf: store.deafened(), deafMic: null });
  begin();
}

/** Begin a call, or join the one there is; `ring` rings the others. */
export async function call(channel: Channel, ring: boolean): Promise<void> {
  join(channel);
  if (ring) await request("POST", `/channels/${channel.id}/call/ring`, { body: { recipients: null } });
}

/** Ask whether there is a call in a private channel; it comes as an event. */
export function lookForCall(channelId: Id): void {
  command(13, { channel_id: channelId });
}

/** Ring no more; the call goes on without the person. */
export async function decline(channelId: Id): Promise<void> {
  await request("POST", `/channels/${channelId}/call/stop-ringing`, { body: {} });
}

/** Go. */
export function leave(): void {
  if (store.own.phase === "none") return;
  const { guildId, phase } = store.own;
  clearTimeout(asking);
  talk?.stop();
  talk = null;
  hide();
  if (phase !== "failed") ask(null, guildId);
  if (phase === "connected") sound("leave");
  store.ownEnded();
}

/** Try again after a failure. */
export function retry(): void {
  const channel = store.myChannel();
  if (!channel) return store.ownEnded();
  renewals = 0;
  begin();
}

export function retryMicrophone(): void {
  talk?.retryMicrophone();
}

/** Speak or not; who is deaf hears again by it. */
export function setMuted(on: boolean): void {
  store.setMuted(on);
  if (!on) store.setDeafened(false);
  store.ownIs({ selfMute: on, selfDeaf: store.deafened() });
  told(on);
}

/** Hear or not; who hears nothing says nothing. */
export function setDeafened(on: boolean): void {
  store.setDeafened(on);
  store.ownIs({ selfDeaf: on, selfMute: store.muted() });
  told(on);
}

function told(off: boolean): void {
  if (store.own.phase === "none" || store.own.phase === "failed") return;
  sound(off ? "mute" : "unmute");
  if (store.own.phase !== "asking") ask(store.own.channelId, store.own.guildId);
}

/** Show a camera. Throws where there is none. */
export async function setCameraOn(on: boolean): Promise<void> {
  await show("camera", on ? await (await loadDevices()).openCamera(store.camera()) : null);
}

/** Show a screen, a window or a tab: whichever the person chooses, if they do. */
export async function setScreenOn(on: boolean): Promise<void> {
  const media = on ? await (await loadDevices()).openScreen() : null;
  if (media || !on) await show("screen", media);
}

const ENDED = {
  camera: "Your camera is gone, so nobody sees it any more.",
  screen: "Your screen is not shared any more.",
};

/** Show this, or no more. It outlives the connection that carries it, and is shown again by the next. */
async function show(what: keyof Shows, media: MediaStream | null): Promise<void> {
  if (["none", "failed"].includes(store.own.phase)) return stop(media);
  stop(store.own[what]);
  store.ownIs({ [what]: media });
  const track = media?.getVideoTracks()[0];
  if (track) {
    track.onended = () => {
      if (store.own[what] !== media) return;
      store.setNotice(ENDED[what]);
      void show(what, null);
    };
  }
  if (!talk) return;
  if (what === "camera") ask(store.own.channelId, store.own.guildId);
  await talk.show(what, media);
}

/** Show nothing any more, to those of the room that is left. */
function hide(): void {
  stop(store.own.camera);
  stop(store.own.screen);
  store.ownIs({ camera: null, screen: null });
}

function stop(media: MediaStream | null): void {
  media?.getTracks().forEach((track) => track.stop());
}

/** Watch somebody's screen, or do not, in a window of its own neither. */
export function watch(ssrc: number, on: boolean): void {
  if (!on && store.popped()?.ssrc === ssrc) store.setPopped(null);
  store.setWatched(on ? [...new Set([...store.watched(), ssrc])] : store.watched().filter((one) => one !== ssrc));
}

/** Say which pictures are on screen, and how large. */
export function wantPictures(pixels: Record<string, number>): void {
  onPage = pixels;
  want();
}

/** A picture in a window of its own is seen wherever in the client the person is. */
function want(): void {
  const apart = store.popped();
  talk?.want(apart?.ssrc ? { ...onPage, [apart.ssrc]: Math.max(onPage[apart.ssrc] ?? 0, apart.pixels) } : onPage);
}

export function playSound(which: Sound): void {
  sound(which);
}

// Moderators

export async function moderateVoice(guildId: Id, userId: Id, change: { mute?: boolean; deaf?: boolean; channel_id?: Id | null }): Promise<void> {
  await request("PATCH", `/guilds/${guildId}/members/${userId}`, { body: change });
}

// What follows from what the server says

const listener = (): TalkListener => ({
  phase(phase) {
    if (phase === "connected") {
      if (store.own.phase !== "connected" && store.own.phase !== "waiting") sound("join");
      renewals = 0;
    }
    store.ownIs({ phase });
  },
  dismissed(failure) {
    talk = null;
    store.roomEnded();
    store.ownIs({ phase: "waiting" });
    awaitWord(failure);
  },
  failed: fail,
  renew() {
    talk = null;
    store.roomEnded();
    // The main gateway began anew too, and was asked already.
    if (store.own.phase === "asking") return;
    renewals += 1;
    if (renewals > MOST_RENEWALS) return fail(NO_ANSWER);
    begin();
  },
  speaking: store.speakingIs,
  streams: store.streamsAre,
  picture: store.pictureIs,
  left: store.hasLeft,
  quality(quality, figures) {
    store.ownIs({ quality });
    store.setFigures(figures);
  },
  microphone: (failure) => store.ownIs({ deafMic: failure }),
  plain: store.setPlainNoise,
});

async function connect(server: store.Server): Promise<void> {
  const voice = store.voiceOf(server.home, myId());
  const { guildId, channelId, phase } = store.own;
  if (phase === "none" || (guildId ?? channelId) !== server.home || !voice?.channel_id) return;
  clearTimeout(asking);
  const was = talk;
  talk = null;
  was?.stop();
  store.roomEnded();
  store.ownIs({ phase: "connecting", channelId: voice.channel_id, failure: null, quality: null });
  const { Talk } = await loadTalk();
  if (store.server() !== server || store.own.phase !== "connecting" || talk) return;
  const mine = store.myVoice();
  if (mine && differs(mine)) ask(voice.channel_id, guildId);
  const identity = { server_id: server.home, channel_id: voice.channel_id, user_id: myId(), session_id: voice.session_id, token: server.token };
  talk = new Talk(`${location.origin.replace(/^http/, "ws")}/voice?v=8`, identity, wishes(), store.own, listener());
}

createRoot(() => {
  createEffect(on(store.server, (server) => server && void connect(server)));
  // The main gateway began anew, and the place in voice was lost with the session before.
  createEffect(on(store.renewed, () => store.own.phase !== "none" && store.own.phase !== "failed" && begin(), { defer: true }));
  createEffect(on(() => session.connection, (state) => state === "ready" && store.own.phase === "asking" && begin(), { defer: true }));
  createEffect(() => {
    if (session.phase === "out") leave();
  });
  // What was shown and watched in one room is not in another.
  createEffect(
    on(() => store.own.channelId, () => {
      hide();
      store.watchNothing();
    }, { defer: true }),
  );
  createEffect(() => {
    const next = wishes();
    talk?.wish(next);
  });
  // Somebody else, or another window of one's own, ended the stay.
  createEffect(
    on(store.myVoice, (voice, before) => {
      if (before && !voice && !["none", "asking", "failed"].includes(store.own.phase) && session.connection === "ready") {
        const gone = !store.own.channelId || !channels[store.own.channelId];
        fail({ text: gone ? "The channel is gone." : "You were disconnected from voice.", way: gone ? "" : "Somebody took you out, or you may not be there any more.", again: !gone });
      }
      if (voice?.channel_id && store.own.phase === "connected" && voice.channel_id !== store.own.channelId) store.ownIs({ channelId: voice.channel_id });
    }),
  );
  createEffect(on(store.popped, want, { defer: true }));
  // Who goes into a stage's audience shows nothing any more.
  createEffect(
    on(store.silenced, (silent) => {
      const channel = store.myChannel();
      if (!silent || !channel || !store.isStage(channel)) return;
      if (store.own.camera) void setCameraOn(false);
      if (store.own.screen) void setScreenOn(false);
    }),
  );
  createEffect(() => {
    const channel = store.myChannel();
    if (channel && store.own.phase === "connected") talk?.fit(store.speakersIn(channel).length);
  });
  // Others who come and go are heard to.
  createEffect(
    on(
      () => {
        const channel = store.own.phase === "connected" ? store.myChannel() : undefined;
        // The audience of a stage comes and goes unheard.
        return channel ? store.speakersIn(channel).map((one) => one.user_id).filter((id) => id !== myId()) : null;
      },
      (now, before) => {
        if (!now || !before) return;
        if (now.some((id) => !before.includes(id))) sound("join");
        else if (before.some((id) => !now.includes(id))) sound("leave");
      },
    ),
  );
});

/** Whether what is typed is text for somewhere. */
function writing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return event.key.length === 1 && (target?.matches?.("input, textarea, [contenteditable]") ?? false);
}

if (typeof addEventListener === "function") {
  const hold = (on: boolean) => {
    if (held === on) return;
    held = on;
    talk?.wish(wishes());
  };
  addEventListener("keydown", (event) => {
    if (store.own.phase !== "none" && event.code === store.pushKey() && !writing(event)) hold(true);
  });
  addEventListener("keyup", (event) => event.code === store.pushKey() && hold(false));
  addEventListener("blur", () => hold(false));
  addEventListener("online", () => store.own.phase === "asking" && begin());
}
