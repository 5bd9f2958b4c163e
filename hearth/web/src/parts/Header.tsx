// The bar over the messages: where one is, and what is beside them.
import { type JSX, Show } from "solid-js";
import { call } from "../actions/voice.ts";
import { type Channel, ChannelType } from "../core/types.ts";
import { isPrivate, isVoice } from "../store/channels.ts";
import { chatting, pane, panel, setChatting, setPane, setPanel } from "../store/place.ts";
import { membersOpen, setMembersOpen } from "../store/prefs.ts";
import { totalMentions } from "../store/reads.ts";
import { calls, own } from "../store/voice.ts";
import { IconButton } from "../ui/Button.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { channelIcon } from "./ChannelTree.tsx";
import { openDialog } from "./dialogs.ts";
import { PrivateFace } from "./Face.tsx";
import styles from "./Header.module.css";
import { tight } from "../ui/media.ts";
import { openSwitcher } from "./switcher.ts";
import { attempt } from "../ui/toast.tsx";

export function Header(props: { title: string; channel?: Channel; icon?: IconName }): JSX.Element {
  const personal = () => (props.channel && isPrivate(props.channel) ? props.channel : undefined);
  const toggleMembers = () => {
    if (tight()) setPane(pane() === "members" ? "none" : "members");
    else setMembersOpen(panel() !== "none" || !membersOpen());
    setPanel("none");
  };
  return (
    <header class={styles.header}>
      <button type="button" class={styles.menu} aria-label={`Channels and guilds${totalMentions() ? `, ${totalMentions()} mentions` : ""}`} aria-expanded={pane() === "nav"} onClick={() => setPane(pane() === "nav" ? "none" : "nav")}>
        <Icon name="menu" />
        <Show when={totalMentions()}>
          <span class={styles.dot} />
        </Show>
      </button>
      <Show when={personal()} fallback={<Icon name={props.icon ?? (props.channel ? channelIcon(props.channel) : "people")} class={styles.icon} />}>
        {(channel) => <PrivateFace channel={channel()} size={24} />}
      </Show>
      <h1 class={`cut ${styles.title}`}>{props.title}</h1>
      <Show when={props.channel?.topic}>
        {(topic) => (
          <p class={`cut ${styles.topic}`} title={topic()}>
            {topic()}
          </p>
        )}
      </Show>
      <span class="grow" />
      <Show when={props.channel}>
        {(channel) => (
          <>
            <Show when={isPrivate(channel()) && own.channelId !== channel().id}>
              <IconButton icon="phone" label={calls[channel().id] ? "Join the call" : "Call"} onClick={() => void attempt(() => call(channel(), !calls[channel().id]))} />
            </Show>
            <Show when={isVoice(channel())}>
              <IconButton icon="chat" label={chatting() ? "Show the room" : "Show the chat"} pressed={chatting()} onClick={() => setChatting(!chatting())} />
            </Show>
            <IconButton class={styles.wide} icon="bell" label="Notifications" onClick={() => openDialog({ kind: "notify", guildId: channel().guild_id, channelId: channel().id })} />
            <IconButton class={isVoice(channel()) && !chatting() ? styles.wide : undefined} icon="pin" label="Pinned messages" pressed={panel() === "pins"} onClick={() => setPanel(panel() === "pins" ? "none" : "pins")} />
          </>
        )}
      </Show>
      <IconButton icon="at" label="Recent mentions" pressed={panel() === "inbox"} onClick={() => setPanel(panel() === "inbox" ? "none" : "inbox")} />
      <IconButton class={styles.go} icon="compass" label="Go to… (Ctrl K)" onClick={openSwitcher} />
      <Show when={personal()?.type === ChannelType.GROUP_DM && personal()}>
        {(group) => <IconButton icon="gear" label="Group settings" onClick={() => openDialog({ kind: "group", channelId: group().id })} />}
      </Show>
      <Show when={props.channel && !personal()}>
        <IconButton icon="people" label="Members" class={styles.people} pressed={tight() ? pane() === "members" : membersOpen() && panel() === "none"} onClick={toggleMembers} />
      </Show>
      <Show when={props.channel}>
        <button type="button" class={styles.find} data-find data-tip="Search in messages (Ctrl F)" aria-label="Search in messages" aria-pressed={panel() === "search"} onClick={() => setPanel(panel() === "search" ? "none" : "search")}>
          <Icon name="search" size={tight() ? 20 : 18} />
          <span>Search</span>
        </button>
      </Show>
    </header>
  );
}
