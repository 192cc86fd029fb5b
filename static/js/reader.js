// Shows one message: its head comes from the server as HTML, its tabs when they are first looked at.

import { localise } from "./age.js";
import { fragment, ofPeople } from "./api.js";
import { replace } from "./news.js";
import { preview } from "./preview.js";
import { tabs } from "./tabs.js";
import { failed, toast } from "./toasts.js";

let warned = false;

export class Reader extends EventTarget {
  id = undefined;

  constructor() {
    super();
    this.pane = document.getElementById("reader");
    this.pane.addEventListener("click", (event) => this.#click(event));
    this.pane.addEventListener("input", (event) => this.#input(event));
    window.addEventListener("blur", () => this.#clickedInFrame());
    const article = this.article;
    if (article) this.#setup(article);
    else this.#blank();
  }

  get article() {
    return this.pane.querySelector("article");
  }

  get subject() {
    return this.pane.querySelector("#subject")?.textContent ?? "";
  }

  /** Show a message. Resolves with whether it is shown now: another may have been asked for since. */
  async open(id) {
    this.loading?.abort();
    const loading = (this.loading = new AbortController());
    this.id = id;
    let html;
    try {
      html = await fragment(`/messages/${id}/reader`, loading.signal);
    } catch (error) {
      if (loading.signal.aborted) return false;
      this.close();
      failed(error);
      return false;
    }
    if (this.id !== id) return false;
    this.pane.innerHTML = html;
    this.#setup(this.article);
    this.pane.scrollTop = 0;
    return true;
  }

  close() {
    this.loading?.abort();
    this.id = undefined;
    this.#blank();
  }

  #blank() {
    this.pane.replaceChildren(document.getElementById("blank").content.cloneNode(true));
  }

  #setup(article) {
    this.id = article.dataset.id;
    localise(article);
    preview(article);
    this.tabs = tabs(article.querySelector(".tabs"), (tab) => this.#show(tab));
    const wanted = location.hash.slice(1) || this.favourite;
    if (wanted && wanted !== "preview") this.selectTab(wanted);
  }

  /** To the tab that the address names, if another one is shown. */
  followHash() {
    const name = location.hash.slice(1) || "preview";
    const shown = this.tabs?.all.find((tab) => tab.getAttribute("aria-selected") === "true");
    if (shown && shown.dataset.tab !== name) this.selectTab(name);
  }

  /** By name, or by place from 0. */
  selectTab(which, options) {
    const tab = this.tabs?.all.find((one, i) => one.dataset.tab === which || i === which);
    if (tab) this.tabs.select(tab, options);
  }

  async #show(tab) {
    const name = tab.dataset.tab;
    this.favourite = name;
    const hash = name === "preview" ? "" : `#${name}`;
    history.replaceState(history.state, "", location.pathname + location.search + hash);
    const panel = document.getElementById(`panel-${name}`);
    if (panel.dataset.ready !== "false") return;
    panel.dataset.ready = "loading";
    try {
      panel.innerHTML = await fragment(`/messages/${this.id}/panels/${name}`);
      panel.dataset.ready = "true";
      localise(panel);
      this.dispatchEvent(new CustomEvent("panel", { detail: { name, panel } }));
      panel.querySelector(".line-mine")?.scrollIntoView({ block: "center" });
    } catch (error) {
      panel.dataset.ready = "false";
      failed(error);
    }
  }

  /** Show the tab as it is now: at once if it is in sight, else when it is looked at again. */
  async again(name) {
    const panel = document.getElementById(`panel-${name}`);
    if (panel?.dataset.ready !== "true") return;
    if (panel.hidden) {
      panel.dataset.ready = "false";
      return;
    }
    const id = this.id;
    const html = await fragment(`/messages/${id}/panels/${name}`).catch(() => undefined);
    if (html === undefined || id !== this.id) return;
    replace(panel, html);
    this.dispatchEvent(new CustomEvent("panel", { detail: { name, panel } }));
  }

  /** The mail has no rights, not even to follow a link: say once where its links are. */
  #clickedInFrame() {
    if (warned || document.activeElement?.id !== "frame" || this.article?.dataset.links === "0") return;
    warned = true;
    toast("Links in the preview are not followed", {
      action: "Show the links",
      onAction: () => this.selectTab("links", { focus: true }),
      seconds: 6,
    });
  }

  async #click(event) {
    const link = event.target.closest("a[data-tab]");
    if (link) {
      event.preventDefault();
      this.selectTab(link.dataset.tab, { focus: true });
    }
    const button = event.target.closest("button[data-part]");
    if (!button) return;
    const item = button.closest("li");
    const shown = item.querySelector(":scope > .part-view");
    button.setAttribute("aria-expanded", String(!shown));
    button.textContent = shown ? "View" : "Hide";
    if (shown) {
      shown.remove();
      return;
    }
    try {
      const html = await fragment(`/messages/${this.id}/panels/part/${button.dataset.part}`);
      button.closest(".part").insertAdjacentHTML("afterend", html);
    } catch (error) {
      failed(error);
    }
  }

  #input(event) {
    const { filterRows, toggleClass, toggleOn } = event.target.dataset;
    if (filterRows) {
      const wanted = event.target.value.toLowerCase();
      for (const row of this.pane.querySelectorAll(`${filterRows} tbody tr`)) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
      }
    }
    if (toggleClass) this.pane.querySelector(toggleOn).classList.toggle(toggleClass, event.target.checked);
  }

  /** What the head shows of the row. */
  note(row) {
    const article = this.article;
    if (!article || row.id !== this.id) return;
    article.dataset.seen = String(row.seen);
    const tags = ofPeople(row.tags).map((tag) => {
      const element = document.createElement("span");
      element.className = "tag";
      element.textContent = tag;
      return element;
    });
    article.querySelector("#reader-tags").replaceChildren(...tags);
  }
}
