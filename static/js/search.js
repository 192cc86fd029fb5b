// The search box: completion of operators, and what is wrong with a query shown where it is wrong.

import { ticked } from "./prose.js";
import { recent } from "./recent.js";

const MOST = 8;
const MOST_RECENT = 5;

/** Shown to whoever has not searched yet: what a query may look like. */
const EXAMPLES = ["from:", "subject:", "rcpt:", "has:attachment", "is:unread", "after:"];

const INBOX = { form: "search", input: "query", list: "completions", error: "query-error", clear: "query-clear" };

export class Search extends EventTarget {
  /**
   * `offered` is `[[text, help], …]`. Dispatches `search` with the query when it should be run. `ids` names its
   * elements; without a `form` it is one field among others of a dialog, which has Enter and Escape for itself.
   */
  constructor(offered, ids = INBOX) {
    super();
    this.offered = offered;
    for (const [part, id] of Object.entries(ids)) this[part] = document.getElementById(id);
    this.prefix = this.list.id.replace("completions", "completion");
    this.shown = [];
    this.chosen = -1;
    this.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run();
    });
    this.input.addEventListener("input", () => {
      this.#typed();
      this.#offer();
    });
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("focus", () => this.#offer());
    this.input.addEventListener("blur", () => this.#hide());
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) this.#take(this.shown[[...this.list.children].indexOf(item)]);
    });
    this.clear?.addEventListener("click", () => {
      this.value = "";
      this.#run();
      this.input.focus();
    });
  }

  /** Tags come and go while the page is open: those that are offered now. */
  set tags(names) {
    this.offered = this.offered.filter(([text]) => !text.startsWith("tag:") || text === "tag:");
    this.offered.push(...names.sort().map((name) => [`tag:${quoted(name)}`, "A tag in use"]));
    if (document.activeElement === this.input && this.chosen < 0) this.#offer();
  }

  get value() {
    return this.input.value;
  }

  set value(query) {
    this.input.value = query;
    if (this.clear) this.clear.hidden = !query;
    this.explain(undefined);
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  /**
   * Show why a query was refused, with a caret under the character; nothing to show clears it. `go` takes the cursor
   * there: not while somebody types, whose next words would stand in the wrong place.
   */
  explain(failure, { go = false } = {}) {
    this.error.hidden = !failure;
    this.input.setAttribute("aria-invalid", String(Boolean(failure)));
    if (!failure) return;
    const words = document.createElement("p");
    words.append(...ticked([failure.message, failure.hint].filter(Boolean).join(". ")));
    this.error.replaceChildren(words);
    if (failure.position !== undefined) {
      const line = document.createElement("pre");
      // The position counts characters, JavaScript UTF-16 units.
      const before = [...this.value].slice(0, failure.position).join("");
      line.textContent = `${this.value}\n${" ".repeat([...before].length)}^`;
      this.error.prepend(line);
      if (go && document.activeElement === this.input) this.input.setSelectionRange(before.length, before.length);
    }
  }

  #run() {
    clearTimeout(this.waiting);
    this.#hide();
    this.dispatchEvent(new CustomEvent("search", { detail: { query: this.value.trim(), final: true } }));
  }

  /** Search while typing, but only once the hand rests. */
  #typed() {
    if (this.clear) this.clear.hidden = !this.value;
    this.explain(undefined);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      const query = this.value.trim();
      if (isUnfinished(query)) return;
      this.dispatchEvent(new CustomEvent("search", { detail: { query, final: false } }));
    }, 350);
  }

  get #word() {
    const before = this.value.slice(0, this.input.selectionStart);
    return before.match(/[^\s(]*$/)[0];
  }

  #offer() {
    const word = this.#word.replace(/^-/, "").toLowerCase();
    const fits = ([text]) => text.toLowerCase().startsWith(word) && text.toLowerCase() !== word;
    if (word) this.shown = this.offered.filter(fits).slice(0, MOST);
    else if (!this.value) this.shown = this.#suggestions();
    else this.shown = [];
    this.chosen = -1;
    this.#draw();
  }

  #suggestions() {
    const earlier = this.form ? recent().slice(0, MOST_RECENT) : [];
    const examples = this.offered.filter(([text]) => EXAMPLES.includes(text) && !earlier.includes(text));
    return [...earlier.map((query) => [query, "searched before"]), ...examples].slice(0, MOST);
  }

  #draw() {
    const items = this.shown.map(([text, help], i) => {
      const item = document.createElement("li");
      item.id = `${this.prefix}-${i}`;
      item.role = "option";
      item.ariaSelected = String(i === this.chosen);
      const code = document.createElement("code");
      code.textContent = text;
      const words = document.createElement("span");
      words.textContent = help;
      item.append(code, words);
      return item;
    });
    this.list.replaceChildren(...items);
    this.list.hidden = !items.length;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.input.setAttribute("aria-activedescendant", this.chosen < 0 ? "" : `${this.prefix}-${this.chosen}`);
  }

  #hide() {
    this.shown = [];
    this.#draw();
  }

  #take([text]) {
    if (this.form && !this.value && !text.endsWith(":")) {
      this.input.value = text;
      this.#run();
      return;
    }
    const at = this.input.selectionStart;
    const word = this.#word.replace(/^-/, "");
    const before = this.value.slice(0, at - word.length) + text + (text.endsWith(":") ? "" : " ");
    this.input.value = before + this.value.slice(at).trimStart();
    this.input.setSelectionRange(before.length, before.length);
    this.#typed();
    this.#offer();
  }

  #key(event) {
    const open = this.shown.length > 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && open) {
      this.chosen = (this.chosen + step + this.shown.length) % this.shown.length;
      this.#draw();
    } else if (event.key === "ArrowDown" && this.form) {
      this.dispatchEvent(new Event("leave"));
    } else if ((event.key === "Tab" && !event.shiftKey) || event.key === "Enter") {
      // Tab completes what is being typed; with nothing typed it goes on to the next element, as anywhere.
      if (!open || (this.chosen < 0 && (event.key === "Enter" || !this.value))) return;
      this.#take(this.shown[Math.max(0, this.chosen)]);
    } else if (event.key === "Escape") {
      if (open) this.#hide();
      else if (this.form) this.dispatchEvent(new Event("leave"));
      else return;
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Whether more is bound to come: a value, what else may match, a closing quote or parenthesis. */
function isUnfinished(query) {
  const [open, close, quotes] = ["(", ")", '"'].map((sign) => query.split(sign).length - 1);
  return /[:=("-]$|(^|[\s(])(OR|AND|NOT)$/.test(query) || open > close || quotes % 2 === 1;
}

/** The query for words that begin as its last one does; undefined where that word is none, or has its star. */
export function widened(query) {
  const last = query.match(/(?:^|\s)((?:(?:from|to|cc|bcc|rcpt|subject|body|filename):)?[\p{L}\p{N}][^\s"():=*?]*)$/u)?.[1];
  return last && /[\p{L}\p{N}]$/u.test(last) && !isUnfinished(query) ? `${query}*` : undefined;
}

/** As mailtrap/query/quoting.py writes a value. */
function quoted(value) {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.@+-]*$/u.test(value) && !["AND", "OR", "NOT"].includes(value)) return value;
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}
