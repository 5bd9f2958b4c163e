// The rail of guilds at the edge: what is new and who calls, at a glance.
import { For, type JSX } from "solid-js";
import { iconUrl } from "../core/cdn.ts";
import type { Guild } from "../core/types.ts";
import { channels, channelTree, isPrivate, isVoice, isWritten } from "../store/channels.ts";
import { guildList } from "../store/guilds.ts";
import { place, setPane } from "../store/place.ts";
import { places } from "../store/prefs.ts";
import { guildBadge, mentionsIn } from "../store/reads.ts";
import { relationships } from "../store/relationships.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Badge } from "../ui/Badge.tsx";
import { Flame, Icon } from "../ui/Icon.tsx";
import { follow } from "../ui/router.ts";
import styles from "./Rail.module.css";

/** Where a guild opens: the channel where one was last, or its first. */
export function guildPath(guildId: string): string {
  const kept = places()[guildId];
  if (kept && channels[kept]?.guild_id === guildId) return `/channels/${guildId}/${kept}`;
  const all = channelTree(guildId).flatMap((branch) => branch.channels);
  const first = all.find((one) => isWritten(one) && !isVoice(one)) ?? all.find((one) => isWritten(one) || isVoice(one));
  return first ? `/channels/${guildId}/${first.id}` : `/channels/${guildId}`;
}

export function Rail(props: { onAdd: () => void }): JSX.Element {
  const waiting = () => {
    const direct = Object.values(channels).filter(isPrivate).reduce((sum, one) => sum + mentionsIn(one), 0);
    return direct + Object.values(relationships).filter((one) => one.type === 3).length;
  };
  return (
    <nav class={styles.rail} aria-label="Guilds">
      <ul>
        <li>
          <a
            class={styles.entry}
            href="/channels/@me"
            aria-current={place().guild === "@me" ? "page" : undefined}
            aria-label={named("Direct messages", false, waiting())}
            data-tip="Direct messages"
            data-tip-at="end"
            onClick={follow}
          >
            <span class={styles.home}>
              <Flame size={28} />
            </span>
            <Badge count={waiting()} class={styles.badge} />
          </a>
        </li>
        <li class={styles.line} aria-hidden="true" />
        <For each={guildList()}>{(guild) => <Entry guild={guild} />}</For>
        <li>
          <button
            type="button"
            class={styles.entry}
            aria-label="Add a guild"
            data-tip="Add a guild"
            data-tip-at="end"
            onClick={() => {
              setPane("none");
              props.onAdd();
            }}
          >
            <span class={styles.home}>
              <Icon name="plus" size={24} />
            </span>
          </button>
        </li>
      </ul>
    </nav>
  );
}

function named(name: string, unread: boolean, count: number): string {
  return name + (count ? `, ${count} ${count === 1 ? "mention" : "mentions"}` : unread ? ", unread" : "");
}

function Entry(props: { guild: Guild }): JSX.Element {
  const badge = () => guildBadge(props.guild.id);
  return (
    <li>
      <a
        class={styles.entry}
        href={guildPath(props.guild.id)}
        aria-current={place().guild === props.guild.id ? "page" : undefined}
        data-unread={badge().unread || undefined}
        aria-label={named(props.guild.name, badge().unread, badge().mentions)}
        data-tip={props.guild.name}
        data-tip-at="end"
        onClick={follow}
      >
        <Avatar id={props.guild.id} name={props.guild.name} src={iconUrl(props.guild)} size={48} square />
        <Badge count={badge().mentions} class={styles.badge} />
      </a>
    </li>
  );
}
