"""Words that say what the number beside them is: for some types they are needed, for others they speak against.

The nearest one on the same line decides. A label that belongs to something else (order number, ISBN, version) counts
only where nothing but `:` or `no.` stands between.
"""

import re
from bisect import bisect_left, bisect_right
from functools import cache, lru_cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

OTHER = "other"
REACH = 40
"""Characters before a value in which its label is looked for."""

_WORDS = {
    "hk_id": "香港身份证,香港身份證,香港居民身份证,香港永久性居民身份证,香港永久性居民身份證,香港id,hkid,hong kong id,hong kong identity card,hong kong identity",
    "tw_id": "身分證統一編號,國民身分證統一編號,身份证统一编号,台湾身份证,台灣身分證,臺灣身分證,台灣身份證,國民身分證,国民身份证,taiwan id,taiwanese id,taiwan national id,taiwan identity",
    "travel_permit": """回乡证,回鄉證,台胞证,台胞證,通行证,通行證,港澳居民来往内地,台湾居民来往大陆,往来港澳,往来台湾,往來港澳,home return permit,home visit permit,travel permit,
        entry permit,exit-entry permit,mtp,taiwan compatriot,taiwan compatriot permit""",
    "passport": "护照,護照,passport,passports,travel document",
    "driving_licence": """驾驶证,驾驶证档案,驾驶员档案,驾驶人档案,机动车驾驶证,驾驶证件,档案编号,駕駛證,駕駛執照,驾驶执照,驾照,driver's license,driver's licence,driver’s license,driver’s licence,drivers license,
        drivers licence,driver license,driver licence,driving licence,driving license,driver_license,driver_licence,drivers_license,driving_licence,driving_license,dvla,dl,dln""",
    "tax_id": """纳税人识别,纳税识别,納稅人識別,税务登记,税务登记证,税号,稅號,纳税号,税籍,taxpayer,taxpayer id,taxpayer identification,tax id,tax identification,tax registration,
        tax reference,tax number,tax no,tax code,tax payer,tin,ein,itin,vat,vat id,vat reg,vat registration,employer identification,employer id,fein""",
    "organisation_code": "组织机构,组织机构代码,組織機構,機構代碼,机构代码,organization code,organisation code,organizational code,organisational code",
    "social_credit_code": "法人证书,法人证书号,法人登记证号,社会信用,社会信用代码,社會信用,信用代码,统一代码,uscc,social credit,social credit code",
    "cn_resident_id": """身份证,身份證,身分證,身分证,公民身份,居民身份,居民身份证,身份号码,证件,證件,id card,identity card,identity document,identity no,identity number,id no,id number,id num,id:,
        id#,citizen id,national id,resident id,resident identity,citizen identification,idcard,id_card,id_no,id_number,idno""",
    "phone": """电话,電話,手机,手機,移动电话,联系方式,联系人,联络,聯絡,聯繫,联系,聯系,致电,拨打,拨,撥打,来电,热线,熱線,座机,固话,传真,傳真,短信,分机,电:,手机号,打给,打電話,tel,tel.,fax.,ph.,mob.,cell.,telephone,phone,phones,
        mobile,cell,cellphone,fax,call,called,calling,contact,whatsapp,dial,text,text me,reach,reached,ring,hotline,sms,landline,mob,ph,handphone,telegram,signal,☎,📞,📱,✆""",
    "card_cvv": """cvv,cvv2,cvc,cvc2,cvn,cvn2,csc,cid,安全码,安全碼,校验码,卡背面,背面三位,卡背面三位,卡背面三位数,卡背面三位数字,卡背面后三位,背面后三位,后三位,末三位,security code,
        card verification,card verification value,card security code,verification value""",
    "bank_card": """银行卡,銀行卡,信用卡,借记卡,储蓄卡,卡号,卡號,账号,帐号,賬號,账户,帐户,开户,收款,付款卡,尾号,bank card,credit card,debit card,payment card,visa,mastercard,amex,american express,unionpay,
        card,account,acct,pan,银联,银联卡,jcb,maestro,discover,diners""",
    "iban": "iban",
    "imei": "imei,imei1,imei2,串号,串號,设备识别码,移动设备识别码",
    "us_ssn": "ssn,ss#,ssns,social security,social sec,soc sec,soc. sec.,社会安全号,社安号",
    "uk_nino": "nino,national insurance,ni no,ni number,ni num,ni:,ni#,国民保险",
    "wechat_id": "微信,薇信,威信,wechat,we chat,weixin,wei xin,vx,v信,加v,wx",
    "qq_number": "qq,qq群,扣扣,企鹅号",
    "date_of_birth": """出生,出生日期,出生年月,出生年月日,出生时间,生日,生于,生於,born,birth,birthdate,birth date,birthday,date of birth,dob,d.o.b,d.o.b.,b-day""",
    "address": """地址,住址,住所,住在,住于,家住,现住,居住,户籍,寄到,寄往,寄至,送到,送至,送货,收货,收件,位于,位於,坐落,搬到,搬至,家在,公司在,营业场所,注册地,通讯处,address,lives at,live at""",
    "ip": """ip,ips,ipv4,ipv6,ip地址,ip address,ip addresses,ip addr,dns,host,hosts,server,servers,主机,服务器,网关,gateway,ping,ssh,curl,connect,connected,connecting,from,来源,登录,访问,解析,node,
        nodes,nameserver,inet,inet6,client,remote,节点,源地址,目的地址,telnet,router,proxy,代理,路由器,via,traceroute,地址为""",
    "mac": "mac,mac地址,mac address,mac addr,物理地址,hwaddr,ether,bssid,网卡",
    OTHER: """订单,訂單,订单编号,单号,單號,单据,流水,流水号,序列,序列号,序号,编号,編號,条形码,条码,條碼,二维码,运单,快递,快递单,物流,包裹,发票,發票,合同,货号,商品,产品,型号,批号,批次,批准文号,工单,案号,案件,
        学号,工号,员工,会员,用户名,房间号,专利,版本,時間戳,时间戳,哈希,散列,摘要,校验和,坐标,经度,纬度,经纬度,金额,价格,单价,总价,税额,数量,余额,积分,面积,人口,参考,交易,交易号,凭证,票号,券码,兑换码,邮编,
        书号,图号,料号,零件,零件号,设备号,设备编号,机器码,资产,资产编号,保单,保单号,存单,车架号,发动机号,准考证号,病历号,住院号,门诊号,登记号,档案号,文号,客户号,客户编号,报关单,提单,取件码,验证码,激活码,样本,样品,指纹,
        第,章,节,条款,isbn,isbn-13,isbn-10,issn,ean,ean-13,ean13,upc,gtin,sku,asin,doi,oid,serial,s/n,sn,sn码,order,orders,invoice,tracking,part,batch,lot,barcode,bar code,transaction,txn,ref,reference,
        case,ticket,ver,version,release,build,rev,revision,timestamp,epoch,unix time,hash,md5,sha,sha1,sha-1,sha256,sha-256,checksum,commit,digest,crc,crc32,uuid,guid,coordinate,coordinates,lat,latitude,
        lon,lng,longitude,price,amount,total,patent,model,product,item,po,p.o.,po#,section,chapter,clause,§,step,shipment,waybill,parcel,fingerprint,population,quantity,qty,user id,member id,employee id,
        customer id,client id,session id,request id,device id,process id,job id,task id,record id,document id,student id,trace id,order id,user_id,member_id,order_id,session_id,request_id,device_id,
        trace_id,product_id,item_id,customer number,member number,student number,employee number,employee no,asset,certificate,row,line,pid,port,policy,claim,booking,reservation,confirmation,vin,awb,
        po number,catalog,catalogue,figure,table,page,id=,seq,sequence,counter,size,bytes,length,offset,millis,ts,time,date,购买,库存,销量,点击,访问量,浏览""",
}  # fmt: skip
_TAIL = re.compile(
    r" ?(?:号码|號碼|编号|編號|卡号|证号|号|號|代码|上)?(?: ?(?:no\b\.?|nr\b\.?|num\b|numbers?\b|code\b|id\b|#|card\b))*",
    re.IGNORECASE,
)
_TIGHT = re.compile(
    r"""[\s:=#'"(\[*_|-]*(?:(?:号码|编号|号)?(?:是|为|爲)|is|was|of)?[\s:=#.'"(\[*_-]*(?:[A-Za-z]{1,5}-)?""",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[。！？!?\n;；]|\.\s")


_BEHIND = re.compile(
    r" ?[(\[](?P<open>)|,? ?(?:is|was) (?:my|our|your|his|her|their|the) | ?是(?:我们?|你|您|他|她|本人|客户|对方)的 ?",
    re.IGNORECASE,
)
"""How a label is tied to a value that stands before it: `(passport number)`, ` is my passport number`, `是我的护照号`."""


class Label(NamedTuple):
    """The nearest label before a value."""

    kind: str
    tight: bool
    """Nothing but `:`, `no.` and the like between the two."""
    gap: str


class _Word(NamedTuple):
    start: int
    end: int
    kind: str


@cache
def _automaton() -> tuple[AhoCorasick, list[str]]:
    kinds = {word.strip(): kind for kind, words in _WORDS.items() for word in words.split(",") if word.strip()}
    return AhoCorasick(list(kinds), matchkind=MatchKind.LeftmostLongest), list(kinds.values())


@lru_cache(maxsize=4)
def _words_of(text: str) -> list[_Word]:
    """The labels of a window in order; its detectors ask one after the other, so that it is searched once."""
    automaton, kinds = _automaton()
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    found: list[_Word] = []
    for which, start, end in automaton.find_matches_as_indexes(lowered):
        if _is_whole(lowered, start, end) and not (found and start < found[-1].end):
            tail = _TAIL.match(text, end)
            found.append(_Word(start, tail.end() if tail else end, kinds[which]))
    return found


def _is_whole(text: str, start: int, end: int) -> bool:
    """Latin words are whole words, where `_` parts words too."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (
        (text[start].isascii() and text[start].isalpha() and before.isascii() and before.isalpha())
        or (text[end - 1].isascii() and text[end - 1].isalpha() and after.isascii() and after.isalpha())
    )


def label_before(text: str, start: int) -> Label | None:
    """The nearest label on the line before `start`; one of something else only when tight."""
    words = _words_of(text)
    least = max(text.rfind("\n", 0, start) + 1, start - REACH)
    for place in range(bisect_right(words, start, key=lambda word: word.end) - 1, -1, -1):
        word = words[place]
        if word.start < least:
            break
        gap = text[word.end : start]
        label = Label(word.kind, _TIGHT.fullmatch(gap) is not None, gap)
        if label.kind != OTHER or label.tight:
            return label
    return None


def label_behind(text: str, end: int) -> str | None:
    """The kind that a label right behind a value gives it."""
    tie = _BEHIND.match(text, end)
    if tie is None:
        return None
    words = _words_of(text)
    place = bisect_left(words, tie.end(), key=lambda word: word.start)
    if place == len(words) or words[place].start != tie.end():
        return None
    closed = tie["open"] is None or text[words[place].end : words[place].end + 2].lstrip()[:1] in (")", "]")
    return words[place].kind if closed else None


def labelled(text: str, start: int, *kinds: str, reach: int = 24, end: int | None = None) -> bool:
    """Whether the nearest label is one of `kinds`, near enough and in the same sentence. One that is tied to `end` is nearer than any
    before it but the one that touches the value.
    """
    label = label_before(text, start)
    if end is not None and not (label and label.tight) and (behind := label_behind(text, end)):
        return behind in kinds
    return label is not None and label.kind in kinds and len(label.gap) <= reach and not _SENTENCE_END.search(label.gap)


def claimed(text: str, start: int, *own: str) -> bool:
    """Whether a label right before says that this is something other than `own`."""
    label = label_before(text, start)
    return label is not None and label.tight and label.kind not in own
