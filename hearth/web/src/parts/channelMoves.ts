// Moving channels about: by dragging, by keys and by menu; what is dragged, where it would go, and saying so.
import { createSignal } from "solid-js";
import { moveChannels } from "../actions/guilds.ts";
import { moves, type Spot, step } from "../core/order.ts";
import { type Channel, ChannelType, type Id } from "../core/types.ts";
import { channelName, channels, channelTree } from "../store/channels.ts";
import { attempt } from "../ui/toast.tsx";

const all = (guildId: Id) => Object.values(channels).filter((one) => one.guild_id === guildId && (one.type < 10 || one.type > 12));

/** The channel that is being dragged. */
const [dragged, setDragged] = createSignal<Channel | null>(null);
/** Over which channel or category it is, and on which side of it. */
const [over, setOver] = createSignal<{ id: Id; side: "above" | "below" | "into" } | null>(null);
/** What is said to those who listen. */
const [told, setTold] = createSignal("");
export { dragged, over, told };

function tell(channel: Channel): void {
  const branch = channelTree(channel.guild_id as Id).find((one) => one.channels.some((each) => each.id === channel.id));
  if (!branch) return void setTold(`${channelName(channel)} is moved.`);
  const at = branch.channels.findIndex((each) => each.id === channel.id);
  const where = branch.category ? channelName(branch.category) : "no category";
  setTold(`${channelName(channel)} is ${at + 1} of ${branch.channels.length} in ${where}.`);
}

async function put(channel: Channel, to: Spot): Promise<void> {
  const guildId = channel.guild_id as Id;
  const list = moves(all(guildId), channel.id, to);
  if (list.length && (await attempt(() => moveChannels(guildId, list)))) tell(channel);
}

/** Whether there is a place one step up or down. */
export function canStep(channel: Channel, by: 1 | -1): boolean {
  return step(all(channel.guild_id as Id), channel.id, by) !== null;
}

/** Move a channel or a category one step; what had the focus has it afterwards. */
export function moveStep(channel: Channel, by: 1 | -1): void {
  const to = step(all(channel.guild_id as Id), channel.id, by);
  if (!to) return;
  const had = document.activeElement?.tagName;
  const done = put(channel, to);
  const focus = () => document.querySelector<HTMLElement>(`[data-place="${channel.id}"] ${had === "BUTTON" ? "button" : ":is(a, button)"}`)?.focus();
  queueMicrotask(focus);
  void done.then(() => document.activeElement === document.body && focus());
}

/** What a key does to the channel that it is pressed on; whether it did anything. */
export function moveKeys(event: KeyboardEvent, channel: Channel): void {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!by || !event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.stopPropagation();
  moveStep(channel, by);
}

/** The handlers of what can be dragged and be dropped beside. */
export function dragging(channel: () => Channel) {
  const category = () => channel().type === ChannelType.CATEGORY;
  return {
    onDragStart(event: DragEvent) {
      event.stopPropagation();
      event.dataTransfer?.setData("text/plain", channelName(channel()));
      if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
      setDragged(channel());
    },
    onDragOver(event: DragEvent & { currentTarget: HTMLElement }) {
      const one = dragged();
      if (!one || one.guild_id !== channel().guild_id || one.id === channel().id) return;
      const moving = one.type === ChannelType.CATEGORY;
      if (moving && !category()) return;
      event.preventDefault();
      const box = event.currentTarget.getBoundingClientRect();
      const side = event.clientY < box.top + box.height / 2 ? "above" : "below";
      setOver({ id: channel().id, side: category() && !moving ? "into" : side });
    },
    onDragLeave(event: DragEvent & { currentTarget: HTMLElement }) {
      // What is within it is not outside.
      if (over()?.id === channel().id && !event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(null);
    },
    onDrop(event: DragEvent) {
      const [one, spot] = [dragged(), over()];
      if (!one || !spot) return;
      event.preventDefault();
      void put(one, place(channel(), spot.side));
      drop();
    },
    onDragEnd: drop,
  };
}

function drop(): void {
  setDragged(null);
  setOver(null);
}

/** The place on a side of a channel, or at the top of a category. */
function place(beside: Channel, side: "above" | "below" | "into"): Spot {
  const tree = channelTree(beside.guild_id as Id);
  if (side === "into") return { parent: beside.id, before: tree.find((one) => one.category?.id === beside.id)?.channels[0]?.id ?? null };
  const list = beside.type === ChannelType.CATEGORY ? tree.flatMap((one) => one.category ?? []) : (tree.find((one) => one.channels.some((each) => each.id === beside.id))?.channels ?? []);
  const at = list.findIndex((one) => one.id === beside.id);
  const parent = beside.type === ChannelType.CATEGORY ? null : (tree.find((one) => one.channels.some((each) => each.id === beside.id))?.category?.id ?? null);
  return { parent, before: list[side === "above" ? at : at + 1]?.id ?? null };
}
