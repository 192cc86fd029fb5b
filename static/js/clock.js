// Lets time pass: buttons and a field that advance the clock, and what came of it in words.

import { localise } from "./age.js";
import { advance } from "./api.js";
import { failed, toast } from "./toasts.js";

const UNITS = { s: 1, sec: 1, second: 1, m: 60, min: 60, minute: 60, h: 3600, hour: 3600, d: 86_400, day: 86_400, w: 604_800, week: 604_800 };

/** `90 s`, `2h`, `1 d 12 h` → seconds; undefined for anything else. */
export function seconds(text) {
  const pieces = [...text.trim().toLowerCase().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/g)];
  if (!pieces.length || pieces.map(([piece]) => piece).join("") !== text.trim().toLowerCase()) return undefined;
  let sum = 0;
  for (const [, number, name] of pieces) {
    const unit = UNITS[name || "s"] ?? UNITS[name.replace(/s$/, "")];
    if (!unit) return undefined;
    sum += Number(number) * unit;
  }
  return sum;
}

function counted(number, noun) {
  return `${number.toLocaleString()} ${noun}${number === 1 ? "" : "s"}`;
}

async function pass(time) {
  try {
    const { attempts, outcomes, notices } = await advance(time);
    const ended = Object.entries(outcomes).map(([name, number]) => `${number} ${name}`);
    const words = [attempts && counted(attempts, "attempt"), ...ended, notices && counted(notices, "notice")];
    const happened = words.filter(Boolean).join(", ");
    toast(happened ? `The clock is on: ${happened}` : "The clock is on; nothing was due", { seconds: 6 });
  } catch (error) {
    failed(error);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-advance]");
  if (!button) return;
  const { due, now } = button.closest(".clock").dataset;
  const wanted = button.dataset.advance;
  // What has waited since the page was made is due a little sooner; too far by a moment does no harm.
  pass(wanted === "due" ? Math.max(0, (Date.parse(due) - Date.parse(now)) / 1000) + 0.001 : Number(wanted));
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-advance-form]");
  if (!form) return;
  event.preventDefault();
  const field = form.elements.by;
  const time = seconds(field.value);
  if (time === undefined) {
    toast("How long? Such as 90 s, 2 h or 3 d", { failed: true });
    return;
  }
  field.value = "";
  pass(time);
});

/** What time it was there when a clock was drawn here, in milliseconds ahead of this browser's. */
const ahead = new WeakMap();

setInterval(() => {
  for (const clock of document.querySelectorAll(".clock")) {
    if (!ahead.has(clock)) ahead.set(clock, Date.parse(clock.dataset.now) - Date.now());
    const shown = clock.querySelector(".clock-now b");
    shown.querySelector("time").dateTime = new Date(Date.now() + ahead.get(clock)).toISOString();
    localise(shown);
  }
}, 1000);
