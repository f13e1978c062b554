// Left: who waits, the most urgent first.
import { computed, ref } from "vue";
import { Icon } from "heqi-desk/icon.js";
import { DeskMenu } from "heqi-desk/menu.js";
import { Countdown, stamp } from "heqi-desk/time.js";
import { TroubleButton, TroubleRows, showTroubles } from "heqi-desk/troubles.js";
import { ask, label, languageName, openConversation, state, t } from "heqi-desk/state.js";

const SEARCH_MS = 250;

const ConversationItem = {
  props: { row: Object },
  components: { Countdown, Icon },
  template: `
    <a class="row" :class="['mood-' + row.mood, { open: row.id === state.openId, unread: row.unread }]"
       :href="'/desk/' + row.id" :aria-current="row.id === state.openId ? 'true' : null" :data-conversation="row.id"
       @click.exact.prevent="openConversation(row.id)">
      <span class="line">
        <strong><bdi>{{ row.name || t('买家') + ' ' + row.id }}</bdi></strong>
        <countdown v-if="row.status === 'open'" :due="row.due" :waiting="row.waiting"></countdown>
        <time v-if="row.due === null && row.waiting === null || row.status !== 'open'">{{ stamp(row.at) }}</time>
      </span>
      <span class="line tags">
        <span class="situation">{{ label('situation', row.situation) }}</span>
        <span v-if="row.escalated" class="escalated"><icon name="bell"></icon>{{ t('已升级') }}</span>
        <span v-if="row.mood !== 'calm'" class="mood">{{ label('mood', row.mood) }}</span>
        <span v-if="row.urgency === 'high'" class="urgent">{{ label('urgency', row.urgency) }}</span>
        <span v-for="flag in row.flags" :key="flag" class="flag">{{ label('flag', flag) }}</span>
      </span>
      <span class="line">
        <span class="last"><bdi>{{ row.text }}</bdi></span>
        <span v-if="row.trouble" class="trouble" :title="t('{n} 条消息要您处理', { n: row.trouble })"><icon name="warn"></icon>{{ row.trouble }}</span>
        <span v-if="row.unread" class="count" :aria-label="t('{n} 条未读', { n: row.unread })">{{ row.unread }}</span>
      </span>
      <span class="line where">{{ languageName(row.language) }} · {{ label('channel', row.channel) }}<template v-if="named"> · {{ row.account }}</template></span>
    </a>`,
  setup(props) {
    // The account says something only where a channel has several.
    const named = computed(() => Object.values(state.rows).some((other) => other.channel === props.row.channel && other.account !== props.row.account));
    return { state, t, label, languageName, stamp, openConversation, named };
  },
};

export const ConversationList = {
  components: { ConversationItem, DeskMenu, Icon, TroubleButton, TroubleRows },
  template: `
    <nav class="list" :aria-label="t('对话列表')">
      <header>
        <div class="top"><img src="/assets/desk/icon.svg" alt="" width="28" height="28"><h1>和气</h1><desk-menu></desk-menu></div>
        <label class="search"><icon name="search"></icon>
          <input ref="box" id="desk-search" type="search" v-model="search" :placeholder="t('搜索买家、内容、订单号')" :aria-label="t('搜索')" @keydown.esc="leave">
          <kbd v-if="!search">/</kbd>
        </label>
        <div class="tabs" role="tablist">
          <button v-for="[status, name] in tabs" :key="status" type="button" role="tab" :aria-selected="!state.troublesOpen && state.filter.status === status" @click="pick(status)">{{ name }}</button>
        </div>
        <trouble-button></trouble-button>
      </header>
      <trouble-rows v-if="state.troublesOpen"></trouble-rows>
      <div v-else class="rows" :class="{ filtering: state.filtering }">
        <conversation-item v-for="id in state.order" :key="id" :row="state.rows[id]"></conversation-item>
        <p v-if="!state.order.length" class="nothing">{{ state.filter.search ? t('没有找到') : state.filter.status === 'open' ? t('没有待处理的对话') : t('这里还是空的') }}</p>
      </div>
    </nav>`,
  setup() {
    let timer;
    const box = ref(null);
    const apply = (values) => {
      showTroubles(false);
      Object.assign(state.filter, values);
      state.filtering = true;
      ask("filter", state.filter);
    };
    const search = computed({
      get: () => state.filter.search,
      set: (text) => {
        state.filter.search = text;
        clearTimeout(timer);
        timer = setTimeout(apply, SEARCH_MS);
      },
    });
    const leave = () => {
      if (state.filter.search) search.value = "";
      else box.value.blur();
    };
    const tabs = computed(() => [["open", t("待处理")], ["resolved", t("已解决")], ["all", t("全部")]]);
    return { state, t, box, search, tabs, pick: (status) => apply({ status }), leave };
  },
};
