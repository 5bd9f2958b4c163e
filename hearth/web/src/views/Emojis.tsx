// A guild's own emoji: what there is, what is about to be added, and their names.
import { createResource, createSignal, For, type JSX, Show } from "solid-js";
import { createStore } from "solid-js/store";
import { createEmoji, deleteEmoji, listEmojis, renameEmoji } from "../actions/emojis.ts";
import { emojiUrl } from "../core/cdn.ts";
import type { Emoji, Id } from "../core/types.ts";
import { mayIn } from "../store/channels.ts";
import { guilds } from "../store/guilds.ts";
import { myId } from "../store/session.ts";
import { userName } from "../store/users.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { TextField } from "../ui/Field.tsx";
import { readPicture } from "../ui/picture.ts";
import { Rows, steady } from "../ui/Rows.tsx";
import { attempt, say } from "../ui/toast.tsx";
import styles from "./Settings.module.css";
import own from "./Emojis.module.css";

/** So many a guild has that stand still, and as many that move. */
const MOST = 50;
const LONGEST_PX = 128;
const MOST_BYTES = 256 * 1024;
const NAME = "[A-Za-z0-9_]{2,32}";

interface Fresh {
  name: string;
  image: string;
  error: string;
}

/** A name for the emoji of a file: what of the file's name may be in one. */
function nameOf(file: string): string {
  const found = file.replace(/\.\w+$/, "").replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 32);
  return found.length >= 2 ? found : `emoji_${found}`;
}

export default function Emojis(props: { guildId: Id }): JSX.Element {
  const emojis = () => guilds[props.guildId]?.emojis ?? [];
  const [list] = createResource(() => [props.guildId, emojis()] as const, ([id]) => listEmojis(id));
  const rows = steady(list);
  const [fresh, setFresh] = createStore<Fresh[]>([]);
  const [adding, setAdding] = createSignal(false);
  const [renamed, setRenamed] = createSignal<{ id: Id; name: string } | null>(null);
  const [doomed, setDoomed] = createSignal<Id | null>(null);
  const moving = () => emojis().filter((one) => one.animated).length;
  const canAdd = () => mayIn(props.guildId, "CREATE_GUILD_EXPRESSIONS");
  const can = (one: Emoji) => mayIn(props.guildId, "MANAGE_GUILD_EXPRESSIONS") || (canAdd() && one.user?.id === myId());
  let input!: HTMLInputElement;

  const choose = async () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    for (const file of files) {
      await attempt(async () => {
        const image = await readPicture(file, LONGEST_PX, MOST_BYTES);
        setFresh(fresh.length, { name: nameOf(file.name), image, error: "" });
      });
    }
  };
  const drop = (one: Fresh) => setFresh((all) => all.filter((each) => each.image !== one.image));
  const add = async () => {
    setAdding(true);
    for (const one of [...fresh]) {
      try {
        await createEmoji(props.guildId, one.name, one.image);
        drop(one);
      } catch (error) {
        setFresh((each) => each.image === one.image, "error", error instanceof Error ? error.message : String(error));
      }
    }
    setAdding(false);
    if (!fresh.length) say("Added.");
  };
  const rename = (event: SubmitEvent) => {
    event.preventDefault();
    const now = renamed();
    if (now) void attempt(() => renameEmoji(props.guildId, now.id, now.name)).then((done) => done && setRenamed(null));
  };
  const remove = (id: Id) => {
    if (doomed() !== id) return setDoomed(id);
    setDoomed(null);
    void attempt(() => deleteEmoji(props.guildId, id));
  };

  return (
    <div class={styles.section}>
      <h1>Emoji</h1>
      <p class="soft">
        Everybody here can write them, by the picker or as <code>:name:</code>. {emojis().length - moving()} of {MOST} stand still, {moving()} of {MOST} move.
      </p>
      <Show when={canAdd()}>
        <div>
          <input ref={input} class="unseen" type="file" multiple accept="image/png,image/jpeg,image/webp,image/gif" tabindex="-1" aria-label="Pictures for emoji" onChange={() => void choose()} />
          <Button icon="plus" kind={fresh.length ? "plain" : "primary"} onClick={() => input.click()}>
            Add emoji
          </Button>
        </div>
        <Show when={fresh.length}>
          <form
            class={styles.part}
            onSubmit={(event) => {
              event.preventDefault();
              void add();
            }}
          >
            <For each={fresh}>
              {(one, at) => (
                <div class={own.fresh}>
                  <img class={own.large} src={one.image} alt="" />
                  <p class={own.shown} aria-hidden="true">
                    in a line <img src={one.image} alt="" />
                  </p>
                  <TextField label={`Name of emoji ${at() + 1}`} required pattern={NAME} title="2 to 32 letters of a to z, digits or _" error={one.error} value={one.name} onInput={(event) => setFresh(at(), { name: event.currentTarget.value, error: "" })} />
                  <IconButton icon="close" label={`Leave ${one.name} out`} onClick={() => drop(one)} />
                </div>
              )}
            </For>
            <div class={styles.actions}>
              <Button type="submit" kind="primary" busy={adding()}>
                {fresh.length === 1 ? "Add it" : `Add all ${fresh.length}`}
              </Button>
              <Button kind="quiet" onClick={() => setFresh([])}>
                Cancel
              </Button>
            </div>
          </form>
        </Show>
      </Show>
      <Rows found={list} list={rows} nothing="There is no emoji of this guild's own yet.">
        {(one) => (
          <>
            <img class={own.picture} src={emojiUrl(one)} alt="" loading="lazy" />
            <Show
              when={renamed()?.id === one.id}
              fallback={
                <>
                  <span class="grow">
                    <b class="cut">:{one.name}:</b>
                    <Show when={one.user}>{(user) => <span class="soft small cut">by {userName(user())}</span>}</Show>
                  </span>
                  <Show when={can(one)}>
                    <Button kind="quiet" onClick={() => setRenamed({ id: one.id as Id, name: one.name ?? "" })}>
                      Rename<span class="unseen"> {one.name}</span>
                    </Button>
                    <Button kind={doomed() === one.id ? "bad" : "quiet"} onClick={() => remove(one.id as Id)} onBlur={() => setDoomed(null)}>
                      {doomed() === one.id ? "Delete it" : "Delete"}
                      <span class="unseen"> {one.name}</span>
                    </Button>
                  </Show>
                </>
              }
            >
              <form class={own.rename} onSubmit={rename} onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), setRenamed(null))}>
                <input
                  ref={(field) => queueMicrotask(() => field.select())}
                  class={own.field}
                  aria-label="Name"
                  required
                  pattern={NAME}
                  title="2 to 32 letters of a to z, digits or _"
                  value={renamed()?.name}
                  onInput={(event) => setRenamed({ id: one.id as Id, name: event.currentTarget.value })}
                />
                <Button type="submit">Save</Button>
                <IconButton icon="close" label="Keep the name" onClick={() => setRenamed(null)} />
              </form>
            </Show>
          </>
        )}
      </Rows>
    </div>
  );
}
