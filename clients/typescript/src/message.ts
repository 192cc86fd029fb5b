/** One captured message as a test looks at it. */

import { MailMismatch, MailtrapError } from "./errors.js";
import type { Endpoint, Json } from "./http.js";

/** From here on something is surely a one-time code. */
const SURE = 0.8;

/** A mailbox as a header field names it, decoded. */
export interface Address {
  name: string;
  address: string;
}

/**
 * A link. `href` is exact after decoding; `kind` one of verify, reset, unsubscribe, tracking, asset, link. `part` is
 * where it stands, empty for the header; `visible` whether a person sees it.
 */
export interface Link {
  href: string;
  text: string;
  kind: string;
  part: string;
  visible: boolean;
}

/** A one-time code: as one types it, why it is taken for one, how surely (0.5 to 1), as it stands, and where. */
export interface Code {
  code: string;
  reason: string;
  confidence: number;
  written: string;
  where: string;
}

/** One line of a dialogue: `C` the client's, `S` the server's, `-` a note. `fault` is the rule that spoke. */
export interface Line {
  side: string;
  text: string;
  fault: string | null;
}

/** The SMTP dialogue that brought a message. */
export class Transcript {
  constructor(readonly data: Json) {}

  /** What either side said, in order. */
  get lines(): Line[] {
    return this.data["lines"];
  }

  /** `C: EHLO …` lines. */
  toString(): string {
    return this.lines.map((line) => `${line.side}: ${line.text}`).join("\n");
  }
}

/** A part that a person would save. */
export class Attachment {
  #octets: Uint8Array | undefined;

  constructor(
    private readonly at: Endpoint,
    private readonly message: string,
    readonly data: Json,
  ) {}

  /** As the sender calls it; empty if he does not. */
  get filename(): string {
    return this.data["filename"];
  }

  /** Its media type. */
  get type(): string {
    return this.data["type"];
  }

  /** Octets, decoded. */
  get size(): number {
    return this.data["size"];
  }

  /** What is in it, decoded. */
  async octets(): Promise<Uint8Array> {
    const path = `${this.message}/parts/${encodeURIComponent(this.data["path"])}`;
    return (this.#octets ??= this.at.content(await this.at.ask("GET", path)));
  }
}

/**
 * One message. Facts of the list (`subject`, `recipients`, …) are here at once; text, links, codes … after `get`,
 * `wait` and `expect`, or `await message.load()`.
 */
export class Message {
  #data: Json;
  #raw: Uint8Array | undefined;
  #transcript: Transcript | undefined;
  readonly #path: string;

  constructor(
    private readonly at: Endpoint,
    data: Json,
  ) {
    this.#data = data;
    this.#path = pathOf(data["id"]);
  }

  /** Its number; later messages have greater ones. */
  get id(): string {
    return this.#data["id"];
  }

  /** Decoded, in one line. */
  get subject(): string {
    return this.#data["subject"];
  }

  /** The first author in From. */
  get sender(): Address {
    return this.#data["from"];
  }

  /** Whom To names. */
  get to(): Address[] {
    return this.#data["to"];
  }

  /** Whom Cc names. */
  get cc(): Address[] {
    return this.#data["cc"];
  }

  /** Whom Reply-To names. */
  get replyTo(): Address[] {
    return this.#data["reply_to"];
  }

  /** Whom it was really sent to: RCPT TO, blind ones too. */
  get recipients(): string[] {
    return this.#data["envelope"].to;
  }

  /** Whom failures go back to: MAIL FROM; empty for `<>`. */
  get reversePath(): string {
    return this.#data["envelope"].from;
  }

  /** The inbox it is in; the first one where there are several. */
  get inbox(): string {
    return this.#data["inbox"];
  }

  /** All inboxes it is in. */
  get inboxes(): string[] {
    return this.#data["inboxes"];
  }

