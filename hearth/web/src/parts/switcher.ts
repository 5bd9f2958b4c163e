// Whether the quick switcher is open.
import { createSignal } from "solid-js";

const [switching, setSwitching] = createSignal(false);
export { setSwitching, switching };

export function openSwitcher(): void {
  setSwitching(true);
}
