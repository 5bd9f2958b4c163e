// A voice channel or call seen from inside: who is there, what they show, and what the person does.
import { createEffect, createMemo, createSignal, For, type JSX, on, onCleanup, onMount, Show } from "solid-js";
import { call, join, leave, retryMicrophone, setCameraOn, setDeafened, setMuted, setScreenOn, wantPictures } from "../../actions/voice.ts";
import type { Channel, Id } from "../../core/types.ts";
import { channelName, isPrivate, may } from "../../store/channels.ts";
import { nameIn } from "../../store/guilds.ts";
import { myId } from "../../store/session.ts";
import { audienceOf, calls, homeOf, isFull, isStage, own, room, speakersIn, voicesIn, watched } from "../../store/voice.ts";
import { Button, IconButton } from "../../ui/Button.tsx";
import { keepFocus } from "../../ui/focus.ts";
import { attempt } from "../../ui/toast.tsx";
import { Face } from "../Face.tsx";
import { Quality, secrecy } from "../Quality.tsx";
import { phaseWords, VoiceNotes } from "../VoiceNotes.tsx";
import styles from "./Room.module.css";
import { Audience, StageControls, StageHead } from "./Stage.tsx";
import { Tile } from "./Tile.tsx";
import { columnsFor, tilesOf } from "./tiles.ts";

const GAP = 8;

/** `strip` is over the messages of a private channel. */
export default function Room(props: { channel: Channel; strip?: boolean }): JSX.Element {
  const here = () => own.channelId === props.channel.id && own.phase !== "failed";
  const [large, setLarge] = createSignal<string | null>(null);
  const stage = () => isStage(props.channel);
  const users = () => speakersIn(props.channel).map((one) => one.user_id);
  const tiles = createMemo(() =>
    here() ? tilesOf(users(), myId(), room.streams, { camera: own.camera, screen: own.screen }) : tilesOf(users(), "", {}, { camera: null, screen: null }),
  );
  const keys = createMemo(() => tiles().map((one) => one.key), undefined, { equals: (a, b) => a.join() === b.join() });
  const focused = () => tiles().find((one) => one.key === large())?.key;
  const [size, setSize] = createSignal({ width: 800, height: 450 });
  let field!: HTMLUListElement;
  onMount(() => {
    const watcher = new ResizeObserver(() => setSize({ width: field.clientWidth, height: field.clientHeight }));
    watcher.observe(field);
    onCleanup(() => {
      watcher.disconnect();
      wantPictures({});
    });
  });
  const columns = () => columnsFor(Math.max(1, tiles().length), size().width, size().height, GAP);
  // The server sends what is on screen, as large as it is there.
  createEffect(
    on([keys, focused, size, watched, here, () => JSON.stringify(room.streams)], () => {
      queueMicrotask(() => {
        if (!here() || !field?.isConnected) return;
        const pixels: Record<string, number> = {};
        for (const tile of field.querySelectorAll<HTMLElement>("[data-ssrc]")) {
          const { width, height } = tile.getBoundingClientRect();
          pixels[tile.dataset.ssrc as string] = Math.round(width * height * devicePixelRatio ** 2);
        }
        wantPictures(pixels);
      });
    }),
  );
  const shows = () => isPrivate(props.channel) || may(props.channel, "STREAM");
  /** Who of a private channel does not know yet that they are called, or does not answer. */
  const called = () => (calls[props.channel.id]?.ringing ?? []).filter((id) => id !== myId());
  const speaks = () => isPrivate(props.channel) || may(props.channel, "SPEAK");
  /** For who may speak, or would if they were let. */
  const speaking = () => (
    <>
      <Show
        when={own.deafMic && !own.selfMute && !own.selfDeaf}
        fallback={<IconButton icon={own.selfMute || own.selfDeaf ? "micOff" : "mic"} label={own.selfMute ? "Unmute" : "Mute"} tip="above" disabled={!speaks()} class={own.selfMute || own.selfDeaf ? styles.off : styles.control} onClick={() => setMuted(!own.selfMute)} />}
      >
        <IconButton icon="micOff" label="There is no microphone: try again" tip="above" class={styles.off} onClick={retryMicrophone} />
      </Show>
      <Show when={shows()}>
        <IconButton icon={own.camera ? "camera" : "cameraOff"} label={own.camera ? "Turn the camera off" : "Turn the camera on"} tip="above" class={own.camera ? styles.on : styles.control} onClick={() => void attempt(() => setCameraOn(!own.camera))} />
        <IconButton icon="screen" label={own.screen ? "Stop sharing" : "Share your screen"} tip="above" class={own.screen ? styles.on : styles.control} onClick={() => void attempt(() => setScreenOn(!own.screen))} />
      </Show>
    </>
  );
  return (
    <section ref={keepFocus} class={styles.room} data-fills data-strip={props.strip || undefined} data-region={props.strip || undefined} data-stage={stage() || undefined} data-outside={!here() || undefined} aria-label={`Voice of ${channelName(props.channel)}`}>
      <Show when={stage()}>
        <StageHead channel={props.channel} />
      </Show>
      <ul ref={field} class={styles.field} data-focus={focused() ? "" : undefined} data-empty={!tiles().length || undefined} style={{ "--columns": columns(), "--rows": Math.ceil(tiles().length / columns()) || 1 }}>
        <For each={keys()}>
          {(key) => (
            <Show when={tiles().find((one) => one.key === key)}>
              {(tile) => (
                <Tile
                  tile={tile()}
                  home={homeOf(props.channel)}
                  guildId={props.channel.guild_id}
                  focused={focused() === key}
                  small={props.strip === true || !here() || (focused() !== undefined && focused() !== key)}
                  onFocus={() => setLarge(large() === key ? null : key)}
                />
              )}
            </Show>
          )}
        </For>
      </ul>
      <Show when={stage()}>
        <Show when={here() && !tiles().length}>
          <p class={styles.quiet}>Nobody speaks yet.</p>
        </Show>
        <Audience channel={props.channel} />
      </Show>
      <Show
        when={here()}
        fallback={
          <Show when={own.channelId === props.channel.id} fallback={<Door channel={props.channel} strip={props.strip} />}>
            <div class={styles.notes} data-controls>
              <VoiceNotes
                more={
                  <Button kind="quiet" onClick={leave}>
                    Not now
                  </Button>
                }
              />
            </div>
          </Show>
        }
      >
        <div class={styles.notes}>
          <Show when={own.phase !== "connected"}>
            <p class={styles.phase}>
              <i aria-hidden="true" /> {phaseWords()}
            </p>
          </Show>
          <VoiceNotes />
          <Show when={called().length}>
            <Called ids={called()} />
          </Show>
        </div>
        <div class={styles.controls} role="group" aria-label="Voice" data-controls>
          <Show when={stage()} fallback={speaking()}>
            <StageControls channel={props.channel} speaks={speaking()} />
          </Show>
          <IconButton icon={own.selfDeaf ? "earsOff" : "ears"} label={own.selfDeaf ? "Undeafen" : "Deafen"} tip="above" class={own.selfDeaf ? styles.off : styles.control} onClick={() => setDeafened(!own.selfDeaf)} />
          <Show when={props.strip && own.phase === "connected"}>
            <Quality class={styles.quality} />
          </Show>
          <IconButton icon="hangUp" label="Leave voice" tip="above" class={styles.hangUp} onClick={leave} />
        </div>
        <Show when={!props.strip}>
          <div class={styles.foot}>
            <Show when={own.phase === "connected"}>
              <Quality words />
            </Show>
            <p>
              <Show when={own.phase === "connected" && users().length === 1 && !stage()}>Nobody else is here yet. </Show>
              <Show when={!speaks() && !stage()}>You may listen here, not speak. </Show>
              {secrecy()}
            </p>
          </div>
        </Show>
      </Show>
    </section>
  );
}

