/** Requests to a sandbox, and what its answers say. */

import { ApiError, Unreachable } from "./errors.js";

/** A JSON object as the API sends it; its shapes are those of `/api/openapi.json`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = Record<string, any>;

/** What stands in the URL; what is undefined is left out. */
export type Asked = Record<string, string | number | boolean | undefined>;

/** An answer, whatever it is. */
export interface Answer {
  status: number;
  octets: Uint8Array;
}

/** A request with a body. */
export interface Sending {
  document?: unknown;
  body?: Uint8Array;
  type?: string;
  /** Seconds that the answer may take beyond the usual. */
  patience?: number;
}

/** Where a sandbox is, and how to log in there. */
export class Endpoint {
  readonly url: string;
  readonly #headers: Record<string, string>;

  constructor(
    url: string,
    token: string | undefined,
    private readonly timeout: number,
  ) {
    let parts: URL;
    try {
      parts = new URL(url);
    } catch {
      throw new Unreachable(`${JSON.stringify(url)} is not the URL of a sandbox`, "give one like http://127.0.0.1:8025");
    }
    if (parts.protocol !== "http:" && parts.protocol !== "https:") {
      throw new Unreachable(`${JSON.stringify(url)} is not the URL of a sandbox`, "give one like http://127.0.0.1:8025");
    }
    this.#headers = { Accept: "application/json" };
    if (token) {
      this.#headers["Authorization"] = `Bearer ${token}`;
    } else if (parts.username) {
      const login = `${decodeURIComponent(parts.username)}:${decodeURIComponent(parts.password)}`;
      this.#headers["Authorization"] = "Basic " + base64(new TextEncoder().encode(login));
    }
    this.url = `${parts.protocol}//${parts.host}${parts.pathname.replace(/\/+$/, "")}`;
  }

  /** One request. Throws Unreachable where there is no answer. */
  async ask(method: string, path: string, asked: Asked = {}, sending: Sending = {}): Promise<Answer> {
    const given = Object.entries(asked).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    const headers = { ...this.#headers };
    let body: Uint8Array | string | null = null;
    if (sending.document !== undefined) {
      body = JSON.stringify(sending.document);
      headers["Content-Type"] = "application/json";
    } else if (sending.body !== undefined) {
      body = sending.body;
      headers["Content-Type"] = sending.type ?? "application/octet-stream";
    }
    const signal = AbortSignal.timeout((this.timeout + (sending.patience ?? 0)) * 1000);
    try {
      const response = await fetch(this.url + path + (query && `?${query}`), {
        method,
        headers,
        body: body as BodyInit | null,
        signal,
      });
      return { status: response.status, octets: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      throw new Unreachable(
        `no sandbox answers at ${this.url}: ${reason(error)}`,
        "start one with `mailtrap serve`, or say where it is with MAILTRAP_URL",
      );
    }
  }

  /** The octets of an answer. Throws ApiError where the server refused. */
  content(answer: Answer): Uint8Array {
    if (answer.status >= 200 && answer.status < 300) return answer.octets;
    const said = parsed(answer.octets)?.["error"];
    if (typeof said?.message !== "string") throw this.#stranger(`it answered ${answer.status}`);
    const hint =
      answer.status === 401 ? "set MAILTRAP_API_TOKEN, or put user:password@ into the URL" : String(said.hint ?? "");
    throw new ApiError(said.message, hint, answer.status, String(said.code));
  }

  /** The JSON object of an answer. Throws ApiError where the server refused. */
  document(answer: Answer): Json {
    const octets = this.content(answer);
    if (octets.length === 0) return {};
    const found = parsed(octets);
    if (!found) throw this.#stranger("its answer is not JSON");
    return found;
  }

  /** One request that is answered with JSON. */
  async json(method: string, path: string, asked: Asked = {}, sending: Sending = {}): Promise<Json> {
    return this.document(await this.ask(method, path, asked, sending));
  }

  #stranger(why: string): Unreachable {
    return new Unreachable(`${this.url} is not a mailtrap: ${why}`, "say where it is with MAILTRAP_URL");
  }
}

/** The JSON object that these octets are; undefined if they are none. */
export function parsed(octets: Uint8Array): Json | undefined {
  try {
    const found: unknown = JSON.parse(new TextDecoder().decode(octets));
    return found !== null && typeof found === "object" && !Array.isArray(found) ? (found as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Octets in base64, without line breaks. */
export function base64(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text);
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message;
}
