// The inbox: puts list, reader, search and live notices together.

import "./page.js";
import { inbox, messages, root, tags as usedTags } from "./api.js";
import * as attention from "./attention.js";
import { Changes } from "./changes.js";
import { command } from "./commands.js";
import * as deletion from "./deletion.js";
import * as inboxes from "./inboxes.js";
import { List } from "./list.js";
import * as news from "./news.js";
import { startNextTime } from "./nexttime.js";
import * as palette from "./palette.js";
import { Pile } from "./pile.js";
import { Reader } from "./reader.js";
import * as recent from "./recent.js";
import { Search, widened } from "./search.js";
import { Selection } from "./selection.js";
import { tabs } from "./tabs.js";
import { announce, failed } from "./toasts.js";

const given = JSON.parse(document.getElementById("setup").textContent);
const pile = new Pile();
const selection = new Selection(pile);
const list = new List(pile, (row) => selection.has(row));
const reader = new Reader();
const search = new Search(given.completions);
const element = (id) => document.getElementById(id);
element("query").addEventListener("focus", async () => {
  const names = await usedTags().catch(() => undefined);
  if (names) search.tags = names;
});
const phone = matchMedia("(max-width: 760px)");

// ---- where we are: the address bar says which query and which message

function address(id, hash = "") {
  const given = Object.entries({ inbox, query: pile.query }).filter(([, value]) => value);
  const query = given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `${root}${id ? `/messages/${id}` : "/"}${query && "?"}${query}${hash}`;
}

function here() {
  const path = location.pathname.slice(root.length);
  return {
    id: path.match(/^\/messages\/(\d+)/)?.[1],
    query: new URLSearchParams(location.search).get("query") ?? "",
  };
}

function reading(on) {
  document.body.classList.toggle("is-reading", on);
  if (!on) attention.setTitle("Inbox");
}

/** Show a message. `replace` keeps the history short while one walks down the list. */
async function show(id, { focus = false, replace = false } = {}) {
  const hash = reader.article ? location.hash : "";
  if (here().id !== id) {
    const write = replace && here().id ? "replaceState" : "pushState";
    history[write]({}, "", address(id, hash));
  }
  list.open = list.cursor = id;
  list.redraw();
  if (!(await reader.open(id))) return;
  shown(id, focus);
}

function shown(id, focus) {
  reading(true);
  list.open = list.cursor = id;
  list.redraw();
  attention.setTitle(reader.subject);
  if (focus || phone.matches) document.getElementById("subject").focus({ preventScroll: true });
  const row = pile.row(id);
  if (reader.article.dataset.seen === "false") changes.setSeen([id], true);
  else if (row) reader.note(row);
}

function hide({ push = true } = {}) {
  if (!reader.id && !here().id && !document.querySelector(".connect")) return false;
  const id = reader.id;
  reader.close();
  reading(false);
  empty();
  list.open = undefined;
  if (push) history.pushState({}, "", address());
  const place = pile.place(id);
  if (place !== undefined) list.focus(place);
  else list.redraw();
  return true;
}

window.addEventListener("popstate", async () => {
  const { id, query } = here();
  if (query !== pile.query) await find(query, { remember: false });
  if (id && id !== reader.id) await show(id, { replace: true });
  else if (!id) hide({ push: false });
  else reader.followHash();
});

// ---- search

async function find(query, { remember = true, write = "replaceState" } = {}) {
  await deletion.flush();
  try {
    await pile.load(query);
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error.code === "bad_query" || error.position !== undefined) search.explain(error, { go: remember });
    else failed(error);
    return;
  }
  if (search.value.trim() !== query) search.value = query;
  search.explain(undefined);
  selection.clear();
  list.scroller.scrollTop = 0;
  list.cursor = undefined;
  if (remember) {
    recent.remember(query);
    history[write]({}, "", address(here().id, location.hash));
  }
  pressed();
  announce(`${pile.length} ${query ? "found" : "messages"}`);
}

search.addEventListener("search", ({ detail }) => {
  if (detail.query === pile.query && !detail.final) return;
  find(detail.query, { remember: detail.final, write: "pushState" }).then(() => {
    if (!detail.final) history.replaceState({}, "", address(here().id, location.hash));
  });
});
search.addEventListener("leave", () => move(0));
palette.setup((query) => find(query, { write: "pushState" }));

element("filters").addEventListener("click", (event) => {
  const button = event.target.closest("[data-filter]");
  if (button) find(button.dataset.filter, { write: "pushState" });
});

function pressed() {
  for (const button of element("filters").children) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === pile.query));
  }
}

// ---- moving

/** The place the keyboard is at. */
function at() {
  return pile.place(list.cursor) ?? pile.place(list.open);
}

