// What people do on a stage: open and close it, ask to speak, let others speak, step down.
import { request } from "../api/client.ts";
import type { Channel, Id } from "../core/types.ts";
import { myId } from "../store/session.ts";
import * as store from "../store/voice.ts";

/** Open a channel's stage, or say anew what it is about. `notify` mentions everyone who may see it. */
export async function openStage(channelId: Id, topic: string, notify: boolean): Promise<void> {
  if (store.stages[channelId]) await request("PATCH", `/stage-instances/${channelId}`, { body: { topic } });
  else await request("POST", "/stage-instances", { body: { channel_id: channelId, topic, send_start_notification: notify } });
}

export async function closeStage(channelId: Id): Promise<void> {
  await request("DELETE", `/stage-instances/${channelId}`);
}

async function changeOwn(channel: Channel, change: { suppress?: boolean; request_to_speak_timestamp?: string | null }): Promise<void> {
  await request("PATCH", `/guilds/${channel.guild_id}/voice-states/@me`, { body: { channel_id: channel.id, ...change } });
}

/** Ask to speak, or ask no more. */
export async function askToSpeak(channel: Channel, on: boolean): Promise<void> {
  await changeOwn(channel, { request_to_speak_timestamp: on ? new Date().toISOString() : null });
}

/** Answer who invited the person to speak. */
export async function answerInvitation(channel: Channel, yes: boolean): Promise<void> {
  await changeOwn(channel, yes ? { request_to_speak_timestamp: null } : { suppress: true, request_to_speak_timestamp: null });
}

/** Go up, which moderators may; or into the audience, oneself. */
export async function setOnStage(channel: Channel, on: boolean): Promise<void> {
  await changeOwn(channel, { suppress: !on, request_to_speak_timestamp: null });
}

/** Invite somebody to speak, or send them into the audience. */
export async function letSpeak(channel: Channel, userId: Id, on: boolean): Promise<void> {
  if (userId === myId()) return setOnStage(channel, on);
  await request("PATCH", `/guilds/${channel.guild_id}/voice-states/${userId}`, { body: { channel_id: channel.id, suppress: !on } });
}
