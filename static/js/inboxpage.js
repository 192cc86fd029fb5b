// The page of inboxes: what each holds, adding one, removing one with its mail.

import "./page.js";
import { fragment, inboxes } from "./api.js";
import { seconds } from "./clock.js";
import { command } from "./commands.js";
import { keep, replace } from "./news.js";
import { failed, toast } from "./toasts.js";

/** With any of these a number may be another. */
const COUNTED = new Set(["captured", "deleted", "evicted", "cleared", "changed", "inboxes", "faults"]);

const element = (id) => document.getElementById(id);
const box = element("inboxes-box");
const counted = (number, noun) => `${number.toLocaleString()} ${noun}${number === 1 ? "" : "s"}`;

keep(box, () => "/inboxes/list", ({ kind }) => COUNTED.has(kind));

async function refresh() {
  replace(box, await fragment("/inboxes/list"));
}

// ---- adding

const adding = element("add-dialog");

command("inbox-add", "Add an inbox", ["n"], () => {
  element("add-error").hidden = true;
  adding.showModal();
  element("add-form").elements.name.focus();
});

/** What was written, as the API takes it. Throws where a time or a number cannot be read. */
function wish(form) {
  const given = Object.fromEntries(Object.entries(Object.fromEntries(new FormData(form))).filter(([, text]) => text.trim()));
  for (const name of ["ttl", "max_age"]) {
    if (given[name] === undefined) continue;
    given[name] = seconds(given[name]);
    if (given[name] === undefined) throw new Error("How long? Such as 30 min, 2 h or 1 d");
  }
  if (given.max_messages) {
    given.max_messages = Number(given.max_messages);
    if (!Number.isInteger(given.max_messages)) throw new Error("How many messages? Such as 100");
  }
  if (given.addresses) given.addresses = given.addresses.split(/[\s,;]+/).filter(Boolean);
  for (const name of ["name", "helo", "peer", "listener"]) if (given[name]) given[name] = given[name].trim();
  return { ...given, token: form.elements.token.checked };
}

element("add-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    const made = await inboxes.add(wish(form));
    adding.close();
    form.reset();
    toast(`${made.name} is there`);
    if (made.token) {
      element("token-inbox").textContent = made.name;
      element("token").textContent = made.token;
      element("token-dialog").showModal();
    }
    await refresh();
  } catch (error) {
    element("add-error").hidden = false;
    element("add-error").textContent = [error.message, error.hint].filter(Boolean).join(": ");
  }
});
// Nothing that is told only once stays in the page.
element("token-dialog").addEventListener("close", () => element("token").replaceChildren());

// ---- removing: it cannot be undone, so it is asked first

const removing = element("remove-dialog");
let name;

box.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act=remove]");
  if (!button) return;
  const { dataset } = button.closest("tr");
  name = dataset.name;
  const held = [[dataset.messages, "message"], [dataset.rules, "fault rule"]].filter(([number]) => number !== "0");
  const lost = held.map(([number, noun]) => counted(Number(number), noun)).join(" and ");
  element("remove-inbox").textContent = name;
  element("remove-what").textContent = lost
    ? `${lost} will be gone with it, for good. What is in another inbox too stays there.`
    : "There is nothing in it.";
  removing.showModal();
  removing.querySelector("[data-do=inbox-keep]").focus();
});
command("inbox-keep", "", [], () => removing.close());
command("inbox-remove", "", [], async () => {
  removing.close();
  const rows = [...box.querySelectorAll("tr[data-name]")];
  const place = rows.findIndex((row) => row.dataset.name === name);
  try {
    const { count } = await inboxes.remove(name);
    toast(`${name} removed with ${counted(count, "message")}`);
    await refresh();
  } catch (error) {
    failed(error);
    await refresh().catch(() => undefined);
  }
  const left = [...box.querySelectorAll("tr[data-name]")];
  const next = left[place]?.querySelector("button") ?? document.querySelector("[data-do=inbox-add]");
  next.focus();
});