  /** When it came. */
  get receivedAt(): Date {
    return new Date(this.#data["received_at"]);
  }

  /** Octets. */
  get size(): number {
    return this.#data["size"];
  }

  /** Of `raw`, in hex. */
  get sha256(): string {
    return this.#data["sha256"];
  }

  /** How its text begins. */
  get snippet(): string {
    return this.#data["snippet"];
  }

  /** Whether somebody has opened it on the page. */
  get seen(): boolean {
    return this.#data["seen"];
  }

  /** Its tags. */
  get tags(): string[] {
    return this.#data["tags"];
  }

  /** What the API says of it, as far as it is here. */
  get data(): Json {
    return this.#data;
  }

  /** What a person reads: the plain text, or that of the HTML where there is none. */
  get text(): string {
    return this.#detail("text");
  }

  /** The HTML alternative; empty if there is none. */
  get html(): string {
    return this.#detail("html");
  }

  /** Every link, HTML first. */
  get links(): Link[] {
    return this.#detail("links");
  }

  /** One-time codes in it. */
  get codes(): Code[] {
    return this.#detail("codes");
  }

  /** Pictures of the HTML: `src`, `alt`, `attached`, `tracking` … */
  get images(): Json[] {
    return this.#detail("images");
  }

  /** Ways out: `http`, `mailto`, `one_click`, `body`; null if there is none. */
  get unsubscribe(): Json | null {
    return this.#detail("unsubscribe");
  }

  /** Calendars in it: `method` and `events`. */
  get calendar(): Json[] {
    return this.#detail("calendar");
  }

  /** Hidden text at its beginning that lists show beside the subject. */
  get preheader(): string {
    return this.#detail("preheader");
  }

  /** The parts a person would save: neither the text nor images shown within it. */
  get attachments(): Attachment[] {
    const parts: Json[] = this.#detail("parts");
    return parts.filter((part) => part["attachment"]).map((part) => new Attachment(this.at, this.#path, part));
  }

  /** The header fields in the order sent, unfolded and decoded. */
  get headers(): { name: string; value: string }[] {
    return this.#detail("header");
  }

  /** What became of it for each recipient after its 250. */
  get deliveries(): Json[] {
    return this.#detail("deliveries");
  }

  /** The value of the first header field of that name; null if there is none. */
  header(name: string): string | null {
    return this.headers.find((field) => field.name.toLowerCase() === name.toLowerCase())?.value ?? null;
  }

  /** The one-time code, the one that is surely one if there are several. Throws MailMismatch if that is not clear. */
  get code(): string {
    const sure = this.codes.filter((code) => code.confidence >= SURE);
    const codes = [...new Set((sure.length ? sure : this.codes).map((code) => code.code))];
    if (codes.length === 1 && codes[0] !== undefined) return codes[0];
    const found = codes.join(", ") || "none";
    throw new MailMismatch(
      `${this.#named()} should have one code:\nexpected: one code\n  actual: ${found}\n\n${this.text}`,
    );
  }

  /** The address of the first link with this in its address or text, and of this kind. Throws MailMismatch if none. */
  link(containing = "", options: { kind?: string } = {}): string {
    const { kind } = options;
    for (const link of this.links) {
      const is = link.href.includes(containing) || link.text.includes(containing);
      if (is && (kind === undefined || kind === link.kind)) return link.href;
    }
    const wanted = ["a link", kind && `of kind ${kind}`, containing && `'${containing}'`].filter(Boolean).join(" ");
    const had = this.links.map((link) => `\n          ${link.kind}: ${link.href} (${link.text})`).join("") || " no link";
    throw new MailMismatch(`${this.#named()} has no such link:\nexpected: ${wanted}\n  actual:${had}`);
  }

  /** Its exact octets. */
  async raw(): Promise<Uint8Array> {
    return (this.#raw ??= this.at.content(await this.at.ask("GET", `${this.#path}/raw`)));
  }

  /** The SMTP dialogue that brought it. */
  async transcript(): Promise<Transcript> {
    return (this.#transcript ??= new Transcript(await this.at.json("GET", `${this.#path}/transcript`)));
  }

  /** Fetch text, HTML, links, codes …, unless they are here. */
  async load(): Promise<this> {
    if (!("header" in this.#data)) this.#data = await this.at.json("GET", this.#path);
    for (const name of this.#data["truncated"].splice(0)) {
      const octets = this.at.content(await this.at.ask("GET", `${this.#path}/${name}`));
      this.#data[name] = new TextDecoder().decode(octets);
    }
    return this;
  }

  #detail(name: string) {
    if (!("header" in this.#data)) {
      throw new MailtrapError(`${name} of message ${this.id} is not here yet`, "await message.load() first");
    }
    return this.#data[name];
  }

  #named(): string {
    return `Message ${this.id} '${this.subject}' for ${this.recipients.slice(0, 5).join(", ")}`;
  }
}

/** Where the API has a message. */
export function pathOf(id: string): string {
  return `/api/messages/${encodeURIComponent(id)}`;
}
