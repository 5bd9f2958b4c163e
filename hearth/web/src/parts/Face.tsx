// A user's face, by id; and a private channel's: whom it is with, or a group's picture.
import { type JSX, Show } from "solid-js";
import { avatarUrl, groupIconUrl } from "../core/cdn.ts";
import { type Channel, ChannelType } from "../core/types.ts";
import { channelName } from "../store/channels.ts";
import { nameIn } from "../store/guilds.ts";
import { statusOf, users } from "../store/users.ts";
import { Avatar } from "../ui/Avatar.tsx";

export function Face(props: { id: string; guildId?: string; size?: number; status?: boolean }): JSX.Element {
  return (
    <Avatar
      id={props.id}
      name={nameIn(props.guildId, props.id)}
      src={avatarUrl(users[props.id])}
      size={props.size}
      status={props.status ? statusOf(props.id) : undefined}
    />
  );
}

export function PrivateFace(props: { channel: Channel; size: number }): JSX.Element {
  return (
    <Show
      when={props.channel.type === ChannelType.GROUP_DM}
      fallback={<Face id={props.channel.recipient_ids?.[0] ?? props.channel.id} size={props.size} status />}
    >
      <Avatar id={props.channel.id} name={channelName(props.channel)} src={groupIconUrl(props.channel)} size={props.size} />
    </Show>
  );
}
