// All emoji by group, in the order in which they are shown.

import { ACTIVITIES } from "./activities.ts";
import { FOOD } from "./food.ts";
import { NATURE } from "./nature.ts";
import { OBJECTS } from "./objects.ts";
import { PEOPLE } from "./people.ts";
import { PLACES } from "./places.ts";
import { SMILEYS } from "./smileys.ts";
import { SYMBOLS } from "./symbols.ts";

export const EMOJI: [group: string, emoji: [text: string, words: string][]][] = [
  ["Smileys", SMILEYS],
  ["People", PEOPLE],
  ["Nature", NATURE],
  ["Food", FOOD],
  ["Activities", ACTIVITIES],
  ["Places", PLACES],
  ["Objects", OBJECTS],
  ["Symbols", SYMBOLS],
];
