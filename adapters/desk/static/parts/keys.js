// The keyboard outside of fields. Inside a field only Alt+1…9 and Esc are ours.
import { composer } from "heqi-desk/composer.js";
import { openConversation, state } from "heqi-desk/state.js";

function inField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function step(by) {
  if (!state.order.length) return;
  const at = state.order.indexOf(state.openId);
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), state.order.length - 1);
  openConversation(state.order[next]);
  document.querySelector(`[data-conversation="${state.order[next]}"]`)?.scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  if (document.querySelector("dialog[open]")) return; // the keyboard belongs to the dialog
  if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  const field = inField(event.target);
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1] ?? /^Numpad([1-9])$/.exec(event.code)?.[1];
  if (digit && state.head && (event.altKey || !field)) composer.pick(Number(digit) - 1);
  else if (event.key === "Escape" && (field || composer.hasText())) composer.leave(), document.activeElement?.blur();
  else if (event.key === "Escape" && state.caseOpen) state.caseOpen = false;
  else if (event.key === "Escape" && state.openId !== null) openConversation(null);
  else if (event.altKey || field) return;
  else if (event.key === "/") document.getElementById("desk-search")?.focus();
  else if (event.key === "ArrowDown" && event.target === document.body) step(1);
  else if (event.key === "ArrowUp" && event.target === document.body) step(-1);
  else if (event.key === "Enter" && event.target === document.body && state.head && composer.hasText()) composer.send();
  else return;
  event.preventDefault();
}

export function bindKeys() {
  window.addEventListener("keydown", onKey);
  return () => window.removeEventListener("keydown", onKey);
}
