// Draws the part of a Pile that is in view; a hundred thousand rows cost as much as forty.

import { absolute, age } from "./age.js";
import { inbox, ofPeople, root } from "./api.js";
import { hue, initials } from "./avatar.js";

const MARGIN = 8;
/** Defects that are told but not warned of; the same set is in mailtrap/web/reading.py. */
const QUIET = new Set(["8bit-undeclared"]);

export class List extends EventTarget {
  /** `isSelected(row)` says whether a row is ticked. */
  constructor(pile, isSelected) {
    super();
    this.pile = pile;
    this.isSelected = isSelected;
    this.scroller = document.getElementById("scroller");
    this.rows = document.getElementById("rows");
    this.template = document.getElementById("row").content.firstElementChild;
    this.nodes = new Map();
    this.#measure();
    this.open = undefined;
    this.cursor = undefined;
    this.fresh = new Set();
    this.scroller.addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(this.scroller);
    pile.addEventListener("changed", () => this.#soon());
    setInterval(() => this.#ages(), 30_000);
  }

  /** Rows are taller on phones. */
  #measure() {
    const height = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
    if (height !== this.height) for (const node of this.nodes.values()) node.place = undefined;
    this.height = height;
    this.#soon();
  }

  get atTop() {
    return this.scroller.scrollTop < 4;
  }

  /** The first and last place in view. */
  get view() {
    const first = Math.floor(this.scroller.scrollTop / this.height);
    return [first, Math.min(this.pile.length - 1, first + Math.ceil(this.scroller.clientHeight / this.height))];
  }

  #soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  draw() {
    const { pile, height } = this;
    this.rows.style.height = `${pile.length * height}px`;
    const [first, last] = this.view;
    const from = Math.max(0, first - MARGIN);
    const to = Math.min(pile.length - 1, last + MARGIN);
    const seen = new Map();
    for (let place = from; place <= to; place++) {
      const row = pile.at(place);
      seen.set(row ? row.id : `place-${place}`, { row, place });
    }
    // Those that are here already move first: where a new one goes in depends on them.
    for (const [key, node] of this.nodes) {
      const place = seen.get(key)?.place ?? pile.place(key);
      if (place !== undefined) this.#place(node, place);
    }
    for (const [key, { row, place }] of seen) {
      let node = this.nodes.get(key);
      if (!node) {
        node = this.template.cloneNode(true);
        this.nodes.set(key, node);
        this.#append(node, place);
      }
      this.#fill(node, row, place);
    }
    const missing = [...seen.values()].some(({ row }) => !row);
    for (const [key, node] of this.nodes) {
      // What has the focus stays, even out of view: else the keyboard would lose its place.
      if (seen.has(key) || (node.contains(document.activeElement) && pile.place(key) !== undefined)) continue;
      node.remove();
      this.nodes.delete(key);
    }
    if (missing) this.#fetch(from, to);
    document.getElementById("nothing").hidden = pile.length > 0;
  }

