// A guild's roles: their order, look and permissions.
import { createEffect, createSignal, For, type JSX, on, Show } from "solid-js";
import { changeRole, createRole, deleteRole, moveRole } from "../actions/guilds.ts";
import { P, type Permission } from "../core/permissions.ts";
import type { Id, Role } from "../core/types.ts";
import { mayIn, permissionsIn } from "../store/channels.ts";
import { roles, rolesOf } from "../store/guilds.ts";
import { myId } from "../store/session.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Switch, TextField } from "../ui/Field.tsx";
import { Gradual } from "../ui/Gradual.tsx";
import { attempt, say } from "../ui/toast.tsx";
import { GROUPS } from "../parts/permissionWords.ts";
import { rankOf } from "../parts/Profile.tsx";
import styles from "./Settings.module.css";
import own from "./Roles.module.css";

/** Of more than these one is looked for by its name. */
const MANY = 12;

export default function Roles(props: { guildId: Id }): JSX.Element {
  const [chosen, setChosen] = createSignal<Id>(props.guildId);
  const role = () => roles[props.guildId]?.[chosen()];
  const [name, setName] = createSignal("");
  const [colour, setColour] = createSignal("#000000");
  const [hoist, setHoist] = createSignal(false);
  const [mentionable, setMentionable] = createSignal(false);
  const [bits, setBits] = createSignal(0n);
  const [sure, setSure] = createSignal(false);
  const [query, setQuery] = createSignal("");
  createEffect(
    on(chosen, () => {
      const one = role();
      if (!one) return;
      setName(one.name);
      setColour(`#${one.color.toString(16).padStart(6, "0")}`);
      setHoist(one.hoist);
      setMentionable(one.mentionable);
      setBits(BigInt(one.permissions));
      setSure(false);
    }),
  );
  const nameOf = (one: Role) => (one.id === props.guildId ? "@everyone" : one.name);
  const found = () => {
    const wanted = query().trim().toLowerCase();
    return rolesOf(props.guildId).filter((one) => nameOf(one).toLowerCase().includes(wanted));
  };
  const everyone = () => chosen() === props.guildId;
  const can = () => mayIn(props.guildId, "MANAGE_ROLES") && (everyone() || (role()?.position ?? 0) < rankOf(props.guildId, myId()));
  const mine = () => permissionsIn(props.guildId, undefined, myId());
  const save = () =>
    attempt(() =>
      changeRole(props.guildId, chosen(), {
        permissions: bits().toString(),
        ...(everyone() ? {} : { name: name().trim(), color: Number.parseInt(colour().slice(1), 16), hoist: hoist(), mentionable: mentionable() }),
      }),
    ).then((done) => done && say("Saved."));
  const add = () => attempt(async () => setChosen((await createRole(props.guildId, { name: "new role" })).id));
  const remove = () => {
    if (!sure()) return setSure(true);
    const gone = chosen();
    setChosen(props.guildId);
    void attempt(() => deleteRole(props.guildId, gone));
  };
  const move = (by: number) => void attempt(() => moveRole(props.guildId, chosen(), Math.max(1, (role()?.position ?? 1) + by)));
  return (
    <div class={styles.section}>
      <h1>Roles</h1>
      <div class={own.columns}>
        <div>
          <Show when={rolesOf(props.guildId).length > MANY}>
            <TextField label="Find a role" type="search" value={query()} onInput={(event) => setQuery(event.currentTarget.value)} />
          </Show>
          <Gradual class={own.list} each={found()} fallback={<li class="soft">No role is called that.</li>}>
            {(one) => (
              <button type="button" aria-current={chosen() === one.id ? "true" : undefined} onClick={() => setChosen(one.id)}>
                <i style={{ background: one.color ? `#${one.color.toString(16).padStart(6, "0")}` : "var(--faint)" }} />
                <span class="cut">{nameOf(one)}</span>
              </button>
            )}
          </Gradual>
          <Show when={mayIn(props.guildId, "MANAGE_ROLES")}>
            <Button icon="plus" kind="quiet" onClick={() => void add()}>
              New role
            </Button>
          </Show>
        </div>
        <form
          class={own.form}
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <Show when={!everyone()} fallback={<p class="soft">What everybody in the guild may do.</p>}>
            <div class={own.head}>
              <TextField label="Name" maxlength="100" disabled={!can()} value={name()} onInput={(event) => setName(event.currentTarget.value)} />
              <TextField label="Colour" type="color" disabled={!can()} value={colour()} onInput={(event) => setColour(event.currentTarget.value)} />
              <span class={own.move} role="group" aria-label="Place in the order">
                <IconButton icon="chevron" class={own.up} label="Higher" disabled={!can()} onClick={() => move(1)} />
                <IconButton icon="chevron" label="Lower" disabled={!can()} onClick={() => move(-1)} />
              </span>
            </div>
            <Switch label="Show its members apart" checked={hoist()} disabled={!can()} onChange={setHoist} />
            <Switch label="Anybody may mention it" checked={mentionable()} disabled={!can()} onChange={setMentionable} />
          </Show>
          <For each={GROUPS}>
            {([group, list]) => (
              <section>
                <h2>{group}</h2>
                <For each={list}>
                  {([permission, words]: [Permission, string]) => (
                    <Switch
                      label={words}
                      checked={(bits() & P[permission]) !== 0n}
                      disabled={!can() || !(mine() & P[permission])}
                      onChange={(yes) => setBits(yes ? bits() | P[permission] : bits() & ~P[permission])}
                    />
                  )}
                </For>
              </section>
            )}
          </For>
          <div class={`${styles.actions} ${own.foot}`}>
            <Button type="submit" kind="primary" disabled={!can()}>
              Save
            </Button>
            <Show when={!everyone()}>
              <Button kind={sure() ? "bad" : "quiet"} icon="trash" disabled={!can()} onClick={remove}>
                {sure() ? "Delete the role" : "Delete"}
              </Button>
            </Show>
          </div>
        </form>
      </div>
    </div>
  );
}
