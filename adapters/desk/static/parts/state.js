// What the desk knows, and the two ways it talks with the server.
import { reactive } from "vue";

export const state = reactive({
  me: { id: 0, name: "", role: "" },
  ui: "zh",
  words: {},
  labels: {},
  languages: {},
  rows: {},
  order: [],
  filter: { status: "open", search: "" },
  filtering: false,
  openId: null,
  gone: false,
  head: null,
  lines: {},
  lineOrder: [],
  full: {}, // whole texts of folded lines, by message id
  engines: [],
  troubles: { counts: {}, rows: [] }, // what is stuck in any conversation; rows while the list of it is open
  troublesOpen: false,
  focus: null, // the message to be brought into sight
  preview: null, // the last answer to what was typed
  returned: {}, // conversation → words of a reply that was refused late, for an empty draft to take up
  busy: {}, // key → name of the action under way
  toasts: [],
  caseOpen: false,
  online: true,
  now: Date.now(),
  skew: 0, // server's clock minus ours
});

let send = () => {};
const waiting = new Map(); // key → called with the outcome

export function boot({ me, ui, words, labels, languages, open, messages }) {
  Object.assign(state, { me, ui, words, labels, languages, openId: open });
  for (const message of messages) receive(message);
}

export function connect(emit) {
  send = emit;
}

/** The text in the desk's language; Chinese is the source and its own key. */
export function t(chinese, values = {}) {
  const text = state.words[chinese] ?? chinese;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function label(group, code) {
  return state.labels[group]?.[code] ?? code;
}

/** Why an engine did not do its work, as far as there is a word for it. */
export function reason(code) {
  return state.labels.attempt[code] ?? state.labels.refusal[code] ?? code;
}

/** Why a message did not leave, or an attachment did not come; a code nobody has a word for is shown as it is. */
export function deliveryReason(code) {
  if (code.startsWith("media_") && !state.labels.delivery_error[code]) return `${t("文字已发出，附件没有")} · ${deliveryReason(code.slice(6))}`;
  return state.labels.delivery_error[code] ?? state.labels.refusal[code] ?? state.labels.attempt[code] ?? t("原因代码 {code}", { code });
}

export function languageName(code) {
  return code ? state.languages[code] ?? code : t("语言未知");
}

/** An id that no other action has: crypto.randomUUID exists on https and localhost only. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function ask(type, values = {}) {
  send({ type, ...values });
}

/** Ask for an action; resolves with what came of it. The same key again is the same action. */
export function act(type, values, key = newKey()) {
  state.busy[key] = type;
  const done = new Promise((resolve) => waiting.set(key, resolve));
  ask(type, { key, ...values });
  return done;
}

/** An action without a place of its own to tell its outcome: a refusal is shown as a toast. */
export function actAndTell(type, values) {
  return actAndTellIn(state.openId, type, values);
}

export async function actAndTellIn(conversation, type, values) {
  const outcome = await act(type, { conversation, ...values });
  const problem = outcomeText(outcome);
  if (problem) toast(problem, "bad");
  return !problem;
}

export function outcomeText({ refusal, error, parked, reason: why }) {
  if (refusal) {
    const told = label("refusal", refusal.code);
    return refusal.detail ? `${told} · ${refusal.detail}` : told;
  }
  if (error === "slow") return t("已保存，仍在处理中");
  if (error === "platform") return `${t("平台没有答应")} · ${deliveryReason(why)}`;
  if (parked) return t("没有处理成功，已保存在这个对话的异常里，可以重试");
  if (error === "unknown_target") return label("refusal", "unknown_target");
  return error ? t("没有成功，请再试一次") : "";
}

export function toast(text, tone = "") {
  const id = newKey();
  state.toasts.push({ id, text, tone });
  setTimeout(() => (state.toasts = state.toasts.filter((each) => each.id !== id)), 6000);
}

/** Open it, with the given message in sight. */
export function openConversation(id, message = null) {
  state.focus = message;
  if (id === state.openId) return;
  Object.assign(state, { openId: id, gone: false, head: null, lines: {}, lineOrder: [], full: {}, preview: null, caseOpen: false });
  history.replaceState(history.state, "", `${window.path_prefix ?? "/desk"}/${id ?? ""}`);
  if (id === null) ask("close");
  else ask("open", { id });
}

const handlers = {
  list({ order, rows, now, filtered }) {
    const kept = {};
    const fresh = Object.fromEntries(rows.map((row) => [row.id, row]));
    for (const id of order) kept[id] = fresh[id] ?? state.rows[id];
    state.rows = kept;
    state.order = order;
    if (filtered) state.filtering = false;
    setClock(now);
  },
  view({ id, head, order, lines, now }) {
    if (id !== state.openId) return;
    const fresh = Object.fromEntries(lines.map((line) => [line.id, line]));
    for (const known of Object.keys(state.lines)) if (!order.includes(Number(known))) delete state.lines[known];
    Object.assign(state.lines, fresh);
    state.lineOrder = order;
    state.head = head;
    setClock(now);
    if (head.row.unread && !document.hidden) ask("seen", { id });
  },
  gone({ id }) {
    if (state.openId === id) Object.assign(state, { openId: null, head: null, gone: true });
  },
  preview(message) {
    if (message.conversation === state.openId) state.preview = message;
  },
  full({ id, text, chinese }) {
    state.full[id] = { text, chinese };
  },
  troubles({ counts, rows }) {
    state.troubles = { counts, rows };
  },
  health({ engines }) {
    state.engines = engines;
  },
  outcome(message) {
    delete state.busy[message.key];
    const resolve = waiting.get(message.key);
    waiting.delete(message.key);
    if (resolve) resolve(message);
    else if (message.error) toast(outcomeText(message), "bad");
  },
  late(message) {
    // The seller was told that it is stored and went on; now it is refused, and the words come back.
    toast(`${t("您的回复没有发出")} · ${outcomeText(message)}`, "bad");
    if (message.chinese) state.returned[message.conversation] = message.chinese;
  },
  trouble() {
    toast(t("读取数据出错，正在重试"), "bad");
  },
  ended() {
    location.href = "/login";
  },
};

export function receive(message) {
  handlers[message.type](message);
}

function setClock(now) {
  if (now == null) return;
  state.skew = now - Date.now();
  state.now = now;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.head?.row.unread) ask("seen", { id: state.openId });
});
