// What will be sent along: files are stored at once and wait as chips; a draft keeps them over a reload.
import { Icon } from "heqi-desk/icon.js";
import { draftOf } from "heqi-desk/drafts.js";
import { sizeText, sourceOf } from "heqi-desk/media.js";
import { label, newKey, state, t, toast } from "heqi-desk/state.js";

const MOST = 10;
const uploads = new Map(); // id → what stops it

/** The largest file the open conversation takes, 0 when it takes none. */
export function largest() {
  return Math.max(0, ...Object.values(state.head.carries.media));
}

export function attach(files) {
  const media = draftOf(state.openId).media;
  for (const file of files) {
    if (media.length >= MOST) return toast(t("一条消息最多 {n} 个附件", { n: MOST }), "bad");
    media.push({ id: newKey(), name: file.name, size: file.size, kind: "document", show: "file", ref: "", problem: "" });
    upload(state.openId, media.at(-1), file);
  }
}

async function upload(conversation, item, file) {
  if (file.size > largest()) return (item.problem = "too_big");
  const stop = new AbortController();
  uploads.set(item.id, stop);
  try {
    const query = new URLSearchParams({ conversation, name: file.name });
    const response = await fetch(`/desk/attachments?${query}`, { method: "POST", body: file, signal: stop.signal });
    const answer = await response.json();
    if (response.ok) Object.assign(item, { name: answer.name, size: answer.size, kind: answer.kind, show: answer.show, ref: answer.ref });
    else item.problem = answer.error;
  } catch {
    item.problem = "offline"; // or taken back, and then nobody sees it
  } finally {
    uploads.delete(item.id);
  }
}

export function remove(conversation, item) {
  uploads.get(item.id)?.abort();
  const draft = draftOf(conversation);
  draft.media = draft.media.filter((each) => each.id !== item.id);
}

/** Files of a paste, unless words were copied too: office programs add a picture of what they copy. */
export function pasted(clipboard) {
  return clipboard.getData("text/plain") ? [] : [...clipboard.files];
}

export const AttachmentChips = {
  props: { items: Array, conversation: Number },
  components: { Icon },
  template: `
    <ul v-if="items.length" class="attached" :aria-label="t('附件')">
      <li v-for="item in items" :key="item.id" :class="{ bad: item.problem }" data-attached>
        <span v-if="!item.ref && !item.problem" class="spinner"></span>
        <img v-else-if="item.show === 'image'" :src="sourceOf(item)" :alt="label('media', item.kind)">
        <icon v-else :name="item.problem ? 'warn' : 'file'"></icon>
        <span class="name"><bdi>{{ item.name }}</bdi><small>{{ item.problem ? label('upload', item.problem) : sizeText(item.size) }}</small></span>
        <button type="button" class="plain" :aria-label="t('去掉附件 {name}', { name: item.name })" :title="t('去掉附件 {name}', { name: item.name })" @click="remove(conversation, item)"><icon name="cross"></icon></button>
      </li>
    </ul>`,
  setup: () => ({ t, label, sourceOf, sizeText, remove }),
};
