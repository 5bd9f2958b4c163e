// What keeps the text under the reader's eyes where it is, whatever happens above and below it.

/** The rows of a list as they are laid out, from the top. Offsets are in the content, not on screen. */
export interface Layout {
  count(): number;
  key(index: number): string;
  top(index: number): number;
  /** Where a row is now, or undefined when it is gone. */
  topOf(key: string): number | undefined;
}

export interface Scroller {
  scrollTop: number;
  readonly scrollHeight: number;
  readonly clientHeight: number;
}

/** So near to the end counts as there: browsers round. */
const NEAR_PX = 2;

export class Anchor {
  /** Whether the end is followed as it moves away. */
  stuck = true;
  /** A row that was jumped to stays the anchor until the reader does something. */
  private held: string | null = null;
  private key: string | null = null;
  private offset = 0;
  private last = 0;
  private readonly layout: Layout;
  private readonly scroller: Scroller;
  private readonly final: () => boolean;

  /** `final` says whether the end of the list is that of the history: no other is followed. */
  constructor(layout: Layout, scroller: Scroller, final: () => boolean = () => true) {
    this.layout = layout;
    this.scroller = scroller;
    this.final = final;
  }

  /** Rows or the window got another size: bring the anchor back to where it was. */
  settle(): void {
    const { scroller } = this;
    if (this.stuck) this.write(this.end());
    else if (this.key !== null) {
      const now = this.layout.topOf(this.key);
      if (now !== undefined && now !== this.offset) {
        this.write(scroller.scrollTop + now - this.offset);
        this.offset = now;
      }
    }
  }

  /** Change the list by `mutate`, and keep the anchor in its place on screen. */
  change(mutate: () => void): void {
    this.settle();
    this.pick();
    // Read before the list changes: a list that got shorter has the browser move it.
    const saved = this.scroller.scrollTop;
    mutate();
    if (this.stuck) {
      this.write(this.end());
      return;
    }
    const now = this.key === null ? undefined : this.layout.topOf(this.key);
    if (now === undefined) {
      this.pick();
      return;
    }
    this.write(saved + now - this.offset);
    this.offset = now;
  }

  /** The reader scrolled, or the browser did. */
  scrolled(): void {
    const { scroller } = this;
    if (!this.stuck) this.settle();
    const top = scroller.scrollTop;
    if (this.end() - top <= NEAR_PX && this.held === null && this.final()) this.stuck = true;
    else if (top < this.last) this.stuck = false;
    this.last = top;
    this.pick();
  }

  /** Show a row at a part of the window's height, and hold it there. */
  hold(key: string, part = 0.35): boolean {
    const top = this.layout.topOf(key);
    if (top === undefined) return false;
    this.stuck = false;
    this.held = key;
    this.write(Math.max(0, top - this.scroller.clientHeight * part));
    this.pick();
    return true;
  }

  /** The reader did something: what was jumped to holds no longer. */
  release(): void {
    this.held = null;
  }

  /** Go to the end and follow it. */
  toEnd(): void {
    this.held = null;
    this.stuck = true;
    this.write(this.end());
  }

  private end(): number {
    return this.scroller.scrollHeight - this.scroller.clientHeight;
  }

  private write(top: number): void {
    if (Math.abs(this.scroller.scrollTop - top) >= 0.5) this.scroller.scrollTop = top;
    this.last = this.scroller.scrollTop;
  }

  /** The first row that begins in view. */
  private pick(): void {
    const { layout } = this;
    if (this.held !== null) {
      const top = layout.topOf(this.held);
      if (top !== undefined) {
        this.key = this.held;
        this.offset = top;
        return;
      }
      this.held = null;
    }
    let [low, high] = [0, layout.count()];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (layout.top(middle) >= this.scroller.scrollTop) high = middle;
      else low = middle + 1;
    }
    const index = Math.min(low, layout.count() - 1);
    this.key = index < 0 ? null : layout.key(index);
    this.offset = index < 0 ? 0 : layout.top(index);
  }
}
