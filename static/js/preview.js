// The HTML preview: how wide, light or dark, with or without what lies on other servers.

import { root } from "./api.js";

const NARROWEST = 240;
const phone = matchMedia("(max-width: 760px)");
const STEP = 20;

/** Wire up the preview inside a reader's article; nothing happens where there is none. */
export function preview(article) {
  const frame = article.querySelector("#frame");
  if (!frame) return;
  const stage = article.querySelector("#stage");
  const box = article.querySelector("#frame-box");
  const grip = article.querySelector("#grip");
  const shown = article.querySelector("#preview-width");
  const remote = article.querySelector("#remote");
  const note = article.querySelector("#scheme-note");
  const fit = article.querySelector("#fit");
  const fits = fit.querySelector("button");
  let scheme = "light";
  let fixed = 0;

  const load = () => {
    frame.src = `${root}/preview/${article.dataset.id}?remote=${remote.checked ? 1 : 0}&scheme=${scheme}`;
    count();
  };
  const count = async () => {
    const asked = scheme;
    const address = `${root}/preview/${article.dataset.id}?scheme=${asked}`;
    const answer = await fetch(address, { method: "HEAD" }).catch(() => undefined);
    if (asked !== scheme) return;
    note.hidden = scheme === "light" || answer?.headers.get("X-Color-Scheme") !== "light";
    fixed = Number(answer?.headers.get("X-Fixed-Width"));
    scale();
    const blocked = Number(answer?.headers.get("X-Blocked-Remote"));
    article.querySelector("#remote-label").textContent = remote.checked
      ? "Remote content shown"
      : blocked
        ? `${blocked} remote ${blocked === 1 ? "thing" : "things"} blocked`
        : "Remote content";
  };
  // On a phone mail of a fixed width is made smaller, as mail programs do; a button shows it as it is.
  const scale = () => {
    const room = box.clientWidth;
    fit.hidden = !phone.matches || fixed <= room;
    const by = !fit.hidden && fits.ariaPressed === "true" ? room / fixed : 1;
    frame.style.width = by < 1 ? `${fixed}px` : "";
    frame.style.height = by < 1 ? `${box.clientHeight / by}px` : "";
    frame.style.transform = by < 1 ? `scale(${by})` : "";
  };
  const choose = (name, value) => {
    for (const button of article.querySelectorAll(`[data-${name}]`)) {
      if (button.matches("button")) button.setAttribute("aria-pressed", String(button.dataset[name] === value));
    }
  };
  const setWidth = (width) => {
    stage.dataset.width = width;
    choose("width", width);
    if (width === "free") resize(stage.clientWidth * 0.7);
    else if (width === "full") box.style.removeProperty("width");
    else box.style.width = `${width}px`;
    localStorage.setItem("mailtrap.width", width);
  };
  const resize = (width) => {
    box.style.width = `${Math.round(Math.max(NARROWEST, Math.min(stage.clientWidth - 12, width)))}px`;
  };

  article.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.width) setWidth(button.dataset.width);
    if (button?.dataset.scheme) {
      scheme = button.dataset.scheme;
      stage.dataset.scheme = scheme;
      choose("scheme", scheme);
      load();
    }
  });
  fits.addEventListener("click", () => {
    fits.ariaPressed = String(fits.ariaPressed !== "true");
    scale();
  });
  remote.addEventListener("change", load);
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    stage.classList.add("is-dragged");
  });
  grip.addEventListener("pointermove", (event) => {
    if (grip.hasPointerCapture(event.pointerId)) resize(event.clientX - box.getBoundingClientRect().left);
  });
  grip.addEventListener("lostpointercapture", () => stage.classList.remove("is-dragged"));
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!step) return;
    event.preventDefault();
    resize(parseFloat(box.style.width) + step);
  });
  new ResizeObserver(() => {
    shown.textContent = `${frame.clientWidth} px`;
    grip.setAttribute("aria-valuenow", frame.clientWidth);
  }).observe(frame);
  new ResizeObserver(scale).observe(box);
  count();
  setWidth(localStorage.getItem("mailtrap.width") || "full");
}
