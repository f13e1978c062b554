// What was promised to the buyer, and how far it is.
import { actAndTell, label, t } from "heqi-desk/state.js";
import { stamp } from "heqi-desk/time.js";

const NEXT = { offered: ["accepted", "done", "withdrawn"], late: ["accepted", "done", "withdrawn"], accepted: ["done", "withdrawn"] };

export const PlanList = {
  props: { plans: Array },
  template: `
    <ul class="plans"><li v-for="plan in plans" :key="plan.id" class="plan" :class="plan.state" :data-plan="plan.id">
      <p><b>{{ label('remedy', plan.remedy) }}</b><span v-if="plan.amount" class="amount">{{ plan.amount }}</span><span class="plan-state">{{ label('plan', plan.state) }}</span></p>
      <small>{{ plan.agent }}<template v-if="NEXT[plan.state]"> · {{ t('{when} 前跟进', { when: stamp(plan.due) }) }}</template></small>
      <p v-if="NEXT[plan.state]" class="verbs"><button v-for="next in NEXT[plan.state]" :key="next" type="button" class="quiet small" :data-next="next" @click="change(plan, next)">{{ verb(next) }}</button></p>
    </li></ul>`,
  setup() {
    const change = (plan, next) => actAndTell("plan", { plan: plan.id, state: next });
    const verb = (next) => (next === "withdrawn" ? t("作废") : label("plan", next));
    return { t, label, stamp, NEXT, change, verb };
  },
};
