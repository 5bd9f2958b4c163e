import { expect, test } from "vitest";
import { Pictures } from "./pictures.ts";

test("what a section sends is called by its newest name", () => {
  const pictures = new Pictures();
  const camera = { type: "video" as const, mid: "1", active: true };
  expect(pictures.mine([camera])).toEqual({});
  pictures.sends.set(7, "1");
  expect(pictures.mine([camera])).toEqual({ camera: { ssrc: 7, wanted: true } });
  pictures.sends.set(8, "1");
  pictures.demands = { 8: 0 };
  expect(pictures.mine([camera, { ...camera, mid: "2" }])).toEqual({ camera: { ssrc: 8, wanted: false } });
  expect(pictures.mine([{ ...camera, active: false }])).toEqual({});
});

test("a name that is not shown any more names nothing", () => {
  const pictures = new Pictures();
  pictures.sends.set(7, "1");
  pictures.are("2", [{ type: "video", ssrc: 9, active: true }], false);
  expect([...pictures.sends.keys()]).toEqual([7]);
  pictures.are("1", [{ type: "screen", ssrc: 8, active: true }], true);
  expect([...pictures.sends.keys()]).toEqual([]);
  expect(pictures.of("2")).toEqual({ camera: 9 });
  pictures.left("2");
  expect(pictures.of("2")).toEqual({});
});
