// The name of the guild that one is in, and the menu behind it.
import { createSignal, type JSX, Show } from "solid-js";
import { readGuild } from "../actions/messages.ts";
import type { Permission } from "../core/permissions.ts";
import type { Guild } from "../core/types.ts";
import { channelTree, isWritten, may, mayIn } from "../store/channels.ts";
import { myId } from "../store/session.ts";
import { Icon } from "../ui/Icon.tsx";
import { below, Menu, type MenuItem, type Spot } from "../ui/Menu.tsx";
import { navigate } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import { openDialog } from "./dialogs.ts";
import styles from "./GuildHead.module.css";

/** Who may do any of these finds something in the guild's settings. */
const SETTINGS: Permission[] = ["MANAGE_GUILD", "MANAGE_ROLES", "BAN_MEMBERS", "VIEW_AUDIT_LOG", "CREATE_GUILD_EXPRESSIONS", "MANAGE_GUILD_EXPRESSIONS"];

export function GuildHead(props: { guild: Guild }): JSX.Element {
  const [menu, setMenu] = createSignal<Spot | null>(null);
  const id = () => props.guild.id;
  const door = () => channelTree(id()).flatMap((branch) => branch.channels).find((one) => isWritten(one) && may(one, "CREATE_INSTANT_INVITE"));
  const items = (): MenuItem[] => {
    const list: MenuItem[] = [];
    const entrance = door();
    if (entrance) list.push({ text: "Invite people", icon: "mail", run: () => openDialog({ kind: "invite", channelId: entrance.id }) });
    list.push({ text: "Mark as read", icon: "check", run: () => void attempt(() => readGuild(id())) });
    list.push({ text: "Notifications", icon: "bell", run: () => openDialog({ kind: "notify", guildId: id() }) });
    list.push({ text: "Change my name here", icon: "pencil", run: () => openDialog({ kind: "moderate", guildId: id(), userId: myId(), what: "rename" }) });
    if (mayIn(id(), "MANAGE_CHANNELS")) list.push({ text: "New channel", icon: "plus", apart: true, run: () => openDialog({ kind: "channel", guildId: id() }) });
    if (SETTINGS.some((one) => mayIn(id(), one))) {
      list.push({ text: "Guild settings", icon: "gear", run: () => navigate(`/settings/guild/${id()}`) });
    }
    const owner = props.guild.owner_id === myId();
    list.push({ text: owner ? "Delete guild" : "Leave guild", icon: owner ? "trash" : "logout", bad: true, apart: true, run: () => openDialog({ kind: "leave", guildId: id() }) });
    return list;
  };
  return (
    <header class={styles.head}>
      <button type="button" aria-haspopup="menu" aria-expanded={menu() !== null} onClick={(event) => setMenu(below(event.currentTarget))}>
        <span class="cut grow">{props.guild.name}</span>
        <Icon name="chevron" size={18} />
      </button>
      <Show when={menu()}>{(at) => <Menu label={props.guild.name} at={at()} items={items()} onClose={() => setMenu(null)} />}</Show>
    </header>
  );
}