  /** Reading order is document order, so that Tab and screen readers go down the list. */
  #append(node, place) {
    for (const other of this.rows.children) {
      if (other.place > place) {
        other.before(node);
        this.#place(node, place);
        return;
      }
    }
    this.rows.append(node);
    this.#place(node, place);
  }

  #place(node, place) {
    if (node.place === place) return;
    node.place = place;
    node.style.transform = `translateY(${place * this.height}px)`;
  }

  /** While someone drags through the list, only where they stop is fetched. */
  #fetch(from, to) {
    const jumped = Math.abs(from - (this.lastFetched ?? 0)) > 200;
    this.lastFetched = from;
    clearTimeout(this.fetching);
    this.fetching = setTimeout(() => this.pile.ensure(from, to), jumped ? 60 : 0);
  }

  #fill(node, row, place) {
    const link = node.querySelector(".row-link");
    node.setAttribute("aria-setsize", this.pile.length);
    node.setAttribute("aria-posinset", place + 1);
    if (!row) {
      node.classList.add("is-missing");
      return;
    }
    const selected = this.isSelected(row);
    node.classList.toggle("is-selected", selected);
    node.classList.toggle("is-open", row.id === this.open);
    node.classList.toggle("is-cursor", row.id === this.cursor);
    if (row.id === this.open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    node.querySelector(".row-check").checked = selected;
    const state = `${row.id} ${row.seen} ${row.tags} ${row.snippet} ${row.attachments} ${row.state}`;
    if (node.state === state) return;
    node.state = state;
    node.dataset.id = row.id;
    node.classList.toggle("is-unread", !row.seen);
    if (this.fresh.delete(row.id)) node.classList.add("is-fresh");
    link.href = `${root}/messages/${row.id}${inbox ? `?inbox=${encodeURIComponent(inbox)}` : ""}`;
    const sender = row.from.name || row.from.address || row.envelope.from || "(null sender)";
    const recipients = row.envelope.to.length ? row.envelope.to : row.to.map((one) => one.address);
    text(node, ".row-state", row.seen ? "" : "Unread:");
    text(node, ".row-from", sender);
    text(node, ".row-to", recipients.length ? `→ ${recipients[0]}${recipients.length > 1 ? ` +${recipients.length - 1}` : ""}` : "");
    node.querySelector(".row-to").title = recipients.slice(0, 30).join("\n");
    text(node, ".row-subject", row.subject || "(no subject)");
    text(node, ".row-snippet", row.snippet);
    const date = new Date(row.received_at);
    const time = node.querySelector(".row-time");
    time.dateTime = row.received_at;
    time.title = absolute(date);
    time.textContent = age(date);
    const avatar = node.querySelector(".avatar");
    avatar.className = `avatar hue-${hue(row.from, row.envelope.from)}`;
    avatar.textContent = initials(row.from, row.envelope.from);
    node.querySelector(".row-check").setAttribute("aria-label", `Select ${row.subject || "message " + row.id}`);
    node.querySelector(".row-badges").replaceChildren(...badges(row));
  }

  #ages() {
    for (const node of this.nodes.values()) {
      const time = node.querySelector(".row-time");
      if (time.dateTime) time.textContent = age(new Date(time.dateTime));
    }
  }

  /** The ids of the rows that are drawn. */
  shown() {
    return [...this.nodes.keys()].filter((key) => this.pile.row(key));
  }

  /** Scroll so that a place is wholly in view. */
  reveal(place) {
    this.rows.style.height = `${this.pile.length * this.height}px`;
    const top = place * this.height;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.scroller.scrollTop = top + this.height - clientHeight;
  }

  /** Put the keyboard on a place; waits until the row is here. */
  async focus(place) {
    this.reveal(place);
    if (!this.pile.at(place)) await this.pile.ensure(place, place);
    const row = this.pile.at(place);
    if (!row) return undefined;
    this.cursor = row.id;
    this.draw();
    this.nodes.get(row.id)?.querySelector(".row-link").focus({ preventScroll: true });
    return row;
  }

  redraw() {
    this.#soon();
  }
}

function text(node, selector, value) {
  node.querySelector(selector).textContent = value;
}

function badges(row) {
  const tags = ofPeople(row.tags);
  const made = tags.slice(0, 2).map((tag) => badge(tag, "tag"));
  if (tags.length > 2) made.push(badge(`+${tags.length - 2}`, "tag"));
  if (row.attachments) {
    const one = badge(String(row.attachments), "badge");
    one.title = `${row.attachments} attached`;
    one.prepend(icon("clip"));
    made.push(one);
  }
  const defects = row.defects.filter((defect) => !QUIET.has(defect));
  if (row.state === "unparsed" || defects.length) {
    const one = badge("", "badge badge-warn");
    one.title = row.state === "unparsed" ? "No parser understood this message" : defects.join(", ");
    one.append(icon("warn"));
    made.push(one);
  }
  return made;
}

function badge(words, name) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = words;
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}
