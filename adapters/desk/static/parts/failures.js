// What failed each time it was tried: why in words, trying it again, and letting it be.
import { draftOf } from "heqi-desk/drafts.js";
import { act, actAndTellIn, label, outcomeText, state, t, toast } from "heqi-desk/state.js";

// Events whose words somebody here wrote: they are taken back into the editor, not thrown away.
const OWN_WORDS = ["agent_chose", "agent_noted"];

export function hasOwnWords(failed) {
  return OWN_WORDS.includes(failed.type) && Boolean(failed.text);
}

/** Why it failed; the class of the error stands beside it for whoever mends it. */
export function failureText(error) {
  return state.labels.failure[error] ?? label("failure", "other");
}

/** Try it again; words that are refused now come back into the editor. */
export async function retryFailed(failed, conversation) {
  const outcome = await act("retry", { conversation, event: failed.event });
  const problem = outcomeText(outcome);
  if (problem) toast(problem, outcome.error === "slow" ? "" : "bad");
  if (outcome.refusal && hasOwnWords(failed)) takeBack(failed, conversation);
  return !problem;
}

/** Let it be. Its words stay stored, and one's own are in the editor then. */
export async function dismissFailed(failed, conversation) {
  const done = await actAndTellIn(conversation, "dismiss", { event: failed.event });
  if (done && hasOwnWords(failed)) takeBack(failed, conversation);
  return done;
}

export function dismissName(failed) {
  return hasOwnWords(failed) ? t("取回文字") : t("忽略");
}

function takeBack({ type, text }, conversation) {
  const draft = draftOf(conversation);
  if (draft.chinese.includes(text)) return; // it is there already
  if (!draft.chinese.trim()) draft.note = type === "agent_noted";
  Object.assign(draft, { pick: null, hand: null, chinese: draft.chinese.trim() ? `${draft.chinese}\n${text}` : text });
}
