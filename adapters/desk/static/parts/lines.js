// Middle: the talk. Live changes keep the place the seller reads at.
import { computed, nextTick, onBeforeUnmount, onMounted, ref, watch } from "vue";
import { Bubble } from "heqi-desk/bubble.js";
import { dayKey, dayName } from "heqi-desk/time.js";
import { ask, state, t } from "heqi-desk/state.js";

const NEAR_END = 90;

export const TalkLines = {
  components: { Bubble },
  template: `
    <div class="lines-box">
      <div ref="box" class="lines" tabindex="0" :aria-label="t('消息')" @scroll.passive="look">
        <button v-if="state.head.earlier" type="button" class="quiet earlier" :disabled="loading" @click="more">{{ loading ? t('正在读取…') : t('更早的消息') }}</button>
        <template v-for="item in items" :key="item.key">
          <p v-if="item.day" class="day"><span>{{ item.day }}</span></p>
          <bubble v-else :line="item.line"></bubble>
        </template>
        <p v-if="!items.length" class="nothing">{{ t('还没有消息') }}</p>
      </div>
      <button v-if="news" type="button" class="to-end" @click="toEnd">↓ {{ t('新消息') }}</button>
    </div>`,
  setup() {
    const box = ref(null);
    const news = ref(false);
    const loading = ref(false);
    let atEnd = true;
    const items = computed(() => {
      const found = [];
      let previous = "";
      for (const id of state.lineOrder) {
        const line = state.lines[id];
        const day = dayKey(line.at);
        if (day !== previous) found.push({ key: `day ${day} ${id}`, day: dayName(line.at) });
        previous = day;
        found.push({ key: id, line });
      }
      return found;
    });
    const look = () => {
      if (!box.value) return; // the last scroll of a talk that was just left
      const { scrollHeight, scrollTop, clientHeight } = box.value;
      atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
      if (atEnd) news.value = false;
    };
    const toEnd = () => {
      box.value.scrollTop = box.value.scrollHeight;
      news.value = false;
    };
    // A line that was asked for from elsewhere, when it is among those that are loaded.
    const toFocus = () => {
      const line = state.focus === null ? null : box.value?.querySelector(`[data-message="${state.focus}"]`);
      if (!line) return;
      state.focus = null;
      line.scrollIntoView({ block: "center" });
      line.classList.add("sought");
      setTimeout(() => line.classList.remove("sought"), 2000);
      look();
    };
    watch(() => state.focus, toFocus);
    const sizes = new ResizeObserver(() => atEnd && toEnd());
    const more = () => {
      loading.value = true;
      ask("earlier");
    };
    watch(
      () => state.lineOrder,
      async (order, old) => {
        look(); // where the seller is right now; the event of the last scroll may still be on its way
        const older = old.length && order.length && order[0] !== old[0] && order.at(-1) === old.at(-1);
        const added = order.at(-1) !== old.at(-1);
        const oldHeight = box.value?.scrollHeight ?? 0;
        const oldTop = box.value?.scrollTop ?? 0;
        await nextTick();
        if (!box.value) return;
        if (older) box.value.scrollTop = oldTop + box.value.scrollHeight - oldHeight;
        else if (atEnd) toEnd();
        else if (added) news.value = true;
      },
    );
    watch(
      () => state.head,
      async () => {
        look();
        const stay = atEnd;
        loading.value = false;
        await nextTick();
        if (stay && box.value) toEnd(); // proposals came or went, or a translation arrived
      },
    );
    onMounted(() => {
      toEnd();
      toFocus();
      sizes.observe(box.value);
    });
    onBeforeUnmount(() => sizes.disconnect());
    return { state, t, box, items, news, loading, look, toEnd, more };
  },
};
