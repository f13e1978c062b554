// What can be decided about a message that has not arrived, and how its buttons are called.
import { t } from "heqi-desk/state.js";

const DECISIONS = {
  held: { retry: "重新翻译", send: "照此发送", cancel: "不发了" },
  failed: { retry: "重新发送", cancel: "不发了" },
  ambiguous: { arrived: "买家已收到", retry: "再发一次", cancel: "不发了" },
  queued: { cancel: "不发了" },
};
// For the catalogue: t("重新翻译") t("照此发送") t("不发了") t("重新发送") t("买家已收到") t("再发一次")

export const APPROVAL = "needs_approval"; // a lead decides, the agent can only take it back

/** Decisions about a delivery in a state, in the order of their buttons. */
export function decisionsOf(state) {
  return Object.keys(DECISIONS[state] ?? {});
}

export function decisionName(state, decision) {
  return t(DECISIONS[state][decision]);
}
