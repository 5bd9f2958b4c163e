// What bots and links show beside their text.
import { For, type JSX, Show } from "solid-js";
import { safeUrl } from "../core/markdown.ts";
import type { Embed } from "../core/types.ts";
import styles from "./Embeds.module.css";
import { Markdown } from "./Markdown.tsx";

export function Embeds(props: { list: Embed[] | undefined; guildId?: string }): JSX.Element {
  return (
    <For each={props.list}>
      {(embed) => (
        <section
          class={styles.embed}
          aria-label={embed.title ? undefined : "Embed"}
          style={{ "--edge": embed.color === undefined ? "var(--control-line)" : `#${embed.color.toString(16).padStart(6, "0")}` }}
        >
          <Show when={embed.author?.name}>{(name) => <p class={styles.author}>{name()}</p>}</Show>
          <Show when={embed.title}>
            {(title) => (
              <p class={styles.title}>
                <Show when={embed.url && safeUrl(embed.url)} fallback={title()}>
                  {(url) => (
                    <a href={url()} target="_blank" rel="noreferrer noopener">
                      {title()}
                    </a>
                  )}
                </Show>
              </p>
            )}
          </Show>
          <Show when={embed.description}>{(text) => <Markdown text={text()} guildId={props.guildId} />}</Show>
          <Show when={embed.fields?.length}>
            <dl class={styles.fields}>
              <For each={embed.fields}>
                {(field) => (
                  <div classList={{ [styles.wide as string]: !field.inline }}>
                    <dt>{field.name}</dt>
                    <dd>
                      <Markdown text={field.value} guildId={props.guildId} />
                    </dd>
                  </div>
                )}
              </For>
            </dl>
          </Show>
          <Show when={embed.footer?.text}>{(text) => <p class={styles.footer}>{text()}</p>}</Show>
        </section>
      )}
    </For>
  );
}
