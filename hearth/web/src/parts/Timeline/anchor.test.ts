import { expect, test } from "vitest";
import { Anchor, type Layout, type Scroller } from "./anchor.ts";

/** A page of rows with heights, that clamps its scrollTop as browsers do. */
class Page implements Layout, Scroller {
  rows: { key: string; height: number }[];
  clientHeight = 600;
  private at = 0;

  constructor(count: number, height = 50) {
    this.rows = Array.from({ length: count }, (_, i) => ({ key: String(i), height }));
  }
  get scrollHeight(): number {
    return Math.max(this.clientHeight, this.rows.reduce((sum, row) => sum + row.height, 0));
  }
  get scrollTop(): number {
    this.at = Math.max(0, Math.min(this.at, this.scrollHeight - this.clientHeight));
    return this.at;
  }
  set scrollTop(top: number) {
    this.at = top;
  }
  count = () => this.rows.length;
  key = (index: number) => this.rows[index]?.key ?? "";
  top = (index: number) => this.rows.slice(0, index).reduce((sum, row) => sum + row.height, 0);
  topOf = (key: string) => {
    const index = this.rows.findIndex((row) => row.key === key);
    return index < 0 ? undefined : this.top(index);
  };
  /** Where a row is on screen. */
  seen = (key: string) => (this.topOf(key) as number) - this.scrollTop;
}

function reading(top: number): [Page, Anchor] {
  const page = new Page(100);
  const anchor = new Anchor(page, page);
  anchor.toEnd();
  page.scrollTop = top;
  anchor.scrolled();
  return [page, anchor];
}

test("pages put in above move nothing, nor do those that are taken away", () => {
  const [page, anchor] = reading(1010);
  for (let i = 0; i < 50; i += 1) {
    page.scrollTop = 130;
    anchor.scrolled();
    const key = page.key(5);
    const before = page.seen(key);
    anchor.change(() => {
      page.rows.unshift(...Array.from({ length: 50 }, (_, n) => ({ key: `${i}-${n}`, height: 20 + ((i * n) % 70) })));
      page.rows.splice(200);
    });
    expect(page.rows.length).toBeLessThanOrEqual(200);
    expect(page.seen(key)).toBe(before);
  }
});

test("rows below and rows that grow above move nothing", () => {
  const [page, anchor] = reading(1010);
  const before = page.seen("30");
  for (let i = 0; i < 20; i += 1) {
    anchor.change(() => page.rows.push({ key: `new${i}`, height: 80 }));
    (page.rows[3] as { height: number }).height += 37;
    anchor.settle();
    expect(page.seen("30")).toBe(before);
  }
  expect(anchor.stuck).toBe(false);
});

test("growth that came with a scroll is taken out of it first", () => {
  const [page, anchor] = reading(1010);
  (page.rows[2] as { height: number }).height += 250;
  page.scrollTop += 10;
  const before = page.seen("60") - 250;
  anchor.scrolled();
  expect(page.seen("60")).toBe(before);
});

test("the end is followed until the reader goes up, and again from there", () => {
  const page = new Page(100);
  const anchor = new Anchor(page, page);
  anchor.toEnd();
  const atEnd = () => page.scrollHeight - page.clientHeight - page.scrollTop;
  anchor.change(() => page.rows.push({ key: "a", height: 90 }));
  expect(atEnd()).toBe(0);
  // A late picture, and the scroll event that the browser sends for it.
  (page.rows[99] as { height: number }).height += 300;
  anchor.scrolled();
  expect(anchor.stuck).toBe(true);
  anchor.settle();
  expect(atEnd()).toBe(0);
  // The window gets smaller: a keyboard on a phone.
  page.clientHeight = 300;
  anchor.settle();
  expect(atEnd()).toBe(0);
  page.scrollTop -= 200;
  anchor.scrolled();
  expect(anchor.stuck).toBe(false);
  anchor.change(() => page.rows.push({ key: "b", height: 90 }));
  expect(atEnd()).toBe(290);
  page.scrollTop = page.scrollHeight;
  anchor.scrolled();
  expect(anchor.stuck).toBe(true);
});

test("an end behind which there is more is not followed", () => {
  const page = new Page(100);
  const anchor = new Anchor(page, page, () => false);
  anchor.hold("50");
  anchor.release();
  page.scrollTop = page.scrollHeight;
  anchor.scrolled();
  expect(anchor.stuck).toBe(false);
  const before = page.seen("95");
  anchor.change(() => page.rows.push({ key: "a", height: 90 }, { key: "b", height: 90 }));
  expect(page.seen("95")).toBe(before);
});

test("what was jumped to holds while pictures come, until the reader moves", () => {
  const page = new Page(100);
  const anchor = new Anchor(page, page);
  expect(anchor.hold("50")).toBe(true);
  const before = page.seen("50");
  for (const row of page.rows.slice(0, 60)) row.height += 11;
  anchor.settle();
  anchor.scrolled();
  expect(page.seen("50")).toBe(before);
  anchor.release();
  page.scrollTop += 100;
  anchor.scrolled();
  expect(page.seen("50")).toBe(before - 100);
  expect(anchor.hold("none")).toBe(false);
});
