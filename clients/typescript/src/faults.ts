/** Failures on demand: the rules of a sandbox, or of one inbox in it. */

import type { Endpoint, Json } from "./http.js";

/** Where in a session of SMTP. */
export type SessionStep =
  | "connect"
  | "greeting"
  | "ehlo"
  | "starttls"
  | "auth"
  | "mail"
  | "rcpt"
  | "data"
  | "in-data"
  | "end-of-data"
  | "rset"
  | "quit";

/** Where in a session, in the delivery after it, or where mail is collected, a rule may answer. */
export type Step =
  | SessionStep
  | "route"
  | "attempt"
  | "delivered"
  | "pop3.connect"
  | "pop3.greeting"
  | "pop3.command"
  | "pop3.capa"
  | "pop3.stls"
  | "pop3.login"
  | "pop3.stat"
  | "pop3.list"
  | "pop3.uidl"
  | "pop3.retr"
  | "pop3.top"
  | "pop3.dele"
  | "pop3.quit"
  | "imap.connect"
  | "imap.greeting"
  | "imap.command"
  | "imap.capability"
  | "imap.starttls"
  | "imap.login"
  | "imap.list"
  | "imap.status"
  | "imap.select"
  | "imap.fetch"
  | "imap.search"
  | "imap.store"
  | "imap.copy"
  | "imap.expunge"
  | "imap.append"
  | "imap.idle"
  | "imap.logout";

/** For what a rule answers (`when`, a query), and how often, as docs/failures.md has it. */
export interface Often {
  when?: string;
  name?: string;
  first?: number;
  skip?: number;
  every?: number;
  nth?: number[];
  lasting?: number;
  probability?: number;
  seed?: number;
  per?: "rule" | "recipient" | "sender" | "session" | "message" | "peer" | "login";
  bucket?: { capacity: number; seconds: number };
  concurrent?: number;
  greylist?: { delay?: number; lifetime?: number };
  enabled?: boolean;
}

/** What is known when rules are asked; what is left out is as with `message`, or unknown. */
export interface Facts {
  sender?: string;
  recipient?: string;
  recipients?: string[];
  listener?: string;
  peer?: string;
  helo?: string;
  login?: string;
  subject?: string;
  tls?: boolean;
  size?: number;
  attempt?: number;
  host?: string;
  message?: string;
}

/** One rule as it stands. */
export class Fault {
  constructor(readonly data: Json) {}

  get id(): string {
    return this.data["id"];
  }

  get name(): string {
    return this.data["name"];
  }

  get step(): string {
    return this.data["step"];
  }

  get when(): string {
    return this.data["when"];
  }

  get effect(): Json {
    return this.data["effect"];
  }

  get inbox(): string {
    return this.data["inbox"];
  }

  get enabled(): boolean {
    return this.data["enabled"];
  }

  /** How often it has answered. */
  get hits(): number {
    return this.data["hits"];
  }
}

/** Rules are asked in order, and the first that matches answers. Of an inbox, all of them are confined to it. */
export class Faults {
  constructor(
    private readonly at: Endpoint,
    private readonly name = "",
  ) {}

  /** Add a rule, such as `add("end-of-data", {disconnect: "after-store"}, {first: 1})`. */
  async add(step: Step, effect: Json, often: Often & { before?: string | Fault } = {}): Promise<Fault> {
    const { before, ...rule } = often;
    const document = { step, effect, inbox: this.name, ...rule };
    return this.#rule(await this.at.json("POST", "/api/faults", { before: idOf(before) }, { document }));
  }

  /** Answer with this, such as `reply(451, "4.7.1", "Try again later", {first: 2})`; at RCPT unless `step` says where. */
  async reply(code: number, status = "", text = "", often: Often & { step?: Step } = {}): Promise<Fault> {
    const { step = "rcpt", ...rule } = often;
    return this.add(step, { reply: { code, status, text } }, rule);
  }

  /** Switch a failure on by its name, such as `gmail-rate-ip` (docs/scenarios.md). */
  async scenario(scenario: string, often: Often = {}): Promise<Fault[]> {
    const document = { inbox: this.name, ...often };
    const path = `/api/scenarios/${encodeURIComponent(scenario)}`;
    const answer = await this.at.json("POST", path, {}, { document });
    return answer["faults"].map((one: Json) => new Fault(one));
  }

  /** The failures that have a name. */
  async scenarios(): Promise<Json[]> {
    return (await this.at.json("GET", "/api/scenarios"))["scenarios"];
  }

  /** The rules in the order in which they are asked; of an inbox, those that may answer there. */
  async list(): Promise<Fault[]> {
    const answer = await this.at.json("GET", "/api/faults", { inbox: this.name || undefined });
    return answer["faults"].map((one: Json) => new Fault(one));
  }

  /** One rule as it stands now, with its `hits`. */
  async get(fault: string | Fault): Promise<Fault> {
    return this.#rule(await this.at.json("GET", pathOf(fault)));
  }

  /** Put another rule in the place of one, as JSON has it; it begins to count anew. */
  async put(fault: string | Fault, changed: Json): Promise<Fault> {
    const document = { inbox: this.name, ...changed };
    return this.#rule(await this.at.json("PUT", pathOf(fault), {}, { document }));
  }

  /** Switch a rule on or off. */
  async enable(fault: string | Fault, enabled = true): Promise<Fault> {
    return this.#rule(await this.at.json("PATCH", pathOf(fault), {}, { document: { enabled } }));
  }

  /** Let a rule be asked at this place, from 0. */
  async move(fault: string | Fault, place: number): Promise<Fault> {
    return this.#rule(await this.at.json("PATCH", pathOf(fault), {}, { document: { place } }));
  }

  /** Let a rule count anew, as if it had never answered. */
  async rewind(fault: string | Fault): Promise<Fault> {
    return this.#rule(await this.at.json("POST", `${pathOf(fault)}/rewind`));
  }

  /** Remove a rule. */
  async remove(fault: string | Fault): Promise<void> {
    await this.at.json("DELETE", pathOf(fault));
  }

  /** Remove every rule; of an inbox, those confined to it. Returns how many went. */
  async clear(): Promise<number> {
    const asked = this.name ? { inbox: this.name } : { all: true };
    return (await this.at.json("DELETE", "/api/faults", asked))["count"];
  }

  /** Which rule would answer at a step for `sender`, `recipient`, … or a `message`, and why not the others. */
  async explain(step: Step, facts: Facts = {}): Promise<Json> {
    const document = { step, ...(this.name ? { inbox: this.name } : {}), ...facts };
    return this.at.json("POST", "/api/faults/explain", {}, { document });
  }

  #rule(data: Json): Fault {
    return new Fault(data);
  }
}

function idOf(fault: string | Fault | undefined): string | undefined {
  return fault instanceof Fault ? fault.id : fault;
}

function pathOf(fault: string | Fault): string {
  return `/api/faults/${encodeURIComponent(idOf(fault) ?? "")}`;
}
