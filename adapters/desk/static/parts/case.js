// Right: the case. What it is about, how far it has come, what is known, the buyer's language, the engines.
import { computed } from "vue";
import { draftOf } from "heqi-desk/drafts.js";
import { FactForm } from "heqi-desk/facts.js";
import { Icon } from "heqi-desk/icon.js";
import { PlanList } from "heqi-desk/plans.js";
import { actAndTell, label, languageName, state, t } from "heqi-desk/state.js";

const STEPS = [1, 2, 3, 4, 5, 6, 7];

export const CasePane = {
  components: { FactForm, Icon, PlanList },
  template: `
    <aside class="case" :aria-label="t('案情')">
      <section class="lead">
        <p class="situation">{{ label('situation', found.situation) }}</p>
        <p class="tags"><span class="mood" :class="'mood-' + found.mood">{{ label('mood', found.mood) }}</span><span class="fault">{{ label('fault', found.fault) }}<template v-if="found.cause"> · {{ label('cause', found.cause) }}</template></span>
          <span v-if="found.urgency === 'high'" class="urgent">{{ label('urgency', 'high') }}</span><span v-for="flag in found.flags" :key="flag" class="flag">{{ label('flag', flag) }}</span></p>
      </section>
      <section>
        <h3>{{ t('处理纠纷七步') }}</h3>
        <ol class="steps"><li v-for="step in STEPS" :key="step" :class="{ done: step < found.step, now: step === found.step }" :aria-current="step === found.step ? 'step' : null"><i>{{ step }}</i><span>{{ label('step', step) }}</span></li></ol>
      </section>
      <section v-if="found.wants.length">
        <h3>{{ t('买家想要') }}</h3>
        <p class="tags"><span v-for="want in found.wants" :key="want" class="want">{{ label('want', want) }}</span></p>
      </section>
      <section>
        <h3>{{ t('已知情况') }}</h3>
        <dl v-if="found.facts.length" class="facts"><template v-for="[name, text] in found.facts" :key="name"><dt>{{ label('fact', name) }}</dt><dd><button type="button" class="insert" :data-fact="name" :title="t('放进回复')" @click="insert(text)">{{ text }}</button></dd></template></dl>
        <p v-else class="nothing">{{ t('还不知道订单号等信息') }}</p>
        <fact-form></fact-form>
      </section>
      <section v-if="found.plans.length">
        <h3>{{ t('补救方案') }}</h3>
        <plan-list :plans="found.plans"></plan-list>
      </section>
      <section>
        <h3>{{ t('买家的语言') }}</h3>
        <select id="desk-language" :value="state.head.override ?? ''" :aria-label="t('买家的语言')" @change="setLanguage($event.target.value || null)">
          <option value="">{{ t('自动识别') }}{{ detected ? ' · ' + languageName(detected) : '' }}</option>
          <optgroup v-if="candidates.length" :label="t('可能是')"><option v-for="[code, confidence] in candidates" :key="code" :value="code">{{ languageName(code) }} {{ Math.round(confidence * 100) }}%</option></optgroup>
          <optgroup :label="t('全部语言')"><option v-for="[code, name] in others" :key="code" :value="code">{{ name }}</option></optgroup>
        </select>
        <p v-if="state.head.override" class="hint">{{ t('已手动指定，译文都用这种语言') }}</p>
        <p v-else-if="!detected" class="hint bad">{{ t('还不能确定，请指定一种语言') }}</p>
      </section>
      <section>
        <h3>{{ t('翻译引擎') }}</h3>
        <ul class="engines"><li v-for="engine in state.engines" :key="engine.name" :title="engine.detail"><i :class="engine.state"></i><span>{{ engine.name }}</span><small>{{ label('engine', engine.state) }}<template v-if="engine.latency !== null"> · {{ engine.latency }} ms</template></small></li></ul>
        <p v-if="!state.engines.length" class="nothing">{{ t('没有配置翻译引擎') }}</p>
      </section>
    </aside>`,
  setup() {
    const found = computed(() => state.head.case);
    const detected = computed(() => found.value.language ?? state.head.row.language);
    const candidates = computed(() => state.head.candidates.filter(([code]) => code !== state.head.override));
    const others = computed(() => {
      const shown = new Set(candidates.value.map(([code]) => code));
      return Object.entries(state.languages)
        .filter(([code]) => !shown.has(code))
        .sort(([, a], [, b]) => a.localeCompare(b, state.ui));
    });
    const insert = (text) => {
      const draft = draftOf(state.openId);
      draft.chinese += text;
      document.getElementById("desk-editor")?.focus();
    };
    const setLanguage = (language) => actAndTell("language", { language });
    return { state, t, label, languageName, found, detected, candidates, others, setLanguage, insert, STEPS };
  },
};
