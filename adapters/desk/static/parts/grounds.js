// Why a reply is proposed now, in words.
import { label, t } from "heqi-desk/state.js";

const WORDS = {
  dispute: () => t("纠纷已开"),
  mood: (which) => t("买家{mood}", { mood: label("mood", which) }),
  days: (which) => t("已等 {days} 天", { days: which }),
  cause: (which) => label("cause", which),
  fault: (which) => label("fault", which),
  want: (which) => t("买家想要{want}", { want: label("want", which) }),
  photos: (which) => t("收到 {count} 张照片", { count: which }),
  after: (which) => t("上一句是{kind}", { kind: label("kind", which) }),
  picked: (which) => t("同事常选 {share}", { share: which }),
};

export function groundsText(grounds) {
  return grounds.map(([what, which]) => WORDS[what](which)).join(" · ");
}
