"""Japanese and Korean: polite and angry forms, spelling and spacing as buyers type them, and what is not meant."""

from __future__ import annotations

import unicodedata

import pytest

from dialogs.messages import LanguageReading, Mood, Reading, Urgency, Want
from tests.dialogs.reading.shared import READER, TODAY


def read(language: str, text: str) -> Reading:
    return READER.read(text, LanguageReading(code=language, confidence=1.0), today=TODAY)


SITUATIONS = [
    ("ja", "extortion", "一万円払ってくれないと星1をつけるぞ"),
    ("ja", "review_threat", "返金してくれないなら消費者センターに通報します"),
    ("ja", "dispute_opened", "カード会社にチャージバックを依頼しました"),
    ("ja", "customs_hold", "荷物が税関で止められています。書類が必要だそうです"),
    ("ja", "signed_not_received", "追跡では配達済みとなっていますが、受け取っていません"),
    ("ja", "signed_not_received", "届いてないのに配達済みって出てる"),
    ("ja", "counterfeit", "これ偽物ですよね？"),
    ("ja", "tracking_invalid", "追跡できないんですけど"),
    ("ja", "tracking_invalid", "お問い合わせ番号が登録されていません"),
    ("ja", "wrong_address", "隣の家に届けられていました"),
    ("ja", "wrong_item", "頼んだものと全然違うものが来た"),
    ("ja", "shortage", "3個注文したのに2個しか入っていませんでした"),
    ("ja", "damaged", "こわれて届いた"),
    ("ja", "not_as_described", "サイズが小さすぎて入りません"),
    ("ja", "cannot_use", "全然動かないんですけど"),
    ("ja", "quality", "二回使っただけで動かなくなった"),
    ("ja", "refund_status", "まだ返金されていません"),
    ("ja", "refund_status", "返品したのにお金がまだ戻ってこない"),
    ("ja", "not_received", "とどかない"),
    ("ja", "not_shipped", "注文して5日経ちますがまだ発送されていません"),
    ("ja", "in_transit", "荷物は今どこですか？"),
    ("ja", "return_request", "サイズ交換できますか"),
    ("ja", "availability", "いつ再入荷しますか"),
    ("ja", "praise", "早く届いて商品も素敵でした。大満足です"),
    ("ja", "unknown", "壊れていませんでした"),
    ("ja", "unknown", "はい、わかりました"),
    ("ko", "extortion", "공짜로 하나 더 안 보내주면 악평 남길게요"),
    ("ko", "review_threat", "경찰에 신고할 거예요"),
    ("ko", "dispute_opened", "이미 분쟁 신청했습니다"),
    ("ko", "customs_hold", "세관에서 세금 내라고 연락왔어요"),
    ("ko", "signed_not_received", "배송완료라고 뜨는데 못 받았어요"),
    ("ko", "signed_not_received", "안왔는데 배송완료래요"),
    ("ko", "counterfeit", "받아보니 가품이네요"),
    ("ko", "tracking_invalid", "송장번호 조회가 안 돼요"),
    ("ko", "tracking_invalid", "송장번호 조회가안되요"),
    ("ko", "returned", "택배가 반송됐어요"),
    ("ko", "wrong_item", "주문한 거랑 다른 상품이 왔습니다"),
    ("ko", "shortage", "박스가 텅 비어 있었어요"),
    ("ko", "damaged", "받아보니 화면이 깨져 있어요"),
    ("ko", "not_as_described", "사진이랑 색이 완전 달라요"),
    ("ko", "cannot_use", "충전이안되요"),
    ("ko", "quality", "두 번 썼는데 찢어졌어요"),
    ("ko", "refund_status", "아직 환불이 안 됐어요"),
    ("ko", "refund_status", "환불언제돼요?"),
    ("ko", "not_received", "아직 안 왔어요"),
    ("ko", "not_received", "아직안왔어요"),
    ("ko", "not_shipped", "주문한지 5일 됐는데 아직 출고가 안 됐네요"),
    ("ko", "in_transit", "제 택배 지금 어디 있나요?"),
    ("ko", "return_request", "사이즈 교환 가능한가요"),
    ("ko", "bargain", "쿠폰 있나요"),
    ("ko", "praise", "배송 빠르고 제품도 예뻐요. 만족합니다"),
    ("ko", "unknown", "깨지지 않았어요"),
]

MOODS = [
    ("ja", Mood.ANGRY, "ふざけるな！いつになったら届くんだ"),
    ("ja", Mood.UPSET, "とても残念です。サイズが違いました"),
    ("ja", Mood.CALM, "荷物は今どこですか？"),
    ("ko", Mood.ANGRY, "사기꾼들아 물건 안 오잖아 당장 돈 돌려줘"),
    ("ko", Mood.UPSET, "왜 안와ㅠㅠ"),
    ("ko", Mood.CALM, "제 택배 지금 어디 있나요?"),
]

WANTS = [
    ("ja", Want.REFUND, "詐欺だろ。商品が来ない。金返せ"),
    ("ja", Want.RESEND, "破損していたので新しいものを送ってください"),
    ("ja", Want.EXCHANGE, "サイズ交換できますか"),
    ("ja", Want.RETURN, "返品したいのですがどうすればいいですか"),
    ("ja", Want.DISCOUNT, "もう少し安くなりませんか"),
    ("ja", Want.CANCEL, "間違えて二つ注文してしまったので一つ取り消してください"),
    ("ko", Want.REFUND, "사기꾼들아 물건 안 오잖아 당장 돈 돌려줘"),
    ("ko", Want.RESEND, "파손됐으니 새 제품으로 다시 보내주세요"),
    ("ko", Want.EXCHANGE, "사이즈 교환 가능한가요"),
    ("ko", Want.RETURN, "반품하고 싶은데 어떻게 하나요"),
    ("ko", Want.DISCOUNT, "조금만 깎아주세요"),
    ("ko", Want.CANCEL, "실수로 두 번 주문했어요 하나 취소해주세요"),
]


@pytest.mark.parametrize(("language", "situation", "text"), SITUATIONS)
def test_leading_situation(language: str, situation: str, text: str) -> None:
    assert read(language, text).situation == situation


@pytest.mark.parametrize(("language", "mood", "text"), MOODS)
def test_mood(language: str, mood: Mood, text: str) -> None:
    assert read(language, text).mood is mood


@pytest.mark.parametrize(("language", "want", "text"), WANTS)
def test_want(language: str, want: Want, text: str) -> None:
    assert want in read(language, text).wants


def test_a_refund_declined_is_no_refund_wanted() -> None:
    assert Want.REFUND not in read("ja", "返金は不要なので代わりの商品を送ってください").wants
    assert Want.REFUND not in read("ko", "환불은 필요없고 새로 보내주세요").wants


@pytest.mark.parametrize(
    ("language", "text"), [("ja", "早く送ってください。明日使います"), ("ko", "빨리 보내주세요 급합니다")]
)
def test_haste_is_urgent(language: str, text: str) -> None:
    assert read(language, text).urgency is Urgency.HIGH


def test_hangul_in_parts_reads_as_in_one_piece() -> None:
    parts = unicodedata.normalize("NFD", "택배가 아직 안 왔어요")
    assert read("ko", parts).situation == read("ko", "택배가 아직 안 왔어요").situation != "unknown"
