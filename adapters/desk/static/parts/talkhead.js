// Above the talk: with whom, in which language, and what can be done with the whole conversation.
import { Icon } from "heqi-desk/icon.js";
import { Countdown } from "heqi-desk/time.js";
import { WindowMark } from "heqi-desk/window.js";
import { actAndTell, label, languageName, openConversation, state, t } from "heqi-desk/state.js";

export const TalkHead = {
  components: { Countdown, Icon, WindowMark },
  template: `
    <header class="talk-head">
      <button type="button" class="plain to-list" :aria-label="t('返回列表')" @click="openConversation(null)"><icon name="back"></icon></button>
      <div class="who">
        <h2><bdi>{{ row.name || t('买家') + ' ' + row.id }}</bdi></h2>
        <p>{{ languageName(state.head.override || row.language) }} · {{ label('channel', row.channel) }}
          <span class="mood-dot" :class="'mood-' + state.head.case.mood"></span>{{ label('mood', state.head.case.mood) }}</p>
        <window-mark></window-mark>
      </div>
      <countdown v-if="row.status === 'open'" :due="row.due" :waiting="row.waiting"></countdown>
      <button v-if="row.status === 'open' && !state.head.escalation?.open" type="button" class="quiet" data-action="escalate" :title="t('请团队来看这个对话')" :aria-label="t('升级')" @click="actAndTell('escalate', {})"><icon name="bell"></icon><span>{{ t('升级') }}</span></button>
      <button type="button" class="quiet" data-action="status" :aria-label="row.status === 'open' ? t('标为已解决') : t('重新打开')" @click="actAndTell('status', { resolved: row.status === 'open' })">
        <icon :name="row.status === 'open' ? 'check' : 'redo'"></icon><span>{{ row.status === 'open' ? t('标为已解决') : t('重新打开') }}</span></button>
      <button type="button" class="plain to-case" data-action="case" :aria-label="t('案情')" :aria-expanded="state.caseOpen" @click="state.caseOpen = !state.caseOpen"><icon name="panel"></icon></button>
    </header>`,
  setup: () => ({ state, t, label, languageName, openConversation, actAndTell }),
  computed: { row: () => state.head.row },
};
