// Where everything is put together.
import { createEffect, createSignal, type JSX, Match, onCleanup, Suspense, Switch } from "solid-js";
import { render, setTrustedTypesPolicy } from "solid-js/web";
import { acceptInvite } from "./actions/guilds.ts";
import { resume } from "./actions/session.ts";
import { Entry, entryOf, isOpen, pathOfHash, Settings, Shell, VoiceCheck } from "./routes.ts";
import { applyPrefs, places } from "./store/prefs.ts";
import { session } from "./store/session.ts";
import { Flame } from "./ui/Icon.tsx";
import { navigate, path } from "./ui/router.ts";
import { showTips } from "./ui/tips.ts";
import { attempt, Toasts } from "./ui/toast.tsx";
import "./ui/tokens.css";
import "./ui/base.css";
import "./main.css";

declare global {
  interface Window {
    trustedTypes?: { createPolicy(name: string, rules: object): { createHTML(html: string): unknown } };
  }
}

// Solid makes elements of the templates that were compiled from our own source, and of nothing else.
if (window.trustedTypes) {
  setTrustedTypesPolicy(window.trustedTypes.createPolicy("solid", { createHTML: (html: string) => html }));
}

function App(): JSX.Element {
  // Held for the time of a log-in, so that the form that did it can finish.
  const [arriving, setArriving] = createSignal(false);
  createEffect(() => {
    if (isOpen(path())) return;
    const entry = entryOf(path());
    if (session.phase === "out") {
      setArriving(true);
      if (!entry) navigate("/login", { replace: true });
      return;
    }
    if (!entry) {
      setArriving(false);
      if (!/^\/(channels|settings)(\/|$)/.test(path())) navigate(places()[""] ?? "/channels/@me", { replace: true });
    } else if (!arriving()) {
      // Who is logged in already joins by the link alone; other links are not for them.
      const { kind, code } = entry;
      if (kind === "invite" && session.phase === "in") {
        void attempt(async () => {
          const joined = await acceptInvite(code);
          navigate(`/channels/${joined.guild.id}/${joined.channel.id}`, { replace: true });
        }).then((done) => done || navigate("/channels/@me", { replace: true }));
      } else if (kind === "login" || kind === "register") navigate("/channels/@me", { replace: true });
    }
  });
  const entry = () => entryOf(path());
  const forms = () => {
    const now = entry();
    if (!now || (session.phase !== "out" && !arriving() && (now.kind === "invite" || now.kind === "login" || now.kind === "register"))) return null;
    return now;
  };
  return (
    <>
      <Suspense fallback={<Splash />}>
        <Switch fallback={<Splash />}>
          <Match when={isOpen(path())}>
            <VoiceCheck />
          </Match>
          <Match when={forms()?.kind} keyed>
            {(kind) => <Entry kind={kind} code={forms()?.code ?? ""} />}
          </Match>
          <Match when={session.phase === "in" && path().startsWith("/settings")}>
            <Settings />
          </Match>
          <Match when={session.phase === "in" && path().startsWith("/channels")}>
            <Shell />
          </Match>
        </Switch>
      </Suspense>
      <Toasts />
    </>
  );
}

/** Until there is something to show; what takes long says so. */
function Splash(): JSX.Element {
  const [late, setLate] = createSignal(false);
  const timer = setTimeout(() => setLate(true), 4000);
  onCleanup(() => clearTimeout(timer));
  return (
    <main class="splash">
      <Flame size={64} />
      <p role="status">{late() ? "The server does not answer yet. Trying again…" : <span class="unseen">Loading</span>}</p>
    </main>
  );
}

const linked = pathOfHash(location.hash);
if (linked) {
  history.replaceState(null, "", linked);
  navigate(linked, { replace: true });
  dispatchEvent(new PopStateEvent("popstate"));
}
addEventListener("hashchange", () => {
  const to = pathOfHash(location.hash);
  if (!to) return;
  history.replaceState(null, "", to);
  dispatchEvent(new PopStateEvent("popstate"));
});
applyPrefs();
showTips();
resume();
render(() => <App />, document.getElementById("root") as HTMLElement);
