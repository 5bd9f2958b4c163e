// Values that outlive the window: kept in the browser's storage, each window with its own copy.
import { type Accessor, createSignal, type Setter } from "solid-js";

const PREFIX = "hearth.";

/** What is kept under a name, or `otherwise`; also where the browser keeps nothing. */
export function read<T>(name: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

/** Keep a value; null and undefined keep nothing. */
export function keep(name: string, value: unknown): void {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs the memory of it, not the session.
  }
}

/** All that is kept under names that begin so, by the rest of the name. */
export function readAll<T>(begin: string): Record<string, T> {
  const found: Record<string, T> = {};
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX + begin)) continue;
      const name = key.slice(PREFIX.length);
      const value = read<T | null>(name, null);
      if (value !== null) found[name.slice(begin.length)] = value;
    }
  } catch {
    // Nothing is kept.
  }
  return found;
}

/** A signal whose value is kept. */
export function remembered<T>(name: string, first: T): [Accessor<T>, (next: T) => void] {
  const [value, set] = createSignal<T>(read(name, first)) as [Accessor<T>, Setter<T>];
  return [
    value,
    (next) => {
      set(() => next);
      keep(name, next);
    },
  ];
}

/** Forget everything, as at a log-out, but what is of the device and not of the person. */
export function forget(...kept: string[]): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX) && !kept.some((name) => key === PREFIX + name)) localStorage.removeItem(key);
    }
  } catch {
    // There was nothing to forget.
  }
}
