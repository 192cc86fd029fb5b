// Sessions, all of them or one: as they end, are refused, and as their clients come again.

import "./page.js";
import { keep } from "./news.js";

const KINDS = new Set(["session", "refused", "captured", "clock"]);
const list = document.getElementById("sessions-box");
const one = document.getElementById("session-box");

if (list) {
  const query = list.dataset.query ? `?${list.dataset.query}` : "";
  const counted = () => {
    document.getElementById("open-now").textContent = `${list.querySelector("[data-open]").dataset.open} open now.`;
  };
  keep(list, () => `/sessions/list${query}`, ({ kind }) => KINDS.has(kind), counted);
}
if (one) {
  keep(one, () => `/sessions/${one.dataset.session}/view`, ({ kind }) => KINDS.has(kind) || kind === "faults");
}
