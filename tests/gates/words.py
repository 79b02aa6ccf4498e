"""What sites of some languages write around their articles."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    home: str
    politics: str
    sport: str
    culture: str
    related: str
    share: str
    comments: str
    reply: str
    cookies: str
    accept: str
    subscribe: str
    rights: str


WORDS = {
    "en": Words(
        "Home", "Politics", "Sport", "Culture", "Read also", "Share this", "Comments", "Reply",
        "We and our 218 partners store cookies on your device to measure audiences and to show you advertising that"
        " suits you. You may change your choice at any time.",
        "Accept all", "Subscribe now to read on. The first month is free, and you can cancel at any time.",
        "All rights reserved.",
    ),
    "de": Words(
        "Startseite", "Politik", "Sport", "Kultur", "Lesen Sie auch", "Teilen", "Kommentare", "Antworten",
        "Wir und unsere Partner speichern Cookies auf Ihrem Gerät, um Zugriffe zu messen und passende"
        " Werbung zu zeigen.",
        "Alle annehmen", "Jetzt abonnieren und weiterlesen, der erste Monat ist kostenlos.", "Alle Rechte vorbehalten.",
    ),
    "fr": Words(
        "Accueil", "Politique", "Sports", "Culture", "Lire aussi", "Partager", "Commentaires", "Répondre",
        "Avec nos partenaires, nous déposons des cookies pour mesurer l'audience et vous proposer des publicités.",
        "Tout accepter", "Abonnez-vous pour lire la suite, le premier mois est offert.", "Tous droits réservés.",
    ),
    "es": Words(
        "Inicio", "Política", "Deportes", "Cultura", "Lea también", "Compartir", "Comentarios", "Responder",
        "Nosotros y nuestros socios guardamos cookies en su dispositivo para medir la audiencia y"
        " mostrarle publicidad.",
        "Aceptar todo", "Suscríbase para seguir leyendo; el primer mes es gratis.", "Todos los derechos reservados.",
    ),
    "ru": Words(
        "Главная", "Политика", "Спорт", "Культура", "Читайте также", "Поделиться", "Комментарии", "Ответить",
        "Мы и наши партнёры сохраняем файлы cookie на вашем устройстве, чтобы считать посещения и показывать рекламу.",
        "Принять всё", "Подпишитесь, чтобы читать дальше. Первый месяц бесплатно.", "Все права защищены.",
    ),
    "ar": Words(
        "الرئيسية", "سياسة", "رياضة", "ثقافة", "اقرأ أيضا", "شارك", "التعليقات", "رد",
        "نستخدم نحن وشركاؤنا ملفات تعريف الارتباط لقياس الزيارات وعرض إعلانات تناسبكم.",
        "قبول الكل", "اشترك الآن لمتابعة القراءة، والشهر الأول مجاني.", "جميع الحقوق محفوظة.",
    ),
    "zh": Words(
        "首页", "时政", "体育", "文化", "相关阅读", "分享", "评论", "回复",
        "我们和合作伙伴会在您的设备上保存缓存文件，用于统计访问量并展示适合您的广告。",
        "全部接受", "立即订阅，继续阅读，首月免费。", "版权所有。",
    ),
    "ja": Words(
        "トップ", "政治", "スポーツ", "文化", "関連記事", "シェア", "コメント", "返信",
        "当社と提携先は、閲覧状況の計測と広告の表示のために、お使いの端末にクッキーを保存します。",
        "すべて許可", "続きを読むには購読の申し込みが必要です。最初の一か月は無料です。", "無断転載を禁じます。",
    ),
}  # fmt: skip


def words(language: str) -> Words:
    return WORDS.get(language, WORDS["en"])