async function move(step) {
  // From nowhere one step leads to what is on top of the view, but the end is the end.
  const now = at() ?? (Number.isFinite(step) ? undefined : 0);
  const to = now === undefined ? list.view[0] : Math.max(0, Math.min(pile.length - 1, now + step));
  if (!pile.length) return;
  const row = await list.focus(to);
  if (row && reader.id) walk(row.id);
}

let walking;
/** With a message open the reader follows the keyboard, but not through every one while a key is held. */
function walk(id) {
  clearTimeout(walking);
  walking = setTimeout(() => {
    if (reader.id && reader.id !== id) show(id, { replace: true });
  }, 90);
}

async function step(by) {
  const now = pile.place(reader.id);
  if (now === undefined) return move(by);
  const to = Math.max(0, Math.min(pile.length - 1, now + by));
  await pile.ensure(to, to);
  const row = pile.at(to);
  if (!row) return;
  list.reveal(to);
  await show(row.id, { replace: true, focus: phone.matches });
}

// ---- changing

const changes = new Changes({ pile, selection, list, reader, phone, show, hide, reload, counted });

// ---- the list under the mouse

list.rows.addEventListener("click", (event) => {
  const node = event.target.closest(".row");
  const row = node && pile.row(node.dataset.id);
  if (!row) return;
  const ticking = event.target.matches(".row-check") || event.target.matches(".avatar");
  if (event.shiftKey) {
    event.preventDefault();
    selection.range(node.place);
  } else if (ticking) {
    // The box is drawn from the selection; its own state must not run ahead.
    setTimeout(() => selection.toggle(row));
  } else if (event.target.closest("a") && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    show(row.id);
  }
});
list.rows.addEventListener("focusin", (event) => {
  const id = event.target.closest(".row")?.dataset.id;
  if (!id || id === list.cursor) return;
  list.cursor = id;
  list.redraw();
});

selection.addEventListener("changed", () => {
  const { count } = selection;
  element("bulk").hidden = !count;
  element("bar").hidden = count > 0;
  element("bulk-count").textContent = `${count.toLocaleString()} selected`;
  document.body.classList.toggle("is-selecting", count > 0);
  element("all").checked = false;
  element("none").checked = true;
  list.redraw();
});
element("all").addEventListener("change", () => selection.selectAll());
element("none").addEventListener("change", () => selection.clear());
element("nothing-clear").addEventListener("click", () => element("query-clear").click());
element("nothing-wider").addEventListener("click", () => find(widened(pile.query), { write: "pushState" }));

function empty() {
  const box = element("nothing");
  const filtered = pile.query !== "";
  document.body.classList.toggle("is-empty", pile.length === 0 && !filtered);
  if (pile.length) return;
  box.querySelector("p").textContent = filtered ? `Nothing matches ${pile.query}` : "No mail yet";
  element("nothing-clear").hidden = !filtered;
  const wider = widened(pile.query);
  element("nothing-wider").hidden = !wider;
  element("nothing-wider").querySelector("code").textContent = wider ?? "";
  if (!filtered && !reader.id && !document.querySelector(".connect")) connect();
}

/** Instead of "nothing selected": how to get the first message here. */
function connect() {
  if (reader.id) hide();
  reader.pane.replaceChildren(element("connect").content.cloneNode(true));
  tabs(reader.pane.querySelector("[role=tablist]"));
}

pile.addEventListener("changed", () => {
  element("count").textContent = pile.length.toLocaleString();
  empty();
  if (pile.length && document.querySelector(".connect") && !document.body.matches(".is-reading")) reader.close();
});
pile.addEventListener("failed", ({ detail }) => failed(detail));

// ---- live

let pill = 0;

async function arrive() {
  const { messages: fresh, more } = await pile.arrivals();
  if (!fresh.length) return;
  const count = fresh.length - (arrive.shown ?? 0);
  if (list.atTop && !selection.all && !pile.remaining) {
    for (const row of fresh) list.fresh.add(row.id);
    if (more) await pile.load();
    else pile.prepend(fresh);
    setPill(0);
  } else {
    setPill(fresh.length, more);
  }
  if (count > 0 || list.atTop) {
    announce(count > 1 ? `${count} new messages` : `New message: ${fresh[0].subject}`);
    attention.arrived(fresh[0], Math.max(1, count), () => show(fresh[0].id));
  }
  arrive.shown = list.atTop ? 0 : fresh.length;
}

function setPill(count, more = false) {
  pill = count;
  const button = element("pill");
  button.hidden = !count;
  button.textContent = `${count}${more ? "+" : ""} new ${count === 1 ? "message" : "messages"}`;
}

element("pill").addEventListener("click", () => {
  list.scroller.scrollTop = 0;
  selection.clear();
  setPill(0);
  arrive().catch(failed);
});
list.scroller.addEventListener(
  "scroll",
  () => {
    if (pill && list.atTop && !selection.all) arrive().catch(failed);
  },
  { passive: true },
);

async function reload() {
  await pile.load().catch(failed);
  setPill(0);
}

