// What the server says when it does not do what was asked.

/** The server said no (`status` and Discord's `code`), or did not answer (status 0). */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  /** What is wrong with fields of the form, by path: "username" → one sentence. */
  readonly fields: Record<string, string>;

  constructor(status: number, code: number, message: string, fields: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }

  /** Whether it may go another way the next time, without the caller changing anything. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}
