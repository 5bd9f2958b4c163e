// Who is in voice where, which calls ring, and how the person's own stay goes.
import { createSignal } from "solid-js";
import { createStore, produce, reconcile } from "solid-js/store";
import { type Call, type Channel, ChannelType, type Id, type Stage, type VoiceState } from "../core/types.ts";
import type { Noise } from "../voice/devices.ts";
import type { Failure, Stream } from "../voice/machine.ts";
import type { Quality } from "../voice/quality.ts";
import { channels, isPrivate, may } from "./channels.ts";
import type { Reducers } from "./events.ts";
import { guilds, nameIn, noteMember } from "./guilds.ts";
import { remembered } from "./kept.ts";
import { myId } from "./session.ts";

/** By guild or private channel, and by user. */
const [states, setStates] = createStore<Record<Id, Record<Id, VoiceState>>>({});
const [calls, setCalls] = createStore<Record<Id, Call>>({});
/** Those that are live, by channel. */
const [stages, setStages] = createStore<Record<Id, Stage>>({});
export { calls, stages };

/** How the person's own stay is. `asking`: the server is to let us in; `waiting`: it broke off. */
export type Phase = "none" | "asking" | "connecting" | "connected" | "waiting" | "failed";

interface Own {
  phase: Phase;
  /** Whether they were in already: what connects now takes that up again. */
  again: boolean;
  /** Where, as long as it is not "none". */
  channelId: Id | null;
  guildId: Id | null;
  failure: Failure | null;
  /** A microphone that could not be had: one listens all the same. */
  deafMic: Failure | null;
  quality: Quality | null;
  selfMute: boolean;
  selfDeaf: boolean;
  camera: MediaStream | null;
  screen: MediaStream | null;
}

const NOWHERE: Own = {
  phase: "none", again: false, channelId: null, guildId: null, failure: null, deafMic: null, quality: null,
  selfMute: false, selfDeaf: false, camera: null, screen: null,
};
const [own, setOwn] = createStore<Own>({ ...NOWHERE });
export { own };

interface Room {
  /** Who is loud now. */
  speaking: Record<Id, boolean>;
  /** What others show. */
  streams: Record<Id, Stream[]>;
  /** The pictures that are carried to us, by stream. */
  pictures: Record<number, MediaStream>;
}

const EMPTY: Room = { speaking: {}, streams: {}, pictures: {} };
const [room, setRoom] = createStore<Room>({ ...EMPTY });
export { room };

/** Whose screens the person chose to watch, by stream. */
export const [watched, setWatched] = createSignal<number[]>([]);
/** Who showed a watched screen when the line to them broke off, and until when it is watched again. */
const missed = new Map<Id, number>();
export const MISSED_MS = 60_000;

/** What is to be said of voice, once. */
export const [notice, setNotice] = createSignal("", { equals: false });

/** The picture that is in a window of its own: whose, of which kind, and how large it is there. */
export interface Popped {
  userId: Id;
  type: Stream["type"];
  /** Null while the line to them is broken off: what they show next of that kind goes on there. */
  ssrc: number | null;
  pixels: number;
}

export const [popped, setPopped] = createSignal<Popped | null>(null);

/** What of a picture that is carried arrives, by stream. */
export const [figures, setFigures] = createSignal<Record<number, string>>({});

/** Where to connect, as the main gateway told last. */
export interface Server {
  token: string;
  endpoint: string | null;
  /** A guild, or the private channel of a call. */
  home: Id;
}

const [server, setServer] = createSignal<Server | null>(null, { equals: false });
/** Counts up whenever the main gateway began anew and forgot where one was. */
const [renewed, setRenewed] = createSignal(0);
export { renewed, server };

// How this device speaks and hears

export type Mode = "activity" | "push";

