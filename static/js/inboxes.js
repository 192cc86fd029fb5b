// The switcher: which inbox the page is about, with how many messages each has.

import { fragment, inbox, root } from "./api.js";
import * as news from "./news.js";
import { failed, toast } from "./toasts.js";

const EVERY = 1000;
const COUNTED = new Set(["captured", "deleted", "evicted", "cleared", "changed", "inboxes"]);

const box = document.getElementById("inboxes");
const select = () => document.getElementById("inbox");

/** Whether a notice is about a message that is shown here. */
export function concerns(notice) {
  return !inbox || !notice.inbox || notice.inbox.toLowerCase().split(" ").includes(inbox.toLowerCase());
}

/** Put the keyboard on it, if there is anything to choose. */
export function choose() {
  if (select()) select().focus();
  else toast("There is one inbox so far");
}

export function setup() {
  box.addEventListener("change", ({ target }) => {
    const query = new URLSearchParams(target.value ? { inbox: target.value } : {});
    location.assign(`${root}/${target.value && "?"}${query}`);
  });
  box.addEventListener("focusout", () => (stale ? refresh() : undefined));
  news.follow({ onNotices: (notices) => notices.some((one) => COUNTED.has(one.kind)) && soon(), onResume: soon });
}

let waiting;
let stale = false;

/** New counts, at most once a second; never under the hand of who is choosing. */
function soon() {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    stale = true;
    if (document.activeElement !== select() || !select()) refresh();
  }, EVERY);
}

async function refresh() {
  stale = false;
  const path = "/inboxes/switch" + (inbox ? `?inbox=${encodeURIComponent(inbox)}` : "");
  try {
    box.innerHTML = await fragment(path);
  } catch (error) {
    failed(error);
  }
}
