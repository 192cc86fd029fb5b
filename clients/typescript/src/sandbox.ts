/** A sandbox and its inboxes, as a test speaks to them. */

import { Clock } from "./clock.js";
import { MailMismatch, MailtrapError } from "./errors.js";
import { Fault, Faults } from "./faults.js";
import { Endpoint, parsed, type Answer, type Asked, type Json } from "./http.js";
import { written } from "./letter.js";
import { Message, pathOf } from "./message.js";
import { Refusal, type RefusedWanted } from "./refusal.js";

/** Node has it, browsers have not. */
declare const process: { env: Record<string, string | undefined> } | undefined;

/** Messages fetched by one request. */
const PAGE = 200;

/** Which inbox is meant; that of an Inbox, or any, if left out. */
export interface Place {
  inbox?: string;
}

/** How long to wait, in seconds, and for what: messages newer than `after`, one of them or a cursor. */
export interface Waiting extends Place {
  after?: string | Message;
  timeout?: number;
}

/** How long to wait, in seconds, and for which refusals: those newer than `after`, one of them or a cursor. */
export interface RefusalWaiting extends Place, RefusedWanted {
  after?: string | Refusal;
  timeout?: number;
}

/** A message to send. `to` and `sender` are its envelope; of a whole message, those of its header if left out. */
export interface Letter extends Place {
  to?: string | string[];
  sender?: string;
  subject?: string;
  text?: string;
  html?: string;
}

/** What an attachment should be like; what is left out may be anything. */
export interface AttachmentWanted {
  filename?: string;
  type?: string;
  size?: number;
  sha256?: string;
}

/** A header field that should be there, with this value if one is given. */
export interface HeaderWanted {
  name: string;
  value?: string;
}

/** What a message should be like. Several of a kind are given as a list. */
export interface Expectations {
  subject?: string;
  subjectMatches?: string | string[];
  from?: string | string[];
  to?: string | string[];
  cc?: string | string[];
  replyTo?: string | string[];
  rcpt?: string | string[];
  textContains?: string | string[];
  textMatches?: string | string[];
  htmlContains?: string | string[];
  htmlMatches?: string | string[];
  linkTo?: string | string[];
  code?: boolean | string;
  attachment?: AttachmentWanted | AttachmentWanted[];
  attachments?: number;
  header?: HeaderWanted | HeaderWanted[];
  aligned?: boolean;
  count?: number;
  order?: string[];
}

/** What an inbox should be like; POST /api/inboxes says more about it. */
export interface InboxWanted {
  ttl?: number;
  max_messages?: number;
  max_age?: number;
  addresses?: string[];
  helo?: string;
  peer?: string;
  listener?: string;
  token?: boolean;
}

/** How to reach a sandbox. */
export interface SandboxOptions {
  /** The setting `api-token` (else MAILTRAP_API_TOKEN), or the token of an inbox. */
  token?: string;
  /** Seconds that an answer may take. */
  timeout?: number;
}

/** The verbs on mail. `query` is in the language of the search box, such as `to:anna subject:"your code"`. */
abstract class Mail {
  /** Failures on demand; of an inbox, confined to it. */
  readonly faults: Faults;
  /** Virtual time. */
  readonly clock: Clock;

  protected constructor(
    protected readonly at: Endpoint,
    /** The inbox meant where none is given; empty for any. */
    readonly name: string,
  ) {
    this.faults = new Faults(at, name);
    this.clock = new Clock(at);
  }

  /** Put a message in by HTTP: a whole one, or one made of `subject`, `text` and `html`. */
  async send(message: string | Uint8Array | Letter, envelope: Letter = {}): Promise<Message> {
    const isWhole = typeof message === "string" || message instanceof Uint8Array;
    const given = isWhole ? envelope : { ...message, ...envelope };
    const to = given.to === undefined ? [] : [given.to].flat();
    const asked: Asked = {
      "envelope-from": given.sender,
      "envelope-to": to.join(",") || undefined,
      inbox: this.#in(given),
    };
    const body = isWhole
      ? typeof message === "string"
        ? new TextEncoder().encode(message)
        : message
      : written({
          from: given.sender || "sender@example.test",
          to: to.length ? to : ["recipient@example.test"],
          subject: given.subject ?? "",
          text: given.text ?? "",
          html: given.html ?? "",
        });
    const answer = await this.at.json("POST", "/api/messages", asked, { body, type: "message/rfc822" });
    return new Message(this.at, answer).load();
  }

