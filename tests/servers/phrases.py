"""A tiny translator with fixed answers: known sentences exactly, anything else as plausible words of the language."""

from __future__ import annotations

import re

from dialogs.protection.writing import weight

# The same eight sentences in each language, in the same order.
BOOK = {
    "zh": "您好|我的订单在哪里？|我们会给您全额退款。|非常抱歉给您带来不便。|包裹已经寄出。|商品坏了。|"
    "谢谢您的耐心等待。|请发一张照片。",
    "en": "Hello|Where is my order?|We will give you a full refund.|"
    "We are very sorry for the inconvenience.|The parcel has been sent.|The item is broken.|"
    "Thank you for your patience.|Please send a photo.",
    "es": "Hola|¿Dónde está mi pedido?|Le haremos un reembolso completo.|Lamentamos mucho las molestias.|"
    "El paquete ya fue enviado.|El artículo está roto.|Gracias por su paciencia.|"
    "Por favor, envíe una foto.",
    "ru": "Здравствуйте|Где мой заказ?|Мы вернём вам полную сумму.|Приносим извинения за неудобства.|"
    "Посылка уже отправлена.|Товар сломан.|Спасибо за терпение.|Пожалуйста, пришлите фото.",
    "ar": "مرحبا|أين طلبي؟|سنعيد لك المبلغ كاملا.|نعتذر بشدة عن الإزعاج.|تم إرسال الطرد.|المنتج مكسور.|"
    "شكرا على صبرك.|من فضلك أرسل صورة.",
    "pt": "Olá|Onde está meu pedido?|Faremos o reembolso total para você.|Lamentamos muito o transtorno.|"
    "O pacote já foi enviado.|O produto está quebrado.|Obrigado pela sua paciência.|"
    "Por favor, envie uma foto.",
    "fr": "Bonjour|Où est ma commande ?|Nous vous rembourserons intégralement.|"
    "Nous sommes désolés pour la gêne.|Le colis a été envoyé.|L'article est cassé.|"
    "Merci de votre patience.|Veuillez envoyer une photo.",
    "de": "Hallo|Wo ist meine Bestellung?|Wir erstatten Ihnen den vollen Betrag.|"
    "Wir bitten um Entschuldigung.|Das Paket wurde verschickt.|Der Artikel ist kaputt.|"
    "Danke für Ihre Geduld.|Bitte senden Sie ein Foto.",
}
# Words to say anything in a language: enough different ones that no loop is heard.
WORDS = {
    "zh": "您好感谢您的来信我们正在查看订单的情况稍后会把所有细节告诉您请再等一等如果还有别的问题也可以随时联系客服",
    "ja": "お問い合わせありがとうございます。ご注文の状況を確認しておりますので、もうしばらくお待ちください。",
    "th": "สวัสดีครับขอบคุณสำหรับข้อความของคุณเรากำลังตรวจสอบคำสั่งซื้อและจะแจ้งรายละเอียดให้ทราบโดยเร็วที่สุด",
    "en": "hello and thank you for writing to us about this matter because we will look into everything "
    "carefully today",
    "es": "hola muchas gracias por escribirnos sobre este asunto porque vamos a revisar todo con cuidado "
    "hoy mismo señor",
    "pt": "olá muito obrigado por nos escrever sobre este assunto porque vamos verificar tudo com cuidado "
    "hoje não demora",
    "fr": "bonjour merci beaucoup de nous avoir écrit à ce sujet car nous allons tout vérifier avec soin "
    "aujourd'hui même",
    "de": "hallo vielen dank dass sie uns wegen dieser sache geschrieben haben denn wir werden heute "
    "alles genau prüfen",
    "it": "salve grazie mille per averci scritto su questa questione perché oggi controlleremo tutto con "
    "molta attenzione",
    "nl": "hallo hartelijk dank dat u ons over deze zaak heeft geschreven want wij zullen vandaag alles goed bekijken",
    "pl": "dzień dobry bardzo dziękujemy za wiadomość w tej sprawie ponieważ dzisiaj dokładnie wszystko "
    "sprawdzimy proszę",
    "ru": "здравствуйте большое спасибо что написали нам об этом потому что мы сегодня всё внимательно "
    "проверим и ответим",
    "uk": "вітаємо щиро дякуємо що написали нам про це тому що сьогодні ми все уважно перевіримо і "
    "відповімо якнайшвидше",
    "tr": "merhaba bu konuda bize yazdığınız için çok teşekkür ederiz çünkü bugün her şeyi dikkatle "
    "kontrol edeceğiz efendim",
    "ar": "مرحبا شكرا جزيلا لأنك كتبت إلينا بخصوص هذا الموضوع لأننا سوف نراجع كل شيء بعناية اليوم ثم نجيب عليك قريبا",
    "he": "שלום תודה רבה שכתבת אלינו בנושא הזה כי היום נבדוק את הכול בקפידה ואז נענה לך בהקדם האפשרי בבקשה",
    "fa": "سلام بسیار سپاسگزاریم که درباره این موضوع برای ما نوشتید زیرا امروز همه چیز را با دقت بررسی می‌کنیم",
    "hi": "नमस्ते इस विषय पर हमें लिखने के लिए बहुत धन्यवाद क्योंकि आज हम सब कुछ ध्यान से देखेंगे और आपको उत्तर देंगे",
    "ko": "안녕하세요 이 문제에 대해 연락해 주셔서 대단히 감사합니다 오늘 모든 내용을 꼼꼼하게 확인하고 "
    "빠르게 답변해 드리겠습니다",
    "vi": "xin chào cảm ơn bạn rất nhiều vì đã viết cho chúng tôi hôm nay chúng tôi sẽ kiểm tra mọi thứ thật cẩn thận",
    "id": "halo terima kasih banyak karena telah menulis kepada kami tentang masalah ini kami akan "
    "memeriksa semuanya hari ini",
    "ro": "bună ziua vă mulțumim foarte mult că ne-ați scris despre această problemă deoarece astăzi vom "
    "verifica totul cu grijă",
    "cs": "dobrý den velmi děkujeme že jste nám o této věci napsali protože dnes všechno pečlivě "
    "zkontrolujeme a odpovíme",
    "hu": "üdvözöljük nagyon köszönjük hogy írt nekünk erről az ügyről mert ma mindent gondosan ellenőrizni fogunk",
    "el": "γεια σας ευχαριστούμε πολύ που μας γράψατε για αυτό το θέμα επειδή σήμερα θα ελέγξουμε τα πάντα προσεκτικά",
    "sv": "hej tack så mycket för att du skrev till oss om detta ärende eftersom vi idag ska kontrollera "
    "allting noggrant",
}
_WITHOUT_SPACES = {"zh", "ja", "th"}
_KNOWN = {
    (sentence, target): BOOK[target].split("|")[at]
    for source, sentences in BOOK.items()
    for at, sentence in enumerate(sentences.split("|"))
    for target in BOOK
    if target != source
}
# What stays as it is: placeholders of every style, tags, numbers with what joins them, punctuation, emoji.
_WORDS_OR_NOT = re.compile(r"(<[^<>]*>|&\w+;|XQZ\d+|\[\[\d+\]\]|\d[\d.,:/-]*\d|\d|[^\w\s'’]+|\n+)", re.IGNORECASE)


