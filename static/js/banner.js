// Says on every page that faults are on, or that the clock is ahead, from the moment that is so.

import { faults } from "./api.js";
import { command } from "./commands.js";
import { keep } from "./news.js";
import { failed, toast } from "./toasts.js";

const box = document.getElementById("banners");
keep(box, () => "/banner", ({ kind }) => kind === "faults" || kind === "clock");

async function turn(on) {
  try {
    await faults.switch(on);
    if (on) return;
    toast("No rule answers any more; none is lost", { action: "Switch on", onAction: () => turn(true), seconds: 8 });
  } catch (error) {
    failed(error);
  }
}

command("faults-off", "Switch all faults off", [], () => turn(false));
