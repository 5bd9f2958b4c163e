// Where one writes what to look for: words, and filters as pieces that can be taken out.
import { createMemo, createSignal, createUniqueId, For, type JSX, onMount, Show } from "solid-js";
import { findMembers } from "../../actions/guilds.ts";
import { find } from "../../actions/search.ts";
import { begunFilter, withFilter } from "../../core/search.ts";
import type { Channel } from "../../core/types.ts";
import { guilds } from "../../store/guilds.ts";
import { search } from "../../store/search.ts";
import offered from "../../ui/Choices.module.css";
import { Icon } from "../../ui/Icon.tsx";
import { Face } from "../Face.tsx";
import { type Choice, choicesFor, wordsOf } from "./choices.ts";
import styles from "./Search.module.css";

/** `onDown` is the key that leads out of the box, into what was found. */
export function SearchBox(props: { channel: Channel; onDown: () => void }): JSX.Element {
  const id = createUniqueId();
  const [text, setText] = createSignal(search.text);
  const [open, setOpen] = createSignal(false);
  const [chosen, setChosen] = createSignal(-1);
  let input!: HTMLInputElement;
  const guildId = () => props.channel.guild_id;
  const choices = createMemo<Choice[]>(() => (open() ? choicesFor(text(), props.channel) : []));

  onMount(() => {
    input.focus();
    input.select();
    setOpen(search.phase === "idle");
  });

  const write = (next: string) => {
    setText(next);
    setOpen(true);
    const begun = begunFilter(next);
    // A filter that was begun is meant; of the others none is, until one is gone to.
    setChosen(begun ? 0 : -1);
    const of = guildId();
    if ((begun?.kind === "from" || begun?.kind === "mentions") && of && guilds[of]?.large && begun.typed) findMembers(of, begun.typed);
  };
  const run = (filters = search.filters) => {
    setOpen(false);
    void find({ text: text(), filters });
  };
  const take = (choice: Choice) => {
    const { filter } = choice;
    input.focus();
    if (!filter) return write(text().replace(/\S*$/, `${choice.kind}:`));
    setText(text().slice(0, begunFilter(text())?.from ?? text().length));
    run(withFilter(search.filters, filter));
  };
  const drop = (at: number) => {
    run(search.filters.filter((_, i) => i !== at));
    setOpen(false);
    input.focus();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const list = choices();
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && list.length) setChosen((Math.max(chosen(), step < 0 ? 0 : -1) + step + list.length) % list.length);
    else if (event.key === "ArrowDown") {
      if (search.messages.length) props.onDown();
      else setOpen(true);
    } else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey && list[chosen()] && begunFilter(text()))) {
      const choice = list[chosen()];
      if (choice) take(choice);
      else run();
    } else if (event.key === "Escape" && list.length) setOpen(false);
    else if (event.key === "Backspace" && input.selectionEnd === 0 && search.filters.length) drop(search.filters.length - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <form role="search" class={styles.search} data-search onSubmit={(event) => event.preventDefault()}>
      {/* A press beside the words is meant for them. */}
      <div class={styles.box} onClick={(event) => event.target === event.currentTarget && input.focus()}>
        <Icon name="search" size={18} />
        <For each={search.filters}>
          {(filter, at) => (
            <button type="button" class={styles.filter} aria-label={`Remove the filter ${wordsOf(filter, guildId())}`} onClick={() => drop(at())}>
              <span class="cut">{wordsOf(filter, guildId())}</span>
              <Icon name="close" size={12} />
            </button>
          )}
        </For>
        <input
          ref={input}
          role="combobox"
          aria-label="Search in messages"
          aria-expanded={choices().length > 0}
          aria-controls={choices().length ? id : undefined}
          aria-activedescendant={choices()[chosen()] ? `${id}-${chosen()}` : undefined}
          aria-autocomplete="list"
          placeholder={search.filters.length ? "" : guildId() ? `Search ${guilds[guildId() as string]?.name ?? ""}` : "Search here"}
          autocomplete="off"
          spellcheck={false}
          enterkeyhint="search"
          maxlength="1024"
          value={text()}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={keys}
          onPointerDown={() => setOpen(true)}
          onBlur={() => setOpen(false)}
        />
        <Show when={text() || search.filters.length}>
          <button
            type="button"
            class={styles.clear}
            aria-label="Begin anew"
            onClick={() => {
              setText("");
              run([]);
              setOpen(true);
              input.focus();
            }}
          >
            <Icon name="close" size={16} />
          </button>
        </Show>
      </div>
      <Show when={choices().length}>
        <div role="listbox" id={id} aria-label="Filters" class={`${offered.choices} ${styles.below}`}>
          <For each={choices()}>
            {(choice, at) => (
              <div
                role="option"
                id={`${id}-${at()}`}
                aria-selected={at() === chosen()}
                class={offered.choice}
                onPointerDown={(event) => {
                  event.preventDefault();
                  take(choice);
                }}
              >
                <Show when={choice.userId}>{(user) => <Face id={user()} guildId={guildId()} size={24} />}</Show>
                <b class="cut">{choice.label}</b>
                <span class="soft small cut grow">{choice.note}</span>
              </div>
            )}
          </For>
        </div>
      </Show>
    </form>
  );
}