  /** Messages that match, the newest first; all of them, or `limit`. */
  async list(query = "", options: Place & { limit?: number } = {}): Promise<Message[]> {
    const limit = options.limit ?? Infinity;
    const found: Message[] = [];
    let before: string | undefined;
    while (found.length < limit) {
      const size = Math.min(PAGE, limit - found.length);
      const page = await this.at.json("GET", "/api/messages", { query, inbox: this.#in(options), limit: size, before });
      for (const data of page["messages"]) found.push(new Message(this.at, data));
      before = page["next"] ?? undefined;
      if (!before) break;
    }
    return found;
  }

  /** One message by its id. */
  async get(id: string | Message): Promise<Message> {
    return new Message(this.at, await this.at.json("GET", pathOf(idOf(id) ?? ""))).load();
  }

  /** Fetch what is in a message now. */
  async load(message: Message): Promise<Message> {
    return message.load();
  }

  /**
   * The newest message that matches, as soon as there is one. It may be there already; `after` means only newer ones.
   * Throws MailMismatch with what did arrive, where none comes within `timeout` seconds.
   */
  async wait(query = "", options: Waiting = {}): Promise<Message> {
    return last(await this.#wait(query, 1, "messages", options)).load();
  }

  /**
   * All that match, the oldest first, as soon as there are `count` of them (or so many recipients).
   * Throws MailMismatch with what did arrive, where fewer come within `timeout` seconds.
   */
  async waitMany(
    count: number,
    query = "",
    options: Waiting & { unit?: "messages" | "recipients" } = {},
  ): Promise<Message[]> {
    const found = await this.#wait(query, count, options.unit ?? "messages", options);
    for (const message of found) await message.load();
    return found;
  }

  /** Nothing that matches is there, nor comes within so many seconds. Throws MailMismatch with what did. */
  async assertNone(query = "", options: Place & { after?: string | Message; within?: number } = {}): Promise<void> {
    const within = options.within ?? 1;
    const asked = { query, inbox: this.#in(options), after: idOf(options.after), none: true, within };
    const answer = await this.at.ask("GET", "/api/wait", asked, { patience: within });
    if (answer.status === 409) throw told(answer);
    this.at.document(answer);
  }

  /**
   * Wait for a message that matches and is as wanted; of several that match, the one that is most so counts.
   * Throws MailMismatch with what is otherwise, or with what did arrive, after `timeout` seconds.
   */
  async expect(query = "", options: Waiting & Expectations = {}): Promise<Message> {
    const { inbox: _inbox, after, timeout = 10, ...wanted } = options;
    const expectations = listed(wanted);
    if (!expectations.length) return last(await this.#wait(query, 1, "messages", options)).load();
    const document = { query, inbox: this.#in(options) ?? "", after: idOf(after) ?? "", timeout, expectations };
    const answer = await this.at.json("POST", "/api/assert", {}, { document, patience: timeout });
    if (!answer["ok"]) throw new MailMismatch(String(answer["told"]), answer);
    if (!answer["message"]) {
      throw new MailtrapError("No message is what was expected: there is none to give back", "say assertNone");
    }
    return new Message(this.at, answer["message"]).load();
  }

  /** The id of the newest message there is: `after` it comes what is sent from now on. */
  async cursor(): Promise<string> {
    const [newest] = await this.list("", { limit: 1 });
    return newest?.id ?? "0";
  }

  /**
   * The newest refusal that matches, as soon as there is one: `waitRefused("rcpt:anna", { code: 550 })`. It may be
   * there already; `after` means only newer ones. Throws MailMismatch with what came near and what was accepted
   * instead, where there is none within `timeout` seconds.
   */
  async waitRefused(query = "", options: RefusalWaiting = {}): Promise<Refusal> {
    const found = (await this.#waitRefused(query, 1, options)).at(-1);
    if (!found) throw new MailMismatch("The sandbox answered with no refusal");
    return found;
  }

  /**
   * All refusals that match, the oldest first, as soon as there are `count` of them; with 0, those there are.
   * Throws MailMismatch with what came near, where there are fewer within `timeout` seconds.
   */
  async waitManyRefused(count: number, query = "", options: RefusalWaiting = {}): Promise<Refusal[]> {
    return this.#waitRefused(query, count, options);
  }

  /** Nothing that matches was refused, nor is within so many seconds. Throws MailMismatch with what was. */
  async assertNoneRefused(
    query = "",
    options: Place & RefusedWanted & { after?: string | Refusal; within?: number } = {},
  ): Promise<void> {
    const within = options.within ?? 1;
    const asked = { ...this.#refused(query, options), none: true, within };
    const answer = await this.at.ask("GET", "/api/wait/refused", asked, { patience: within });
    if (answer.status === 409) throw told(answer);
    this.at.document(answer);
  }

  /** The id of the newest refusal there has been: `after` it comes what is refused from now on. */
  async refusedCursor(): Promise<string> {
    const asked = { inbox: this.name || undefined, count: 0 };
    return (await this.at.json("GET", "/api/wait/refused", asked))["cursor"];
  }

  /**
   * Delete what matches, or of `ids` what does. Everything in the inbox if nothing is given; everything there is only
   * with `all`. Returns how many went.
   */
  async delete(query = "", options: Place & { ids?: (string | Message)[]; all?: boolean } = {}): Promise<number> {
    const asked = {
      query: query.trim() || undefined,
      ids: options.ids?.map(idOf).join(",") || undefined,
      inbox: this.#in(options),
      all: options.all ? true : undefined,
    };
    return (await this.at.json("DELETE", "/api/messages", asked))["count"];
  }

  async #wait(query: string, count: number, unit: string, options: Waiting): Promise<Message[]> {
    const timeout = options.timeout ?? 10;
    const asked = { query, inbox: this.#in(options), count, unit, after: idOf(options.after), timeout };
    const answer = await this.at.ask("GET", "/api/wait", asked, { patience: timeout });
    if (answer.status === 408) throw told(answer);
    const messages: Json[] = this.at.document(answer)["messages"];
    return messages.map((data) => new Message(this.at, data));
  }

  async #waitRefused(query: string, count: number, options: RefusalWaiting): Promise<Refusal[]> {
    const timeout = options.timeout ?? 10;
    const asked = { ...this.#refused(query, options), count, timeout };
    const answer = await this.at.ask("GET", "/api/wait/refused", asked, { patience: timeout });
    if (answer.status === 408) throw told(answer);
    const found = this.at.document(answer);
    const sessions = new Map<string, Json>(found["sessions"].map((session: Json) => [session["id"], session]));
    return found["refusals"].map((data: Json) => new Refusal(data, sessions.get(data["session"])));
  }

  #refused(query: string, options: Place & RefusedWanted & { after?: string | Refusal }): Asked {
    const { step, code, status, fault, after } = options;
    return {
      query,
      inbox: this.#in(options),
      step,
      code,
      status,
      fault: fault instanceof Fault ? fault.id : fault,
      after: after instanceof Refusal ? after.id : after,
    };
  }

  #in(options: Place): string | undefined {
    return options.inbox || this.name || undefined;
  }
}

/** One inbox of a sandbox: its messages and its failures, nobody else's. */
export class Inbox extends Mail {
  constructor(at: Endpoint, name: string) {
    super(at, name);
  }

  /** Make it with limits of its own, addresses that are its, or a token (`token: true`) that opens it alone. */
  async create(wanted: InboxWanted = {}): Promise<Json> {
    return this.at.json("POST", "/api/inboxes", {}, { document: { name: this.name, ...wanted } });
  }

  /** Its limits, and how many messages are in it. */
  async info(): Promise<Json> {
    return this.at.json("GET", `/api/inboxes/${encodeURIComponent(this.name)}`);
  }

  /** Delete it, with its rules and the messages that are in no other. */
  async remove(): Promise<void> {
    await this.at.json("DELETE", `/api/inboxes/${encodeURIComponent(this.name)}`);
  }
}

/** The sandbox at `url`, else at MAILTRAP_URL, else on this machine. `user:password@` in the URL means HTTP basic. */
export class Sandbox extends Mail {
  readonly url: string;

  constructor(url?: string, options: SandboxOptions = {}) {
    const environment = typeof process === "undefined" ? {} : process.env;
    const where = url ?? environment["MAILTRAP_URL"] ?? "http://127.0.0.1:8025";
    const token = options.token ?? environment["MAILTRAP_API_TOKEN"];
    const at = new Endpoint(where, token, options.timeout ?? 30);
    super(at, "");
    this.url = at.url;
  }

  /** One inbox of it. Asks nothing: mail for it makes it, or `create`. */
  inbox(name: string): Inbox {
    return new Inbox(this.at, name);
  }

  /** Version, addresses and totals. */
  async info(): Promise<Json> {
    return this.at.json("GET", "/api/info");
  }

  /** The inboxes there are, with how many messages are in each. */
  async inboxes(): Promise<Json[]> {
    return (await this.at.json("GET", "/api/inboxes"))["inboxes"];
  }

  /** The newest SMTP dialogues, refused ones too, without their lines. */
  async sessions(options: { limit?: number; outcome?: string } = {}): Promise<Json[]> {
    const asked = { limit: options.limit ?? 50, outcome: options.outcome };
    return (await this.at.json("GET", "/api/sessions", asked))["sessions"];
  }

  /** One SMTP dialogue with its lines, secrets masked. */
  async session(id: string): Promise<Json> {
    return this.at.json("GET", `/api/sessions/${encodeURIComponent(id)}`);
  }
}

/** As POST /api/assert takes them: a list of objects with one key each. */
function listed(wanted: Expectations): Json[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const key = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    // What is expected of the order is a list by itself.
    return (name === "order" ? [value] : [value].flat()).map((one) => ({ [key]: one }));
  });
}

function idOf(message: string | Message | undefined): string | undefined {
  return message instanceof Message ? message.id : message;
}

function last(messages: Message[]): Message {
  const message = messages.at(-1);
  if (!message) throw new MailMismatch("The sandbox answered with no message");
  return message;
}

function told(answer: Answer): MailMismatch {
  const evidence = parsed(answer.octets) ?? {};
  return new MailMismatch(String(evidence["told"] ?? evidence["error"]?.message), evidence);
}
