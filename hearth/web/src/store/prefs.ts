// How this device shows things.
import { createEffect, createRoot } from "solid-js";
import { remembered } from "./kept.ts";

export type Theme = "system" | "dark" | "light";
export type Density = "cosy" | "compact";

export const [theme, setTheme] = remembered<Theme>("theme", "system");
export const [density, setDensity] = remembered<Density>("density", "cosy");
/** Per cent of the browser's own size. */
export const [scale, setScale] = remembered<number>("scale", 100);
/** Whether the member list is open on wide screens. */
export const [membersOpen, setMembersOpen] = remembered<boolean>("members", true);
/** Categories that are folded. */
export const [folded, setFolded] = remembered<string[]>("folded", []);
/** Where the person was: by guild the channel; "" is the last path. */
export const [places, setPlaces] = remembered<Record<string, string>>("places", {});

/** What a log-out leaves: it is of the device. */
export const DEVICE = ["theme", "density", "scale", "members"];

/** Put the settings onto the page. */
export function applyPrefs(): void {
  createRoot(() => {
    createEffect(() => {
      const root = document.documentElement;
      if (theme() === "system") delete root.dataset.theme;
      else root.dataset.theme = theme();
      root.dataset.density = density();
      root.style.fontSize = scale() === 100 ? "" : `${scale()}%`;
    });
  });
}
