// What can be done to messages: read, unread, tagged, deleted; to one, to those ticked, or to all that match.

import { mark } from "./api.js";
import * as attention from "./attention.js";
import { deleteLater } from "./deletion.js";
import * as tagging from "./tagging.js";
import { failed } from "./toasts.js";

export class Changes {
  /** The parts of the inbox, and what it can do: `show(id)`, `hide()`, `reload()`, `counted()`. */
  constructor(inbox) {
    Object.assign(this, inbox);
  }

  /** The ids a command is about: what is ticked, else what is open or under the keyboard; undefined means all. */
  #target() {
    const { selection, list, reader } = this;
    if (selection.count) return selection.all ? undefined : [...selection.ids];
    const id = list.cursor ?? reader.id;
    return id ? [id] : [];
  }

  /** What the API calls "all": those that match, but none that came since, nor the unticked. */
  #everything() {
    const { pile, selection } = this;
    const query = pile.query ? `(${pile.query})` : "";
    const unticked = [...selection.excluded].map((id) => `-id:${id}`);
    return [query, `before:${justAfter(pile.newest.received_at)}`, ...unticked].filter(Boolean).join(" ");
  }

  #known(ids) {
    const { pile, selection } = this;
    if (ids) return ids.map((id) => pile.row(id)).filter(Boolean);
    return [...pile.rows.values()].filter((row) => selection.has(row));
  }

  /** Show the change at once, then ask for it; `locally(row)` says what becomes of a row. */
  async #change(ids, asked, locally) {
    const rows = this.#known(ids);
    if (ids && asked.seen !== undefined) {
      const changed = rows.filter((row) => row.seen !== asked.seen).length;
      attention.setUnseen(attention.unseen() + (asked.seen ? -changed : changed));
    }
    this.pile.update(rows, locally);
    for (const row of rows) this.reader.note(row);
    try {
      await mark(ids ? { ids } : { query: this.#everything() }, asked);
    } catch (error) {
      failed(error);
      await this.reload();
    }
  }

  setSeen(ids, seen) {
    const { reader } = this;
    if (reader.article && ids?.includes(reader.id)) reader.article.dataset.seen = String(seen);
    return this.#change(ids, { seen }, () => ({ seen }));
  }

  toggleSeen() {
    const ids = this.#target();
    if (ids && !ids.length) return;
    this.setSeen(ids, !this.#known(ids).some((row) => row.seen));
  }

  /** Everything in the list, also what arrives before the server gets to it. */
  async readAll() {
    const { query } = this.pile;
    await mark(query ? { query } : { all: true }, { seen: true }).catch(failed);
    await this.reload();
  }

  editTags() {
    const ids = this.#target();
    if (ids && !ids.length) return;
    const rows = this.#known(ids);
    for (const row of this.pile.rows.values()) tagging.remember(row.tags);
    const common = rows.length ? rows[0].tags.filter((tag) => rows.every((row) => row.tags.includes(tag))) : [];
    tagging.open(common, ({ add_tags = [], remove_tags = [] }) =>
      this.#change(ids, { add_tags, remove_tags }, (row) => ({
        tags: [...row.tags.filter((tag) => !remove_tags.includes(tag) && !add_tags.includes(tag)), ...add_tags],
      })),
    );
  }

  erase() {
    const { pile, selection, list, reader, phone, show, hide, reload, counted } = this;
    const ids = this.#target();
    if (ids && !ids.length) return;
    const place = ids?.length === 1 ? pile.place(ids[0]) : undefined;
    const open = reader.id;
    const wasOpen = open && (ids ? ids.includes(open) : true);
    const staying = [...selection.excluded].map((id) => pile.row(id)).filter(Boolean);
    deleteLater({
      values: ids ? { ids } : { query: this.#everything() },
      count: ids ? ids.length : selection.count,
      hide() {
        if (ids) pile.hide(ids);
        else pile.remain(staying);
      },
      show() {
        if (ids) pile.unhide(ids);
        else pile.remain(undefined);
        if (wasOpen && !reader.id) show(open, { replace: true });
      },
      done() {
        if (ids) pile.dropped(ids);
        else reload();
        counted();
      },
    });
    selection.clear();
    const next = place === undefined ? undefined : pile.at(Math.min(place, pile.length - 1));
    if (wasOpen && next && !phone.matches) show(next.id, { replace: true });
    else if (wasOpen) hide();
    if (next) list.focus(pile.place(next.id));
  }
}

/** The next microsecond: `…07.590434Z` → `…07.590435Z`. */
function justAfter(time) {
  const [, seconds, micros] = time.match(/^(.*)\.(\d{6})Z$/);
  const next = Number(micros) + 1;
  if (next < 1_000_000) return `${seconds}.${String(next).padStart(6, "0")}Z`;
  return new Date(Date.parse(`${seconds}Z`) + 1000).toISOString();
}
