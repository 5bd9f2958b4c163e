// Oneself, at the foot of the channel list: presence, what is off in voice, and the way to the settings.
import { createSignal, type JSX, Show } from "solid-js";
import { type OwnStatus, setStatus } from "../actions/session.ts";
import { setDeafened, setMuted } from "../actions/voice.ts";
import { me, myId, session } from "../store/session.ts";
import { statusOf, userName } from "../store/users.ts";
import { deafened, muted } from "../store/voice.ts";
import { IconButton } from "../ui/Button.tsx";
import { below, Menu, type MenuItem, type Spot } from "../ui/Menu.tsx";
import { navigate } from "../ui/router.ts";
import { Face } from "./Face.tsx";
import styles from "./SelfBar.module.css";

const WORDS: [OwnStatus, string][] = [
  ["online", "Online"],
  ["idle", "Away"],
  ["dnd", "Do not disturb"],
  ["invisible", "Invisible"],
];
const SAYS = { online: "Online", idle: "Away", dnd: "Do not disturb", offline: "Invisible" };

export function SelfBar(): JSX.Element {
  const [menu, setMenu] = createSignal<Spot | null>(null);
  const now = () => (statusOf(myId()) === "offline" ? "invisible" : statusOf(myId()));
  const items = (): MenuItem[] => [
    ...WORDS.map(([status, text]) => ({ text, checked: now() === status, run: () => setStatus(status) })),
    { text: "Settings", icon: "gear" as const, apart: true, run: () => navigate("/settings") },
  ];
  return (
    <section class={styles.bar} aria-label="You">
      <button
        type="button"
        class={styles.self}
        aria-haspopup="menu"
        aria-expanded={menu() !== null}
        onClick={(event) => setMenu(below(event.currentTarget))}
      >
        <Face id={myId()} size={32} status />
        <span class={styles.names}>
          <span class={`cut ${styles.name}`}>{userName(me())}</span>
          <span class="cut soft">
            <Show when={session.connection === "ready"} fallback={session.connection === "connecting" ? "Connecting…" : "Offline"}>
              {SAYS[statusOf(myId())]}
            </Show>
          </span>
        </span>
      </button>
      <IconButton icon={muted() || deafened() ? "micOff" : "mic"} class={muted() || deafened() ? styles.off : undefined} label={muted() || deafened() ? "Unmute" : "Mute"} tip="above" onClick={() => setMuted(!(muted() || deafened()))} />
      <IconButton icon={deafened() ? "earsOff" : "ears"} class={deafened() ? styles.off : undefined} label={deafened() ? "Undeafen" : "Deafen"} tip="above" onClick={() => setDeafened(!deafened())} />
      <IconButton icon="gear" label="Settings" tip="above" onClick={() => navigate("/settings")} />
      <Show when={menu()}>{(at) => <Menu label="Your status" at={at()} items={items()} onClose={() => setMenu(null)} />}</Show>
    </section>
  );
}
