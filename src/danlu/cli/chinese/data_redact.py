"""Chinese of `danlu redact`."""

CHINESE: dict[str, str] = {
    "mask, replace or drop personal data, secrets and sensitive words": "掩盖、替换或剔除个人信息、密钥和敏感词",
    "what is done with what is found (default mask-all); report-only changes nothing": (
        "如何处理找到的内容（默认 mask-all）；report-only 不改动任何内容"
    ),
    "word lists: one word, or word<TAB>category, per line; the category is else the file's name": (
        "词表：每行一个词，或 词<TAB>类别；未写类别时以文件名为类别"
    ),
    "secret that pseudonyms and hashes of values are made by; without one they follow from --seed": (
        "生成假名和值的散列所用的密钥；不提供时由 --seed 决定"
    ),
    "redact.types: unknown type `{name}`": "redact.types：没有名为 `{name}` 的类型",
    "The types are, the nearest first: {types}.": "可用的类型（最接近的在前）：{types}。",
    "redact.words: no word of the lists is in the category `{name}`": "redact.words：词表中没有属于类别 `{name}` 的词",
    "The categories are, the nearest first: {categories}.": "可用的类别（最接近的在前）：{categories}。",
    "Name word lists after --words.": "请在 --words 之后给出词表。",
    "redact.types: `{name}` cannot be pseudonymised: it has no form that another value could keep": "redact.types：`{name}` 不能用假名替换：它没有可供另一个值保持的形式",
    "Mask it: --set 'redact.types={{{name}: mask}}'": "请改为掩盖：--set 'redact.types={{{name}: mask}}'",
    "No word list in {path}": "{path} 中没有词表",
    "Name a folder with .txt files, or a file.": "请给出含有 .txt 文件的文件夹，或一个文件。",
    "Make a key: head -c 32 /dev/urandom > redact.key": "请生成密钥：head -c 32 /dev/urandom > redact.key",
    "{path}: a key of {size} bytes can be guessed": "{path}：{size} 字节的密钥可被猜出",
    "Recognising names needs {package}": "识别人名、地名和机构名需要软件包 {package}",
    "Install it: pip install 'danlu[ner]'": "请安装：pip install 'danlu[ner]'",
}

STORED: dict[str, str] = {
    "pseudonyms without --key: the key follows from --seed, so anybody can repeat them and test a guess": (
        "未提供 --key：假名的密钥由 --seed 决定，任何人都能重复生成并逐一验证猜测"
    ),
    "found: {kind}": "找到（{kind}）",
    "sensitive data": "敏感信息",
    "sensitive words": "敏感词",
    "cn_resident_id": "身份证号",
    "tw_id": "台湾身份证号",
    "hk_id": "香港身份证号",
    "travel_permit": "通行证号",
    "passport": "护照号",
    "driving_licence": "驾驶证号",
    "vehicle_plate": "车牌号",
    "social_credit_code": "统一社会信用代码",
    "organisation_code": "组织机构代码",
    "tax_id": "税号",
    "mobile_phone": "手机号",
    "landline_phone": "固定电话",
    "international_phone": "境外电话",
    "bank_card": "银行卡号",
    "card_cvv": "银行卡安全码",
    "iban": "国际银行账号",
    "crypto_wallet": "钱包地址",
    "email": "邮箱",
    "ip_address": "IP 地址",
    "mac_address": "MAC 地址",
    "imei": "设备串号",
    "url_credentials": "网址中的账号密码",
    "api_key": "接口密钥",
    "private_key": "私钥",
    "jwt": "令牌",
    "password": "密码",
    "us_ssn": "美国社会安全号",
    "uk_nino": "英国国民保险号",
    "wechat_id": "微信号",
    "qq_number": "QQ 号",
    "date_of_birth": "出生日期",
    "address": "地址",
}
