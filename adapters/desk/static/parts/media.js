// What is attached to a message: shown, played or saved; what is on its way or will not come is said.
import { Icon } from "heqi-desk/icon.js";
import { deliveryReason, label, t } from "heqi-desk/state.js";

const ICONS = { location: "pin", voice: "sound", video: "film", photo: "picture", sticker: "picture", document: "file" };

export function sourceOf(item) {
  return `/desk/media/${encodeURIComponent(item.ref)}`;
}

export function sizeText(bytes) {
  if (!bytes) return "";
  return bytes < 1_048_576 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}

export const MediaList = {
  props: { items: Array },
  components: { Icon },
  template: `
    <div class="media">
      <template v-for="(item, index) in items" :key="item.ref || index">
        <span v-if="item.state === 'loading'" class="file waiting" data-media="loading"><span class="spinner"></span>{{ t('正在下载{what}…', { what: label('media', item.kind) }) }}</span>
        <span v-else-if="item.state === 'failed'" class="file bad" data-media="failed"><icon name="warn"></icon><span>{{ t('{what}没有取到', { what: label('media', item.kind) }) }}：{{ deliveryReason(item.error) }}</span></span>
        <span v-else-if="item.state === 'none'" class="file" data-media="none"><icon :name="ICONS[item.kind] ?? 'file'"></icon>{{ label('media', item.kind) }} <bdi>{{ item.name }}</bdi></span>
        <a v-else-if="item.show === 'image'" :href="sourceOf(item)" target="_blank" rel="noopener"><img :class="item.kind" :src="sourceOf(item)" :alt="label('media', item.kind)" loading="lazy"></a>
        <video v-else-if="item.show === 'video'" :class="item.kind" :src="sourceOf(item)" :aria-label="label('media', item.kind)" controls playsinline preload="metadata"></video>
        <audio v-else-if="item.show === 'audio'" :src="sourceOf(item)" :aria-label="label('media', item.kind)" controls preload="metadata"></audio>
        <a v-else class="file" :href="sourceOf(item)" :download="item.name || label('media', item.kind)"><icon :name="ICONS[item.kind] ?? 'file'"></icon><bdi>{{ item.name || label('media', item.kind) }}</bdi><small>{{ sizeText(item.size) }}</small></a>
      </template>
    </div>`,
  setup: () => ({ t, label, deliveryReason, sourceOf, sizeText, ICONS }),
};
