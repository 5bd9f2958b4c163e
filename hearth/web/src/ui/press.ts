// A long press of a finger, which not every browser makes a context menu of.

const LONG_MS = 450;
/** Farther than that it is a swipe. */
const STILL_PX = 10;

/** What to do on `pointerdown`: `open` is called when a finger has stayed for a while where it came down. */
export function longPress(open: (x: number, y: number) => void): (event: PointerEvent) => void {
  return (event) => {
    if (event.pointerType !== "touch" || !event.isPrimary) return;
    const { clientX: x, clientY: y } = event;
    const over = new AbortController();
    const end = () => over.abort();
    const timer = setTimeout(() => {
      end();
      // What the finger lies on is not meant to be clicked when it goes.
      const swallow = (click: Event) => {
        click.preventDefault();
        click.stopPropagation();
      };
      const done = new AbortController();
      addEventListener("click", swallow, { capture: true, once: true, signal: done.signal });
      addEventListener("pointerdown", () => done.abort(), { capture: true, once: true });
      open(x, y);
    }, LONG_MS);
    over.signal.addEventListener("abort", () => clearTimeout(timer));
    const options = { capture: true, passive: true, signal: over.signal };
    const moved = (now: PointerEvent) => Math.hypot(now.clientX - x, now.clientY - y) > STILL_PX && end();
    addEventListener("pointermove", moved, options);
    for (const name of ["pointerup", "pointercancel", "scroll"]) addEventListener(name, end, options);
  };
}
