// All that is stuck, across conversations: how much in the head of the list, and what in place of the list.
import { computed, ref } from "vue";
import { decisionName, decisionsOf } from "heqi-desk/decisions.js";
import { dismissFailed, failureText, hasOwnWords, retryFailed } from "heqi-desk/failures.js";
import { Icon } from "heqi-desk/icon.js";
import { stamp, whole } from "heqi-desk/time.js";
import { actAndTellIn, ask, deliveryReason, label, openConversation, state, t } from "heqi-desk/state.js";

// In the order of how badly a person is needed.
const KINDS = ["ambiguous", "failed", "parked", "held", "attachment"];

const total = computed(() => Object.values(state.troubles.counts).reduce((sum, count) => sum + count, 0));

/** Put the list of what is stuck in place of the conversations, or put it away. */
export function showTroubles(open) {
  if (open === state.troublesOpen) return;
  state.troublesOpen = open;
  ask("troubles", { open });
}

export const TroubleButton = {
  components: { Icon },
  template: `
    <button v-if="total || state.troublesOpen" type="button" class="troubles-button" data-action="troubles" :aria-pressed="state.troublesOpen" @click="showTroubles(!state.troublesOpen)">
      <icon name="warn"></icon><span>{{ t('待处理异常') }}</span><b>{{ total }}</b></button>`,
  setup: () => ({ state, t, total, showTroubles }),
};

const TroubleItem = {
  props: { item: Object },
  components: { Icon },
  template: `
    <article class="trouble-item" :class="'kind-' + item.kind" :data-trouble="item.kind" :aria-busy="busy">
      <a :href="'/desk/' + item.conversation" @click.exact.prevent="openConversation(item.conversation, item.message)">
        <span class="line"><b class="kind">{{ label('trouble', item.kind) }}</b><strong><bdi>{{ item.name || t('买家') + ' ' + item.conversation }}</bdi></strong><time :title="whole(item.at)">{{ stamp(item.at) }}</time></span>
        <span class="line what"><template v-if="item.type">{{ label('event', item.type) }}</template><bdi v-if="item.agent">{{ item.agent }}</bdi><span>{{ label('channel', item.channel) }}</span></span>
        <span v-if="item.text" class="words"><bdi>{{ item.text }}</bdi></span>
        <span v-if="item.error" class="why">{{ why }} <code v-if="item.kind === 'parked'">{{ item.error }}</code></span>
      </a>
      <p v-if="buttons.length" class="do">
        <button v-for="each in buttons" :key="each.name" type="button" class="quiet small" :data-decision="each.name" :disabled="busy" @click="run(each.run)">{{ each.text }}</button></p>
    </article>`,
  setup(props) {
    const busy = ref(false);
    const why = computed(() => (props.item.kind === "parked" ? failureText(props.item.error) : deliveryReason(props.item.error)));
    const aboutAttachments = (type) => actAndTellIn(props.item.conversation, type, { event: props.item.event, part: "attachments" });
    const buttons = computed(() => {
      const { kind, conversation, message } = props.item;
      if (kind === "held") return []; // whoever lets it go must see what the buyer gets
      if (kind === "attachment") return [{ name: "retry", text: t("重试"), run: () => aboutAttachments("retry") }, { name: "dismiss", text: t("忽略"), run: () => aboutAttachments("dismiss") }];
      if (kind !== "parked")
        return decisionsOf(kind).map((name) => ({ name, text: decisionName(kind, name), run: () => actAndTellIn(conversation, "decide", { message, decision: name }) }));
      const retry = { name: "retry", text: t("重试"), run: () => retryFailed(props.item, conversation) };
      // One's own words are taken back where they stand whole: in their conversation.
      if (hasOwnWords(props.item)) return [retry];
      return [retry, { name: "dismiss", text: t("忽略"), run: () => dismissFailed(props.item, conversation) }];
    });
    const run = async (what) => {
      busy.value = true;
      await what();
      busy.value = false;
    };
    return { t, label, stamp, whole, openConversation, busy, why, buttons, run };
  },
};

export const TroubleRows = {
  components: { Icon, TroubleItem },
  template: `
    <div class="rows troubles" role="region" :aria-label="t('待处理异常')">
      <p class="counts"><span v-for="kind in kinds" :key="kind" :data-count="kind">{{ label('trouble', kind) }} <b>{{ state.troubles.counts[kind] }}</b></span></p>
      <trouble-item v-for="item in state.troubles.rows" :key="item.kind + item.event + item.message" :item="item"></trouble-item>
      <p v-if="!total" class="nothing">{{ t('没有要处理的异常') }}</p>
      <p v-else-if="state.troubles.rows.length && hidden > 0" class="nothing">{{ t('只显示最新的，还有 {n} 条', { n: hidden }) }}</p>
    </div>`,
  setup() {
    const kinds = computed(() => KINDS.filter((kind) => state.troubles.counts[kind]));
    const hidden = computed(() => total.value - state.troubles.rows.length);
    return { state, t, label, total, kinds, hidden };
  },
};
