// The desk in the browser. The server sends messages through `receive`, the desk asks through the event "ask".
import { computed, onBeforeUnmount, onMounted, watch } from "vue";
import { CasePane } from "heqi-desk/case.js";
import { Composer } from "heqi-desk/composer.js";
import { ConversationList } from "heqi-desk/list.js";
import { EscalationBar } from "heqi-desk/escalation.js";
import { Icon } from "heqi-desk/icon.js";
import { bindKeys } from "heqi-desk/keys.js";
import { LibraryDialog } from "heqi-desk/library.js";
import { ParkedBar } from "heqi-desk/parked.js";
import { TalkHead } from "heqi-desk/talkhead.js";
import { TalkLines } from "heqi-desk/lines.js";
import { TemplateDialog } from "heqi-desk/templates.js";
import { boot, connect, receive, state, t } from "heqi-desk/state.js";

export default {
  props: { boot: String },
  emits: ["ask"],
  components: { CasePane, Composer, ConversationList, EscalationBar, Icon, LibraryDialog, ParkedBar, TalkHead, TalkLines, TemplateDialog },
  template: `
    <div class="desk" :class="{ talking: state.openId !== null, 'case-open': state.caseOpen }">
      <conversation-list></conversation-list>
      <section class="talk" :aria-label="t('对话')">
        <template v-if="state.head">
          <talk-head></talk-head>
          <escalation-bar></escalation-bar>
          <talk-lines></talk-lines>
          <parked-bar></parked-bar>
          <composer></composer>
        </template>
        <div v-else-if="state.openId !== null" class="empty"><span class="spinner"></span></div>
        <div v-else class="empty">
          <icon name="talk"></icon>
          <h2>{{ state.gone ? t('这个对话已不存在') : t('请选择一个对话') }}</h2>
          <p>{{ t('列表按紧急程度排列，最上面的买家等得最急。') }}</p>
          <dl class="keys">
            <div><dt><kbd>1</kbd><kbd>2</kbd><kbd>3</kbd></dt><dd>{{ t('选用建议') }}</dd></div>
            <div><dt><kbd>Enter</kbd></dt><dd>{{ t('发送') }}</dd></div>
            <div><dt><kbd>↑</kbd><kbd>↓</kbd></dt><dd>{{ t('换一个对话') }}</dd></div>
            <div><dt><kbd>/</kbd></dt><dd>{{ t('搜索') }}</dd></div>
            <div><dt><kbd>Esc</kbd></dt><dd>{{ t('离开输入框') }}</dd></div>
          </dl>
        </div>
      </section>
      <case-pane v-if="state.head"></case-pane>
      <template-dialog></template-dialog>
      <library-dialog></library-dialog>
      <button v-if="state.caseOpen" class="veil" type="button" :aria-label="t('关闭')" @click="state.caseOpen = false"></button>
      <div class="toasts" role="status" aria-live="polite">
        <p v-for="toast in state.toasts" :key="toast.id" :class="toast.tone">{{ toast.text }}</p>
      </div>
      <p v-if="!state.online" class="offline" role="alert"><span class="spinner"></span>{{ t('连接断开，正在重新连接。已输入的内容不会丢失。') }}</p>
    </div>`,
  setup(props, { emit }) {
    boot(JSON.parse(props.boot));
    connect((ask) => emit("ask", ask));
    const unread = computed(() => Object.values(state.rows).reduce((sum, row) => sum + row.unread, 0));
    watch(unread, (count) => (document.title = (count ? `(${count}) ` : "") + t("和气工作台")), { immediate: true });
    let unbind;
    let ticking;
    onMounted(() => {
      unbind = bindKeys();
      ticking = setInterval(() => {
        state.now = Date.now() + state.skew;
        // The page starts before the socket does: only a socket that was there can be lost.
        state.online = !window.did_handshake || window.socket.connected;
      }, 1000);
    });
    onBeforeUnmount(() => {
      unbind();
      clearInterval(ticking);
    });
    return { state, t };
  },
  methods: { receive },
};
