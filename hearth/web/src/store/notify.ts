// How the person wants to be told of guilds and channels.
import { createStore, reconcile } from "solid-js/store";
import type { Channel, Id, NotificationSettings } from "../core/types.ts";
import type { Reducers } from "./events.ts";

/** By guild; private channels under "@me". */
const [settings, setSettings] = createStore<Record<string, NotificationSettings>>({});
export { settings as notifications };

export const keyOf = (guildId: Id | null | undefined): string => guildId ?? "@me";

function lasts(config: { end_time: string | null } | null | undefined): boolean {
  return !config?.end_time || Date.parse(config.end_time) > Date.now();
}

export function mutedGuild(guildId: Id | undefined): boolean {
  const of = settings[keyOf(guildId)];
  return of !== undefined && of.muted && lasts(of.mute_config);
}

/** Whether a channel is muted by itself, by its category or with its guild. */
export function mutedChannel(channel: Channel): boolean {
  const of = settings[keyOf(channel.guild_id)];
  if (!of) return false;
  if (mutedGuild(channel.guild_id)) return true;
  return of.channel_overrides.some(
    (one) => one.muted && (one.channel_id === channel.id || one.channel_id === channel.parent_id),
  );
}

export function suppressed(guildId: Id | undefined, what: "everyone" | "roles"): boolean {
  const of = settings[keyOf(guildId)];
  return of !== undefined && (what === "everyone" ? of.suppress_everyone : of.suppress_roles);
}

type Told = NotificationSettings[] | { entries: NotificationSettings[] };

export const reducers: Reducers = {
  READY(d: { user_guild_settings?: Told }) {
    const told = d.user_guild_settings;
    const entries = Array.isArray(told) ? told : (told?.entries ?? []);
    setSettings(reconcile(Object.fromEntries(entries.map((one) => [keyOf(one.guild_id), one]))));
  },
  USER_GUILD_SETTINGS_UPDATE: (d: NotificationSettings) => setSettings(keyOf(d.guild_id), d),
};