function Called(props: { ids: Id[] }): JSX.Element {
  return (
    <p class={styles.rung} role="status">
      <For each={props.ids}>{(id) => <Face id={id} size={24} />}</For>
      <span>Calling {props.ids.map((id) => nameIn(undefined, id)).join(", ")}…</span>
    </p>
  );
}

/** The way in, for who looks from outside. */
function Door(props: { channel: Channel; strip?: boolean }): JSX.Element {
  const called = () => (calls[props.channel.id]?.ringing ?? []).filter((id) => id !== myId());
  const bar = () => {
    if (isPrivate(props.channel)) return "";
    if (!may(props.channel, "CONNECT")) return "You can't join here. Ask a moderator to let you in.";
    if (isFull(props.channel) && !may(props.channel, "MOVE_MEMBERS")) return "It is full.";
    return "";
  };
  const count = () => voicesIn(props.channel).length;
  const there = () => {
    if (count() === 0) return "Nobody is here yet.";
    if (!isStage(props.channel)) return count() === 1 ? "One is here." : `${count()} are here.`;
    const listen = audienceOf(props.channel).length;
    return `${count() - listen} speak, ${listen} listen.`;
  };
  return (
    <div class={styles.door} data-controls>
      <Show when={!props.strip}>
        <h2>{channelName(props.channel)}</h2>
        <p class="soft">
          {there()}
          {isStage(props.channel) ? " You come as a listener." : ""}
        </p>
      </Show>
      <Show when={called().length}>
        <Called ids={called()} />
      </Show>
      <Show when={!bar()} fallback={<p>{bar()}</p>}>
        <Button kind="primary" icon={isPrivate(props.channel) ? "phone" : "volume"} onClick={() => (isPrivate(props.channel) ? void attempt(() => call(props.channel, false)) : join(props.channel))}>
          {isPrivate(props.channel) ? "Join the call" : isStage(props.channel) ? "Listen" : "Join voice"}
        </Button>
      </Show>
    </div>
  );
}