export const [mode, setMode] = remembered<Mode>("voice.mode", "activity");
/** Who is quieter than this is not sent, in dB under full; the least is always sent. */
export const [threshold, setThreshold] = remembered<number>("voice.threshold", -60);
/** The key to hold, as `KeyboardEvent.code` has it. */
export const [pushKey, setPushKey] = remembered<string>("voice.key", "Backquote");
export const [microphone, setMicrophone] = remembered<string>("voice.microphone", "");
export const [speaker, setSpeaker] = remembered<string>("voice.speaker", "");
export const [camera, setCamera] = remembered<string>("voice.camera", "");
export const [echo, setEcho] = remembered<boolean>("voice.echo", true);
// It was kept as on and off before there was a stronger one.
const [keptNoise, setNoise] = remembered<Noise | boolean>("voice.noise", "browser");
export const noise = (): Noise => (keptNoise() === false ? "none" : keptNoise() === true ? "browser" : (keptNoise() as Noise));
export { type Noise, setNoise };
/** Whether the stronger one is wanted, and does not work here: the browser's own is used. */
export const [plainNoise, setPlainNoise] = createSignal(false);
export const [gain, setGain] = remembered<boolean>("voice.gain", true);
export const [sounds, setSounds] = remembered<boolean>("voice.sounds", true);
/** Whether media of a call of two may go directly, which shows the other one's address to each. */
export const [direct, setDirect] = remembered<boolean>("voice.direct", false);
/** How loud others are for the person, in per cent; 0 is muted. */
export const [volumes, setVolumes] = remembered<Record<Id, number>>("voice.volumes", {});
/** Whether the person comes into voice muted or deaf, as they left it. */
export const [muted, setMuted] = remembered<boolean>("voice.muted", false);
export const [deafened, setDeafened] = remembered<boolean>("voice.deafened", false);

/** What a log-out leaves of these. */
export const VOICE_DEVICE = ["voice.mode", "voice.threshold", "voice.key", "voice.microphone", "voice.speaker", "voice.camera", "voice.echo", "voice.noise", "voice.gain", "voice.sounds"];

export function volumeOf(userId: Id): number {
  return volumes()[userId] ?? 100;
}

export function changeVolume(userId: Id, percent: number): void {
  const { [userId]: _, ...others } = volumes();
  setVolumes(percent === 100 ? others : { ...others, [userId]: percent });
}

// What others ask

export const homeOf = (channel: Channel): Id => channel.guild_id ?? channel.id;

/** Who is in a channel's voice, by name. */
export function voicesIn(channel: Channel): VoiceState[] {
  return Object.values(states[homeOf(channel)] ?? {})
    .filter((one) => one.channel_id === channel.id)
    .sort((a, b) => nameIn(channel.guild_id, a.user_id).localeCompare(nameIn(channel.guild_id, b.user_id)));
}

export const isStage = (channel: Channel): boolean => channel.type === ChannelType.STAGE;

/** Of a stage: who speaks, who was invited to and has not answered, who asks to. */
export const isSpeaker = (one: VoiceState): boolean => !one.suppress && one.request_to_speak_timestamp === null;
export const isInvited = (one: VoiceState): boolean => !one.suppress && one.request_to_speak_timestamp !== null;
export const hasAsked = (one: VoiceState): boolean => one.suppress && one.request_to_speak_timestamp !== null;

/** Who of a channel may be heard: on a stage those who speak. */
export function speakersIn(channel: Channel): VoiceState[] {
  const all = voicesIn(channel);
  return isStage(channel) ? all.filter(isSpeaker) : all;
}

/** Who only listens to a stage: who asks to speak first, the first to ask before the others. */
export function audienceOf(channel: Channel): VoiceState[] {
  const asked = (one: VoiceState) => (hasAsked(one) ? (one.request_to_speak_timestamp as string) : "~");
  return voicesIn(channel).filter((one) => !isSpeaker(one)).sort((a, b) => (asked(a) < asked(b) ? -1 : Number(asked(a) > asked(b))));
}

export function moderatesStage(channel: Channel): boolean {
  return may(channel, "MANAGE_CHANNELS") && may(channel, "MUTE_MEMBERS") && may(channel, "MOVE_MEMBERS");
}

/** Whether the channel lets the person not speak: SPEAK is missing, or they are a stage's audience. */
export function silenced(): boolean {
  const state = myVoice();
  const channel = myChannel();
  return state !== undefined && (state.suppress || (channel !== undefined && isStage(channel) && !isSpeaker(state)));
}