let counting;
/** How many are unread, asked for at most once a second. */
function counted() {
  counting ??= setTimeout(async () => {
    counting = undefined;
    const answer = await messages({ query: "is:unread", limit: 1 }).catch(() => undefined);
    if (answer) attention.setUnseen(answer.total);
  }, 800);
}

let working = Promise.resolve();
async function happened(everywhere) {
  const notices = everywhere.filter(inboxes.concerns);
  const of = (kind) => notices.filter((notice) => notice.kind === kind).map((notice) => notice.id);
  const gone = [...of("deleted")];
  const lost = of("evicted").length || of("cleared").length;
  if (of("captured").length || (pile.query && of("indexed").length)) await arrive();
  if (lost || gone.length > 1000) {
    await reload();
  } else if (gone.length) {
    selection.forget(gone);
    if (!pile.dropped(gone)) {
      pile.invalidate();
      await pile.load();
    }
  }
  if ((gone.includes(reader.id) || of("cleared").length) && reader.id) await stillThere();
  // What was taken out of this inbox and is in another one too has changed, and is not here any more.
  if (inbox && pile.hidden.length && of("changed").length) await reload();
  const changed = new Set([...of("changed"), ...of("indexed")]);
  const shown = list.shown();
  await pile.refresh(changed.has("") ? shown : shown.filter((id) => changed.has(id)));
  if (notices.some((notice) => notice.kind !== "session" && notice.kind !== "indexed")) counted();
}

async function stillThere() {
  const answer = await messages({ query: `id:${reader.id}`, limit: 1 });
  if (!answer.total) hide();
}

const states = { live: "Live", polling: "Looking every two seconds", offline: "The server cannot be reached" };
news.follow({
  // One after the other: each changes what the next one builds on.
  onNotices: (notices) => (working = working.then(() => happened(notices)).catch(failed)),
  onResume: () => (working = working.then(reload).then(counted).catch(failed)),
  onState(state) {
    const light = element("live");
    light.dataset.state = state;
    light.title = states[state];
    light.setAttribute("aria-label", states[state]);
  },
});

// ---- commands

command("next", "Next message", ["j", "ArrowDown"], () => (phone.matches && reader.id ? step(1) : move(1)));
command("previous", "Previous message", ["k", "ArrowUp"], () => (phone.matches && reader.id ? step(-1) : move(-1)));
command("first", "", ["Home"], () => move(-Infinity));
command("last", "Oldest message", ["End"], () => move(Infinity));
command("page-down", "", ["PageDown"], () => move(10));
command("page-up", "", ["PageUp"], () => move(-10));
command("open", "", ["Enter", "o"], () => {
  const id = list.cursor ?? pile.at(0)?.id;
  if (id) show(id, { focus: true });
});
command("back", "", ["Escape"], () => {
  if (selection.count) selection.clear();
  else if (!hide() && pile.query) find("", { write: "pushState" });
});
command("search", "Search", ["/"], () => {
  if (phone.matches) hide();
  search.focus();
});
command("select", "", ["x"], () => {
  const row = pile.row(list.cursor);
  if (row) selection.toggle(row);
});
command("select-all", "Select all that match", ["*", "Control+a"], () => selection.selectAll());
command("toggle-seen", "Mark read or unread", ["u"], () => changes.toggleSeen());
command("read-all", "Mark all read", ["Shift+R"], () => changes.readAll());
command("tags", "Tags", ["t"], () => changes.editTags());
command("delete", "Delete", ["#", "Delete"], () => changes.erase());
command("connect", "How to connect an application", [], () => {
  connect();
  reading(true);
});
command("undo", "Undo the deletion", ["z", "Control+z"], deletion.undo);
command("unread-only", "Show unread only", [], () => find("is:unread", { write: "pushState" }));
command("go-inbox", "Go to the inbox", ["g i"], () => {
  hide({ push: false });
  find("", { write: "pushState" }).then(() => history.replaceState({}, "", address()));
});
for (let n = 0; n < 10; n++) {
  command(`tab-${n}`, "", [String((n + 1) % 10)], () => reader.selectTab(n, { focus: true }));
}
command("delivery", "Show its delivery", ["d"], () => reader.selectTab("delivery", { focus: true }));
command("fail-next", "Refuse, defer or bounce the next one", ["!"], () => nextTime.begin());
command("back-to-list", "", [], () => hide());

const nextTime = startNextTime(reader);
inboxes.setup();
command("switch-inbox", "Switch to another inbox", ["i"], inboxes.choose);

// ---- begin

const start = here();
search.value = start.query;
pile.fill("", given);
if (start.query) await find(start.query, { remember: false });
attention.setUnseen(given.unseen);
if (start.id && reader.article) {
  shown(start.id, false);
  list.reveal(pile.place(start.id) ?? 0);
}
counted();
news.start(given.seq);
