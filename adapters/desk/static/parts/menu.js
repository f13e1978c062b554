// Who is logged in, light or dark, the desk's language, and the way out.
import { ref } from "vue";
import { Icon } from "heqi-desk/icon.js";
import { state, t } from "heqi-desk/state.js";

const THEMES = { auto: "跟随系统", light: "浅色", dark: "深色" };
const ICONS = { auto: "auto", light: "sun", dark: "moon" };
const YEAR = 365 * 24 * 3600;

export const DeskMenu = {
  components: { Icon },
  template: `
    <div class="menu">
      <button type="button" class="plain" data-action="theme" :title="t('外观') + ' · ' + t(THEMES[theme])" :aria-label="t('外观') + ' · ' + t(THEMES[theme])" @click="turn"><icon :name="ICONS[theme]"></icon></button>
      <button type="button" class="plain tongue" data-action="language" :lang="other === 'en' ? 'en' : 'zh'" :title="other === 'en' ? 'English' : '中文'" @click="speak">{{ other === 'en' ? 'EN' : '中' }}</button>
      <form method="post" action="/logout"><button class="plain" :title="t('退出登录') + ' · ' + state.me.name" :aria-label="t('退出登录')"><span class="me" dir="auto">{{ state.me.name }}</span><icon name="leave"></icon></button></form>
    </div>`,
  setup() {
    const theme = ref(localStorage.getItem("heqi.theme") ?? "auto");
    const other = state.ui === "zh" ? "en" : "zh";
    const turn = () => {
      const names = Object.keys(THEMES);
      theme.value = names[(names.indexOf(theme.value) + 1) % names.length];
      localStorage.setItem("heqi.theme", theme.value);
      window.heqiTheme();
    };
    const speak = () => {
      document.cookie = `heqi_language=${other}; path=/; max-age=${YEAR}; samesite=lax`;
      location.reload(); // drafts are kept
    };
    return { state, t, theme, other, turn, speak, THEMES, ICONS };
  },
};
// The names of the themes stand here for the catalogue: t("跟随系统") t("浅色") t("深色")
