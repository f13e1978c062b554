"""Chinese characters that tell the scripts of Chinese and Japanese apart; frequent ones only, by hand."""

from __future__ import annotations

from typing import Final

# Traditional and Simplified forms, in pairs. Characters that are also common in the other script stand in neither
# row (后 里 只 面 台 …), so one of them alone never decides.
_PAIRS: Final = (
    "們们這这個个說说時时會会來来對对過过還还沒没請请問问給给讓让買买賣卖貨货單单訂订號号運运輸输達达遞递發发關关稅税簽签領领錢钱價价貴贵優优費费賠赔償偿換换補补壞坏損损斷断臟脏舊旧錯错誤误顏颜紅红綠绿藍蓝"
    "黃黄銀银碼码質质與与實实際际樣样麼么幾几點点鐘钟開开閉闭電电壓压機机線线網网頁页圖图視视頻频檔档評评論论級级聯联繫系繼继續续處处決决絕绝協协議议訴诉檢检舉举報报騙骗偽伪裡里邊边東东車车門门間间層层樓楼"
    "區区縣县國国灣湾歐欧幣币萬万億亿兩两雙双隻只條条張张塊块應应該该當当經经將将從从為为於于無无現现麗丽愛爱謝谢歡欢樂乐氣气憤愤煩烦惱恼憂忧慮虑擔担學学習习書书讀读寫写話话語语詞词認认識识記记憶忆證证據据"
    "確确試试驗验測测節节約约長长寬宽輕轻軟软鬆松緊紧適适頭头臉脸腳脚褲裤裝装飾饰襪袜鏈链鏡镜錶表燈灯籃篮盤盘鍋锅聽听見见覺觉親亲願愿幫帮務务員员專专業业師师傷伤藥药醫医療疗養养龍龙馬马鳥鸟魚鱼動动態态勢势"
    "變变進进遠远選选擇择連连遲迟遺遗邏逻郵邮鄉乡釋释鐵铁銷销鎖锁陸陆階阶隊队陽阳隨随險险隱隐雜杂離离難难雲云靜静響响項项順顺須须預预額额題题類类顧顾顯显飛飞飯饭飲饮館馆騎骑驚惊鮮鲜麥麦齊齐齒齿龜龟壽寿夢梦"
    "夠够奪夺婦妇媽妈孫孙寶宝審审導导屆届屬属岡冈島岛幹干庫库廠厂廣广彈弹後后徹彻徵征憑凭戰战戲戏戶户擁拥擊击擋挡攝摄敗败數数曉晓暫暂曆历權权標标橋桥櫃柜歲岁歷历殘残殺杀氫氢漢汉滅灭滿满滾滚潔洁濕湿災灾烏乌"
    "熱热燒烧爭争爺爷狀状獎奖獨独獲获環环產产畫画異异瘋疯癢痒盡尽監监眾众矚瞩禮礼禍祸種种稱称穩稳窮穷競竞筆笔範范築筑簡简糧粮紀纪純纯紙纸細细終终組组結结絲丝維维緒绪編编緣缘縫缝縮缩總总績绩繡绣織织繩绳罰罚"
    "罵骂義义聖圣職职聲声膠胶腫肿膚肤臨临興兴艙舱艦舰蓋盖蘋苹虧亏蟲虫術术衛卫衝冲製制複复規规訊讯討讨訓训託托訪访設设許许詐诈詳详誠诚誰谁課课調调談谈護护負负財财貢贡販贩貪贪責责貼贴資资賓宾賬账賭赌賴赖購购"
    "贈赠贊赞趕赶跡迹轉转載载輛辆輪轮辦办農农遊游違违鄰邻醜丑釘钉針针鈕钮鋼钢錄录錦锦鍵键鑰钥闆板闊阔陳陈頂顶頓顿頗颇頸颈顛颠風风飄飘餅饼餘余駕驾驅驱"
)
_TO_SIMPLIFIED: Final = str.maketrans(_PAIRS[::2], _PAIRS[1::2])
_ALSO_TRADITIONAL: Final = frozenset(
    "里系松只表干后历丑板游余制征托复准范舍"
)  # Simplified, and used in Traditional texts
TRADITIONAL: Final[frozenset[str]] = frozenset(_PAIRS[::2])
SIMPLIFIED: Final[frozenset[str]] = frozenset(_PAIRS[1::2]) - TRADITIONAL - _ALSO_TRADITIONAL

# Written with characters, yet only ever Japanese: forms made in Japan after 1946 and words no Chinese buyer writes.
JAPANESE: Final[frozenset[str]] = frozenset("発対応読価検続帰様処単図変経済売込働円気駅総権団仮払択沢焼壊縦黒毎悪歩")
JAPANESE_WORDS: Final = ("返品", "返金", "注文", "未着", "商品不良", "交換希望", "発送", "配達", "希望致", "株式会社")


def to_simplified(text: str) -> str:
    """``text`` with the Traditional characters known here in their Simplified form; the length stays the same."""
    return text.translate(_TO_SIMPLIFIED)


def script_balance(text: str) -> int:
    """Characters only Traditional texts have minus those only Simplified texts have."""
    return sum((char in TRADITIONAL) - (char in SIMPLIFIED) for char in text)
