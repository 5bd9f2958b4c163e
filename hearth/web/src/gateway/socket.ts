// Drives the machine with a WebSocket and the clock.
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
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(token: string, listener: Listener) {
    const properties = { os: navigator.platform, browser: "Hearth", device: "" };
    const url = `${location.origin.replace(/^http/, "ws")}/gateway`;
    const identify = { token, properties, capabilities: 0, compress: false };
    this.machine = new Machine(url, identify, Math.random);
    this.listener = listener;
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.hurry();
  }

  /** Send a command; it is lost where there is no connection. */
  send(op: number, d: unknown): void {
    if (this.machine.state === "ready") this.run([{ do: "send", op, d }]);
  }

  /** End it for good. */
  stop(): void {
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.run(this.machine.stop());
  }

  private readonly hurry = (): void => {
    if (document.visibilityState === "visible") this.run(this.machine.start(performance.now()));
  };

  private run(outputs: Output[]): void {
    for (const output of outputs) {
      switch (output.do) {
        case "connect":
          this.connect(output.url);
          break;
        case "send":
          if (this.socket?.readyState === WebSocket.OPEN) {
            this.socket.send(JSON.stringify({ op: output.op, d: output.d }));
          }
          break;
        case "close": {
          const socket = this.socket;
          this.socket = null;
          socket?.close(output.code);
          break;
        }
        case "dispatch":
          this.listener.dispatch(output.name, output.d);
          break;
        case "state":
          this.listener.state(output.state);
          break;
        case "void":
          this.listener.void(output.reason);
          break;
      }
    }
    clearTimeout(this.timer);
    const at = this.machine.wakeAt();
    if (at !== null) {
      const wait = Math.max(0, at - performance.now());
      this.timer = setTimeout(() => this.run(this.machine.tick(performance.now())), wait);
    }
  }

  private connect(url: string): void {
    this.socket?.close(4000);
    const mine = new WebSocket(url);
    this.socket = mine;
    const now = () => performance.now();
    mine.onopen = () => mine === this.socket && this.run(this.machine.opened(now()));
    mine.onmessage = (event: MessageEvent<string>) =>
      mine === this.socket && this.run(this.machine.receive(JSON.parse(event.data) as Payload, now()));
    mine.onclose = (event) => mine === this.socket && this.run(this.machine.closed(event.code, now()));
  }
}
