// Bottom: what can be answered, and the editor with what the buyer will get.
import { computed, nextTick, onMounted, ref, watch } from "vue";
import { AttachmentChips, attach, largest, pasted } from "heqi-desk/attachments.js";
import { groundsText } from "heqi-desk/grounds.js";
import { Icon } from "heqi-desk/icon.js";
import { clearDraft, draftOf, pickInto, putAway } from "heqi-desk/drafts.js";
import { libraryDialog } from "heqi-desk/library.js";
import { sizeText } from "heqi-desk/media.js";
import { optionsHint } from "heqi-desk/options.js";
import { templateDialog } from "heqi-desk/templates.js";
import { ToneWarnings } from "heqi-desk/tone.js";
import { closedText, windowLeft } from "heqi-desk/window.js";
import { act, ask, label, languageName, newKey, outcomeText, reason, state, t, toast } from "heqi-desk/state.js";

const PREVIEW_MS = 400;
const MAX_HEIGHT = 180;

/** What the keyboard reaches: the composer on the screen. */
export const composer = { pick: () => {}, send: () => {}, leave: () => false, hasText: () => false };

function proposalProblem(proposal) {
  const [engine, why] = proposal.attempts.at(-1) ?? [];
  return engine ? `${t("未翻译")} · ${engine} ${reason(why)}` : t("没有买家语言的文本");
}

const ProposalCard = {
  props: { proposal: Object, number: Number, picked: Boolean },
  emits: ["pick"],
  template: `
    <button type="button" class="proposal" :class="['kind-' + proposal.kind, { picked }]" :disabled="proposal.text === null" :aria-pressed="picked" :data-proposal="proposal.id" @click="$emit('pick')">
      <span class="card-head"><kbd>{{ number }}</kbd><b>{{ label('kind', proposal.kind) }}</b><small class="origin" :class="proposal.origin">{{ label('origin', proposal.origin) }}</small></span>
      <span class="chinese" lang="zh">{{ proposal.chinese }}</span>
      <span v-if="proposal.text !== null" class="original" dir="auto" :lang="proposal.language">{{ proposal.text }}</span>
      <span v-else class="problem">{{ proposalProblem(proposal) }}</span>
      <span v-if="proposal.checks.length" class="problem">{{ t('请核对') }}：{{ proposal.checks.map(([code, detail]) => label('check', code) + ' ' + detail).join('；') }}</span>
      <small v-if="proposal.why" class="why">{{ proposal.why }}<span v-if="proposal.grounds.length" class="grounds">{{ groundsText(proposal.grounds) }}</span></small>
    </button>`,
  setup: () => ({ t, label, proposalProblem, groundsText }),
};

