// The world of who is logged in: guilds, channels, messages, members.
import { createEffect, on, type JSX, lazy, Match, onCleanup, onMount, Show, Suspense, Switch, untrack } from "solid-js";
import * as actions from "../actions/messages.ts";
import { lookForCall, setDeafened, setMuted } from "../actions/voice.ts";
import { Composer } from "../parts/Composer.tsx";
import { Connection } from "../parts/Connection.tsx";
import { ChannelTree } from "../parts/ChannelTree.tsx";
import { Dialogs } from "../parts/Dialogs.tsx";
import { openDialog } from "../parts/dialogs.ts";
import { EmojiPickerHost } from "../parts/EmojiPicker.tsx";
import { GuildHead } from "../parts/GuildHead.tsx";
import { Header } from "../parts/Header.tsx";
import { MemberList } from "../parts/MemberList.tsx";
import { PrivateList } from "../parts/PrivateList.tsx";
import { ProfileHost } from "../parts/Profile.tsx";
import { guildPath, Rail } from "../parts/Rail.tsx";
import { SelfBar } from "../parts/SelfBar.tsx";
import { setSwitching, switching } from "../parts/switcher.ts";
import { Timeline } from "../parts/Timeline/Timeline.tsx";
import { channelName, channels, channelTree, isPrivate, isVoice, isWritten, mayIn, privateList } from "../store/channels.ts";
import { guilds } from "../store/guilds.ts";
import { chatting, pane, panel, place, setChatting, setPane, setPanel, setPlace } from "../store/place.ts";
import { membersOpen, places, setPlaces } from "../store/prefs.ts";
import { isUnread, totalMentions } from "../store/reads.ts";
import { search } from "../store/search.ts";
import { session } from "../store/session.ts";
import { calls, deafened, muted, own, ringing } from "../store/voice.ts";
import { Button } from "../ui/Button.tsx";
import { keepFocus } from "../ui/focus.ts";
import { Flame } from "../ui/Icon.tsx";
import { match, navigate, path } from "../ui/router.ts";
import { attempt } from "../ui/toast.tsx";
import { Friends } from "./Friends.tsx";
import styles from "./Shell.module.css";

const Pins = lazy(() => import("../parts/Pins.tsx"));
const loadSearch = () => import("../parts/Search/Search.tsx");
const Search = lazy(loadSearch);
const Inbox = lazy(() => import("../parts/Inbox.tsx"));
const Room = lazy(() => import("../parts/Room/Room.tsx"));
const VoicePanel = lazy(() => import("../parts/VoicePanel.tsx"));
const VoiceStrip = lazy(() => import("../parts/VoiceStrip.tsx"));
const Ringing = lazy(() => import("../parts/Ringing.tsx"));
const Switcher = lazy(() => import("../parts/Switcher.tsx"));

/** What a region is entered by, the best first. */
const ENTRANCES = ["[data-entrance]", '[aria-current="page"]', "[data-composer]", '[role="combobox"]', 'article[tabindex="0"]', "a[href]", "button:enabled", '[tabindex="0"]'];
const entrance = (region: HTMLElement) => ENTRANCES.map((one) => region.querySelector<HTMLElement>(one)).find((one) => one);

