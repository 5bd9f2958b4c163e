// One of a room: somebody's face, camera or screen, with who it is.
import { createEffect, createSignal, type JSX, Match, Show, Switch } from "solid-js";
import { watch } from "../../actions/voice.ts";
import type { Id } from "../../core/types.ts";
import { nameIn } from "../../store/guilds.ts";
import { myId } from "../../store/session.ts";
import { figures, isSpeaking, popped, room, voiceOf, watched } from "../../store/voice.ts";
import { hueOf } from "../../ui/Avatar.tsx";
import { Button, IconButton } from "../../ui/Button.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { below, Menu, type Spot } from "../../ui/Menu.tsx";
import { attempt } from "../../ui/toast.tsx";
import { Face } from "../Face.tsx";
import { showProfile } from "../profile.ts";
import { isDeaf, isMuted, voiceWords } from "../Voices.tsx";
import { canPopOut, popOut } from "./popOut.ts";
import styles from "./Room.module.css";
import type { Tile as OneTile } from "./tiles.ts";

export function Tile(props: { tile: OneTile; home: Id; guildId?: Id; focused: boolean; small: boolean; onFocus: () => void }): JSX.Element {
  const mine = () => props.tile.userId === myId();
  const name = () => nameIn(props.guildId, props.tile.userId);
  const voice = () => voiceOf(props.home, props.tile.userId);
  const media = () => props.tile.media ?? (props.tile.ssrc === undefined ? null : (room.pictures[props.tile.ssrc] ?? null));
  const waits = () => props.tile.kind === "screen" && !mine() && !watched().includes(props.tile.ssrc as number);
  const stream = () => (room.streams[props.tile.userId] ?? []).find((one) => one.active && one.type === props.tile.kind && (mine() || one.ssrc === props.tile.ssrc));
  const watchers = () => stream()?.watchers ?? [];
  const apart = () => props.tile.ssrc !== undefined && popped()?.ssrc === props.tile.ssrc;
  const nameOf = (id: Id) => nameIn(props.guildId, id);
  const [menu, setMenu] = createSignal<Spot | null>(null);
  let element!: HTMLLIElement;
  const label = () => {
    const state = voice();
    const what = props.tile.kind === "screen" ? `${name()}'s screen` : `${name()}${mine() ? ", you" : ""}${state ? voiceWords(state) : ""}`;
    return props.focused ? `${what}. Show all` : `${what}. Show large`;
  };
  return (
    <li ref={element} class={styles.tile} data-kind={props.tile.kind} data-small={props.small || undefined} data-ssrc={waits() ? undefined : props.tile.ssrc} data-speaking={(props.tile.kind !== "screen" && isSpeaking(props.tile.userId)) || undefined} style={{ "--hue": hueOf(props.tile.userId) }}>
      <Switch>
        <Match when={waits()}>
          <div class={styles.waits}>
            <Show when={!props.small}>
              <Icon name="screen" size={40} />
              <p>{name()} shares a screen.</p>
            </Show>
            <Button kind="primary" onClick={() => watch(props.tile.ssrc as number, true)}>
              Watch
            </Button>
          </div>
        </Match>
        <Match when={media()}>{(stream) => <Picture media={stream()} mirrored={mine() && props.tile.kind === "video"} whole={props.tile.kind === "screen"} />}</Match>
        <Match when={props.tile.kind === "screen"}>
          <p class={styles.waits} role="status">
            The picture is coming…
          </p>
        </Match>
        <Match when={true}>
          <span class={styles.face}>
            <Face id={props.tile.userId} guildId={props.guildId} size={props.small ? 48 : 88} />
          </span>
        </Match>
      </Switch>
      <button type="button" class={styles.enlarge} aria-label={label()} data-large={props.focused || undefined} onClick={props.onFocus} />
      <span class={styles.plate} data-quiet={(waits() && !props.small) || undefined}>
        <Show when={props.tile.kind === "screen"} fallback={
          <Show when={voice()}>{(state) => <Show when={isDeaf(state()) || isMuted(state())}><Icon name={isDeaf(state()) ? "earsOff" : "micOff"} size={14} /></Show>}</Show>
        }>
          <Icon name="screen" size={14} />
        </Show>
        <span class="cut">{props.tile.kind === "screen" ? `${mine() ? "Your" : `${name()}'s`} screen` : mine() ? `${name()} (you)` : name()}</span>
        <Show when={!props.small && stream() && figures()[stream()?.ssrc as number]}>
          {(words) => <span class={`cut ${styles.figures}`}>{words()}</span>}
        </Show>
      </span>
      <Show when={watchers().length && !props.small}>
        <button type="button" class={styles.watchers} aria-haspopup="menu" aria-label={`${watchers().length}, watched by ${watchers().map(nameOf).join(", ")}`} data-tip={watchers().map(nameOf).join(", ")} onClick={(event) => setMenu(below(event.currentTarget))}>
          <Icon name="eye" size={16} /> {watchers().length}
        </button>
      </Show>
      <Show when={menu()}>{(at) => <Menu label="Who watches" at={at()} items={watchers().map((id) => ({ text: nameOf(id), icon: "user" as const, run: () => showProfile(id, props.guildId, element) }))} onClose={() => setMenu(null)} />}</Show>
      <Show when={props.tile.ssrc !== undefined && !waits() && media()}>
        <span class={styles.tools}>
          <Show when={canPopOut() && !props.small}>
            <IconButton icon="popOut" label={apart() ? "Back into the page" : "Into a window of its own"} class={apart() ? styles.on : undefined} onClick={() => void attempt(() => popOut(props.tile))} />
          </Show>
          <Show when={props.tile.kind === "screen"}>
            <IconButton icon="close" label="Stop watching" onClick={() => watch(props.tile.ssrc as number, false)} />
          </Show>
        </span>
      </Show>
    </li>
  );
}

function Picture(props: { media: MediaStream; mirrored: boolean; whole: boolean }): JSX.Element {
  let video!: HTMLVideoElement;
  createEffect(() => {
    video.srcObject = props.media;
    void video.play().catch(() => {});
  });
  return <video ref={video} class={styles.picture} data-mirrored={props.mirrored || undefined} data-whole={props.whole || undefined} autoplay playsinline muted />;
}
