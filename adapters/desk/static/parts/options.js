// Lines that begin with the sign of an option become buttons for the buyer, where the channel has buttons.
import { t } from "heqi-desk/state.js";

const SIGN = "▸ ";

/** What becomes of such lines of a text that leaves, empty when there are none. */
export function optionsHint(chinese, leaving, carries) {
  if (!chinese.split("\n").some((line) => line.startsWith(SIGN))) return "";
  if (!carries.buttons) return t("这个渠道没有按钮，▸ 开头的行会作为文字发出");
  if (leaving === null) return t("▸ 开头的行会变成买家可以点的按钮");
  const lines = leaving.trimEnd().split("\n");
  const first = lines.findLastIndex((line) => !line.startsWith(SIGN)) + 1;
  const titles = lines.slice(first).map((line) => line.slice(SIGN.length).trim());
  const fit = titles.every((title) => title && [...title].length <= carries.buttonLimit);
  const whole = lines.slice(0, first).some((line) => line.trim());
  if (!titles.length || !whole) return t("按钮要放在回复的最后，前面要有正文，否则会作为文字发出");
  if (titles.length > carries.buttons) return t("最多 {n} 个按钮，多了会全部作为文字发出", { n: carries.buttons });
  if (!fit) return t("译文里每个按钮最多 {n} 个字符，超出会全部作为文字发出", { n: carries.buttonLimit });
  if (new Set(titles).size < titles.length) return t("按钮不能重复，否则会全部作为文字发出");
  return t("买家会看到 {n} 个按钮", { n: titles.length });
}
