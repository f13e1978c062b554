// Times as people say them. Only the small parts that tick depend on the running clock.
import { computed } from "vue";
import { state, t } from "heqi-desk/state.js";

const locale = () => (state.ui === "zh" ? "zh-CN" : "en-GB");
const formats = {};

function format(name, options) {
  return (formats[`${locale()} ${name}`] ??= new Intl.DateTimeFormat(locale(), options));
}

export function clock(at) {
  return format("clock", { hour: "2-digit", minute: "2-digit", hour12: false }).format(at);
}

export function whole(at) {
  return format("whole", { dateStyle: "long", timeStyle: "medium", hour12: false }).format(at);
}

export function dayKey(at) {
  return new Date(at).toDateString();
}

export function dayName(at) {
  if (dayKey(at) === dayKey(state.now)) return t("今天");
  if (dayKey(at) === dayKey(state.now - 86_400_000)) return t("昨天");
  return format("day", { month: "long", day: "numeric", weekday: "short" }).format(at);
}

/** When it was: the clock today, the day before. */
export function stamp(at) {
  if (dayKey(at) === dayKey(Date.now())) return clock(at);
  return format("date", { month: "numeric", day: "numeric" }).format(at);
}

export function span(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return t("{n} 分", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return t("{n} 小时", { n: hours });
  return t("{n} 天", { n: Math.floor(hours / 24) });
}

/** Hours and minutes, for what is counted down. */
export function exactSpan(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return t("不到 1 分");
  if (minutes < 60) return t("{n} 分", { n: minutes });
  if (minutes >= 48 * 60) return span(ms);
  return t("{h} 小时 {m} 分", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** The response clock: counts down while there is time, then tells how late it is. */
export const Countdown = {
  props: { due: Number, waiting: Number },
  template: `<span v-if="text" class="countdown" :class="tone" :title="hint">{{ text }}</span>`,
  setup(props) {
    const left = computed(() => (props.due == null ? null : props.due - state.now));
    const text = computed(() => {
      if (left.value === null) return props.waiting == null ? "" : t("等 {span}", { span: span(state.now - props.waiting) });
      if (left.value < 0) return t("超时 {span}", { span: span(-left.value) });
      if (left.value >= 3_600_000) return span(left.value);
      const seconds = Math.floor(left.value / 1000);
      return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    });
    const tone = computed(() => (left.value === null ? "" : left.value < 0 ? "late" : left.value < 60_000 ? "soon" : "running"));
    const hint = computed(() => (left.value === null ? t("买家在等回复") : t("首次响应倒计时")));
    return { text, tone, hint };
  },
};
