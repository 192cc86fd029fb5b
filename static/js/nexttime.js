// Makes rules from a message: what shall happen to one of its recipients the next time.

import { faults } from "./api.js";
import { follow } from "./news.js";
import { failed, toast } from "./toasts.js";

const RULES = {
  refuse: { step: "rcpt", effect: { reply: { code: 550, status: "5.1.1", text: "No such user" } } },
  defer: { step: "rcpt", effect: { reply: { code: 451, status: "4.7.1", text: "Try again later" } } },
  bounce: { step: "delivered", effect: { bounce: { after: 60, code: 550, status: "5.1.1", text: "No such user" } } },
};
const WORDS = { refuse: "refused", defer: "deferred", bounce: "bounced a minute after it was accepted" };
/** A delivery that is shown may have gone on. */
const DELIVERY = new Set(["delivered", "deferred", "bounced", "complained", "opened", "clicked", "clock", "captured", "refused", "session"]);
/** So may what is to be thought of a client. */
const VERDICT = new Set(["session", "refused", "clock"]);

/** `{begin}`: go to where it can be chosen for the message that is open. */
export function startNextTime(reader) {
  let begun = false;
  const focus = () => {
    begun = false;
    document.querySelector("#panel-delivery [data-next]")?.focus();
  };
  reader.addEventListener("panel", ({ detail }) => {
    if (begun && detail.name === "delivery") focus();
  });
  reader.pane.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-next]");
    if (!button) return;
    const always = button.closest(".panel").querySelector("#next-always")?.checked;
    make(button.dataset.next, button.closest("[data-recipient]").dataset.recipient, always);
  });
  follow({
    onNotices(notices) {
      if (notices.some(({ kind }) => DELIVERY.has(kind))) reader.again("delivery");
      if (notices.some(({ kind }) => VERDICT.has(kind))) reader.again("dialogue");
    },
    onResume() {
      reader.again("delivery");
      reader.again("dialogue");
    },
  });
  return {
    begin() {
      if (!reader.id) return;
      begun = true;
      reader.selectTab("delivery");
      if (document.getElementById("panel-delivery")?.dataset.ready === "true") focus();
    },
  };
}

async function make(what, recipient, always) {
  const rule = { ...RULES[what], when: `rcpt=${quoted(recipient)}`, ...(always ? {} : { first: 1 }) };
  try {
    // Before all others, as far as they can be changed: it was asked for just now.
    const first = (await faults.list()).faults.find(({ origin }) => !origin)?.id;
    const { id } = await faults.add(rule, first);
    const when = always ? "from now on" : "the next time";
    toast(`${recipient} is ${WORDS[what]} ${when}`, {
      action: "Undo",
      onAction: () => faults.remove(id).catch(failed),
      seconds: 8,
    });
  } catch (error) {
    failed(error);
  }
}

/** As a value of a query, always in quotes. */
function quoted(value) {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}
