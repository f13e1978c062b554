// One message: what was written, the Chinese of it, what was read from it, and what became of it.
import { computed, ref } from "vue";
import { APPROVAL, decisionName, decisionsOf } from "heqi-desk/decisions.js";
import { failureText } from "heqi-desk/failures.js";
import { Icon } from "heqi-desk/icon.js";
import { MediaList } from "heqi-desk/media.js";
import { clock, whole } from "heqi-desk/time.js";
import { actAndTell, ask, deliveryReason, label, languageName, reason, state, t } from "heqi-desk/state.js";

const MARKS = { queued: "clock", sending: "clock", sent: "check", delivered: "twice", read: "twice", failed: "warn", ambiguous: "warn", held: "pause", cancelled: "cross" };
const Words = {
  props: { text: String, full: String, length: Number, lang: String, id: Number },
  template: `
    <span class="words"><span dir="auto" :lang="lang" class="text">{{ shown }}</span><template v-if="length">
      <button type="button" class="link" @click="toggle">{{ open ? t('收起') : t('显示全部（{n} 字）', { n: length.toLocaleString() }) }}</button></template></span>`,
  setup(props) {
    const open = ref(false);
    const shown = computed(() => (open.value && props.full ? props.full : props.text + (props.length ? "…" : "")));
    const toggle = () => {
      open.value = !open.value;
      if (open.value && !props.full) ask("full", { id: props.id });
    };
    return { t, open, shown, toggle };
  },
};

/** What a sign is called: by its own name where it has one (sarcasm, capitals), else by what it tells. */
const signName = (group, id) => state.labels.sign[id] ?? state.labels[group]?.[id] ?? id;

const Chips = {
  props: { line: Object },
  components: { Icon },
  template: `
    <ul v-if="chips.length" class="chips"><li v-for="chip in chips" :key="chip.text" :class="chip.tone" :title="chip.hint">
      <icon v-if="chip.icon" :name="chip.icon"></icon><span>{{ chip.text }}</span><small v-if="chip.small">{{ chip.small }}</small></li>
      <li v-if="why.length" class="ask"><button type="button" class="link" data-action="why" :aria-expanded="open" @click="open = !open">{{ open ? t('收起') : t('为何这样判断') }}</button></li></ul>
    <dl v-if="open" class="why"><template v-for="[group, id, words, weight] in why" :key="group + id + words"><dt>{{ signName(group, id) }}</dt><dd dir="auto">{{ words }} <small>{{ Math.round(weight * 100) }}%</small></dd></template></dl>`,
  setup(props) {
    const open = ref(false);
    const why = computed(() => props.line.reading?.why ?? []);
    const chips = computed(() => {
      const { reading, checks, engine } = props.line;
      const found = [];
      for (const [id, confidence] of reading?.situations ?? [])
        found.push({ text: label("situation", id), small: `${Math.round(confidence * 100)}%`, tone: "situation" });
      if (reading && reading.mood !== "calm") found.push({ text: label("mood", reading.mood), tone: `mood-${reading.mood}` });
      if (reading?.urgency === "high") found.push({ text: label("urgency", "high"), tone: "urgent" });
      for (const want of reading?.wants ?? []) found.push({ text: t("想要{what}", { what: label("want", want) }), tone: "want" });
      for (const [name, text] of reading?.facts ?? []) found.push({ text: `${label("fact", name)} ${text}`, tone: "fact" });
      for (const [code, detail] of checks) found.push({ text: `${t("请核对")}：${label("check", code)} ${detail}`, tone: "doubt", icon: "warn" });
      if (engine && engine !== "same") found.push({ text: state.labels.engine_name[engine] ?? engine, tone: "engine", hint: t("翻译引擎") });
      return found;
    });
    return { chips, open, why, signName, t };
  },
};

