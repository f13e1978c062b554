// Why the team was told of this conversation, since when, and who takes care of it.
import { computed } from "vue";
import { Icon } from "heqi-desk/icon.js";
import { exactSpan, whole } from "heqi-desk/time.js";
import { actAndTell, label, state, t } from "heqi-desk/state.js";

export const EscalationBar = {
  components: { Icon },
  template: `
    <section v-if="found?.open" class="escalation" :class="'level-' + found.severity" :aria-label="t('升级')" data-escalation>
      <icon name="bell"></icon>
      <p><b>{{ label('severity', found.severity) }}</b><span v-for="reason in found.reasons" :key="reason" class="why">{{ label('reason', reason) }}</span>
        <span class="since"><time :title="whole(found.openedAt)">{{ t('已 {span}', { span: exactSpan(Math.max(state.now - found.openedAt, 0)) }) }}</time> ·
        <template v-if="mine">{{ t('您在处理') }}</template><bdi v-else-if="found.claimedBy">{{ t('{who} 在处理', { who: found.claimedBy }) }}</bdi><template v-else>{{ t('还没有人认领') }}</template></span></p>
      <button v-if="!found.claimedBy" type="button" class="quiet small" data-action="claim" @click="actAndTell('claim', {})"><icon name="hand"></icon>{{ t('认领') }}</button>
      <button v-if="!found.reasons.includes('asked')" type="button" class="quiet small" data-action="escalate" @click="actAndTell('escalate', {})"><icon name="bell"></icon>{{ t('升级') }}</button>
    </section>`,
  setup() {
    const found = computed(() => state.head.escalation);
    const mine = computed(() => found.value?.claimedBy === state.me.name);
    return { state, t, label, whole, exactSpan, actAndTell, found, mine };
  },
};
