// Follows what happens on the server: over a WebSocket, by polling where there is none.

import { events, root } from "./api.js";

const POLL = 2000;
const LONGEST_PAUSE = 30_000;
/** Notices are handed on in batches: the first at once, then no more often than this (ms), since thousands may come. */
const SOON = 40;
const BATCH = 700;
const BATCH_HIDDEN = 2500;

export class Live {
  /** `onNotices(list)`; `onResume()` when some were missed; `onState("live" | "polling" | "offline")`. */
  constructor(seq, { onNotices, onResume, onState }) {
    this.seq = seq;
    this.tell = onNotices;
    this.resume = onResume;
    this.state = onState;
    this.failures = 0;
    this.waiting = [];
  }

  start() {
    this.connect();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.socket?.readyState !== WebSocket.OPEN) this.poll();
    });
  }

  connect() {
    const url = new URL(`${root}/api/live?after=${this.seq}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    let socket;
    try {
      socket = new WebSocket(url);
    } catch {
      this.lost();
      return;
    }
    this.socket = socket;
    socket.addEventListener("message", (event) => this.receive(JSON.parse(event.data)));
    socket.addEventListener("close", () => this.lost());
  }

  receive(notice) {
    if (notice.kind === "hello") {
      this.failures = 0;
      clearTimeout(this.polling);
      this.polling = undefined;
      this.state("live");
    } else if (notice.kind === "resume") {
      this.resume();
    } else {
      this.queue([notice]);
    }
    if (notice.kind !== "hello") this.seq = Math.max(this.seq, notice.seq);
  }

  queue(notices) {
    this.waiting.push(...notices);
    if (!this.waiting.length || this.flushing) return;
    const pause = document.hidden ? BATCH_HIDDEN : BATCH;
    const wait = Math.max(SOON, (this.flushed ?? -pause) + pause - performance.now());
    this.flushing = setTimeout(() => {
      this.flushing = undefined;
      this.flushed = performance.now();
      this.tell(this.waiting.splice(0));
    }, wait);
  }

  /** Without a connection: poll at once, and try again later and later, spread so that not all pages come together. */
  lost() {
    this.failures += 1;
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** this.failures) * (0.7 + Math.random() * 0.6);
    setTimeout(() => this.connect(), pause);
    if (this.polling === undefined) this.poll();
  }

  async poll() {
    clearTimeout(this.polling);
    this.polling = setTimeout(() => this.poll(), POLL);
    const mine = this.polling;
    try {
      const news = await events(this.seq);
      if (this.polling !== undefined) this.state("polling");
      if (news.resume) this.resume();
      const unknown = news.events.filter((notice) => notice.seq > this.seq);
      this.seq = Math.max(this.seq, news.seq);
      this.queue(unknown);
    } catch {
      if (this.polling === mine) this.state("offline");
    }
  }
}