export function voiceOf(home: Id | null | undefined, userId: Id): VoiceState | undefined {
  return home ? states[home]?.[userId] : undefined;
}

/** Whether somebody is in voice in a guild, or in the person's own call. */
export function isHeard(guildId: Id | undefined, userId: Id): boolean {
  return voiceOf(guildId, userId) !== undefined || (own.guildId === null && voiceOf(own.channelId, userId) !== undefined);
}

/** The channel that the person is in or on the way to. */
export function myChannel(): Channel | undefined {
  return own.channelId ? channels[own.channelId] : undefined;
}

/** The person's own voice state, where it is this window's stay. */
export function myVoice(): VoiceState | undefined {
  return own.phase === "none" ? undefined : voiceOf(own.guildId ?? own.channelId, myId());
}

/** Whether somebody is loud now, in the room where the person is. */
export function isSpeaking(userId: Id): boolean {
  return room.speaking[userId] ?? false;
}

/** Whether a channel has no place for the person. */
export function isFull(channel: Channel): boolean {
  const limit = channel.user_limit ?? 0;
  return limit > 0 && voicesIn(channel).length >= limit && !voiceOf(homeOf(channel), myId());
}

/** The private channels in which the person is being rung. */
export function ringing(): Id[] {
  return Object.values(calls).filter((call) => call.ringing.includes(myId()) && call.channel_id !== own.channelId).map((call) => call.channel_id);
}

// What actions note

export function ownIs(change: Partial<Own>): void {
  setOwn(change);
  if (change.phase === "connected" || change.phase === "failed") setOwn("again", change.phase === "connected");
}

export function ownEnded(): void {
  setOwn({ ...NOWHERE });
  roomEnded();
  watchNothing();
}

/** The room is not seen any more; perhaps it comes again. */
export function roomEnded(): void {
  for (const userId of Object.keys(room.streams)) miss(userId);
  setRoom(reconcile({ speaking: {}, streams: {}, pictures: {} }));
  setWatched([]);
  setFigures({});
}

/** Watch nobody's screen, also not when they show it again, and have nothing in a window of its own. */
export function watchNothing(): void {
  setWatched([]);
  missed.clear();
  setPopped(null);
}

/** The line to somebody broke off. */
function miss(userId: Id): void {
  setPopped((at) => (at?.userId === userId ? { ...at, ssrc: null } : at));
  if ((room.streams[userId] ?? []).some((one) => watched().includes(one.ssrc))) missed.set(userId, performance.now() + MISSED_MS);
}

export function speakingIs(userId: Id, on: boolean): void {
  if ((room.speaking[userId] ?? false) !== on) setRoom("speaking", userId, on);
}

/** Somebody says what they show: these, and nothing else. */
export function streamsAre(userId: Id, streams: Stream[]): void {
  hasStreams(userId, streams);
  setPopped((at) => {
    const shown = streams.filter((one) => one.active && one.type === at?.type);
    if (at?.userId !== userId || shown.some((one) => one.ssrc === at.ssrc)) return at;
    if (at.ssrc !== null) return null;
    return shown[0] ? { ...at, ssrc: shown[0].ssrc } : at;
  });
  const screen = streams.find((one) => one.type === "screen" && one.active);
  if (!screen || !missed.has(userId)) return;
  if (performance.now() < (missed.get(userId) as number)) setWatched([...watched(), screen.ssrc]);
  missed.delete(userId);
}

function hasStreams(userId: Id, streams: Stream[]): void {
  setRoom("streams", userId, streams);
  const all = new Set(Object.values(room.streams).flatMap((list) => list.map((one) => one.ssrc)));
  if (watched().some((ssrc) => !all.has(ssrc))) setWatched(watched().filter((ssrc) => all.has(ssrc)));
}

export function pictureIs(ssrc: number, media: MediaStream | null): void {
  if (media) setRoom("pictures", ssrc, media);
  else setRoom("pictures", produce((all) => void delete all[ssrc]));
}

