// Who may do what in a channel: three states for each permission, and what comes of it for a member, with the reason.
import { createMemo, createSignal, For, type JSX, Show } from "solid-js";
import { deleteOverwrite, setOverwrite } from "../actions/guilds.ts";
import { GUILD_ONLY, P, type Permission } from "../core/permissions.ts";
import type { Id } from "../core/types.ts";
import { why } from "../core/why.ts";
import { channels, may, worldOf } from "../store/channels.ts";
import { members, nameIn, rolesOf } from "../store/guilds.ts";
import { IconButton } from "../ui/Button.tsx";
import { SelectField } from "../ui/Field.tsx";
import { Icon } from "../ui/Icon.tsx";
import { attempt } from "../ui/toast.tsx";
import styles from "./Overwrites.module.css";
import { GROUPS } from "./permissionWords.ts";

type State = "allow" | "deny" | "none";
const STATES: [State, string, "close" | "dots" | "check"][] = [["deny", "Deny", "close"], ["none", "As elsewhere", "dots"], ["allow", "Allow", "check"]];

export default function Overwrites(props: { channelId: Id }): JSX.Element {
  const channel = () => channels[props.channelId];
  const guildId = () => channel()?.guild_id ?? "";
  const [target, setTarget] = createSignal(`0:${guildId()}`);
  const [who, setWho] = createSignal(Object.keys(members[guildId()] ?? {})[0] ?? "");
  const [open, setOpen] = createSignal<Permission | null>(null);
  const type = () => Number(target()[0]) as 0 | 1;
  const targetId = () => target().slice(2);
  const overwrite = () => channel()?.permission_overwrites?.find((one) => one.id === targetId());
  const allow = () => BigInt(overwrite()?.allow ?? 0);
  const deny = () => BigInt(overwrite()?.deny ?? 0);
  const people = createMemo(() =>
    Object.keys(members[guildId()] ?? {})
      .map((id): [string, string] => [id, nameIn(guildId(), id)])
      .sort((a, b) => a[1].localeCompare(b[1])),
  );
  const targets = (): [string, string][] => [
    ...rolesOf(guildId()).map((role): [string, string] => [`0:${role.id}`, role.id === guildId() ? "@everyone" : `@${role.name.replace(/^@/, "")}`]),
    ...people().map(([id, name]): [string, string] => [`1:${id}`, name]),
  ];
  const marked = (): [string, string][] => {
    const set = new Set((channel()?.permission_overwrites ?? []).map((one) => `${one.type}:${one.id}`));
    return targets().map(([value, text]) => [value, set.has(value) ? `${text} · set` : text]);
  };
  const stateOf = (permission: Permission): State => (allow() & P[permission] ? "allow" : deny() & P[permission] ? "deny" : "none");
  const set = (permission: Permission, state: State) => {
    const bit = P[permission];
    const nextAllow = state === "allow" ? allow() | bit : allow() & ~bit;
    const nextDeny = state === "deny" ? deny() | bit : deny() & ~bit;
    void attempt(() =>
      nextAllow || nextDeny || targetId() === guildId()
        ? setOverwrite(props.channelId, targetId(), type(), nextAllow, nextDeny)
        : deleteOverwrite(props.channelId, targetId()),
    );
  };
  const result = (permission: Permission, words: string) => {
    const world = worldOf(guildId());
    const member = type() === 1 ? members[guildId()]?.[targetId()] : members[guildId()]?.[who()];
    const place = channel();
    if (!world || !member || !place) return null;
    return why(world, member, place, permission, nameIn(guildId(), member.user.id), words, Date.now());
  };
  const groups = () =>
    GROUPS.map(([group, list]) => [group, list.filter(([permission]) => !(P[permission] & GUILD_ONLY))] as const).filter(([, list]) => list.length);
  const disabled = () => !may(channel(), "MANAGE_ROLES");
  return (
    <div class={styles.editor}>
      <div class={styles.pickers}>
        <SelectField label="For" value={target()} options={marked()} onChange={(event) => setTarget(event.currentTarget.value)} />
        <Show when={type() === 0}>
          <SelectField label="What comes of it for" value={who()} options={people()} onChange={(event) => setWho(event.currentTarget.value)} />
        </Show>
      </div>
      <For each={groups()}>
        {([group, list]) => (
          <section>
            <h3>{group}</h3>
            <For each={list}>
              {([permission, words]) => {
                const found = createMemo(() => result(permission, words));
                return (
                  <div class={styles.row}>
                    <span class="grow">{words}</span>
                    <Show when={found()}>
                      {(now) => (
                        <button
                          type="button"
                          class={styles.result}
                          data-has={now().has || undefined}
                          aria-expanded={open() === permission}
                          onClick={() => setOpen(open() === permission ? null : permission)}
                        >
                          <span class="unseen">{words}: </span>
                          {now().has ? "may" : "may not"} · why
                        </button>
                      )}
                    </Show>
                    <span class={styles.states} role="group" aria-label={words}>
                      <For each={STATES}>
                        {([state, label, icon]) => (
                          <IconButton
                            icon={icon}
                            size={16}
                            label={label}
                            pressed={stateOf(permission) === state}
                            disabled={disabled()}
                            data-state={state}
                            onClick={() => set(permission, state)}
                          />
                        )}
                      </For>
                    </span>
                    <Show when={open() === permission && found()}>
                      {(now) => (
                        <ol class={styles.reasons}>
                          <For each={now().reasons}>
                            {(reason) => (
                              <li data-effect={reason.effect}>
                                <Icon size={16} name={reason.effect === "gives" || (reason.effect === "verdict" && now().has) ? "check" : "close"} />
                                {reason.text}
                              </li>
                            )}
                          </For>
                        </ol>
                      )}
                    </Show>
                  </div>
                );
              }}
            </For>
          </section>
        )}
      </For>
    </div>
  );
}
