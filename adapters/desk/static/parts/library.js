// The library: every written reply, filled with what is known, for sellers who look for words themselves.
import { computed, nextTick, ref, watch } from "vue";
import { Icon } from "heqi-desk/icon.js";
import { draftOf } from "heqi-desk/drafts.js";
import { act, label, outcomeText, state, t } from "heqi-desk/state.js";

/** Opens the dialog; set by the one on the screen. */
export const libraryDialog = { open: () => {} };

const SHOWN = 60;

export const LibraryDialog = {
  components: { Icon },
  template: `
    <dialog ref="box" class="sheet library" :aria-label="t('话术库')" @close="shown = false">
      <template v-if="shown">
      <header><h2>{{ t('话术库') }}</h2><button type="button" class="plain" :aria-label="t('关闭')" @click="box.close()"><icon name="cross"></icon></button></header>
      <p class="search"><input ref="field" v-model="search" type="search" :placeholder="t('搜索话术：内容、情形或种类')" :aria-label="t('搜索话术：内容、情形或种类')" data-library-search></p>
      <p v-if="problem" class="notice bad" role="alert"><icon name="warn"></icon><span>{{ problem }}</span></p>
      <p v-if="!problem && found.length && !fitting.length" class="nothing">{{ t('没有这样的话术') }}</p>
      <ul class="choices"><li v-for="each in fitting.slice(0, SHOWN)" :key="each.id">
        <button type="button" :data-reply="each.id" @click="take(each)"><span class="title"><b class="kind" :class="'kind-' + each.kind">{{ label('kind', each.kind) }}</b><small>{{ label('situation', each.situation) }}</small><small v-if="each.missing.length" class="open-places">{{ t('要填 {n} 处', { n: each.missing.length }) }}</small><small v-if="!each.written" class="open-places">{{ t('机器翻译') }}</small></span><span class="text" lang="zh">{{ each.chinese }}</span></button></li></ul>
      <p v-if="fitting.length > SHOWN" class="nothing">{{ t('还有 {n} 条，请输入要找的字', { n: fitting.length - SHOWN }) }}</p>
      </template>
    </dialog>`,
  setup() {
    const box = ref(null);
    const field = ref(null);
    const shown = ref(false);
    const found = ref([]);
    const search = ref("");
    const problem = ref("");
    let conversation = null;
    const haystack = (each) => `${each.chinese} ${label("situation", each.situation)} ${label("kind", each.kind)}`.toLowerCase();
    const fitting = computed(() => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      return found.value.filter((each) => words.every((word) => haystack(each).includes(word)));
    });
    const open = async () => {
      conversation = state.openId;
      search.value = problem.value = "";
      found.value = [];
      shown.value = true;
      box.value.showModal();
      nextTick(() => field.value?.focus());
      const outcome = await act("library", { conversation });
      problem.value = outcomeText(outcome) ?? "";
      found.value = outcome.replies ?? [];
    };
    const take = (each) => {
      const draft = draftOf(conversation);
      draft.pick = null;
      draft.hand = null;
      draft.note = false;
      draft.chinese = draft.chinese.trim() ? `${draft.chinese.trimEnd()}\n${each.chinese}` : each.chinese;
      box.value.close();
      nextTick(() => document.getElementById("desk-editor")?.focus());
    };
    watch(() => state.openId, () => box.value?.close());
    libraryDialog.open = open;
    return { t, label, box, shown, field, found, search, problem, fitting, take, SHOWN };
  },
};