/** Somebody's connection of voice has ended; the main gateway says whether they are still there. */
export function hasLeft(userId: Id): void {
  miss(userId);
  speakingIs(userId, false);
  hasStreams(userId, []);
}

type Told = { id: Id; unavailable?: boolean; voice_states?: VoiceState[]; stage_instances?: Stage[] };

const byUser = (list: VoiceState[] | undefined) => Object.fromEntries((list ?? []).map((one) => [one.user_id, one]));

/** The home of a state: of one in private that left, wherever that connection was. */
function homeOfState(d: VoiceState): Id | undefined {
  if (d.guild_id) return d.guild_id;
  if (d.channel_id) return d.channel_id;
  return Object.keys(states).find((home) => channels[home] && isPrivate(channels[home]) && states[home]?.[d.user_id]?.session_id === d.session_id);
}

function note(d: VoiceState): void {
  const home = homeOfState(d);
  if (!home) return;
  const { member, ...state } = d;
  if (popped()?.userId === d.user_id && home === (own.guildId ?? own.channelId) && d.channel_id !== own.channelId) setPopped(null);
  if (member && d.guild_id && guilds[d.guild_id]) noteMember(d.guild_id, member);
  if (d.channel_id === null) setStates(home, produce((all) => void delete all?.[d.user_id]));
  else {
    if (!states[home]) setStates(home, {});
    setStates(home, d.user_id, reconcile(state as VoiceState));
  }
}

function noteStage(d: Stage): void {
  setStages(d.channel_id, d);
}

/** The stages of a guild that are live are these. */
function noteStages(guildId: Id, list: Stage[]): void {
  setStages(
    produce((all) => {
      for (const one of Object.values(all)) if (one.guild_id === guildId) delete all[one.channel_id];
      for (const one of list) all[one.channel_id] = one;
    }),
  );
}

export const reducers: Reducers = {
  READY(d: { guilds: Told[] }) {
    setStates(reconcile(Object.fromEntries(d.guilds.map((guild) => [guild.id, byUser(guild.voice_states)]))));
    setCalls(reconcile({}));
    setStages(reconcile(Object.fromEntries(d.guilds.flatMap((guild) => guild.stage_instances ?? []).map((one) => [one.channel_id, one]))));
    setRenewed((count) => count + 1);
  },
  GUILD_CREATE(d: Told) {
    setStates(d.id, reconcile(byUser(d.voice_states)));
    noteStages(d.id, d.stage_instances ?? []);
  },
  GUILD_DELETE(d: Told) {
    setStates(produce((all) => void delete all[d.id]));
    noteStages(d.id, []);
  },
  STAGE_INSTANCE_CREATE: noteStage,
  STAGE_INSTANCE_UPDATE: noteStage,
  STAGE_INSTANCE_DELETE(d: Stage) {
    setStages(produce((all) => void delete all[d.channel_id]));
  },
  CHANNEL_DELETE(d: { id: Id }) {
    setStates(produce((all) => void delete all[d.id]));
    setStages(produce((all) => void delete all[d.id]));
    setCalls(produce((all) => void delete all[d.id]));
  },
  VOICE_STATE_UPDATE: note,
  VOICE_SERVER_UPDATE(d: { token: string; endpoint: string | null; guild_id: Id | null; channel_id?: Id }) {
    const home = d.guild_id ?? d.channel_id;
    if (home) setServer({ token: d.token, endpoint: d.endpoint, home });
  },
  CALL_CREATE(d: Call & { voice_states?: VoiceState[] }) {
    setCalls(d.channel_id, { channel_id: d.channel_id, ringing: d.ringing });
    for (const state of d.voice_states ?? []) note({ ...state, guild_id: null });
  },
  CALL_UPDATE(d: Call) {
    setCalls(d.channel_id, { channel_id: d.channel_id, ringing: d.ringing });
  },
  CALL_DELETE(d: { channel_id: Id }) {
    setCalls(produce((all) => void delete all[d.channel_id]));
    setStates(produce((all) => void delete all[d.channel_id]));
  },
};