def say(text: str, target: str) -> str:
    """``text`` in ``target``: the book's sentence, or as many of the language's words as the text has to say."""
    target = {"zh-CN": "zh", "zh-Hans": "zh", "zh-HANS": "zh", "iw": "he"}.get(target, target)
    language = target.split("-", maxsplit=1)[0].lower()
    known = _KNOWN.get((text.strip(), language))
    if known is not None:
        return known
    said, at = [], 0
    for number, part in enumerate(_WORDS_OR_NOT.split(text)):
        if number % 2:
            said.append(part)
            continue
        words, at = _words(part, language, at)
        lead = " " if part[:1].isspace() and said else ""
        said.append(lead + words + (" " if part[-1:].isspace() and words else ""))
    return "".join(said).strip()


def _words(part: str, language: str, at: int) -> tuple[str, int]:
    """Words of ``language`` that say about as much as ``part``, beginning with the one at ``at``."""
    wanted = weight(part)
    if not wanted:
        return "", at
    row = WORDS.get(language, WORDS["en"])
    words = list(row) if language in _WITHOUT_SPACES else row.split()
    taken: list[str] = []
    heard = 0.0
    while heard < 0.8 * wanted:
        word = words[at % len(words)]
        taken.append(word)
        heard += max(weight(word), 0.5)
        at += 1
    return ("" if language in _WITHOUT_SPACES else " ").join(taken), at
