// The shape of a sound in up to 256 loudnesses, as messages carry it: base64 of a byte each.

/** So many loudnesses a message has at most. */
const MOST = 256;
/** A whisper is not drawn as loud as a shout. */
const QUIETEST_TOP = 0.1;

/** What is sent of loudnesses between 0 and 1, the loudest of each stretch standing for it. */
export function waveformOf(levels: number[]): string {
  const count = Math.min(MOST, Math.max(1, levels.length));
  const shape = stretched(levels, count);
  const top = Math.max(QUIETEST_TOP, ...shape);
  return btoa(String.fromCharCode(...shape.map((one) => Math.round((one / top) * 255))));
}

/** So many bars between 0 and 1 of what was sent; flat where it makes no sense. */
export function barsOf(waveform: string, count: number): number[] {
  let shape: number[] = [];
  try {
    shape = [...atob(waveform)].map((one) => one.charCodeAt(0) / 255);
  } catch {
    // Somebody's client sent something else.
  }
  return stretched(shape, count);
}

/** A list as one of another length: of several the largest, or some more than once. */
function stretched(levels: number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * levels.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * levels.length) / count));
    return Math.max(0, ...levels.slice(from, to));
  });
}
