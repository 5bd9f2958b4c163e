// The main gateway's connection: its machine, driven.
import { Driver, type Wire } from "./driver.ts";
import { Machine, type Output, type Payload, type State } from "./machine.ts";

export interface Listener {
  dispatch(name: string, d: unknown): void;
  state(state: State): void;
  /** The token is not taken, or the client is too old; nothing is tried any more. */
  void(reason: string): void;
}

/** The connection of one person from log-in to log-out. */
export class Connection {
  private readonly machine: Machine;
  private readonly listener: Listener;
  private readonly driver: Driver<Payload, Output>;

  constructor(token: string, listener: Listener) {
    const properties = { os: navigator.platform, browser: "Hearth", device: "" };
    const url = `${location.origin.replace(/^http/, "ws")}/gateway`;
    const identify = { token, properties, capabilities: 0, compress: false };
    this.machine = new Machine(url, identify, Math.random);
    this.driver = new Driver<Payload, Output>(this.machine, (output) => this.obtain(output));
    this.listener = listener;
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.hurry();
  }

  /** Send a command; it is lost where there is no connection. */
  send(op: number, d: unknown): void {
    if (this.machine.state === "ready") this.driver.run([{ do: "send", op, d }]);
  }

  /** End it for good. */
  stop(): void {
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.driver.run(this.machine.stop());
  }

  private readonly hurry = (): void => {
    if (document.visibilityState === "visible") this.driver.run(this.machine.start(performance.now()));
  };

  private obtain(output: Exclude<Output, Wire>): void {
    switch (output.do) {
      case "dispatch":
        return this.listener.dispatch(output.name, output.d);
      case "state":
        return this.listener.state(output.state);
      case "void":
        return this.listener.void(output.reason);
    }
  }
}
