// Times in the reader's own words: of the same day the clock, else the day too.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });
const long = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

/** Midnight of the day that a time is in, where the reader is. */
export function dayOf(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** "14:02". */
export function clockTime(ms: number): string {
  return clock.format(ms);
}

/** "Today at 14:02", "Yesterday at 14:02", "26/11/2026, 14:02". */
export function stamp(ms: number, nowMs: number): string {
  const days = Math.round((dayOf(nowMs) - dayOf(ms)) / 86_400_000);
  if (days === 0) return `Today at ${clock.format(ms)}`;
  if (days === 1) return `Yesterday at ${clock.format(ms)}`;
  return short.format(ms);
}

/** "Friday, 27 November 2026 at 14:02". */
export function full(ms: number): string {
  return long.format(ms);
}

/** "27 November 2026". */
export function longDate(ms: number): string {
  return date.format(ms);
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** "3 minutes ago", "in 2 days". */
export function ago(ms: number, nowMs: number): string {
  const seconds = Math.round((ms - nowMs) / 1000);
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size || size === 1) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(0, "second");
}

/** A `<t:seconds:style>` of a message. */
export function styled(seconds: number, style: string, nowMs: number): string {
  const ms = seconds * 1000;
  if (style === "R") return ago(ms, nowMs);
  const styles: Record<string, Intl.DateTimeFormatOptions> = {
    t: { timeStyle: "short" },
    T: { timeStyle: "medium" },
    d: { dateStyle: "short" },
    D: { dateStyle: "long" },
    f: { dateStyle: "long", timeStyle: "short" },
    F: { dateStyle: "full", timeStyle: "short" },
  };
  return new Intl.DateTimeFormat(undefined, styles[style] ?? styles.f).format(ms);
}
