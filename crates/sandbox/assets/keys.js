// Keyboard shortcuts.
import { $ } from "./dom.js";
import * as list from "./list.js";

/** Whether the focused element handles keys itself. */
function taken(element) {
  return element.closest("input, select, textarea, dialog, .talk, pre") !== null;
}

export function start(close) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key, target } = event;
    if (key === "Escape" && !target.closest("dialog")) {
      if (target.id === "search") { target.value = ""; list.find(""); $("rows").focus(); }
      else close();
      return;
    }
    if (target.id === "search" && (key === "ArrowDown" || key === "Enter")) {
      event.preventDefault();
      $("rows").focus();
      list.move(0);
      return;
    }
    if (taken(target)) return;
    const onButton = target.closest("button, summary, a") !== null;
    const actions = {
      j: () => list.move(1), ArrowDown: () => list.move(1), k: () => list.move(-1), ArrowUp: () => list.move(-1),
      Home: () => list.move(-Infinity), End: () => list.move(Infinity),
      "/": () => $("search").focus(), "?": () => $("keys-dialog").showModal(),
      Enter: onButton ? null : () => list.openActive(),
    };
    const action = actions[key];
    if (!action) return;
    event.preventDefault();
    if (["j", "k", "ArrowDown", "ArrowUp", "Home", "End"].includes(key)) $("rows").focus({ preventScroll: true });
    action();
  });
}
