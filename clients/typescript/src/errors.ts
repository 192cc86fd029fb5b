/** What goes wrong. */

import type { Json } from "./http.js";

/** The base of all that is raised here but MailMismatch. `hint` says what to do. */
export class MailtrapError extends Error {
  override name = "MailtrapError";

  constructor(
    message: string,
    readonly hint: string = "",
  ) {
    super(hint ? `${message} (${hint})` : message);
  }
}

/** Nobody answers at the URL, or whoever does is not a mailtrap. */
export class Unreachable extends MailtrapError {
  override name = "Unreachable";
}

/** The server refused. `status` is the HTTP status, `code` the word of the error shape (`not_found`, …). */
export class ApiError extends MailtrapError {
  override name = "ApiError";

  constructor(
    message: string,
    hint: string,
    readonly status: number,
    readonly code: string,
  ) {
    super(message, hint);
  }
}

/** Mail is not as it should be. `evidence` is what the sandbox answered: what arrived, what came near, refusals. */
export class MailMismatch extends Error {
  override name = "MailMismatch";
  /** Test runners show a failed assertion rather than an error where they find this. */
  readonly code = "ERR_ASSERTION";

  constructor(
    message: string,
    readonly evidence: Json = {},
  ) {
    super(message);
  }
}
