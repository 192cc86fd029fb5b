// The messages that match a query, of which only those looked at are here: a sparse copy of the server's list.
//
// Rows have a *place* (0 is the newest) as the person sees them. While a deletion can still be undone the server
// has rows that the person does not see; `hidden` holds their places on the server, in order.

import { messages } from "./api.js";

const PAGE = 50;
/** More arrivals at once than this and the list is fetched anew. */
const ARRIVALS = 100;
const KEPT = 20_000;

export class Pile extends EventTarget {
  query = "";
  top = 0;
  /** As the server counts; `length` is what the person sees. */
  total = 0;
  rows = new Map();
  places = new Map();
  hidden = [];
  /** While nearly everything is to be deleted: the few rows that stay. */
  remaining = undefined;
  /** The row at the top when the list was last put together, even if it has gone since. */
  newest = undefined;
  asked = new Map();
  /** Ids that have been dropped: the server tells of them once more. */
  gone = new Set();
  generation = 0;

  get length() {
    return this.remaining?.length ?? Math.max(0, this.total - this.hidden.length);
  }

  /** The row at a place, undefined if it is not here yet. */
  at(place) {
    return this.remaining ? this.remaining[place] : this.rows.get(this.#served(place));
  }

  /** Where a message stands, undefined if that is not known. */
  place(id) {
    if (this.remaining) {
      const place = this.remaining.findIndex((row) => row.id === id);
      return place < 0 ? undefined : place;
    }
    const served = this.places.get(id);
    if (served === undefined || this.hidden.includes(served)) return undefined;
    return served - this.hidden.filter((one) => one < served).length;
  }

  row(id) {
    return this.rows.get(this.places.get(id));
  }

  #served(place) {
    let served = place;
    for (const one of this.hidden) {
      if (one <= served) served += 1;
      else break;
    }
    return served;
  }

  /** Start with a page that is already here. */
  fill(query, page) {
    this.generation += 1;
    this.query = query;
    this.rows.clear();
    this.places.clear();
    this.asked.clear();
    this.hidden = [];
    this.remaining = undefined;
    this.newest = page.messages[0];
    this.top = this.newest ? Number(this.newest.id) : 0;
    this.total = page.total;
    this.#keep(0, page.messages);
    this.#changed();
  }

  /** Fetch the list anew. Raises Failure, then nothing has changed. */
  async load(query = this.query) {
    this.loading?.abort();
    const loading = (this.loading = new AbortController());
    const page = await messages({ query, limit: PAGE }, loading.signal);
    this.fill(query, page);
  }

  /** Fetch what is missing between two places; tells when it is here. */
  ensure(from, to) {
    if (this.remaining) return Promise.resolve();
    const first = Math.floor(this.#served(from) / PAGE);
    const last = Math.floor(this.#served(Math.max(from, to)) / PAGE);
    for (const [page, request] of this.asked) {
      if (page < first - 1 || page > last + 1) request.abort();
    }
    const wanted = [];
    for (let page = first; page <= last; page++) {
      if (!this.asked.has(page) && !this.#complete(page)) wanted.push(this.#fetch(page));
    }
    return Promise.all(wanted);
  }

  #complete(page) {
    const end = Math.min((page + 1) * PAGE, this.total);
    for (let served = page * PAGE; served < end; served++) if (!this.rows.has(served)) return false;
    return true;
  }

  async #fetch(page) {
    const request = new AbortController();
    this.asked.set(page, request);
    const generation = this.generation;
    try {
      const start = page * PAGE;
      // Going on from the row before is exact even where rows here no longer match, as read ones in `is:unread`.
      const previous = this.rows.get(start - 1);
      const where = previous ? { before: previous.id } : { before: this.top + 1, offset: start };
      const answer = await messages({ query: this.query, ...where, limit: PAGE }, request.signal);
      if (generation !== this.generation) return;
      this.#keep(start, answer.messages);
      const end = start + answer.messages.length;
      if (answer.messages.length < PAGE && end < this.total) this.total = end;
      this.#changed();
    } catch (error) {
      if (error.name !== "AbortError") this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    } finally {
      if (this.asked.get(page) === request) this.asked.delete(page);
    }
  }

  #keep(served, rows) {
    rows.forEach((row, i) => {
      const old = this.rows.get(served + i);
      if (old && old.id !== row.id) this.places.delete(old.id);
      this.rows.set(served + i, row);
      this.places.set(row.id, served + i);
    });
    if (this.rows.size > KEPT) this.#forget(served);
  }

