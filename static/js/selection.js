// Which messages are ticked: some by id, or all that match, also those not fetched.

export class Selection extends EventTarget {
  ids = new Set();
  excluded = new Set();
  all = false;
  anchor = undefined;

  constructor(pile) {
    super();
    this.pile = pile;
  }

  get count() {
    return this.all ? Math.max(0, this.pile.length - this.excluded.size) : this.ids.size;
  }

  /** Messages that came after "all" was said are not meant: the list shows none of them until it is unsaid. */
  has(row) {
    if (this.all) return !this.excluded.has(row.id);
    return this.ids.has(row.id);
  }

  toggle(row, on = !this.has(row)) {
    const set = this.all ? this.excluded : this.ids;
    if (on === this.all) set.delete(row.id);
    else set.add(row.id);
    this.anchor = row.id;
    this.#changed();
  }

  /** From the last one ticked to `place`; fetches what lies between. */
  async range(place) {
    const from = this.anchor === undefined ? place : (this.pile.place(this.anchor) ?? place);
    const [first, last] = [Math.min(from, place), Math.max(from, place)];
    await this.pile.ensure(first, last);
    for (let at = first; at <= last; at++) {
      const row = this.pile.at(at);
      if (!row) continue;
      if (this.all) this.excluded.delete(row.id);
      else this.ids.add(row.id);
    }
    this.#changed();
  }

  selectAll() {
    this.clear();
    this.all = this.pile.length > 0;
    this.#changed();
  }

  clear() {
    this.ids.clear();
    this.excluded.clear();
    this.all = false;
    this.#changed();
  }

  /** These are gone. */
  forget(ids) {
    for (const id of ids) {
      this.ids.delete(id);
      this.excluded.delete(id);
    }
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}