export const Composer = {
  components: { AttachmentChips, Icon, ProposalCard, ToneWarnings },
  template: `
    <footer class="composer" @dragover.prevent @drop.prevent="dropped">
      <div v-if="proposals.length" class="proposals" :class="{ few: proposals.length < 3 }">
        <proposal-card v-for="(proposal, index) in proposals" :key="proposal.id" :proposal="proposal" :number="index + 1" :picked="draft.pick?.id === proposal.id" @pick="pick(index)"></proposal-card>
      </div>
      <p v-else class="closed"><icon name="check"></icon>{{ state.head.closedBy ? t('{who} 已回复，建议已关闭', { who: state.head.closedBy }) : t('暂时没有建议，买家来消息后会出现') }}</p>
      <div v-if="shut" class="notice shut" role="alert"><icon name="lock"></icon><span>{{ closedText() }} · {{ state.head.carries.templates ? t('只能发送审核过的模板') : t('要等买家再来消息') }}</span>
        <button v-if="state.head.carries.templates" type="button" class="quiet small" data-action="templates" @click="templateDialog.open()"><icon name="list"></icon>{{ t('选择模板') }}</button>
      </div>
      <div v-if="notice" class="notice" :class="notice.tone" role="alert"><icon name="warn"></icon><span>{{ notice.text }}</span>
        <button v-if="notice.confirm" type="button" class="quiet small" data-action="confirm" @click="send(true)">{{ t('核对无误，照此发送') }}</button>
        <button v-if="notice.free" type="button" class="quiet small" data-action="free" @click="goFree">{{ t('改为新消息') }}</button>
      </div>
      <form class="editor" :class="{ noting: draft.note }" @submit.prevent="send()">
        <div class="fields">
          <div class="field">
            <p class="caption"><span v-if="draft.note"><icon name="note"></icon>{{ t('备注（买家看不到）') }}</span>
              <span v-else-if="draft.pick"><b class="kind" :class="'kind-' + draft.pick.kind">{{ label('kind', draft.pick.kind) }}</b>{{ isPick ? t('原样发送') : t('已修改，重新翻译') }}</span>
              <span v-else>{{ t('中文回复') }}</span>
              <button v-if="draft.pick" type="button" class="link" @click="leavePick">{{ t('放回') }}</button></p>
            <textarea ref="box" id="desk-editor" v-model="draft.chinese" rows="1" lang="zh" dir="auto" enterkeyhint="send" @paste="paste" :placeholder="draft.note ? t('写给同事看的备注') : t('输入中文，买家收到{language}', { language: languageName(language) })" :aria-label="t('回复')" @keydown="keys"></textarea>
          </div>
          <div v-if="!draft.note && (draft.chinese.trim() || draft.hand !== null)" class="field outgoing">
            <p class="caption"><span>{{ t('买家收到') }} · {{ languageName(outLanguage) }}</span><span v-if="waitingPreview" class="spinner"></span>
              <button type="button" class="link" data-action="hand" :aria-pressed="draft.hand !== null" @click="byHand"><icon name="pen"></icon>{{ draft.hand === null ? t('手写译文') : t('用机器译文') }}</button></p>
            <textarea v-if="draft.hand !== null" v-model="draft.hand" id="desk-hand" rows="2" dir="auto" :lang="language" :aria-label="t('手写译文')" @keydown="keys"></textarea>
            <p v-else-if="outText !== null" class="preview" dir="auto" :lang="outLanguage" data-preview>{{ outText }}</p>
            <p v-else-if="preview" class="untranslated"><strong>{{ t('未翻译') }}</strong><span v-for="[engine, why] in preview.attempts" :key="engine + why">{{ engine }}：{{ reason(why) }}</span></p>
            <p v-else class="preview empty">{{ t('停顿一下就能看到译文') }}</p>
            <p v-if="back" class="back"><b>{{ t('回译') }}</b><span v-if="back.text !== null" lang="zh">{{ back.text }}</span><span v-else>{{ t('未翻译') }}</span></p>
            <ul v-if="doubts.length" class="chips"><li v-for="[code, detail] in doubts" :key="code + detail" class="doubt"><icon name="warn"></icon><span>{{ label('check', code) }} {{ detail }}</span></li></ul>
          </div>
        </div>
        <tone-warnings v-if="warnings.length" :warnings="warnings" :chinese="draft.chinese" @improve="improve"></tone-warnings>
        <attachment-chips v-if="!draft.note" :items="draft.media" :conversation="state.openId"></attachment-chips>
        <p v-if="hint" class="options-hint" data-options><icon name="list"></icon>{{ hint }}</p>
        <div class="actions">
          <template v-if="limit">
            <input ref="file" type="file" multiple hidden :disabled="draft.note" @change="chosen">
            <button type="button" class="quiet" data-action="attach" :disabled="draft.note" :title="t('附件（每个最大 {size}）', { size: sizeText(limit) })" :aria-label="t('附件')" @click="file.click()"><icon name="clip"></icon><span>{{ t('附件') }}</span></button>
          </template>
          <button type="button" class="quiet" data-action="library" :disabled="draft.note" @click="libraryDialog.open()"><icon name="list"></icon><span>{{ t('话术库') }}</span></button>
          <button type="button" class="quiet" data-action="note" :aria-pressed="draft.note" @click="draft.note = !draft.note"><icon name="note"></icon><span>{{ t('备注') }}</span></button>
          <button type="button" class="quiet" data-action="back" :disabled="draft.note || draft.hand !== null || !draft.chinese.trim()" @click="askBack"><icon name="redo"></icon><span>{{ t('回译核对') }}</span></button>
          <span class="grow"></span>
          <small v-if="stopped" class="problem" role="alert">{{ label('refusal', 'tone') }}</small>
          <small v-else-if="tooLong" class="problem">{{ label('refusal', 'too_long') }} {{ size }} / {{ most }}</small>
          <small v-else-if="size > state.head.carries.limit" class="hint">{{ t('太长，会分成几条发出') }}</small>
          <small v-else class="hint">{{ t('Enter 发送 · Shift+Enter 换行') }}</small>
          <button class="send" data-action="send" :disabled="!canSend"><span v-if="sending" class="spinner"></span><icon v-else name="send"></icon><span>{{ draft.note ? t('记下') : t('发送') }}</span></button>
        </div>
      </form>
    </footer>`,
  setup() {
    const box = ref(null);
    const file = ref(null);
    const sending = ref(false);
    const refused = ref(null); // the last refusal of this conversation's draft
    const asked = ref(null); // the text whose preview is under way
    const draft = computed(() => draftOf(state.openId));
    const proposals = computed(() => state.head.proposals);
    const language = computed(() => state.head.override || state.head.case.language || state.head.row.language);
    const isPick = computed(() => draft.value.pick !== null && draft.value.chinese === draft.value.pick.chinese && draft.value.hand === null);
    const preview = computed(() => (state.preview?.chinese === draft.value.chinese ? state.preview : null));
    const outText = computed(() => (isPick.value ? draft.value.pick.text : draft.value.hand ?? preview.value?.text ?? null));
    const outLanguage = computed(() => (isPick.value ? draft.value.pick.language : preview.value?.language ?? language.value));
    const doubts = computed(() => (draft.value.hand !== null ? [] : isPick.value ? draft.value.pick.checks : preview.value?.checks ?? []));
    // The seller's own wording is judged by the server when it is sent; a machine's is not in it then.
    const warnings = computed(() => (draft.value.note || isPick.value ? [] : (preview.value?.warnings ?? []).filter((each) => !each.outgoing || draft.value.hand === null)));
    const stopped = computed(() => warnings.value.some((each) => each.hard));
    const back = computed(() => preview.value?.back);
    const waitingPreview = computed(() => asked.value !== null && asked.value === draft.value.chinese && !preview.value);
    const size = computed(() => (state.head.carries.unit === "bytes" ? new TextEncoder().encode(outText.value ?? "").length : (outText.value ?? "").length));
    const most = computed(() => state.head.carries.limit * state.head.carries.parts);
    const tooLong = computed(() => !draft.value.note && size.value > most.value);
    const limit = computed(largest);
    const shut = computed(() => windowLeft() === 0 && !draft.value.note);
    const hint = computed(() => (draft.value.note ? "" : optionsHint(draft.value.chinese, outText.value, state.head.carries)));
    const hasContent = computed(() => Boolean(draft.value.chinese.trim()) || (draft.value.media.length > 0 && !draft.value.note));
    // What could not be uploaded must be taken off by hand: nothing is left out unseen.
    const uploaded = computed(() => draft.value.note || draft.value.media.every((each) => each.ref));
    const canSend = computed(() => hasContent.value && uploaded.value && !sending.value && !tooLong.value && !shut.value && !stopped.value);
    const stalePick = computed(() => draft.value.pick !== null && draft.value.pick.turn !== state.head.turn);

    const notice = computed(() => {
      if (refused.value) {
        const { code } = refused.value.refusal ?? {};
        return { tone: "bad", text: outcomeText(refused.value), confirm: code === "unproven", free: code === "closed" };
      }
      if (draft.value.note || !stalePick.value) return null;
      const text = state.head.turn === null ? (state.head.closedBy ? t("{who} 已经回复过，这条建议已关闭", { who: state.head.closedBy }) : t("这条建议已关闭")) : t("买家又来了新消息，请核对后再发");
      return { tone: "warn", text, free: true };
    });

    let timer;
    const askPreview = (back) => {
      const chinese = draft.value.chinese;
      if (!chinese.trim()) return;
      asked.value = chinese;
      ask("preview", { conversation: state.openId, chinese, back });
    };
    watch(
      () => [state.openId, draft.value.chinese, draft.value.note, language.value],
      ([id, chinese, note, tongue], old = []) => {
        clearTimeout(timer);
        if (id !== old[0] || chinese !== old[1]) refused.value = null;
        if (tongue !== old[3]) state.preview = null; // it would leave in another language now
        if (!note && chinese.trim() && !isPick.value) timer = setTimeout(() => askPreview(false), PREVIEW_MS);
      },
      { immediate: true },
    );
    const askBack = () => askPreview(true);
    const improve = (better) => {
      draft.value.chinese = better;
      focus();
    };

    const grow = () => {
      if (!box.value) return;
      box.value.style.height = "auto";
      box.value.style.height = `${Math.min(box.value.scrollHeight, MAX_HEIGHT)}px`;
    };
    watch(() => [state.openId, draft.value.chinese], () => nextTick(grow));

    const focus = () => nextTick(() => box.value?.focus());
    const pick = (index) => {
      const proposal = proposals.value[index];
      if (!proposal || proposal.text === null) return;
      pickInto(state.openId, proposal, state.head.turn);
      focus();
    };
    const leavePick = () => (putAway(state.openId), focus());
    const goFree = () => {
      // The words stay, the proposal they came from does not.
      Object.assign(draft.value, { pick: null, stash: "" });
      refused.value = null;
      askPreview(false);
      focus();
    };
    const byHand = () => (draft.value.hand = draft.value.hand === null ? outText.value ?? "" : null);

    const send = async (confirmed = false) => {
      if (!canSend.value) return;
      const conversation = state.openId;
      const { chinese, pick, key, note, hand } = draft.value;
      const media = draft.value.media.map(({ ref, name }) => ({ ref, name }));
      sending.value = true;
      refused.value = null;
      clearTimeout(timer);
      const picked = isPick.value;
      const outcome = note
        ? await act("note", { conversation, text: chinese }, key)
        : await act("choose", { conversation, chinese, proposal: pick?.id ?? null, turn: pick ? pick.turn : state.head.turn, text: picked || !chinese.trim() ? null : hand ?? outText.value, media, confirmed }, key);
      sending.value = false;
      if (!outcomeText(outcome) || outcome.error === "slow" || outcome.parked) {
        // What was parked can be retried where it stands: the same words here would leave a second time.
        if (draftOf(conversation).key === key) clearDraft(conversation); // not what was typed meanwhile
        if (outcome.error) toast(outcomeText(outcome), outcome.parked ? "bad" : "");
        return;
      }
      draftOf(conversation).key = newKey(); // the next try is a new decision
      if (conversation === state.openId) refused.value = outcome;
      else toast(outcomeText(outcome), "bad");
    };

    const keys = (event) => {
      // While an input method composes, Enter picks a word and belongs to it; some browsers tell it by 229 alone.
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        send();
      }
    };

    Object.assign(composer, {
      pick,
      send: () => send(),
      hasText: () => hasContent.value,
      leave: () => {
        if (isPick.value) putAway(state.openId);
        box.value?.blur();
      },
    });
    const chosen = () => {
      attach(file.value.files);
      file.value.value = "";
    };
    const dropped = (event) => limit.value && !draft.value.note && attach(event.dataTransfer.files);
    const paste = (event) => {
      const files = limit.value && !draft.value.note ? pasted(event.clipboardData) : [];
      if (!files.length) return;
      event.preventDefault();
      attach(files);
    };
    // Words of a reply that was refused late come back where nothing new was typed.
    const takeBack = () => {
      const words = state.returned[state.openId];
      if (!words) return;
      delete state.returned[state.openId];
      if (!draft.value.chinese) draft.value.chinese = words;
    };
    watch(() => [state.openId, state.returned[state.openId]], takeBack, { immediate: true });
    onMounted(grow);
    return { closedText, libraryDialog, templateDialog, sizeText, file, most, limit, shut, hint, chosen, dropped, paste, state, t, label, languageName, reason, box, draft, proposals, language, isPick, preview, outText, outLanguage, doubts, warnings, stopped, improve, back, waitingPreview, size, tooLong, canSend, sending, notice, pick, leavePick, goFree, byHand, askBack, send, keys };
  },
};
