/** The sandbox's virtual time, by which deliveries are tried again and notices come back. */

import type { Endpoint } from "./http.js";

/** Virtual time, and the seconds it is ahead of real time. `due` is when something happens next, null if nothing. */
export interface Now {
  now: Date;
  ahead: number;
  due: Date | null;
}

/** What came to pass: attempts to deliver, deliveries by what became of them, notices to senders. */
export interface Advance {
  now: Date;
  attempts: number;
  outcomes: Record<string, number>;
  notices: number;
}

/** It is one for the whole sandbox, and never goes back. */
export class Clock {
  constructor(private readonly at: Endpoint) {}

  /** What time it is. */
  async now(): Promise<Now> {
    const answer = await this.at.json("GET", "/api/clock");
    return {
      now: new Date(answer["now"]),
      ahead: answer["ahead"],
      due: answer["due"] === null ? null : new Date(answer["due"]),
    };
  }

  /** Let so many seconds pass at once. */
  async advance(seconds: number): Promise<Advance> {
    const answer = await this.at.json("POST", "/api/clock/advance", {}, { document: { seconds } });
    return {
      now: new Date(answer["now"]),
      attempts: answer["attempts"],
      outcomes: answer["outcomes"],
      notices: answer["notices"],
    };
  }
}
