// Short sounds, made here and now: somebody came or left, one is muted, a call rings.

type Note = [hertz: number, atS: number, lastsS: number];

const NOTES: Record<Sound, Note[]> = {
  join: [[440, 0, 0.12], [587, 0.09, 0.2]],
  leave: [[587, 0, 0.12], [440, 0.09, 0.2]],
  mute: [[330, 0, 0.1]],
  unmute: [[494, 0, 0.1]],
  ring: [[523, 0, 0.25], [659, 0.2, 0.25], [784, 0.4, 0.45]],
};

export type Sound = "join" | "leave" | "mute" | "unmute" | "ring";

let context: AudioContext | null = null;

/** Play one; where the browser wants a click first it is not heard. */
export function play(sound: Sound): void {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume().catch(() => {});
  const begin = context.currentTime + 0.02;
  for (const [hertz, atS, lastsS] of NOTES[sound]) {
    const tone = new OscillatorNode(context, { type: "sine", frequency: hertz });
    const loud = new GainNode(context, { gain: 0 });
    loud.gain.setValueAtTime(0, begin + atS);
    loud.gain.linearRampToValueAtTime(0.09, begin + atS + 0.015);
    loud.gain.exponentialRampToValueAtTime(0.0005, begin + atS + lastsS);
    tone.connect(loud).connect(context.destination);
    tone.start(begin + atS);
    tone.stop(begin + atS + lastsS);
  }
}
