// What happens on the server, for every part of a page that wants to know: one connection for all of them.

import { localise } from "./age.js";
import { fragment } from "./api.js";
import { Live } from "./live.js";

const followers = [];

/** `{onNotices(list), onResume(), onState(state)}`, each if wanted. */
export function follow(follower) {
  followers.push(follower);
}

const all = (name, ...values) => {
  for (const follower of followers) follower[name]?.(...values);
};

/** Begin with what comes after `seq`. */
export function start(seq) {
  const live = new Live(seq, {
    onNotices: (notices) => all("onNotices", notices),
    onResume: () => all("onResume"),
    onState: (state) => all("onState", state),
  });
  live.start();
}

/** Keep `box` as the server has it: `path()` gives its HTML whenever `wanted(notice)` is true for one of them. */
export function keep(box, path, wanted, after = () => {}) {
  let asking = false;
  let again = false;
  // One request at a time: where much happens, the next one sees all of it.
  const refresh = async () => {
    again = true;
    if (asking) return;
    asking = true;
    while (again) {
      again = false;
      const html = await fragment(path()).catch(() => undefined);
      if (html === undefined) continue;
      replace(box, html);
      after();
    }
    asking = false;
  };
  follow({ onNotices: (notices) => notices.some(wanted) && refresh(), onResume: refresh });
}

/** New HTML in place of the old; what has the focus keeps it, and what was written or ticked by hand stays so. */
export function replace(box, html) {
  const here = document.activeElement;
  const mark = box.contains(here) ? place(here) : undefined;
  const ticked = [...box.querySelectorAll("input[type=checkbox][id]:checked")].map(({ id }) => id);
  box.innerHTML = html;
  localise(box);
  for (const id of ticked) {
    const again = document.getElementById(id);
    if (again) again.checked = true;
  }
  const there = mark && box.querySelector(mark);
  if (!there) return;
  if (here.matches("input[type=text]")) there.value = here.value;
  there.focus({ preventScroll: true });
}

function place(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const { act, advance } = element.dataset;
  const around = element.closest("[id]");
  if (act && around) return `#${CSS.escape(around.id)} [data-act="${CSS.escape(act)}"]`;
  return advance ? `[data-advance="${CSS.escape(advance)}"]` : undefined;
}
