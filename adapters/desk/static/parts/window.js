// The messaging window: how long the platform still takes free text in this conversation.
import { computed } from "vue";
import { Icon } from "heqi-desk/icon.js";
import { exactSpan } from "heqi-desk/time.js";
import { state, t } from "heqi-desk/state.js";

const SOON = 3_600_000; // within the last hour it is time to hurry

/** Milliseconds left, 0 when it is closed, null when the channel has no window. It closes by the clock, unasked. */
export function windowLeft() {
  if (!state.head.windowOpen) return 0;
  return state.head.windowUntil === null ? null : Math.max(state.head.windowUntil - state.now, 0);
}

export function closedText() {
  const hours = state.head.carries.windowHours;
  return hours === null ? t("回复窗口已关闭") : t("{n} 小时窗口已关闭", { n: hours });
}

export const WindowMark = {
  components: { Icon },
  template: `<p v-if="left !== null" class="window" :class="tone" data-window><icon :name="left ? 'clock' : 'lock'"></icon><span>{{ left ? t('可自由回复，还剩 {span}', { span: exactSpan(left) }) : closedText() }}</span></p>`,
  setup() {
    const left = computed(windowLeft);
    const tone = computed(() => (left.value === 0 ? "shut" : left.value < SOON ? "soon" : "open"));
    return { t, left, tone, closedText, exactSpan };
  },
};