export const Bubble = {
  props: { line: Object },
  components: { Chips, Icon, MediaList, Words },
  template: `
    <article class="bubble" :class="[line.direction, { replaced: line.replaced, deleted: line.deletedAt, folded: line.replaced && !show }]" :data-message="line.id">
      <p v-if="line.direction === 'note'" class="note-head"><icon name="note"></icon>{{ t('备注') }} · <span dir="auto">{{ line.author }}</span> · <time :title="whole(line.at)">{{ clock(line.at) }}</time></p>
      <p v-if="line.edits" class="mark"><icon name="pen"></icon>{{ t('买家修改过') }}</p>
      <p v-if="line.answers !== null && line.answers !== undefined" class="mark quoted"><span class="quote-head">{{ t('回复的是') }}</span><span dir="auto">{{ line.answers || '📎' }}</span></p>
      <p v-if="line.deletedAt" class="mark" data-mark="deleted"><icon name="bin"></icon><span :title="whole(line.deletedAt)">{{ t('买家已删除') }} · {{ clock(line.deletedAt) }}</span></p>
      <p v-if="line.replaced" class="mark"><button type="button" class="link" @click="show = !show">{{ show ? t('收起') : t('修改前的内容') }}</button></p>
      <div v-if="!line.replaced || show" class="body">
        <media-list v-if="line.media.length" :items="line.media"></media-list>
        <template v-if="line.direction === 'outgoing'">
          <p v-if="line.chinese" class="chinese"><words :text="line.chinese" :full="full?.chinese" :length="line.chineseLength" :id="line.id" lang="zh"></words></p>
          <p v-if="line.text" class="original"><span class="tongue">{{ languageName(line.language) }}</span><words :text="line.text" :full="full?.text" :length="line.textLength" :id="line.id" :lang="line.language"></words></p>
        </template>
        <template v-else-if="line.direction === 'incoming'">
          <p v-if="line.text" :class="line.same ? 'chinese' : 'original'"><words :text="line.text" :full="full?.text" :length="line.textLength" :id="line.id" :lang="line.language"></words></p>
          <p v-if="line.chinese && !line.same" class="chinese"><words :text="line.chinese" :full="full?.chinese" :length="line.chineseLength" :id="line.id" lang="zh"></words></p>
          <p v-if="line.pending" class="pending"><span class="spinner"></span>{{ t('正在翻译和识别…') }}</p>
          <p v-if="line.untranslated || line.parked" class="untranslated">
            <strong>{{ line.parked ? t('没有处理成功') : t('未翻译') }}</strong>
            <span v-for="[engine, why] in line.attempts" :key="engine + why">{{ engine }}：{{ reason(why) }}</span>
            <span v-if="line.parked">{{ failureText(line.parked) }} <code>{{ line.parked }}</code></span>
            <button type="button" class="quiet small" data-action="retranslate" @click="actAndTell('retranslate', { message: line.id })"><icon name="redo"></icon>{{ t('重试') }}</button>
            <button v-if="line.parked" type="button" class="quiet small" data-action="dismiss" @click="actAndTell('dismiss', { event: line.event })"><icon name="cross"></icon>{{ t('忽略') }}</button>
          </p>
        </template>
        <p v-else class="chinese"><words :text="line.text" :full="full?.text" :length="line.textLength" :id="line.id" lang="zh"></words></p>
        <p v-if="line.direction === 'outgoing' && !line.text && !line.media.length && line.delivery !== 'held'" class="untranslated"><strong>{{ t('未翻译') }}</strong>
          <span v-for="[engine, why] in line.attempts" :key="engine + why">{{ engine }}：{{ reason(why) }}</span></p>
        <p v-if="line.direction !== 'note'" class="foot">
          <span v-if="line.onPhone" class="on-phone" data-mark="phone"><icon name="phone"></icon>{{ t('手机端') }}</span>
          <span v-else-if="line.direction === 'outgoing'" dir="auto">{{ line.author || t('自动') }}</span>
          <span v-if="line.kind">{{ label('kind', line.kind) }}</span>
          <span v-if="line.direction === 'outgoing' && !line.onPhone">{{ line.proposed ? t('建议回复') : t('自拟回复') }}</span>
          <span v-if="line.origin" class="origin" :class="line.origin">{{ label('origin', line.origin) }}</span>
          <span v-if="line.direction === 'outgoing' && line.engine && line.engine !== 'same'">{{ state.labels.engine_name[line.engine] ?? line.engine }}</span>
          <time :title="whole(line.at)">{{ clock(line.at) }}</time>
          <span v-if="line.delivery" class="delivery" :class="line.delivery"><icon :name="MARKS[line.delivery]"></icon>{{ label('delivery', line.delivery) }}</span>
        </p>
      </div>
      <div v-if="decisions.length || waitsForLead" class="decide" :class="line.delivery">
        <span v-if="line.delivery === 'queued'">{{ t('稍后自动重试') }}：{{ deliveryReason(line.deliveryError) }}</span>
        <span v-else-if="line.deliveryError" dir="auto">{{ deliveryReason(line.deliveryError) }}</span>
        <span v-else-if="line.delivery === 'ambiguous'">{{ t('不确定买家是否收到，请先确认，避免重复。') }}</span>
        <span v-else-if="line.delivery === 'held'">{{ t('还没有发出。') }}</span>
        <template v-if="waitsForLead && isLead">
          <button type="button" class="quiet small" data-action="approve" @click="actAndTell('approve', { message: line.id, approved: true })"><icon name="check"></icon>{{ t('批准') }}</button>
          <button type="button" class="quiet small" data-action="disapprove" @click="actAndTell('approve', { message: line.id, approved: false })"><icon name="cross"></icon>{{ t('驳回') }}</button>
        </template>
        <button v-for="decision in decisions" :key="decision" type="button" class="quiet small" :data-decision="decision" @click="actAndTell('decide', { message: line.id, decision })">{{ waitsForLead ? t('撤回') : decisionName(line.delivery, decision) }}</button>
      </div>
      <chips v-if="line.direction === 'incoming' && !line.replaced" :line="line"></chips>
      <ul v-else-if="line.checks.length" class="chips"><li v-for="[code, detail] in line.checks" :key="code + detail" class="doubt"><icon name="warn"></icon><span>{{ label('check', code) }} {{ detail }}</span></li></ul>
    </article>`,
  setup(props) {
    const show = ref(false);
    // A held text that was never translated cannot leave as it was shown: there is nothing to leave.
    const isLead = computed(() => state.me.role === "lead");
    const waitsForLead = computed(() => props.line.delivery === "held" && props.line.deliveryError === APPROVAL);
    const decisions = computed(() => {
      const { delivery, deliveryError, text, media } = props.line;
      if (waitsForLead.value) return isLead.value ? [] : ["cancel"];
      if (delivery === "queued" && !deliveryError) return []; // it leaves in a moment
      return decisionsOf(delivery).filter((each) => each !== "send" || text || media.length);
    });
    const full = computed(() => state.full[props.line.id]);
    return { state, t, label, languageName, reason, deliveryReason, clock, whole, actAndTell, show, isLead, waitsForLead, decisions, full, failureText, decisionName, MARKS };
  },
};
