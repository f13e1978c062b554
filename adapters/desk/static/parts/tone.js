// What the seller should not say: the words marked, why, and a better line to put in their place.
import { t } from "heqi-desk/state.js";
import { Icon } from "heqi-desk/icon.js";

const AROUND = 12; // characters shown beside the words
const SENTENCE_END = /[。！？!?；;\n]/;

/** The text in three pieces: before the words, the words, behind them. Places count characters, not UTF-16 units. */
function marked(chinese, { start, end, words, outgoing }) {
  if (outgoing) return ["", words, ""];
  const all = Array.from(chinese);
  const before = all.slice(Math.max(start - AROUND, 0), start).join("");
  const behind = all.slice(end, end + AROUND).join("");
  return [(start > AROUND ? "…" : "") + before, all.slice(start, end).join(""), behind + (end + AROUND < all.length ? "…" : "")];
}

/** The text with the sentence of the words replaced by the better line. */
export function improved(chinese, { start, end, better }) {
  const all = Array.from(chinese);
  let from = start;
  while (from > 0 && !SENTENCE_END.test(all[from - 1])) from -= 1;
  let to = end;
  while (to < all.length && !SENTENCE_END.test(all[to - 1])) to += 1;
  while (to < all.length && SENTENCE_END.test(all[to]) && all[to] !== "\n") to += 1;
  return all.slice(0, from).join("") + better + all.slice(to).join("");
}

export const ToneWarnings = {
  components: { Icon },
  props: { warnings: Array, chinese: String },
  emits: ["improve"],
  template: `
    <ul class="tone" role="status">
      <li v-for="warning in warnings" :key="warning.rule + warning.start + warning.outgoing" class="notice" :class="{ bad: warning.hard }" :data-tone="warning.rule">
        <icon name="warn"></icon>
        <span><b v-if="warning.hard">{{ t('不能发出') }}</b> <q dir="auto">{{ marked(chinese, warning)[0] }}<mark>{{ marked(chinese, warning)[1] }}</mark>{{ marked(chinese, warning)[2] }}</q> {{ warning.why }}<small lang="zh">{{ t('可以说') }}：{{ warning.better }}</small></span>
        <button v-if="!warning.outgoing" type="button" class="quiet small" data-action="improve" @click="$emit('improve', improved(chinese, warning))">{{ t('换成更好的说法') }}</button>
      </li>
    </ul>`,
  setup: () => ({ t, marked, improved }),
};
