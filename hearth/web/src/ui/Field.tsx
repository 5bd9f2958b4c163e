// Form fields: a label, a control, and what is wrong with it.
import { createUniqueId, type JSX, Show, splitProps } from "solid-js";
import styles from "./Field.module.css";

interface Around {
  label: string;
  hint?: string;
  error?: string;
}

function Frame(props: Around & { id: string; children: JSX.Element }): JSX.Element {
  return (
    <div class={styles.field}>
      <label for={props.id}>{props.label}</label>
      {props.children}
      <Show when={props.error || props.hint}>
        <p id={`${props.id}-note`} class={props.error ? styles.error : styles.hint}>
          {props.error || props.hint}
        </p>
      </Show>
    </div>
  );
}

/** One line of text. */
export function TextField(props: Around & JSX.InputHTMLAttributes<HTMLInputElement>): JSX.Element {
  const id = createUniqueId();
  const [own, rest] = splitProps(props, ["label", "hint", "error"]);
  return (
    <Frame {...own} id={id}>
      <input
        {...rest}
        id={id}
        class={styles.input}
        aria-invalid={own.error ? "true" : undefined}
        aria-describedby={own.error || own.hint ? `${id}-note` : undefined}
      />
    </Frame>
  );
}

/** Several lines of text. */
export function TextArea(props: Around & JSX.TextareaHTMLAttributes<HTMLTextAreaElement>): JSX.Element {
  const id = createUniqueId();
  const [own, rest] = splitProps(props, ["label", "hint", "error"]);
  return (
    <Frame {...own} id={id}>
      <textarea {...rest} id={id} class={styles.input} />
    </Frame>
  );
}

/** One of a few. */
export function SelectField(
  props: Around & JSX.SelectHTMLAttributes<HTMLSelectElement> & { options: [value: string, text: string][] },
): JSX.Element {
  const id = createUniqueId();
  const [own, rest] = splitProps(props, ["label", "hint", "error", "options", "value"]);
  return (
    <Frame {...own} id={id}>
      <select {...rest} id={id} class={styles.input}>
        {own.options.map(([value, text]) => (
          <option value={value} selected={value === own.value}>
            {text}
          </option>
        ))}
      </select>
    </Frame>
  );
}

/** On or off. */
export function Switch(props: {
  label: string;
  hint?: string;
  checked: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
}): JSX.Element {
  return (
    <label class={styles.switch}>
      <span class={styles.words}>
        {props.label}
        <Show when={props.hint}>
          <span class={styles.hint}>{props.hint}</span>
        </Show>
      </span>
      <input
        type="checkbox"
        role="switch"
        checked={props.checked}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
    </label>
  );
}

/** One of a few, all in sight. */
export function Choice<T extends string>(props: {
  label: string;
  value: T;
  options: [value: T, text: string][];
  onChange: (value: T) => void;
  /** The label is for those who listen; those who look see what it is. */
  plain?: boolean;
}): JSX.Element {
  const name = createUniqueId();
  return (
    <fieldset class={styles.choice}>
      <legend class={props.plain ? "unseen" : undefined}>{props.label}</legend>
      <div>
        {props.options.map(([value, text]) => (
          <label>
            <input
              type="radio"
              name={name}
              value={value}
              checked={props.value === value}
              onChange={() => props.onChange(value)}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
