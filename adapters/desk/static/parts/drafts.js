// What a seller has typed and not sent, one draft per conversation. It survives live changes, a reload and a lost
// connection; the key it is sent with is part of it, so sending it twice is one message.
import { reactive, watch } from "vue";
import { newKey, state } from "heqi-desk/state.js";

const drafts = {};

function blank() {
  return { chinese: "", pick: null, hand: null, note: false, stash: "", media: [], key: newKey() };
}

function place(id) {
  return `heqi.draft.${state.me.id}.${id}`;
}

export function draftOf(id) {
  if (drafts[id]) return drafts[id];
  const stored = localStorage.getItem(place(id));
  const draft = (drafts[id] = reactive({ ...blank(), ...(stored ? JSON.parse(stored) : {}) }));
  watch(draft, () => {
    const media = draft.media.filter((each) => each.ref); // the others are not at the server
    if (draft.chinese || draft.pick || media.length) localStorage.setItem(place(id), JSON.stringify({ ...draft, media }));
    else localStorage.removeItem(place(id));
  });
  // Another text is another message.
  const attached = () => draft.media.map((each) => each.ref).join();
  watch([() => draft.chinese, () => draft.hand, () => draft.note, () => draft.pick?.id, attached], () => (draft.key = newKey()), { flush: "sync" });
  return draft;
}

export function clearDraft(id) {
  Object.assign(draftOf(id), blank());
}

/** Put a proposal into the editor; what was typed by hand comes back when it is put away again. */
export function pickInto(id, proposal, turn) {
  const draft = draftOf(id);
  const stash = draft.pick ? draft.stash : draft.chinese;
  Object.assign(draft, { stash, pick: { ...proposal, turn }, chinese: proposal.chinese, hand: null, note: false });
}

export function putAway(id) {
  const draft = draftOf(id);
  Object.assign(draft, { pick: null, hand: null, chinese: draft.stash, stash: "" });
}
