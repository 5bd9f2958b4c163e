// Line icons on a grid of 24, drawn for Hearth.
import type { JSX } from "solid-js";

const PATHS = {
  hash: "M5 9h15M4 15h15M10 4 8 20M16 4l-2 16",
  volume: "M11 5 6.500 9H3v6h3.500L11 19zM15 9.500a3.500 3.500 0 0 1 0 5M17.800 6.500a8 8 0 0 1 0 11",
  megaphone: "M4 10v4l11 4V6zM15 9.500a3 3 0 0 1 0 5M7 15.500 8.500 20",
  folder: "M3 6.500h6l2 2.500h10v9.500H3z",
  chevron: "m7 10 5 5 5-5",
  plus: "M12 5v14M5 12h14",
  close: "m6 6 12 12M18 6 6 18",
  gear: "M12 15.200a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400zM12 3v2.400M12 18.600V21M3 12h2.400M18.600 12H21M5.600 5.600l1.700 1.700M16.700 16.700l1.700 1.700M18.400 5.600l-1.700 1.700M7.300 16.700l-1.700 1.700",
  people: "M9 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c.4-3.600 3-5.500 6.500-5.500s6.100 1.900 6.500 5.500M16 5.200a3.200 3.200 0 0 1 0 6M18 14.900c2 .8 3.200 2.500 3.500 5.100",
  pin: "M9 4h6l-1 6 3.500 3.500h-11L10 10zM12 13.500V21",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 20 20",
  reply: "M10 6 4 12l6 6M4.500 12H14c3.500 0 6 2 6 6",
  pencil: "m5 19 .8-4L16 4.800 19.200 8 9 18.200zM13.800 7l3.200 3.200",
  trash: "M4 7h16M9.500 7V4.500h5V7M6 7l1 13h10l1-13M10 11v5M14 11v5",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 14.200c1 1.500 2.300 2.200 4 2.200s3-.7 4-2.200M9 9.500v.5M15 9.500v.5",
  react: "M19.800 10A9 9 0 1 1 14 3.200M8 14.200c1 1.500 2.300 2.200 4 2.200s3-.7 4-2.200M9 9.500v.5M15 9.500v.5M19 3v5M16.500 5.500h5",
  menu: "M4 7h16M4 12h16M4 17h16",
  dots: "M5.500 12h.01M12 12h.01M18.500 12h.01",
  send: "M4.500 12 4 4.500 20.500 12 4 19.500zM4.500 12H11",
  bell: "M6 16.500V11a6 6 0 1 1 12 0v5.500l1.500 1.500h-15zM10 20.500h4",
  bellOff: "M8 6.500a6 6 0 0 1 10 4.500v4M18 18H4.500L6 16.500V11M10 20.500h4M4 4l16 16",
  at: "M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM15.500 8.500v5.300c0 1.700 1 2.700 2.500 2.700s3-1.700 3-4.500a9 9 0 1 0-3.800 7.400",
  home: "M4 11.500 12 4l8 7.500M6 10v10h12V10M10 20v-5h4v5",
  logout: "M14 4.500H5v15h9M10.500 12H21M17.500 8.500 21 12l-3.500 3.500",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.700-5.700L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.700 5.700L12 17",
  check: "m4.500 12.500 5 5 10-11",
  down: "M12 5v14M5.500 12.500 12 19l6.500-6.500",
  crown: "m4 17-1-9 5 4 4-7 4 7 5-4-1 9zM4.500 20h15",
  shield: "M12 3.500 5 6v5.500c0 4.500 3 7.500 7 9 4-1.500 7-4.500 7-9V6z",
  key: "M8 17a4 4 0 1 1 3.700-5.500H21v3.500h-2.500v2.500H15V15h-3.300A4 4 0 0 1 8 17z",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  mail: "M3.500 6h17v12h-17zM4 6.500l8 7 8-7",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.500V12l3 2",
  warning: "M12 4 2.500 20h19zM12 10v4.500M12 17.200v.3",
  clip: "m19.500 11.500-7.800 7.800a5 5 0 0 1-7-7L13 4a3.400 3.400 0 0 1 4.800 4.800l-8.200 8.200a1.700 1.700 0 0 1-2.400-2.400l7.400-7.400",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c.5-4 3.500-6 7.500-6s7 2 7.500 6",
  device: "M3.500 5h17v11h-17zM9 20h6M12 16v4",
  palette: "M12 21a9 9 0 1 1 9-9c0 2.500-2 4-4 4h-2.200a1.800 1.800 0 0 0-1.300 3c.7.8.2 2-1.500 2zM7.500 12v.01M10 8v.01M15 8v.01",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon that says nothing by itself: whatever holds it has the name. */
export function Icon(props: { name: IconName; size?: number; class?: string }): JSX.Element {
  return (
    <svg
      class={props.class}
      width={props.size ?? 20}
      height={props.size ?? 20}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={props.name === "dots" ? 3 : 1.8}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[props.name]} />
    </svg>
  );
}

/** Hearth's mark. */
export function Flame(props: { size?: number; class?: string }): JSX.Element {
  return (
    <svg class={props.class} width={props.size ?? 28} height={props.size ?? 28} viewBox="0 0 32 32" aria-hidden="true">
      <path
        fill="var(--ember)"
        d="M17 2.500c1.100 5.300 8.500 8.600 8.500 16.300a9.500 9.500 0 0 1-19 0c0-4.200 2.500-6.200 3.800-9.700 1.500 1.200 2.500 2.700 2.700 4.700C15.700 11.500 17.600 7.600 17 2.500z"
      />
      <path
        fill="light-dark(#fffdf9, #ffe3bd)"
        d="M16.600 16.500c.6 2.700 3.900 3.800 3.900 7.100a4.500 4.500 0 0 1-9 0c0-2 1.100-2.900 1.800-4.500.8.6 1.200 1.300 1.300 2.300 1.200-1.100 1.900-2.900 2-4.900z"
      />
    </svg>
  );
}
