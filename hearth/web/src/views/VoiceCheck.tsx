// Whether voice will work in this browser, on this network: for everybody, without an account.
import { createSignal, type JSX, onCleanup, onMount, Show } from "solid-js";
import { tryMicrophone } from "../actions/devices.ts";
import { tryVoice, type Way, type Ways } from "../actions/voiceCheck.ts";
import { session } from "../store/session.ts";
import { Button } from "../ui/Button.tsx";
import { Flame, Icon } from "../ui/Icon.tsx";
import { follow } from "../ui/router.ts";
import entry from "./Entry.module.css";
import meter from "./VoiceSettings.module.css";
import styles from "./VoiceCheck.module.css";

type State = "ok" | "warn" | "bad" | "waits";

const QUIETEST = -80;
const AUDIBLE = -50;

export default function VoiceCheck(): JSX.Element {
  document.title = "Voice check · Hearth";
  const [ways, setWays] = createSignal<Ways | null>(null);
  const [fault, setFault] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const [mic, setMic] = createSignal<{ state: State; text: string; way?: string }>({ state: "waits", text: "Not tried yet; the browser asks you first." });
  const [level, setLevel] = createSignal<number | null>(null);
  let end: (() => void) | null = null;
  const run = async () => {
    setBusy(true);
    setFault("");
    setWays(null);
    try {
      setWays(await tryVoice());
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const hear = async () => {
    stop();
    if (!isSecureContext) return setMic({ state: "bad", text: "Browsers give a microphone only to pages with https.", way: "Open this server by its https address." });
    try {
      end = await tryMicrophone((db) => {
        setLevel(db);
        if (db > AUDIBLE) setMic({ state: "ok", text: "You are heard." });
      }, false);
      setLevel(QUIETEST);
      setMic({ state: "warn", text: "It is open. Say something: the bar should move.", way: "Where it stays still, choose another microphone in your system." });
    } catch (error) {
      const failure = (error as { failure?: { text: string; way: string } }).failure;
      setMic({ state: "bad", text: failure?.text ?? String(error), way: failure?.way });
    }
  };
  const stop = () => {
    end?.();
    end = null;
    setLevel(null);
  };
  onMount(() => void run());
  onCleanup(stop);

  const open = () => (ways()?.udp.ms ?? null) !== null || (ways()?.tcp.ms ?? null) !== null;
  const verdict = (): { state: State; text: string; way: string } => {
    const found = ways();
    if (busy() || (!found && !fault())) return { state: "waits", text: "Trying the ways to the server…", way: "A few seconds at most." };
    if (!found) return { state: "bad", text: "It could not be tried.", way: fault() };
    if (!isSecureContext) return { state: "bad", text: "You could listen here, but not speak.", way: "Open this server by its https address." };
    if (found.udp.ms !== null) return { state: "ok", text: "Voice gets through.", way: "Try your microphone, and you are set." };
    if (open()) return { state: "warn", text: "Voice gets through, by the long way.", way: "Your network lets only TCP through: where packets are lost, voice may stutter. Another network, or no VPN, is better." };
    if (relayed() !== null) return { state: "warn", text: "Voice gets through, by a relay.", way: "Your network lets nothing else through, so it takes longer. Another network, or no VPN, is better." };
    if (!found.udp.ports.length && !found.tcp.ports.length) return { state: "bad", text: "This server tells no address that is reached from where you are.", way: "Whoever runs it learns what to set by the command “hearth doctor voice”." };
    return { state: "bad", text: "Voice does not get through.", way: `Try another network, or without VPN. Where that changes nothing, ask whoever runs the server to open UDP port ${found.udp.shut.join(", ")}.` };
  };
  const relayed = () => ways()?.relays.reduce((best: number | null, { ms }) => (ms !== null && (best === null || ms < best) ? ms : best), null) ?? null;
  const relayText = (): string => {
    const bad = (ways()?.relays ?? []).filter(({ ms }) => ms === null).map(({ url, why }) => `${url} ${RELAYS[why]}.`);
    return [...(relayed() === null ? [] : [`It answers, after ${relayed()} ms.`]), ...bad].join(" ");
  };
  const wayState = (way: Way | undefined): State => (!ways() ? "waits" : way?.ms !== null && way !== undefined ? "ok" : open() ? "warn" : "bad");
  const wayText = (way: Way | undefined, name: string): string => {
    if (busy()) return "Trying…";
    if (!ways() || !way) return "Not tried.";
    if (way.ms !== null) return `It answers, after ${way.ms} ms.`;
    return way.ports.length ? `No answer at ${name} port ${way.shut.join(", ")}.` : "The server offers none.";
  };
  return (
    <main class={entry.page}>
      <div class={`${entry.card} ${styles.card}`}>
        <p class={entry.brand}>
          <Flame size={32} /> Hearth
        </p>
        <div role="status" class={styles.verdict} data-verdict={verdict().state}>
          <h1>{verdict().text}</h1>
          <p class="soft">{verdict().way}</p>
        </div>
        <ul class={styles.rows}>
          <Row state={isSecureContext ? "ok" : "bad"} title="Safe page" text={isSecureContext ? "Browsers give microphones to this page." : "Browsers give microphones only to pages with https."} />
          <Row state={wayState(ways()?.udp)} title="Straight way (UDP)" text={wayText(ways()?.udp, "UDP")} />
          <Row state={wayState(ways()?.tcp)} title="Way around (TCP)" text={wayText(ways()?.tcp, "TCP")} />
          <Show when={ways()?.relays.length}>
            <Row state={relayed() !== null ? "ok" : open() ? "warn" : "bad"} title="By a relay (TURN)" text={relayText()} way={relayed() === null ? "Whoever runs this server learns why by the command “hearth doctor voice”." : undefined} />
          </Show>
          <Row state={mic().state} title="Microphone" text={mic().text} way={mic().way}>
            <Show when={level() !== null}>
              <div class={meter.meter} role="meter" aria-label="How loud you are" aria-valuemin={QUIETEST} aria-valuemax={0} aria-valuenow={Math.round(level() ?? QUIETEST)} data-loud={(level() ?? QUIETEST) > AUDIBLE ? "" : undefined}>
                <span style={{ width: `${Math.max(0, Math.min(100, (((level() ?? QUIETEST) - QUIETEST) / -QUIETEST) * 100))}%` }} />
              </div>
            </Show>
          </Row>
        </ul>
        <div class={styles.actions}>
          <Show when={level() === null} fallback={<Button icon="close" onClick={stop}>Stop</Button>}>
            <Button kind="primary" icon="mic" onClick={() => void hear()}>
              Try the microphone
            </Button>
          </Show>
          <Button busy={busy()} onClick={() => void run()}>
            Try the ways again
          </Button>
        </div>
        <p class={entry.foot}>
          <span class="soft">Nothing is recorded, and nobody hears you.</span>
          <br />
          <a href="/" onClick={follow}>{session.phase === "out" ? "Log in" : "Back to Hearth"}</a>
        </p>
      </div>
    </main>
  );
}

const RELAYS = { "": "answers", silent: "does not answer", refused: "does not let you in", lost: "answers, but leads no further" };
const WORDS: Record<State, string> = { ok: "Good", warn: "Look", bad: "Trouble", waits: "Not known" };

function Row(props: { state: State; title: string; text: string; way?: string; children?: JSX.Element }): JSX.Element {
  const icon = () => (props.state === "ok" ? "check" : props.state === "waits" ? "clock" : props.state === "warn" ? "warning" : "close");
  return (
    <li class={styles.row} data-state={props.state}>
      <span class={styles.sign}>
        <Icon name={icon()} size={18} />
        <span class="unseen">{WORDS[props.state]}:</span>
      </span>
      <div class="grow">
        <h2>{props.title}</h2>
        <p class="soft">{props.text}</p>
        <Show when={props.way}>{(way) => <p class="soft">{way()}</p>}</Show>
        {props.children}
      </div>
    </li>
  );
}