export default function Shell(): JSX.Element {
  const where = () => match("/channels/:guild/:channel?/:message?", path());
  createEffect(() => {
    const at = where();
    setPlace({ guild: at?.guild ?? null, channel: at?.channel ?? null, message: at?.message ?? null });
  });
  const guildId = () => (place().guild === "@me" ? null : place().guild);
  const guild = () => (guildId() ? guilds[guildId() as string] : undefined);
  const channel = () => {
    const found = place().channel ? channels[place().channel as string] : undefined;
    return found && (isWritten(found) || isVoice(found)) && (found.guild_id ?? "@me") === place().guild ? found : undefined;
  };
  /** What is searched from here: the guild, or the private channel. */
  const searchScope = () => channel()?.guild_id ?? channel()?.id ?? null;
  const withMembers = () => channel()?.guild_id !== undefined;

  // A path that leads nowhere leads to the nearest place.
  createEffect(() => {
    const { guild: at, channel: to } = place();
    if (at === null) return;
    if (at === "@me") {
      if (to && !channel()) navigate("/channels/@me", { replace: true });
    } else if (!guilds[at]) navigate("/channels/@me", { replace: true });
    else if (!channel()) {
      const next = guildPath(at);
      if (next !== path()) navigate(next, { replace: true });
    }
  });
  createEffect(() => {
    const one = channel();
    const at = path();
    const kept = untrack(places);
    if (one) setPlaces({ ...kept, [one.guild_id ?? "@me"]: one.id, "": at.split("/").slice(0, 4).join("/") });
    else if (place().guild === "@me") setPlaces({ ...kept, "": at });
  });
  createEffect(
    on(
      () => [place().channel, session.connection] as const,
      ([id, connection], before) => {
        if (before?.[0] !== id) setChatting(false);
        const one = id ? channels[id] : undefined;
        if (one && isPrivate(one) && connection === "ready") lookForCall(one.id);
      },
    ),
  );
  createEffect(
    on(
      () => place().channel,
      () => // What is of the whole guild stays while one goes about in it.
      () => setPanel((was) => (was === "inbox" || (was === "search" && search.scope === searchScope()) ? was : "none")),
    ),
  );
  createEffect(() => {
    const one = channel();
    const name = one ? `${isPrivate(one) ? "" : "#"}${channelName(one)}` : guild() ? guild()?.name : "Friends";
    const count = totalMentions();
    document.title = `${count ? `(${count}) ` : ""}${name} · Hearth`;
  });

  onMount(() => {
    // Who presses its key writes on at once.
    (window.requestIdleCallback ?? setTimeout)(() => void loadSearch());
    addEventListener("keydown", keys);
    onCleanup(() => removeEventListener("keydown", keys));
  });

  const around = (step: number, unreadOnly: boolean) => {
    const list = guildId()
      ? channelTree(guildId() as string).flatMap((branch) => branch.channels).filter((one) => isWritten(one) && !isVoice(one))
      : privateList();
    const at = list.findIndex((one) => one.id === place().channel);
    for (let i = 1; i <= list.length; i += 1) {
      const next = list[(((at + step * i) % list.length) + list.length) % list.length];
      if (next && (!unreadOnly || isUnread(next))) return navigate(`/channels/${next.guild_id ?? "@me"}/${next.id}`);
    }
  };
  const regions = () => [...document.querySelectorAll<HTMLElement>("[data-region]")].filter((one) => one.offsetParent !== null);
  const keys = (event: KeyboardEvent) => {
    const mod = event.ctrlKey || event.metaKey;
    const open = document.querySelector("dialog[open], [popover]:popover-open:not(.tip, [role=status])");
    if (mod && event.key.toLowerCase() === "k") setSwitching(!switching());
    else if (mod && event.key === "/") openDialog({ kind: "keys" });
    else if (mod && event.shiftKey && event.key.toLowerCase() === "m") setMuted(!(muted() || deafened()));
    else if (mod && event.shiftKey && event.key.toLowerCase() === "d") setDeafened(!deafened());
    else if (mod && event.key.toLowerCase() === "f" && channel() && !open) {
      setPanel("search");
      document.querySelector<HTMLElement>("[data-search] input")?.focus();
    }
    else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      around(event.key === "ArrowDown" ? 1 : -1, event.shiftKey);
    } else if (event.key === "Escape" && !open) {
      if (pane() !== "none") setPane("none");
      else if (panel() !== "none") setPanel("none");
      else if (event.shiftKey && guildId()) void attempt(() => actions.readGuild(guildId() as string));
      else if (channel()) void actions.read(channel()?.id as string);
    } else if (event.key === "F6") {
      const all = event.shiftKey ? regions().reverse() : regions();
      const next = all.findIndex((one) => one === document.activeElement?.closest("[data-region]")) + 1;
      // One with nothing to go to, as a channel without messages, is passed over.
      [...all.slice(next), ...all.slice(0, next)].map(entrance).find((one) => one)?.focus();
    } else return;
    event.preventDefault();
  };

  return (
    <div
      class={styles.shell}
      data-pane={pane()}
      data-members={membersOpen() && withMembers() && panel() === "none" ? "open" : undefined}
      data-panel={panel() !== "none" || undefined}
    >
      <Show when={pane() !== "none"}>
        <button type="button" class={styles.shade} aria-label="Close" onClick={() => setPane("none")} />
      </Show>
      <div class={styles.nav}>
        <div class={styles.rail} data-region>
          <Rail onAdd={() => openDialog({ kind: "add" })} />
        </div>
        <div class={styles.side}>
          <Show
            when={guild()}
            fallback={
              <>
                <header class={styles.head}>
                  <Flame size={22} />
                  <span>Hearth</span>
                </header>
                <div class={styles.list} data-region>
                  <PrivateList />
                </div>
              </>
            }
          >
            {(one) => (
              <>
                <GuildHead guild={one()} />
                <div class={styles.list} data-region>
                  <ChannelTree guildId={one().id} />
                </div>
              </>
            )}
          </Show>
          <div ref={keepFocus} data-region>
            <Show when={own.phase !== "none"}>
              <Suspense>
                <VoicePanel />
              </Suspense>
            </Show>
            <SelfBar />
          </div>
        </div>
      </div>
      <main class={styles.main}>
        <Switch fallback={<Nowhere guildId={guildId()} />}>
          <Match when={channel()?.id} keyed>
            {(id) => {
              const one = () => channels[id] ?? (channel() as NonNullable<ReturnType<typeof channel>>);
              return (
                <>
                  <Header title={channelName(one())} channel={one()} />
                  <Under />
                  <Show
                    when={!isVoice(one()) || (chatting() && isWritten(one()))}
                    fallback={
                      <div class={styles.room} data-fills data-region>
                        <Suspense>
                          <Room channel={one()} />
                        </Suspense>
                      </div>
                    }
                  >
                    <div class={styles.timeline} data-region>
                      <Show when={isPrivate(one()) && (calls[id] || own.channelId === id)}>
                        <Suspense>
                          <Room channel={one()} strip />
                        </Suspense>
                      </Show>
                      <Timeline channel={one()} name={channelName(one())} />
                    </div>
                    <div data-region>
                      <Composer channel={one()} name={channelName(one())} />
                    </div>
                  </Show>
                </>
              );
            }}
          </Match>
          <Match when={place().guild === "@me"}>
            <Header title="Friends" />
            <Under />
            <Friends />
          </Match>
        </Switch>
      </main>
      <Show when={channel()?.guild_id ? channel() : undefined}>
        {(one) => (
          <div class={styles.members} data-region>
            <MemberList channel={one()} />
          </div>
        )}
      </Show>
      <Show when={panel() === "inbox"}>
        <div class={styles.panel} data-region>
          <Suspense>
            <Inbox />
          </Suspense>
        </div>
      </Show>
      <Show when={panel() === "pins" && channel()}>
        {(one) => (
          <div class={styles.panel} data-region>
            <Suspense>
              <Pins channel={one()} />
            </Suspense>
          </div>
        )}
      </Show>
      <Show when={panel() === "search" && channel()}>
        {(one) => (
          <div class={styles.panel} data-region>
            <Suspense>
              <Search channel={one()} />
            </Suspense>
          </div>
        )}
      </Show>
      <Dialogs />
      <ProfileHost />
      <EmojiPickerHost />
      <Show when={ringing().length}>
        <Suspense>
          <Ringing />
        </Suspense>
      </Show>
      <Show when={switching()}>
        <Suspense>
          <Switcher onClose={() => setSwitching(false)} />
        </Suspense>
      </Show>
    </div>
  );
}

/** Under the header: what the connection is like when it is not as it should be, and on narrow screens a stay in voice. */
function Under(): JSX.Element {
  return (
    <div>
      <Connection />
      <Show when={own.phase !== "none"}>
        <Suspense>
          <VoiceStrip />
        </Suspense>
      </Show>
    </div>
  );
}

function Nowhere(props: { guildId: string | null }): JSX.Element {
  return (
    <>
      <Header title={props.guildId ? (guilds[props.guildId]?.name ?? "") : "Hearth"} />
      <Under />
      <div class={styles.empty}>
        <Flame size={56} />
        <h2>There is no channel here that you can see.</h2>
        <Show
          when={props.guildId && mayIn(props.guildId, "MANAGE_CHANNELS")}
          fallback={<p class="soft">Ask somebody who manages the guild to let you into one.</p>}
        >
          <p class="soft">Make the first one, and people have a place to write.</p>
          <Button kind="primary" onClick={() => openDialog({ kind: "channel", guildId: props.guildId as string })}>
            New channel
          </Button>
        </Show>
      </div>
    </>
  );
}
