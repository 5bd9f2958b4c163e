// Drives the machine of a gateway with a WebSocket and the clock.

/** What every machine wants of its socket. */
export type Wire = { do: "connect"; url: string } | { do: "send"; op: number; d: unknown } | { do: "close"; code: number };

/** What a driver knows of a machine. Times are monotonic milliseconds. */
interface Machine<Payload, Output> {
  opened(now: number): Output[];
  receive(payload: Payload, now: number): Output[];
  closed(code: number, now: number): Output[];
  tick(now: number): Output[];
  wakeAt(): number | null;
}

export class Driver<Payload, Output extends { do: string }> {
  private readonly machine: Machine<Payload, Output | Wire>;
  private readonly other: (output: Exclude<Output, Wire>) => void;
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `other` is given what is not about the socket. */
  constructor(machine: Machine<Payload, Output | Wire>, other: (output: Exclude<Output, Wire>) => void) {
    this.machine = machine;
    this.other = other;
  }

  /** Do what the machine wants, and wake it when it wants. */
  run(outputs: (Output | Wire)[]): void {
    for (const output of outputs) this.obtain(output);
    clearTimeout(this.timer);
    const at = this.machine.wakeAt();
    if (at === null) return;
    this.timer = setTimeout(() => this.run(this.machine.tick(performance.now())), Math.max(0, at - performance.now()));
  }

  /** Done: whatever the socket still says is not heard. */
  close(): void {
    clearTimeout(this.timer);
    this.drop(1000);
  }

  private obtain(output: Output | Wire): void {
    if (!isWire(output)) return this.other(output as Exclude<Output, Wire>);
    if (output.do === "connect") this.connect(output.url);
    else if (output.do === "close") this.drop(output.code);
    else if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ op: output.op, d: output.d }));
  }

  private connect(url: string): void {
    this.drop(4000);
    const mine = new WebSocket(url);
    this.socket = mine;
    const now = () => performance.now();
    mine.onopen = () => mine === this.socket && this.run(this.machine.opened(now()));
    mine.onmessage = (event: MessageEvent<string>) =>
      mine === this.socket && this.run(this.machine.receive(JSON.parse(event.data) as Payload, now()));
    mine.onclose = (event) => mine === this.socket && this.run(this.machine.closed(event.code, now()));
  }

  private drop(code: number): void {
    const socket = this.socket;
    this.socket = null;
    socket?.close(code);
  }
}

function isWire(output: { do: string }): output is Wire {
  return output.do === "connect" || output.do === "send" || output.do === "close";
}
