"""Small data sets in several languages, drawn by seed: a keyword decides the class of a text."""

import random
from pathlib import Path

from tiny_data import write_csv

# by language: what joins words, the words of both classes, and other words
WORDS: dict[str, tuple[str, str, str, str]] = {
    "german": (
        " ",
        "gut großartig köstlich freundlich schön hervorragend günstig frisch",
        "schlecht furchtbar ekelhaft unhöflich hässlich überteuert langweilig kalt",
        "das Essen die Bedienung und der Film war wir haben gestern im Hotel Abend sehr es Straße "
        "Zimmer mit einem Frühstück Preis für uns",
    ),
    "chinese": (
        "",
        "好吃 精彩 满意 喜欢 漂亮 便宜 推荐 优秀",
        "难吃 无聊 失望 讨厌 丑陋 昂贵 后悔 糟糕",
        "这个 餐厅 电影 服务 我们 昨天 觉得 非常 酒店 房间 "
        "演员 味道 了 的 今天 朋友 一起 价格 就是 有点",
    ),
    "japanese": (
        "",
        "美味しい 素晴らしい 満足 好き 綺麗 安い おすすめ 最高",
        "不味い つまらない がっかり 嫌い 汚い 高い 後悔 最悪",
        "この レストラン 映画 サービス 私たち 昨日 とても ホテル 部屋 俳優 は が "
        "を と 今日 友達 一緒に 値段 でした です",
    ),
    "thai": (
        "",
        "อร่อย ยอดเยี่ยม ประทับใจ ชอบ สวยงาม ถูก แนะนำ สะอาด",
        "จืดชืด น่าเบื่อ ผิดหวัง เกลียด น่าเกลียด แพง เสียใจ สกปรก",
        "ร้านอาหาร นี้ ภาพยนตร์ บริการ เรา เมื่อวาน รู้สึก มาก โรงแรม ห้อง นักแสดง รสชาติ "
        "ที่ และ วันนี้ เพื่อน ด้วยกัน ราคา เป็น ค่อนข้าง",
    ),
    "arabic": (
        " ",
        "لذيذ رائع ممتاز أحب جميل رخيص أنصح نظيف",
        "سيئ ممل مخيب أكره قبيح غالي أندم قذر",
        "هذا المطعم الفيلم الخدمة نحن أمس جدا الفندق الغرفة "
        "الممثل الطعم في و مع اليوم صديق معا السعر كان "
        "قليلا",
    ),
}
ENDS = {"chinese": "。", "japanese": "。", "thai": "", "arabic": "؟", "german": "."}


def rows(language: str, count: int = 200, seed: int = 0) -> list[tuple[str, str]]:
    """Texts of 4 to 9 other words with one keyword among them; classes alternate."""
    space, good, bad, others = WORDS[language]
    draw = random.Random(f"{language} {seed}")
    drawn = []
    for number in range(count):
        label = ("good", "bad")[number % 2]
        words = draw.choices(others.split(), k=draw.randrange(4, 10))
        keyword = draw.choice((good if label == "good" else bad).split())
        words.insert(draw.randrange(len(words) + 1), keyword)
        drawn.append((space.join(words) + ENDS[language], label))
    return drawn


def write_language(folder: Path, language: str) -> Path:
    return write_csv(folder / f"{language}.csv", rows(language))
