/** The page: learns what is served, and gives each part its place. */

import { ask, keepKey, onUnauthorised, Problem } from "./api.js";
import { watchServer } from "./charts.js";
import { at } from "./dom.js";
import { RequestForm } from "./form.js";
import { closerLook } from "./gallery.js";
import { Plane } from "./plane.js";
import { Sampling } from "./sampling.js";

/** Milliseconds to the next try, while the server loads its models or cannot be reached. */
const AGAIN = 2000;

/** The models, once there are any to be had. @returns {Promise<import("./form.js").Model[]>} */
async function models() {
  for (;;) {
    try {
      const served = (await (await ask("/v1/models")).json()).models;
      at("trouble").hidden = true;
      return served;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401) await keyGiven();
      else {
        at("trouble").textContent = error.message;
        at("trouble").hidden = false;
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    }
  }
}

/** Waits until the reader has given a key. */
const keyGiven = () => new Promise((resolve) => at("key").addEventListener("submit", resolve, { once: true }));

onUnauthorised((words) => {
  at("key").hidden = false;
  at("key-word").textContent = words;
  at("key-value").focus();
});
at("key").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  keepKey(at("key-value").value);
  at("key-value").value = "";
  at("key").hidden = true;
});

const form = new RequestForm();
new Sampling(form);
closerLook();
const served = await models();
form.offer(served);
// A trained network first: what it has learnt is what there is to see.
const plane = served.filter(({ shape }) => shape.length === 1 && shape[0] === 2).sort((a, b) => Number(b.kind === "network") - Number(a.kind === "network"));
if (plane.length > 0) new Plane(plane);
watchServer(keyGiven);
