// The form that asks for an API key, and the button that forgets it.
import { lock, unlock } from "./api.js";
import { byId, el, icon, toast } from "./dom.js";

const TITLE = "This service needs an API key";
const ABOUT = "Whoever runs the service can give you one. It is kept until you close the browser or forget it.";

/** @type {Record<number, string>} */
const FAULTS = {
  0: "The service does not answer. Try again in a moment.",
  401: "That key is not valid here. Check it, and enter it again.",
  403: "That key is valid, but it may not search. Enter another one.",
};

/** @param {{status?: number, wait?: number}} failure */
const faultOf = ({ status = 0, wait = 0 }) => FAULTS[status] ?? `The service could not check the key. Try again ${wait ? `in ${wait} s` : "in a moment"}.`;

/** What was wrong, and the way back to the field: a refused key has to be typed anew. @param {any} field @param {Element} fault @param {any} failure */
function refuse(field, fault, failure) {
  fault.textContent = faultOf(failure);
  if ([401, 403].includes(failure.status)) field.value = "";
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

/** @param {any} field @param {Element} fault @param {() => void} unlocked */
async function submit(field, fault, unlocked) {
  if (field.readOnly) return; // on its way already
  field.readOnly = true;
  const failure = await unlock(field.value.trim()).catch((failure) => failure);
  field.readOnly = false;
  if (failure) refuse(field, fault, failure);
  else unlocked();
}

/** Without a `name`, the field is part of no address and no request, whatever happens to the scripts. */
const fieldFor = () => el("input", {
  id: "api-key", class: "field", type: "password", required: true, autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": "key-fault key-about",
});

/**
 * Asks for a key.
 * @param {{keyed?: boolean}} failure the 401: whether a key was refused, or none was shown
 * @param {() => void} unlocked called once the service has accepted the key
 * @returns {Node[]}
 */
export function keyForm({ keyed }, unlocked) {
  const field = fieldFor();
  const fault = el("p", { id: "key-fault", class: "fault", role: "alert" }, keyed ? FAULTS[401] : "");
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    submit(field, fault, unlocked);
  };
  const form = el("form", { class: "key", method: "post", submit: send, "aria-label": TITLE },
    el("label", { for: "api-key" }, "API key"), field, el("button", { class: "button primary" }, "Continue"), fault);
  return [icon("key"), el("h2", {}, TITLE), el("p", { id: "key-about" }, ABOUT), form];
}

/** The page starts anew, so that nothing the key has opened stays on it. A key that is refused meanwhile opens nothing either. */
async function forget() {
  const gone = await lock().then(() => true, (failure) => failure.status === 401);
  if (gone) return location.reload();
  byId("key-button").hidden = true;
  toast("The key is forgotten here, but the service did not answer. Close the browser to shut the pictures too.");
}

/** The button that forgets the key. */
export const listenToForget = () => byId("key-button").addEventListener("click", forget);
