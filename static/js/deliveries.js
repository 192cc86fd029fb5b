// The page of deliveries: goes along with what happens, and with the clock.

import "./page.js";
import { keep } from "./news.js";

const KINDS = new Set(["captured", "delivered", "deferred", "bounced", "complained", "opened", "clicked", "deleted", "cleared", "clock"]);
const box = document.getElementById("deliveries-box");
const query = box.dataset.query ? `?${box.dataset.query}` : "";

keep(box, () => `/deliveries/list${query}`, ({ kind }) => KINDS.has(kind));
keep(document.getElementById("clock"), () => "/clock", ({ kind }) => KINDS.has(kind));
