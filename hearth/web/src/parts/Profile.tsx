// Somebody's profile beside what was clicked: who they are here, and what one can do.
import { createResource, createSignal, For, type JSX, lazy, onCleanup, onMount, Show, Suspense } from "solid-js";
import { giveRole } from "../actions/guilds.ts";
import { befriend, block, openDm, profileOf, unfriend } from "../actions/social.ts";
import { createdMs } from "../core/snowflake.ts";
import { longDate } from "../core/time.ts";
import { type Id, RelationshipType } from "../core/types.ts";
import { mayIn } from "../store/channels.ts";
import { guilds, memberOf, nameIn, roles, rolesOf } from "../store/guilds.ts";
import { relationships } from "../store/relationships.ts";
import { myId } from "../store/session.ts";
import { userName, users } from "../store/users.ts";
import { isHeard } from "../store/voice.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { below, Menu, type MenuItem, type Spot } from "../ui/Menu.tsx";
import { navigate } from "../ui/router.ts";
import { attempt, say } from "../ui/toast.tsx";
import { openDialog } from "./dialogs.ts";
import { Face } from "./Face.tsx";
import { Markdown } from "./Markdown.tsx";
import styles from "./Profile.module.css";
import { hideProfile, type Shown, shownProfile } from "./profile.ts";

const VoiceCard = lazy(() => import("./VoiceCard.tsx"));

export function ProfileHost(): JSX.Element {
  return <Show when={shownProfile()} keyed>{(shown) => <Profile shown={shown} />}</Show>;
}

/** How high somebody's highest role is; the owner is above all. */
export function rankOf(guildId: Id, userId: Id): number {
  if (guilds[guildId]?.owner_id === userId) return Number.POSITIVE_INFINITY;
  const held = memberOf(guildId, userId)?.roles ?? [];
  return Math.max(0, ...held.map((id) => roles[guildId]?.[id]?.position ?? 0));
}

