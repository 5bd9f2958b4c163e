// Where the focus goes when what has it goes.

/**
 * Who is at something by the keyboard that goes away is then at what stands in its place: in the nearest
 * that held it and is still there, at the first of `data-controls` or else of all. Else they were nowhere.
 */
export function keepFocus(within: HTMLElement): void {
  let path: HTMLElement[] = [];
  within.addEventListener("focusin", (event) => {
    path = [];
    if (!(event.target as HTMLElement).matches(":focus-visible")) return;
    for (let at: HTMLElement | null = event.target as HTMLElement; at && within.contains(at); at = at.parentElement) path.push(at);
  });
  within.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !within.contains(relatedTarget as Node)) path = [];
  });
  new MutationObserver(() => {
    if (!path.length || path[0]?.isConnected || document.activeElement !== document.body) return;
    const places = path.filter((one) => one.isConnected);
    const firsts = places.flatMap((one) => ["[data-controls] button:enabled", "a[href], button:enabled"].map((each) => one.querySelector<HTMLElement>(each)));
    firsts.find((one) => one)?.focus();
  }).observe(within, { childList: true, subtree: true });
}
