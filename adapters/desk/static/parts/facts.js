// What the agent knows of the order, filled in by hand: replies that name it can then be proposed.
import { reactive, ref, watch } from "vue";
import { actAndTell, state, t } from "heqi-desk/state.js";

export const FactForm = {
  template: `
    <button v-if="!open" type="button" class="link" data-action="facts" @click="open = true">{{ t('补充订单信息') }}</button>
    <form v-else class="fact-form" @submit.prevent="save">
      <label>{{ t('订单号') }}<input v-model="form.order" name="order" maxlength="200" autocomplete="off"></label>
      <label>{{ t('运单号') }}<input v-model="form.tracking" name="tracking" maxlength="200" autocomplete="off"></label>
      <label>{{ t('商品（买家的叫法）') }}<input v-model="form.product" name="product" maxlength="200" autocomplete="off"></label>
      <label>{{ t('订单金额') }}<span class="money"><input v-model="form.amount" name="amount" inputmode="decimal" maxlength="20" autocomplete="off"><input v-model="form.currency" name="currency" maxlength="3" autocomplete="off"></span></label>
      <p class="verbs"><button class="quiet small" data-action="facts-save">{{ t('保存') }}</button><button type="button" class="link" @click="open = false">{{ t('收起') }}</button></p>
    </form>`,
  setup() {
    const open = ref(false);
    const form = reactive({ ...state.head.case.known });
    watch([open, () => state.openId], () => Object.assign(form, state.head.case.known));
    watch(() => state.openId, () => (open.value = false));
    const save = async () => {
      const known = state.head.case.known;
      const changed = Object.fromEntries(["order", "tracking", "product"].filter((name) => form[name] !== known[name]).map((name) => [name, form[name]]));
      const value = form.amount ? { amount: form.amount, currency: form.currency.trim().toUpperCase() } : {};
      if (await actAndTell("facts", { ...changed, ...value })) open.value = false;
    };
    return { t, open, form, save };
  },
};