function Profile(props: { shown: Shown }): JSX.Element {
  const { id, guildId, beside } = props.shown;
  const [menu, setMenu] = createSignal<Spot | null>(null);
  const [profile] = createResource(async () => {
    try {
      return await profileOf(id);
    } catch {
      return null;
    }
  });
  let panel!: HTMLDivElement;
  const before = document.activeElement as HTMLElement | null;
  const own = id === myId();
  const user = () => users[id];
  const member = () => memberOf(guildId, id);
  const relation = () => relationships[id]?.type;

  onMount(() => {
    panel.showPopover();
    const box = beside.getBoundingClientRect();
    // It grows when the rest of it has come.
    const grown = new ResizeObserver(() => {
      const { width, height } = panel.getBoundingClientRect();
      const right = box.right + 12;
      const left = right + width < innerWidth - 8 ? right : Math.max(8, box.left - width - 12);
      panel.style.left = `${Math.min(left, innerWidth - width - 8)}px`;
      panel.style.top = `${Math.max(8, Math.min(box.top, innerHeight - height - 24))}px`;
    });
    grown.observe(panel);
    onCleanup(() => grown.disconnect());
    panel.focus();
  });
  const outside = (event: PointerEvent) => {
    if (!panel.contains(event.target as Node) && !menu()) hideProfile();
  };
  addEventListener("pointerdown", outside, true);
  onCleanup(() => {
    removeEventListener("pointerdown", outside, true);
    if (panel.contains(document.activeElement) || document.activeElement === document.body) before?.focus();
  });

  const message = () =>
    attempt(async () => {
      const channelId = await openDm([id]);
      hideProfile();
      navigate(`/channels/@me/${channelId}`);
    });
  const outranked = () => guildId !== undefined && rankOf(guildId, myId()) > rankOf(guildId, id);
  const moderate = (what: "kick" | "ban" | "timeout" | "rename") => {
    hideProfile();
    openDialog({ kind: "moderate", guildId: guildId as Id, userId: id, what });
  };
  const items = (): MenuItem[] => {
    const list: MenuItem[] = [];
    const type = relation();
    if (!own && !user()?.bot) {
      if (type === RelationshipType.FRIEND) list.push({ text: "Remove friend", icon: "close", run: () => void attempt(() => unfriend(id)) });
      if (type === undefined || type === RelationshipType.INCOMING) {
        list.push({
          text: type ? "Accept friend request" : "Add friend",
          icon: "user",
          run: () => void attempt(() => befriend(id)).then((done) => done && !type && say("Friend request sent.")),
        });
      }
      if (type === RelationshipType.BLOCKED) list.push({ text: "Unblock", icon: "check", run: () => void attempt(() => unfriend(id)) });
      else list.push({ text: "Block", icon: "close", run: () => void attempt(() => block(id)) });
    }
    if (guildId && member()) {
      const nick = own ? mayIn(guildId, "CHANGE_NICKNAME") : mayIn(guildId, "MANAGE_NICKNAMES") && outranked();
      if (nick) list.push({ text: "Change name here", icon: "pencil", apart: true, run: () => moderate("rename") });
      if (!own && outranked()) {
        if (mayIn(guildId, "MODERATE_MEMBERS")) list.push({ text: "Time out", icon: "clock", run: () => moderate("timeout") });
        if (mayIn(guildId, "KICK_MEMBERS")) list.push({ text: "Kick", icon: "logout", bad: true, run: () => moderate("kick") });
        if (mayIn(guildId, "BAN_MEMBERS")) list.push({ text: "Ban", icon: "shield", bad: true, run: () => moderate("ban") });
      }
    }
    return list;
  };
  const rolesHeld = () => (guildId ? rolesOf(guildId).filter((role) => member()?.roles.includes(role.id)) : []);
  const givable = () =>
    guildId && mayIn(guildId, "MANAGE_ROLES")
      ? rolesOf(guildId).filter((role) => role.id !== guildId && !role.managed && role.position < rankOf(guildId, myId()))
      : [];
  const [giving, setGiving] = createSignal<Spot | null>(null);
  const roleItems = (): MenuItem[] =>
    givable().map((role) => {
      const has = member()?.roles.includes(role.id) ?? false;
      return { text: role.name, checked: has, run: () => void attempt(() => giveRole(guildId as Id, id, role.id, !has)) };
    });
  const timedOut = () => {
    const until = member()?.communication_disabled_until;
    return until && Date.parse(until) > Date.now() ? new Date(until) : null;
  };

  return (
    <div
      ref={panel}
      popover="manual"
      role="dialog"
      aria-label={`Profile of ${nameIn(guildId, id)}`}
      tabindex="-1"
      class={styles.profile}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          hideProfile();
        }
      }}
    >
      <div class={styles.head}>
        <Face id={id} guildId={guildId} size={72} status />
        <div class={styles.buttons}>
          <Show when={items().length}>
            <IconButton icon="dots" label="More" aria-haspopup="menu" aria-expanded={menu() !== null} onClick={(event) => setMenu(below(event.currentTarget, true))} />
          </Show>
          <IconButton icon="close" label="Close" onClick={hideProfile} />
        </div>
      </div>
      <div class={styles.body}>
        <div>
          <h2>{nameIn(guildId, id)}</h2>
          <p class="soft">
            {user()?.username ?? "unknown"}
            <Show when={nameIn(guildId, id) !== userName(user())}> · {userName(user())}</Show>
            <Show when={profile()?.user_profile?.pronouns}>{(text) => ` · ${text()}`}</Show>
          </p>
        </div>
        <Show when={timedOut()}>{(until) => <p class={styles.warn}>Timed out until {until().toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}</p>}</Show>
        <Show when={profile()?.user_profile?.bio || profile()?.user.bio}>{(bio) => <Markdown text={bio()} guildId={guildId} />}</Show>
        <Show when={guildId && (rolesHeld().length || givable().length)}>
          <section>
            <h3>Roles</h3>
            <ul class={styles.roles}>
              <For each={rolesHeld()}>
                {(role) => (
                  <li style={{ "--role": role.color ? `#${role.color.toString(16).padStart(6, "0")}` : "var(--faint)" }}>{role.name}</li>
                )}
              </For>
              <Show when={givable().length}>
                <li class={styles.give}>
                  <IconButton icon="plus" size={16} label="Give or take roles" aria-haspopup="menu" aria-expanded={giving() !== null} onClick={(event) => setGiving(below(event.currentTarget))} />
                </li>
              </Show>
            </ul>
          </section>
        </Show>
        <Show when={isHeard(guildId, id)}>
          <Suspense>
            <VoiceCard id={id} guildId={guildId} />
          </Suspense>
        </Show>
        <section>
          <h3>Since</h3>
          <p>
            {longDate(createdMs(id))} <span class="soft">on this server</span>
          </p>
          <Show when={guildId && member()?.joined_at}>
            {(joined) => (
              <p>
                {longDate(Date.parse(joined()))} <span class="soft">in {guilds[guildId as Id]?.name}</span>
              </p>
            )}
          </Show>
        </section>
        <Show when={!own && !user()?.bot && relation() !== RelationshipType.BLOCKED}>
          <Button kind="primary" wide icon="mail" onClick={() => void message()}>
            Message
          </Button>
        </Show>
        <Show when={own}>
          <Button wide onClick={() => { hideProfile(); navigate("/settings"); }}>
            Edit profile
          </Button>
        </Show>
      </div>
      <Show when={menu()}>{(at) => <Menu label="More" at={at()} items={items()} onClose={() => setMenu(null)} />}</Show>
      <Show when={giving()}>{(at) => <Menu label="Roles" at={at()} items={roleItems()} onClose={() => setGiving(null)} />}</Show>
    </div>
  );
}
