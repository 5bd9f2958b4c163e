// Buttons: one with words, one with an icon and a name.
import { type JSX, Show, splitProps } from "solid-js";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon.tsx";

type Base = JSX.ButtonHTMLAttributes<HTMLButtonElement>;

/** `primary` is the one thing that a screen is for; `bad` takes something away. */
export function Button(
  props: Base & { kind?: "primary" | "plain" | "quiet" | "bad"; icon?: IconName; wide?: boolean; busy?: boolean },
): JSX.Element {
  const [own, rest] = splitProps(props, ["kind", "icon", "wide", "busy", "children", "class", "disabled"]);
  return (
    <button
      type="button"
      {...rest}
      disabled={own.disabled || own.busy}
      class={`${styles.button} ${styles[own.kind ?? "plain"]} ${own.class ?? ""}`}
      classList={{ [styles.wide as string]: own.wide ?? false }}
      aria-busy={own.busy ? "true" : undefined}
    >
      <Show when={own.icon}>{(name) => <Icon name={name()} size={18} />}</Show>
      <span>{own.children}</span>
    </button>
  );
}

/** A button that is an icon; its name is read out, and shown where the pointer rests. */
export function IconButton(
  props: Base & { icon: IconName; label: string; size?: number; pressed?: boolean; tip?: "above" | "below" | "end" },
): JSX.Element {
  const [own, rest] = splitProps(props, ["icon", "label", "size", "pressed", "class", "tip"]);
  return (
    <button
      type="button"
      {...rest}
      class={`${styles.icon} ${own.class ?? ""}`}
      aria-label={own.label}
      aria-pressed={own.pressed}
      data-tip={own.label}
      data-tip-at={own.tip ?? "below"}
    >
      <Icon name={own.icon} size={own.size} />
    </button>
  );
}
