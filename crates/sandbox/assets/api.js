// Client of the JSON API below /__sandbox/.
import { $ } from "./dom.js";

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function answer(response) {
  if (response.status === 204) return null;
  let body = null;
  try { body = await response.json(); } catch { /* not JSON: the status is enough */ }
  if (!response.ok) throw new Refused(response.status, body?.error ?? `HTTP ${response.status}`);
  return body;
}

export const get = async (path) => answer(await fetch(path));
export const clear = async () => answer(await fetch("requests", { method: "DELETE" }));
const send = async (method, path, body) =>
  answer(await fetch(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) }));
export const put = (path, body) => send("PUT", path, body);
export const post = (path, body) => send("POST", path, body);

/** The result of an attempt, as text. */
export function outcome(delivery) {
  const { outcome, status, reason, answer } = delivery;
  if (outcome === "refused") return `refused: HTTP ${status}${answer ? `, “${answer.slice(0, 80)}”` : ""}`;
  if (outcome === "failed") return `failed: ${reason ?? "no answer"}`;
  if (outcome === "not-sent") return "not sent: the sandbox sends only to http:// addresses of this machine";
  return "accepted by the webhook";
}

/** Sends a push. Asks for an address if none is set. Returns null if the user cancels. */
export async function push(request, name) {
  try {
    return (await post("pushes", request)).deliveries.at(-1);
  } catch (error) {
    if (error.status !== 409) throw error;
    if (!await askForAddress(request.service ?? name.service, name.push)) return null;
    return (await post("pushes", request)).deliveries.at(-1);
  }
}

function askForAddress(service, push) {
  const dialog = $("address-dialog");
  const [url, all, error, yes] = ["address-url", "address-all", "address-error", "address-yes"].map($);
  $("address-why").textContent = `No address is set for ${push} of ${service}. The sandbox keeps it until it stops.`;
  error.hidden = true;
  return new Promise((resolve) => {
    let done = false;
    const set = async () => {
      const address = { url: url.value.trim() };
      if (!all.checked) Object.assign(address, { service, push });
      try {
        await put("pushes/address", address);
        done = true;
        dialog.close();
      } catch (problem) {
        error.textContent = problem.message;
        error.hidden = false;
      }
    };
    const enter = (event) => { if (event.key === "Enter") { event.preventDefault(); set(); } };
    yes.onclick = set;
    url.onkeydown = enter;
    dialog.onclose = () => resolve(done);
    dialog.showModal();
    url.focus();
  });
}
