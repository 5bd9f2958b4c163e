// What a store does for an event, by the event's name.

export type Reducers = Record<string, (d: any) => void>;