  #forget(near) {
    for (const [served, row] of this.rows) {
      if (Math.abs(served - near) < KEPT / 4) continue;
      this.rows.delete(served);
      this.places.delete(row.id);
    }
  }

  /** Everything not in view may be out of date: forget it, keep the places. */
  invalidate() {
    this.generation += 1;
    for (const request of this.asked.values()) request.abort();
    this.asked.clear();
    this.rows.clear();
    this.places.clear();
  }

  /** Fetch some rows again. They stay where they are, even if they no longer match the query. */
  async refresh(ids) {
    if (!ids.length) return;
    const answer = await messages({ query: ids.map((id) => `id:${id}`).join(" OR "), limit: ids.length });
    for (const fresh of answer.messages) {
      const row = this.row(fresh.id);
      if (row) Object.assign(row, fresh);
    }
    this.#changed();
  }

  /** What arrived since the snapshot: `{messages, more}`. */
  async arrivals() {
    const answer = await messages({ query: this.query, after: this.top, limit: ARRIVALS });
    const fresh = answer.messages.filter((row) => Number(row.id) > this.top);
    return { messages: fresh, more: fresh.length === ARRIVALS };
  }

  /** Put what arrived on top. */
  prepend(rows) {
    const fresh = rows.filter((row) => Number(row.id) > this.top);
    if (!fresh.length) return 0;
    const old = [...this.rows];
    this.generation += 1;
    this.asked.clear();
    this.rows.clear();
    this.hidden = this.hidden.map((served) => served + fresh.length);
    for (const [served, row] of old) {
      this.rows.set(served + fresh.length, row);
      this.places.set(row.id, served + fresh.length);
    }
    this.#keep(0, fresh);
    this.newest = fresh[0];
    this.top = Number(fresh[0].id);
    this.total += fresh.length;
    this.#changed();
    return fresh.length;
  }

  /** Take rows out of sight while the server still has them. Returns how many are known here. */
  hide(ids) {
    const served = ids.map((id) => this.places.get(id)).filter((one) => one !== undefined);
    this.hidden = [...new Set([...this.hidden, ...served])].sort((a, b) => a - b);
    this.#changed();
    return served.length;
  }

  unhide(ids) {
    const served = new Set(ids.map((id) => this.places.get(id)));
    this.hidden = this.hidden.filter((one) => !served.has(one));
    this.#changed();
  }

  /** Show these rows only; undefined shows all again. */
  remain(rows) {
    this.remaining = rows;
    this.#changed();
  }

  /** The server has deleted these. Returns false where some of them had an unknown place. */
  dropped(ids) {
    const gone = [];
    let known = true;
    for (const id of ids) {
      const served = this.places.get(id);
      if (served !== undefined) gone.push(served);
      else if (!this.gone.has(id)) known = false;
      this.gone.add(id);
    }
    if (gone.length) {
      gone.sort((a, b) => a - b);
      const before = (served) => lowerBound(gone, served);
      const out = new Set(gone);
      const old = [...this.rows];
      this.generation += 1;
      this.asked.clear();
      this.rows.clear();
      this.places.clear();
      for (const [served, row] of old) if (!out.has(served)) this.#keep(served - before(served), [row]);
      this.hidden = this.hidden.filter((served) => !out.has(served)).map((served) => served - before(served));
      this.total -= gone.length;
      this.#changed();
    }
    return known;
  }

  /** Change rows that are here: `changes(row)` gives what is new. */
  update(rows, changes) {
    for (const row of rows) Object.assign(row, changes(row));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

function lowerBound(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
