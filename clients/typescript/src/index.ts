/** A client of a mailtrap sandbox for tests: `fetch` is all it needs. */

export { Clock, type Advance, type Now } from "./clock.js";
export { ApiError, MailMismatch, MailtrapError, Unreachable } from "./errors.js";
export { Fault, Faults, type Facts, type Often, type SessionStep, type Step } from "./faults.js";
export type { Json } from "./http.js";
export { Refusal, type RefusedStep, type RefusedWanted } from "./refusal.js";
export {
  Inbox,
  Sandbox,
  type AttachmentWanted,
  type Expectations,
  type HeaderWanted,
  type InboxWanted,
  type Letter,
  type Place,
  type RefusalWaiting,
  type SandboxOptions,
  type Waiting,
} from "./sandbox.js";
export { Attachment, Message, Transcript, type Address, type Code, type Line, type Link } from "./message.js";
