// A category of a guild's channels: its name folds it; who manages channels has a menu beside it.
import { createSignal, type JSX, Show } from "solid-js";
import type { Channel } from "../core/types.ts";
import { channelName, may } from "../store/channels.ts";
import { IconButton } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { below, Menu, type MenuItem, type Spot } from "../ui/Menu.tsx";
import { canStep, dragging, moveKeys, moveStep, over } from "./channelMoves.ts";
import styles from "./ChannelTree.module.css";
import { openDialog } from "./dialogs.ts";

export function CategoryHead(props: { category: Channel; open: boolean; onFold: () => void }): JSX.Element {
  const [menu, setMenu] = createSignal<Spot | null>(null);
  const name = () => channelName(props.category);
  const manage = () => may(props.category, "MANAGE_CHANNELS");
  const items = (): MenuItem[] => {
    const list: MenuItem[] = [
      { text: "New channel here", icon: "plus", run: () => openDialog({ kind: "channel", guildId: props.category.guild_id as string, parentId: props.category.id }) },
    ];
    if (canStep(props.category, -1)) list.push({ text: "Move up", icon: "up", run: () => moveStep(props.category, -1) });
    if (canStep(props.category, 1)) list.push({ text: "Move down", icon: "down", run: () => moveStep(props.category, 1) });
    list.push({ text: "Edit category", icon: "gear", apart: true, run: () => openDialog({ kind: "edit", channelId: props.category.id }) });
    return list;
  };
  return (
    <div
      class={styles.category}
      data-place={props.category.id}
      data-over={over()?.id === props.category.id ? over()?.side : undefined}
      draggable={manage()}
      onKeyDown={(event) => manage() && moveKeys(event, props.category)}
      onContextMenu={(event) => {
        if (!manage()) return;
        event.preventDefault();
        setMenu({ x: event.clientX, y: event.clientY, height: 0 });
      }}
      {...dragging(() => props.category)}
    >
      <h2>
        <button type="button" aria-expanded={props.open} onClick={props.onFold}>
          <Icon name="chevron" size={14} />
          <span class="cut">{name()}</span>
        </button>
      </h2>
      <Show when={manage()}>
        <IconButton
          icon="dots"
          size={16}
          label={`More of ${name()}`}
          aria-haspopup="menu"
          aria-expanded={menu() !== null}
          onClick={(event) => setMenu(below(event.currentTarget, true))}
        />
        <IconButton
          icon="plus"
          size={16}
          label={`New channel in ${name()}`}
          onClick={() => openDialog({ kind: "channel", guildId: props.category.guild_id as string, parentId: props.category.id })}
        />
      </Show>
      <Show when={menu()}>{(at) => <Menu label={name()} at={at()} items={items()} onClose={() => setMenu(null)} />}</Show>
    </div>
  );
}
