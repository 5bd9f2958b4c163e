// A guild's own stickers: what there is, one that is about to be added, and what each is called.
import { createResource, createSignal, type JSX, onCleanup, Show } from "solid-js";
import { changeSticker, createSticker, deleteSticker, listStickers, type StickerForm } from "../actions/stickers.ts";
import { stickerUrl } from "../core/cdn.ts";
import type { Id, Sticker } from "../core/types.ts";
import { mayIn } from "../store/channels.ts";
import { guilds } from "../store/guilds.ts";
import { myId } from "../store/session.ts";
import { userName } from "../store/users.ts";
import { Button } from "../ui/Button.tsx";
import { TextField } from "../ui/Field.tsx";
import { readDrawing } from "../ui/picture.ts";
import { Rows, steady } from "../ui/Rows.tsx";
import { attempt, say } from "../ui/toast.tsx";
import styles from "./Settings.module.css";
import own from "./Stickers.module.css";

const MOST = 60;
const LONGEST_PX = 320;
const MOST_BYTES = 512 * 1024;

interface Fresh {
  picture: Blob;
  /** Where the page shows it from. */
  url: string;
  form: StickerForm;
}

export default function Stickers(props: { guildId: Id }): JSX.Element {
  const stickers = () => guilds[props.guildId]?.stickers ?? [];
  const [list] = createResource(() => [props.guildId, stickers()] as const, ([id]) => listStickers(id));
  const rows = steady(list);
  const [fresh, setFresh] = createSignal<Fresh | null>(null);
  const [adding, setAdding] = createSignal<Fresh | null>(null);
  const [changed, setChanged] = createSignal<Id | null>(null);
  const [doomed, setDoomed] = createSignal<Id | null>(null);
  const canAdd = () => mayIn(props.guildId, "CREATE_GUILD_EXPRESSIONS");
  const can = (one: Sticker) => mayIn(props.guildId, "MANAGE_GUILD_EXPRESSIONS") || (canAdd() && one.user?.id === myId());
  let input!: HTMLInputElement;

  const drop = () => {
    const was = fresh();
    if (was) URL.revokeObjectURL(was.url);
    setFresh(null);
  };
  onCleanup(drop);
  const choose = async () => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    await attempt(async () => {
      const picture = await readDrawing(file, LONGEST_PX, MOST_BYTES);
      drop();
      const name = file.name.replace(/\.\w+$/, "").replace(/[_\s-]+/g, " ").trim().slice(0, 30);
      setFresh({ picture, url: URL.createObjectURL(picture), form: { name, description: "", tags: "" } });
    });
  };
  const add = async (one: Fresh, form: StickerForm) => {
    setAdding(one);
    const done = await attempt(() => createSticker(props.guildId, form, one.picture));
    setAdding(null);
    if (!done) return;
    say("Added.");
    // Another may have been chosen meanwhile.
    if (fresh() === one) drop();
  };
  const change = (id: Id, form: StickerForm) => void attempt(() => changeSticker(props.guildId, id, form)).then((done) => done && setChanged(null));
  const remove = (id: Id) => {
    if (doomed() !== id) return setDoomed(id);
    setDoomed(null);
    void attempt(() => deleteSticker(props.guildId, id));
  };

  return (
    <div class={styles.section}>
      <h1>Stickers</h1>
      <p class="soft">
        Everybody here can send them, by the button beside the emoji. {stickers().length} of {MOST} are there. A sticker is a PNG or GIF of up to 512 KB; it may move.
      </p>
      <Show when={canAdd()}>
        <div>
          <input ref={input} class="unseen" type="file" accept="image/png,image/gif,image/webp,image/jpeg" tabindex="-1" aria-label="Picture for a sticker" onChange={() => void choose()} />
          <Button icon="plus" kind={fresh() ? "plain" : "primary"} disabled={stickers().length >= MOST} onClick={() => input.click()}>
            {fresh() ? "Another picture" : "Add sticker"}
          </Button>
        </div>
        <Show when={fresh()} keyed>
          {(one) => (
            <div class={`${styles.part} ${own.fresh}`}>
              <img class={own.large} src={one.url} alt="" />
              <Fields form={one.form} save="Add it" busy={adding() === one} onSave={(form) => void add(one, form)} onCancel={drop} />
            </div>
          )}
        </Show>
      </Show>
      <Rows found={list} list={rows} nothing="There is no sticker of this guild's own yet.">
        {(one) => (
          <Show
            when={changed() === one.id}
            fallback={
              <>
                <img class={own.picture} src={stickerUrl(one)} alt="" loading="lazy" />
                <span class="grow">
                  <b class="cut">{one.name}</b>
                  <span class="soft small cut">{[one.description, one.user && `by ${userName(one.user)}`].filter(Boolean).join(" · ")}</span>
                </span>
                <Show when={can(one)}>
                  <Button kind="quiet" onClick={() => setChanged(one.id)}>
                    Change<span class="unseen"> {one.name}</span>
                  </Button>
                  <Button kind={doomed() === one.id ? "bad" : "quiet"} onClick={() => remove(one.id)} onBlur={() => setDoomed(null)}>
                    {doomed() === one.id ? "Delete it" : "Delete"}
                    <span class="unseen"> {one.name}</span>
                  </Button>
                </Show>
              </>
            }
          >
            <div class={own.fresh}>
              <img class={own.large} src={stickerUrl(one)} alt="" />
              <Fields
                form={{ name: one.name, description: one.description ?? "", tags: one.tags }}
                save="Save"
                onSave={(form) => change(one.id, form)}
                onCancel={() => setChanged(null)}
              />
            </div>
          </Show>
        )}
      </Rows>
    </div>
  );
}

/** What a sticker is called and found by. */
function Fields(props: { form: StickerForm; save: string; busy?: boolean; onSave: (form: StickerForm) => void; onCancel: () => void }): JSX.Element {
  const [form, setForm] = createSignal(props.form);
  const set = (name: keyof StickerForm) => (event: { currentTarget: HTMLInputElement }) => setForm({ ...form(), [name]: event.currentTarget.value });
  return (
    <form
      class={own.fields}
      onSubmit={(event) => {
        event.preventDefault();
        props.onSave(form());
      }}
      onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), props.onCancel())}
    >
      <TextField label="Name" required minlength="2" maxlength="30" ref={(name: HTMLInputElement) => queueMicrotask(() => name.select())} value={form().name} onInput={set("name")} />
      <TextField label="Description" maxlength="100" hint="Read out to those who cannot see it." value={form().description} onInput={set("description")} />
      <TextField label="Related emoji or words" maxlength="200" hint="It is found by these too." value={form().tags} onInput={set("tags")} />
      <div class={styles.actions}>
        <Button type="submit" kind="primary" busy={props.busy}>
          {props.save}
        </Button>
        <Button kind="quiet" onClick={() => props.onCancel()}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
