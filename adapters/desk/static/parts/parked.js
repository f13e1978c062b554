// Between the talk and the editor: what failed in this conversation and has no line of its own.
import { computed, ref } from "vue";
import { Icon } from "heqi-desk/icon.js";
import { dismissFailed, dismissName, failureText, retryFailed } from "heqi-desk/failures.js";
import { stamp, whole } from "heqi-desk/time.js";
import { label, state, t } from "heqi-desk/state.js";

export const ParkedBar = {
  components: { Icon },
  template: `
    <section v-if="found.length" class="parked" :aria-label="t('没有处理成功')">
      <article v-for="each in found" :key="each.event" :data-parked="each.event" :aria-busy="busy === each.event">
        <p class="what"><icon name="warn"></icon><b>{{ label('event', each.type) }}</b><span>{{ t('没有处理成功') }}</span><bdi v-if="each.agent">{{ each.agent }}</bdi><time :title="whole(each.at)">{{ stamp(each.at) }}</time></p>
        <p v-if="each.text" class="words" dir="auto">{{ each.text }}</p>
        <p class="why">{{ failureText(each.error) }} <code>{{ each.error }}</code></p>
        <p class="do">
          <button type="button" class="quiet small" data-action="retry" :disabled="busy === each.event" @click="run(retryFailed, each)"><span v-if="busy === each.event" class="spinner"></span><icon v-else name="redo"></icon>{{ t('重试') }}</button>
          <button type="button" class="quiet small" data-action="dismiss" :disabled="busy === each.event" @click="run(dismissFailed, each)"><icon name="cross"></icon>{{ dismissName(each) }}</button>
        </p>
      </article>
    </section>`,
  setup() {
    const found = computed(() => state.head.parked);
    const busy = ref(null); // the event whose outcome is awaited
    const run = async (what, each) => {
      busy.value = each.event;
      await what(each, state.openId);
      busy.value = null;
    };
    return { t, label, stamp, whole, failureText, dismissName, retryFailed, dismissFailed, found, busy, run };
  },
};
