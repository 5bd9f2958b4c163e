// A guild's channels by category: what is unread stands out, what is folded shows only that.
import { createSignal, For, type JSX, Show } from "solid-js";
import { readGuild } from "../actions/messages.ts";
import { join } from "../actions/voice.ts";
import { type Channel, ChannelType } from "../core/types.ts";
import { channelName, channelTree, isVoice, isWritten, may, mayIn } from "../store/channels.ts";
import { mutedChannel } from "../store/notify.ts";
import { place, setPane } from "../store/place.ts";
import { folded, setFolded } from "../store/prefs.ts";
import { isUnread, mentionsIn } from "../store/reads.ts";
import { isFull, own, stages, voicesIn } from "../store/voice.ts";
import { Badge } from "../ui/Badge.tsx";
import { IconButton } from "../ui/Button.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { below, Menu, type MenuItem, type Spot } from "../ui/Menu.tsx";
import { follow } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import styles from "./ChannelTree.module.css";
import { CategoryHead } from "./CategoryHead.tsx";
import { canStep, dragged, dragging, moveKeys, moveStep, over, told } from "./channelMoves.ts";
import { openDialog } from "./dialogs.ts";
import { Voices } from "./Voices.tsx";

export function channelIcon(channel: Channel): IconName {
  if (channel.type === ChannelType.STAGE) return "stage";
  if (isVoice(channel)) return "volume";
  if (channel.type === ChannelType.ANNOUNCEMENT) return "megaphone";
  return "hash";
}

export function ChannelTree(props: { guildId: string }): JSX.Element {
  const fold = (id: string) =>
    setFolded(folded().includes(id) ? folded().filter((one) => one !== id) : [...folded(), id]);
  const shown = (list: Channel[], category: Channel | null) =>
    category && folded().includes(category.id)
      ? list.filter((one) => isUnread(one) || one.id === place().channel || voicesIn(one).length > 0)
      : list;
  const manage = () => mayIn(props.guildId, "MANAGE_CHANNELS");
  return (
    <nav class={styles.tree} aria-label="Channels">
      <For each={channelTree(props.guildId)} fallback={null}>
        {(branch) => (
          <Show when={branch.category || branch.channels.length}>
            <section>
              <Show when={branch.category}>
                {(category) => (
                  <CategoryHead category={category()} open={!folded().includes(category().id)} onFold={() => fold(category().id)} />
                )}
              </Show>
              <ul>
                <For each={shown(branch.channels, branch.category)}>{(channel) => <Entry channel={channel} />}</For>
              </ul>
            </section>
          </Show>
        )}
      </For>
      <p class="unseen" role="status">
        {told()}
      </p>
      <Show when={!channelTree(props.guildId).some((branch) => branch.channels.length)}>
        <p class={styles.empty}>
          {manage() ? "No channels yet. Make the first one from the menu above." : "You can't see any channel here yet."}
        </p>
      </Show>
    </nav>
  );
}

function Entry(props: { channel: Channel }): JSX.Element {
  const [menu, setMenu] = createSignal<Spot | null>(null);
  const unread = () => isUnread(props.channel);
  const count = () => mentionsIn(props.channel);
  const here = () => place().channel === props.channel.id;
  const name = () => channelName(props.channel);
  const voice = () => isVoice(props.channel);
  const enterable = () => may(props.channel, "CONNECT") && (!isFull(props.channel) || may(props.channel, "MOVE_MEMBERS"));
  const manage = () => may(props.channel, "MANAGE_CHANNELS");
  const items = (): MenuItem[] => {
    const list: MenuItem[] = [
      { text: "Mark guild as read", icon: "check", run: () => void attempt(() => readGuild(props.channel.guild_id ?? "")) },
    ];
    if (may(props.channel, "CREATE_INSTANT_INVITE")) {
      list.push({ text: "Invite people", icon: "mail", run: () => openDialog({ kind: "invite", channelId: props.channel.id }) });
    }
    list.push({ text: "Notifications", icon: "bell", run: () => openDialog({ kind: "notify", guildId: props.channel.guild_id, channelId: props.channel.id }) });
    if (manage() && canStep(props.channel, -1)) list.push({ text: "Move up", icon: "up", apart: true, run: () => moveStep(props.channel, -1) });
    if (manage() && canStep(props.channel, 1)) list.push({ text: "Move down", icon: "down", run: () => moveStep(props.channel, 1) });
    if (manage() || may(props.channel, "MANAGE_ROLES")) {
      list.push({ text: "Edit channel", icon: "gear", apart: true, run: () => openDialog({ kind: "edit", channelId: props.channel.id }) });
    }
    return list;
  };
  const inside = () => (
    <>
      <Icon name={voice() && !enterable() ? "lock" : channelIcon(props.channel)} size={18} class={styles.icon} />
      <span class="cut grow">{name()}</span>
      <Show when={stages[props.channel.id]}>
        {(stage) => (
          <span class={styles.live} title={stage().topic}>
            Live
          </span>
        )}
      </Show>
      <Show when={props.channel.user_limit}>
        {(limit) => (
          <span class={styles.limit} aria-hidden="true">
            {voicesIn(props.channel).length}/{limit()}
          </span>
        )}
      </Show>
      <Badge count={count()} class={styles.count} />
    </>
  );
  return (
    <li
      class={styles.line}
      data-place={props.channel.id}
      data-over={over()?.id === props.channel.id ? over()?.side : undefined}
      data-dragged={dragged()?.id === props.channel.id || undefined}
      draggable={manage()}
      onKeyDown={(event) => manage() && moveKeys(event, props.channel)}
      {...dragging(() => props.channel)}
    >
      <Show
        when={isWritten(props.channel) || isVoice(props.channel)}
        fallback={
          <span class={styles.entry} data-off title="This client cannot show such channels yet.">
            {inside()}
          </span>
        }
      >
        <a
          class={styles.entry}
          draggable={false}
          href={`/channels/${props.channel.guild_id}/${props.channel.id}`}
          aria-current={here() ? "page" : undefined}
          data-in={own.channelId === props.channel.id || undefined}
          data-unread={unread() || undefined}
          data-muted={mutedChannel(props.channel) || undefined}
          aria-label={name() + (voice() ? (stages[props.channel.id] ? ", live stage" : ", voice") : "") + (count() ? `, ${count()} mentions` : unread() ? ", unread" : "")}
          onClick={(event) => {
            const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
            follow(event);
            setPane("none");
            // Who presses a voice channel is in it: there is nothing to ask.
            if (voice() && plain && enterable()) join(props.channel);
          }}
          onContextMenu={(event) => {
            event.preventDefault();
            setMenu({ x: event.clientX, y: event.clientY, height: 0 });
          }}
        >
          {inside()}
        </a>
      </Show>
      <IconButton
        class={styles.more}
        icon="dots"
        size={16}
        label={`More of ${name()}`}
        aria-haspopup="menu"
        aria-expanded={menu() !== null}
        onClick={(event) => setMenu(below(event.currentTarget, true))}
      />
      <Show when={menu()}>{(at) => <Menu label={name()} at={at()} items={items()} onClose={() => setMenu(null)} />}</Show>
      <Show when={voice()}>
        <Voices channel={props.channel} />
      </Show>
    </li>
  );
}
