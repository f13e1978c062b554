// Sending an approved template: the only way to write first once the messaging window is closed.
import { computed, nextTick, reactive, ref, watch } from "vue";
import { Icon } from "heqi-desk/icon.js";
import { act, deliveryReason, languageName, newKey, outcomeText, state, t, toast } from "heqi-desk/state.js";

/** Opens the dialog; set by the one on the screen. */
export const templateDialog = { open: () => {} };

const tongueOf = (language) => language.split(/[_-]/)[0].toLowerCase();
const tongue = (template) => tongueOf(template.language);

function filled(text, values) {
  return text.replace(/\{\{\s*([0-9]{1,3})\s*\}\}/g, (place, number) => values[number - 1]?.trim().replace(/\s+/g, " ") || place);
}

export const TemplateDialog = {
  components: { Icon },
  template: `
    <dialog ref="box" class="sheet templates" :aria-label="t('选择模板')" @close="leave">
      <header><h2>{{ chosen ? t('填写模板') : t('选择模板') }}</h2><button type="button" class="plain" :aria-label="t('关闭')" @click="box.close()"><icon name="cross"></icon></button></header>
      <p v-if="loading" class="nothing"><span class="spinner"></span> {{ t('正在读取模板…') }}</p>
      <p v-if="problem" class="notice bad" role="alert"><icon name="warn"></icon><span>{{ problem }}</span></p>
      <p v-if="!loading && !problem && !found.length" class="nothing">{{ t('没有可用的模板，请先在平台上提交审核') }}</p>
      <ul v-if="!chosen" class="choices"><li v-for="each in sorted" :key="each.name + each.language">
        <button type="button" data-template @click="choose(each)"><span class="title"><b dir="auto">{{ each.name }}</b><small>{{ languageName(tongue(each)) }} · {{ each.language }}</small></span><span class="text" dir="auto" :lang="tongue(each)">{{ each.text }}</span></button></li></ul>
      <form v-else @submit.prevent="send">
        <p class="title"><b dir="auto">{{ chosen.name }}</b><small>{{ languageName(tongue(chosen)) }} · {{ chosen.language }}</small></p>
        <p v-if="language && !isTheirs(chosen)" class="notice" data-other-language><icon name="warn"></icon><span>{{ t('买家用{theirs}，这个模板是{its}', { theirs: languageName(language), its: languageName(tongue(chosen)) }) }}</span></p>
        <label v-for="(_, index) in values" :key="index">{{ t('变量 {n}', { n: index + 1 }) }}<input v-model="values[index]" dir="auto" maxlength="1000" required :data-value="index + 1"></label>
        <div class="seen"><h3>{{ t('买家收到') }}</h3><p dir="auto" :lang="tongue(chosen)" data-filled>{{ filled(chosen.text, values) }}</p></div>
        <div class="seen"><h3>{{ t('中文对照') }}</h3><p v-if="chinese" lang="zh" data-chinese>{{ filled(chinese.text, values) }}</p><p v-else class="nothing">{{ t('平台上没有这个模板的中文版，发出后会显示译文') }}</p></div>
        <footer><button type="button" class="quiet" @click="back">{{ t('换一个模板') }}</button><button class="send" data-action="send-template" :disabled="!complete || sending"><span v-if="sending" class="spinner"></span><icon v-else name="send"></icon>{{ t('发送模板') }}</button></footer>
      </form>
    </dialog>`,
  setup() {
    const box = ref(null);
    const found = ref([]);
    const chosen = ref(null);
    const loading = ref(false);
    const sending = ref(false);
    const problem = ref("");
    const values = reactive([]);
    let conversation = null;
    let key = newKey();

    // The buyer's language first, then as the platform lists them.
    const language = computed(() => state.head?.override || state.head?.case.language);
    const isTheirs = (template) => Boolean(language.value) && tongue(template) === tongueOf(language.value);
    const sorted = computed(() => [...found.value].sort((a, b) => isTheirs(b) - isTheirs(a)));
    const chinese = computed(() => found.value.find((each) => each.name === chosen.value.name && tongue(each) === "zh"));
    const complete = computed(() => values.every((value) => value.trim()));

    const told = (outcome) => (outcome.error === "platform" ? `${t("平台没有给出模板")} · ${deliveryReason(outcome.reason)}` : outcomeText(outcome));
    const open = async () => {
      conversation = state.openId;
      problem.value = "";
      loading.value = true;
      box.value.showModal();
      const outcome = await act("templates", { conversation });
      loading.value = false;
      problem.value = told(outcome);
      found.value = outcome.templates ?? [];
    };
    const choose = (template) => {
      chosen.value = template;
      values.splice(0, values.length, ...Array(template.variables).fill(""));
      nextTick(() => box.value.querySelector("input, .send")?.focus());
    };
    const back = () => {
      chosen.value = null;
      problem.value = "";
    };
    const send = async () => {
      sending.value = true;
      problem.value = "";
      const { name, language } = chosen.value;
      const outcome = await act("template", { conversation, name, language, values: [...values] }, key);
      sending.value = false;
      key = newKey(); // it is decided; whatever is sent next is another message
      problem.value = told(outcome);
      if (outcome.parked) toast(problem.value, "bad");
      if (!problem.value || outcome.error === "slow" || outcome.parked) box.value?.close();
    };
    const leave = () => (back(), (found.value = []));
    watch(() => state.openId, () => box.value?.close());
    templateDialog.open = open;
    return { t, languageName, tongue, isTheirs, filled, language, box, found, chosen, loading, sending, problem, values, sorted, chinese, complete, choose, back, send, leave };
  },
};
