/** What a sandbox has refused, as a test looks at it. */

import type { Fault, SessionStep } from "./faults.js";
import type { Json } from "./http.js";

/** What a refusal should be like. `code` may be a class: `"4yz"`, `"5yz"`. */
export interface RefusedWanted {
  step?: RefusedStep;
  code?: number | string;
  status?: string;
  fault?: string | Fault;
}

/** Where in a session something can be refused. */
export type RefusedStep = SessionStep | "command";

/** Something that was refused: one recipient at `rcpt`, a whole message after its content. */
export class Refusal {
  readonly #data: Json;
  readonly #session: Json | undefined;

  constructor(data: Json, session?: Json) {
    this.#data = data;
    this.#session = session;
  }

  /** Its number; later refusals have greater ones. */
  get id(): string {
    return this.#data["id"];
  }

  /** When, by the sandbox's clock. */
  get at(): Date {
    return new Date(this.#data["at"]);
  }

  /** Where in the session: `rcpt`, `end-of-data` … */
  get step(): string {
    return this.#data["step"];
  }

  /** The reply's code; 0 where there was none because the connection was ended or nothing more was said. */
  get code(): number {
    return this.#data["code"];
  }

  /** The reply's enhanced status code; empty if it had none. */
  get status(): string {
    return this.#data["status"];
  }

  /** What the reply said. */
  get text(): string {
    return this.#data["text"];
  }

  /** MAIL FROM; empty for `<>`, and where it was not known yet. */
  get sender(): string {
    return this.#data["from"];
  }

  /** Those whom it is about: one at `rcpt`, all who had been accepted after that, none before. */
  get recipients(): string[] {
    return this.#data["recipients"];
  }

  /** Where the mail would have gone, as far as that was known. */
  get inboxes(): string[] {
    return this.#data["inboxes"];
  }

  /** The subject, where the content had come. */
  get subject(): string {
    return this.#data["subject"];
  }

  /** The id of the rule that said so; null where it was the sandbox itself. */
  get fault(): string | null {
    return this.#data["fault"];
  }

  /** The id of the message that was kept all the same; mostly null. */
  get message(): string | null {
    return this.#data["message"];
  }

  /** The id of the session; `sandbox.session` has its lines. */
  get session(): string {
    return this.#data["session"];
  }

  /** What could be said of the client when this was asked: `judgement`, `findings`. It may still change. */
  get verdict(): Json | null {
    return this.#session?.["verdict"] ?? null;
  }

  /** All that the API says of it. */
  get data(): Json {
    return this.#data;
  }
}
