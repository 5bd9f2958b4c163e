// A user's face, by id.
import type { JSX } from "solid-js";
import { avatarUrl } from "../core/cdn.ts";
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
