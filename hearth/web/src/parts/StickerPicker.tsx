// The stickers that a person may send in a channel, found by name, description and tags.
import { createMemo, type JSX } from "solid-js";
import { stickerUrl } from "../core/cdn.ts";
import type { Channel, StickerItem } from "../core/types.ts";
import { stickerGuilds } from "../store/channels.ts";
import { type Group, Picker } from "./Picker.tsx";

export default function StickerPicker(props: {
  beside: Element;
  channel: Channel;
  choose: (sticker: StickerItem) => void;
  onClose: () => void;
}): JSX.Element {
  const groups = createMemo(() =>
    stickerGuilds(props.channel).map((guild): Group => [
      guild.id === props.channel.guild_id ? "This guild" : guild.name,
      guild.stickers
        .filter((one) => one.available)
        .map(({ id, name, format_type, description, tags }) => ({
          label: description ? `${name}: ${description}` : name,
          words: `${name} ${description ?? ""} ${tags}`.toLowerCase(),
          picture: stickerUrl({ id, format_type }),
          choose: () => props.choose({ id, name, format_type }),
        })),
    ]),
  );
  return (
    <Picker label="Stickers" find="Find a sticker" nothing="There is no such sticker." beside={props.beside} columns={4} snug groups={groups()} onClose={props.onClose} />
  );
}
