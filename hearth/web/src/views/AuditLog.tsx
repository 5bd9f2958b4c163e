// A guild's audit log: who did what, when and why; by person and by deed.
import { createEffect, createSignal, For, type JSX, on, Show } from "solid-js";
import { AUDIT_PAGE, readAudit } from "../actions/audit.ts";
import { compare, createdMs } from "../core/snowflake.ts";
import { stamp } from "../core/time.ts";
import type { AuditEntry, Id } from "../core/types.ts";
import { lastAudit } from "../store/audit.ts";
import { guilds, members, nameIn } from "../store/guilds.ts";
import { userName, users } from "../store/users.ts";
import { ACTIONS, deedOf, linesOf } from "../parts/auditWords.ts";
import { Face } from "../parts/Face.tsx";
import { Button } from "../ui/Button.tsx";
import { SelectField } from "../ui/Field.tsx";
import { Icon } from "../ui/Icon.tsx";
import { attempt } from "../ui/toast.tsx";
import styles from "./Settings.module.css";
import own from "./AuditLog.module.css";

export default function AuditLog(props: { guildId: Id }): JSX.Element {
  const [who, setWho] = createSignal("");
  const [what, setWhat] = createSignal("");
  const [entries, setEntries] = createSignal<AuditEntry[]>([]);
  // Everybody who was seen to do something can be asked for, also while only one is shown.
  const [doers, setDoers] = createSignal<Id[]>([]);
  const [more, setMore] = createSignal(false);
  const [busy, setBusy] = createSignal(true);
  const [fault, setFault] = createSignal("");
  const fits = (one: AuditEntry) => (!who() || one.user_id === who()) && (!what() || String(one.action_type) === what());
  const note = (some: AuditEntry[]) => setDoers([...new Set([...doers(), ...some.flatMap((one) => one.user_id ?? [])])]);
  let run = 0;
  const load = async (before?: Id) => {
    run += 1;
    const mine = run;
    setBusy(true);
    setFault("");
    try {
      const page = await readAudit(props.guildId, { user_id: who() || undefined, action_type: what() || undefined, before });
      if (mine !== run) return;
      // What was told of while the page was on its way stays on top of it.
      const told = entries().filter((one) => fits(one) && compare(one.id, page[0]?.id ?? "0") > 0);
      setEntries(before ? [...entries(), ...page] : [...told, ...page]);
      note(page);
      setMore(page.length === AUDIT_PAGE);
    } catch (error) {
      if (mine === run) setFault(error instanceof Error ? error.message : String(error));
    }
    if (mine === run) setBusy(false);
  };
  createEffect(on([() => props.guildId, who, what], () => void load()));
  createEffect(
    on(
      lastAudit,
      (entry) => {
        if (entry?.guild_id !== props.guildId) return;
        note([entry]);
        if (fits(entry) && !entries().some((one) => one.id === entry.id)) setEntries([entry, ...entries()]);
        // A page also says who is in it.
        if (entry.user_id && !users[entry.user_id]) void attempt(() => readAudit(props.guildId, { user_id: entry.user_id ?? undefined }));
      },
      { defer: true },
    ),
  );
  const called = (id: Id) => (nameIn(props.guildId, id) === "Somebody" ? userName(users[id]) : nameIn(props.guildId, id));
  const people = (): [string, string][] => {
    const known = guilds[props.guildId]?.large ? [] : Object.keys(members[props.guildId] ?? {});
    const all = [...new Set([...doers(), ...known, ...(who() ? [who()] : [])])].map((id): [string, string] => [id, called(id)]);
    return [["", "Everybody"], ...all.sort((a, b) => a[1].localeCompare(b[1]))];
  };
  return (
    <div class={styles.section}>
      <h1>Audit log</h1>
      <div class={own.filters}>
        <SelectField label="Who" options={people()} value={who()} onChange={(event) => setWho(event.currentTarget.value)} />
        <SelectField label="What" options={[["", "Everything"], ...ACTIONS]} value={what()} onChange={(event) => setWhat(event.currentTarget.value)} />
      </div>
      <Show when={fault()}>
        <p class="bad" role="alert">
          {fault()}
        </p>
      </Show>
      <ul class={own.entries} aria-busy={busy()}>
        <For
          each={entries()}
          fallback={
            <Show when={!fault()}>
              <li class="soft">{busy() ? "…" : "Nothing of that kind was done."}</li>
            </Show>
          }
        >
          {(entry) => <Entry entry={entry} guildId={props.guildId} name={entry.user_id ? called(entry.user_id) : "The server's operator"} />}
        </For>
      </ul>
      <Show when={more()}>
        <div>
          <Button busy={busy()} onClick={() => void load(entries().at(-1)?.id)}>
            Older
          </Button>
        </div>
      </Show>
    </div>
  );
}

function Entry(props: { entry: AuditEntry; guildId: Id; name: string }): JSX.Element {
  const lines = () => linesOf(props.entry, props.guildId);
  const head = () => (
    <>
      <Show when={props.entry.user_id} fallback={<Icon name="shield" size={32} />}>
        {(id) => <Face id={id()} guildId={props.guildId} size={32} />}
      </Show>
      <span class="grow">
        <span>
          <b>{props.name}</b> {deedOf(props.entry, props.guildId)}
        </span>
        <Show when={props.entry.reason}>{(reason) => <q class={own.reason}>{reason()}</q>}</Show>
        <time class="soft small" datetime={new Date(createdMs(props.entry.id)).toISOString()}>
          {stamp(createdMs(props.entry.id), Date.now())}
        </time>
      </span>
    </>
  );
  return (
    <li>
      <Show when={lines().length} fallback={<div class={own.head}>{head()}</div>}>
        <details>
          <summary class={own.head}>
            {head()}
            <Icon name="chevron" size={18} class={own.fold} />
          </summary>
          <dl class={own.changes}>
            <For each={lines()}>
              {(line) => (
                <div>
                  <dt>{line.what}</dt>
                  <dd>
                    <Show when={line.was}>{(was) => <del>{was()}</del>}</Show>
                    <Show when={line.was && line.is}>
                      <span class="unseen"> became </span>
                    </Show>
                    <Show when={line.is}>{(is) => <ins>{is()}</ins>}</Show>
                  </dd>
                </div>
              )}
            </For>
          </dl>
        </details>
      </Show>
    </li>
  );
}
