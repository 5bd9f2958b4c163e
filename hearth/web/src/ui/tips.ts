// The names of icon buttons, shown where the pointer rests or the keyboard is: one bubble for all.

const AFTER_MS = 350;

/** Begin to show what elements have as `data-tip`. */
export function showTips(): void {
  if (!("popover" in HTMLElement.prototype)) return;
  const bubble = document.createElement("div");
  bubble.className = "tip";
  bubble.popover = "manual";
  bubble.setAttribute("aria-hidden", "true");
  document.body.append(bubble);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over: Element | null = null;
  const hide = () => {
    clearTimeout(timer);
    over = null;
    if (bubble.matches(":popover-open")) bubble.hidePopover();
  };
  const show = (element: HTMLElement) => {
    if (!element.isConnected) return;
    bubble.textContent = element.dataset.tip ?? "";
    bubble.showPopover();
    const box = element.getBoundingClientRect();
    const { width, height } = bubble.getBoundingClientRect();
    const side = element.dataset.tipAt;
    let [x, y] = [box.left + box.width / 2 - width / 2, box.bottom + 6];
    if (side === "above" || y + height > innerHeight - 4) y = box.top - height - 6;
    if (side === "end") [x, y] = [box.right + 10, box.top + box.height / 2 - height / 2];
    bubble.style.left = `${Math.max(4, Math.min(x, innerWidth - width - 4))}px`;
    bubble.style.top = `${Math.max(4, y)}px`;
  };
  const enter = (event: Event) => {
    // A finger rests on nothing.
    if ((event as Partial<PointerEvent>).pointerType === "touch") return hide();
    const found = (event.target as Element).closest?.<HTMLElement>("[data-tip]") ?? null;
    if (found === over) return;
    hide();
    if (!found || (event.type === "focusin" && !found.matches(":focus-visible"))) return;
    over = found;
    timer = setTimeout(() => show(found), AFTER_MS);
  };
  document.addEventListener("pointerover", enter);
  document.addEventListener("focusin", enter);
  document.addEventListener("pointerdown", hide, true);
  document.addEventListener("keydown", hide, true);
  document.addEventListener("scroll", hide, { capture: true, passive: true });
}
