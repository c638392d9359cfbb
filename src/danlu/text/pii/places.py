"""Places as codes and names: what an identity number, an area code and a postal address begin with.

Provinces by GB/T 2260 (with 81 to 83, residence permits of people from Hong Kong, Macau and Taiwan); prefectures' names as of 2024;
area codes of the national numbering plan; country codes of ITU-T E.164.
"""

import re
from collections.abc import Iterator
from functools import cache

from ahocorasick_rs import AhoCorasick, MatchKind

_PROVINCES = {
    11: "北京", 12: "天津", 13: "河北", 14: "山西", 15: "内蒙古", 21: "辽宁", 22: "吉林", 23: "黑龙江", 31: "上海", 32: "江苏",
    33: "浙江", 34: "安徽", 35: "福建", 36: "江西", 37: "山东", 41: "河南", 42: "湖北", 43: "湖南", 44: "广东", 45: "广西",
    46: "海南", 50: "重庆", 51: "四川", 52: "贵州", 53: "云南", 54: "西藏", 61: "陕西", 62: "甘肃", 63: "青海", 64: "宁夏",
    65: "新疆", 71: "台湾", 81: "香港", 82: "澳门", 83: "台湾",
}  # fmt: skip
PROVINCE_CODES = frozenset(map(str, _PROVINCES))
PROVINCE_NAMES = tuple(dict.fromkeys(_PROVINCES.values()))
PREFECTURES = tuple(
    """石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁
    呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 兴安 锡林郭勒 阿拉善 沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭
    朝阳 葫芦岛 长春 四平 辽源 通化 白山 松原 白城 延边 哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭
    南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水
    合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德
    南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽
    郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源 武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈
    咸宁 随州 恩施 仙桃 潜江 天门 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名
    肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮 南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左
    海口 三亚 三沙 儋州 成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 阿坝 甘孜 凉山
    贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南 昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆
    拉萨 日喀则 昌都 林芝 山南 那曲 阿里 西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛 兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西
    陇南 临夏 甘南 西宁 海东 海北 黄南 海南州 果洛 玉树 海西 银川 石嘴山 吴忠 固原 中卫 乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 阿克苏 喀什 和田
    伊犁 塔城 阿勒泰 石河子 昆山 义乌 常熟 张家港 江阴 慈溪 余姚 晋江 石狮""".split()
)  # fmt: skip
"""Cities, leagues and prefectures, and a few large cities of the county level."""
_AREA_CODES = """10 20-25 27-29 310-319 335 349-359 370-379 391-396 398 410-419 421 427 429 431-440 451-459 464 467-479 482 483
510-519 523 527 530-539 543 546 550-559 561-566 570-580 591-599 631-635 660 662 663 668 691 692 701 710-719 722 724 728 730-739
743-746 750-760 762 763 766 768-779 790-799 812 813 816-818 825-827 830-839 851-859 870-879 883 886-888 891-899 901-903 906 908
909 911-917 919 930-939 941 943 951-955 970-977 979 990-999"""  # fmt: skip
_COUNTRY_CODES = """1 7 20 27 30-34 36 39-41 43-49 51-58 60-66 81 82 84 90-95 98 211-213 216 218 220-269 290 291 297-299 350-359
370-378 380-383 385-387 389 420 421 423 500-509 590-599 670 672-683 685-692 850 852 853 855 856 870 880 886 960-968 970-977
992-996 998"""  # fmt: skip


def _listed(ranges: str) -> frozenset[str]:
    pairs = (entry.partition("-") for entry in ranges.split())
    return frozenset(str(code) for low, _, high in pairs for code in range(int(low), int(high or low) + 1))


@cache
def area_codes() -> frozenset[str]:
    """Area codes of the mainland, with the leading 0."""
    return frozenset("0" + code for code in _listed(_AREA_CODES))


@cache
def country_codes() -> frozenset[str]:
    """Calling codes of countries other than the mainland of China."""
    return _listed(_COUNTRY_CODES)


def region_exists(code: str) -> bool:
    """Whether six digits can be a region: an existing province, with a prefecture and county or, in 81 to 83, without."""
    return code[:2] in PROVINCE_CODES and (code[2:] != "0000" or code[:2] in ("81", "82", "83"))


@cache
def _names() -> tuple[AhoCorasick, int]:
    return AhoCorasick([*PROVINCE_NAMES, *PREFECTURES], matchkind=MatchKind.LeftmostLongest), len(PROVINCE_NAMES)


def first_levels(text: str) -> Iterator[tuple[int, int]]:
    """Where provinces stand, with or without what they are, and prefectures that say that they are one."""
    automaton, provinces = _names()
    for which, start, end in automaton.find_matches_as_indexes(text):
        suffix = (_OF_PROVINCES if which < provinces else _OF_PREFECTURES).match(text, end)
        if suffix or which < provinces:
            yield start, suffix.end() if suffix else end


_OF_PROVINCES = re.compile("省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区")
_OF_PREFECTURES = re.compile("市|地区|盟|[\u4e00-\u9fff]{0,6}自治州|州")
