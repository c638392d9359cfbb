"""What counts as each type, and what does not: `⟦type|value⟧` marks what must be found, and nothing else may be."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.text.pii.scan import look_at, scan

_MARK = re.compile(r"⟦(\w+)\|([^⟧]*)⟧")

FOUND = """
身份证号码：⟦cn_resident_id|11010519491231002X⟧，户籍地址不详
公民身份号码 ⟦cn_resident_id|110105 19491231 002x⟧
证件号 ⟦cn_resident_id|１１０１０５１９４９１２３１００２Ｘ⟧
见附件 ⟦cn_resident_id|11010519491231002X⟧ 复印件
老身份证：⟦cn_resident_id|110105491231002⟧
台湾身份证 ⟦tw_id|A123456789⟧
HKID: ⟦hk_id|A123456(3)⟧
香港身份证 ⟦hk_id|A1234563⟧
香港居民 ⟦hk_id|A123456（3）⟧ 已登记
回乡证号：⟦travel_permit|H12345678⟧
港澳居民来往内地通行证 ⟦travel_permit|M1234567801⟧
台胞证 ⟦travel_permit|12345678⟧
护照号码: ⟦passport|E12345678⟧
My passport number is ⟦passport|533380006⟧.
Passport No. ⟦passport|EA1234567⟧
驾驶证档案编号：⟦driving_licence|310000123456⟧
Driver's license no. ⟦driving_licence|D1234567⟧
UK driving licence ⟦driving_licence|MORGA753116SM9IJ⟧
车牌号⟦vehicle_plate|京A·12345⟧和⟦vehicle_plate|粤BD12345⟧
停在楼下的⟦vehicle_plate|沪A1234学⟧
统一社会信用代码：⟦social_credit_code|91350100M000100Y43⟧
供应商 ⟦social_credit_code|91350100M000100Y43⟧ 已通过
组织机构代码 ⟦organisation_code|D2143569-X⟧
纳税人识别号：⟦tax_id|110105123456789⟧
EIN ⟦tax_id|12-3456789⟧
手机 ⟦mobile_phone|13800138000⟧
联系人王五 ⟦mobile_phone|138-0013-8000⟧
请打⟦mobile_phone|+86 138 0013 8000⟧
⟦mobile_phone|１３８００１３８０００⟧
我的号码⟦mobile_phone|一三八零零一三八零零零⟧哦
电话：⟦mobile_phone|幺三八〇〇幺三八〇〇〇⟧
微信同号⟦mobile_phone|19912345678⟧
座机：⟦landline_phone|010-62345678⟧
⟦landline_phone|(0371) 65432100⟧ 转财务
总机⟦landline_phone|021-62345678转801⟧
tel ⟦landline_phone|+86 10 6234 5678⟧
Call ⟦international_phone|(415) 555-2671⟧ or ⟦international_phone|+44 20 7946 0958⟧.
香港 ⟦international_phone|+852 2345 6789⟧
Phone: ⟦international_phone|020 7946 0958⟧
卡号：⟦bank_card|6222 0200 0000 0000 000⟧
Card ⟦bank_card|4111-1111-1111-1111⟧, ⟦bank_card|378282246310005⟧
打到⟦bank_card|6222020000000000000⟧即可
CVV: ⟦card_cvv|123⟧
安全码是⟦card_cvv|9876⟧
IBAN ⟦iban|GB82 WEST 1234 5698 7654 32⟧
pay to ⟦iban|DE89370400440532013000⟧ today
wallet ⟦crypto_wallet|1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa⟧
⟦crypto_wallet|0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed⟧
⟦crypto_wallet|bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq⟧
邮箱⟦email|zhang.san@example.com.cn⟧。
write to ⟦email|john[at]example[dot]com⟧
发到⟦email|li４＠example.com⟧
info ⟦email|a_b+c@mail.example.co.uk⟧,
服务器 ⟦ip_address|192.168.1.10⟧:8080
ssh root@⟦ip_address|203.0.113.7⟧
DNS ⟦ip_address|8.8.8.8⟧
⟦ip_address|2001:db8:85a3::8a2e:370:7334⟧
MAC ⟦mac_address|00:1B:44:11:3A:B7⟧
ether ⟦mac_address|001b.4411.3ab7⟧
IMEI：⟦imei|490154203237518⟧
postgres://⟦url_credentials|app:S3cret⟧@db.example.com/x
AWS ⟦api_key|AKIAIOSFODNN7EXAMPLA⟧
⟦api_key|ghp_abcdefghijklmnopqrstuvwxyz0123456789⟧
api_key = "⟦api_key|9f8a7b6c5d4e3f2a1b0c⟧"
密钥：⟦api_key|Zx81kQ0pLm92VbNc77⟧
⟦jwt|eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U⟧
password=⟦password|hunter2!⟧
初始密码：⟦password|abc123456⟧，请修改
"passwd": "⟦password|S3cr3t#1⟧"
SSN: ⟦us_ssn|536-22-1234⟧
NI number ⟦uk_nino|AB 12 34 56 C⟧
微信：⟦wechat_id|zhang_san88⟧
WeChat ID: ⟦wechat_id|lisi2020⟧
加微信⟦wechat_id|wangwu⟧
QQ：⟦qq_number|123456789⟧
QQ群 ⟦qq_number|987654⟧
出生日期：⟦date_of_birth|1990年5月1日⟧
李四（⟦date_of_birth|1990-05-01⟧出生）
He was born on ⟦date_of_birth|12 May 1988⟧ in Paris.
DOB: ⟦date_of_birth|05/12/1988⟧
住在⟦address|北京市海淀区中关村大街27号1101室⟧。
寄到⟦address|浙江省杭州市西湖区文三路123号2单元501室⟧，谢谢
地址：⟦address|人民路100号⟧
客户李娜的身份证是⟦cn_resident_id|440308199901101512⟧吗
ID card number ⟦cn_resident_id|440308199901101512⟧ on file
居民身份证 ⟦cn_resident_id|440308-19990110-1512⟧
联系电话:⟦mobile_phone|+8613912345678⟧;备用⟦mobile_phone|008613912345678⟧
发短信至⟦mobile_phone|139.1234.5678⟧
(⟦mobile_phone|139 1234 5678⟧)
手机号为⟦mobile_phone|一三九 一二三四 五六七八⟧
手机號碼：⟦mobile_phone|13912345678⟧
请拨⟦landline_phone|0755-8888 9999⟧或⟦landline_phone|075588889999⟧
办公电话 ⟦landline_phone|(021)5555-6666-802⟧
传真：⟦landline_phone|010 8888 7777⟧
Fax ⟦landline_phone|+86-21-5555-6666⟧
Ring me on ⟦international_phone|+1 (212) 555-0187⟧ tonight
WhatsApp: ⟦international_phone|+91 98765 43210⟧
⟦international_phone|+49 30 901820⟧ Berlin office
台北 ⟦international_phone|+886-2-2345-6789⟧
⟦international_phone|0033 1 42 68 53 00⟧ Paris
tel: ⟦international_phone|2125550187⟧
⟦international_phone|1-800-555-0199⟧ toll free
⟦international_phone|212.555.0187⟧ / ⟦international_phone|212-555-0187⟧
信用卡⟦bank_card|5500 0000 0000 0004⟧有效期 12/27 CVC ⟦card_cvv|737⟧
Visa ending: ⟦bank_card|4012888888881881⟧
JCB ⟦bank_card|3530111333300000⟧ Amex ⟦bank_card|3782 822463 10005⟧
CVV2：⟦card_cvv|045⟧ 卡背面三位数字 ⟦card_cvv|321⟧
security code is ⟦card_cvv|4821⟧
My IBAN: ⟦iban|FR14 2004 1010 0505 0001 3M02 606⟧.
护照号⟦passport|G12345678⟧，护照号码为⟦passport|EB1234567⟧
passport no: ⟦passport|L01X00T47⟧ passport #⟦passport|123456789⟧
Travel permit no. ⟦travel_permit|H1234567801⟧
往来港澳通行证号码 ⟦travel_permit|C12345678⟧；往来台湾通行证：⟦travel_permit|T12345678⟧
往来港澳通行证 ⟦travel_permit|CA1234567⟧
driving licence number: ⟦driving_licence|SMITH711215JK9AB⟧
driver license ⟦driving_licence|F255-921-50-094-0⟧
车主驾驶证档案编号 ⟦driving_licence|440301234567⟧
plate ⟦vehicle_plate|浙A 88888⟧, ⟦vehicle_plate|京AF12345⟧ 、⟦vehicle_plate|粤Z1234港⟧
组织机构代码证：⟦organisation_code|D2143569X⟧
纳税人识别号 ⟦social_credit_code|91350100M000100Y43⟧
税号：⟦tax_id|440300123456789⟧ VAT: ⟦tax_id|DE123456789⟧ VAT No. ⟦tax_id|FR12345678901⟧
contact ⟦email|first.last+tag@sub.example.org⟧; ⟦email|info@例子.中国⟧
Email：⟦email|zhang_san(at)example.com⟧ ⟦email|bob [at] example [dot] org⟧
mailto:⟦email|bob@example.org⟧ <⟦email|al@example.io⟧>
⟦email|user＠example.com⟧ ⟦email|ｚｈａｎｇ@example.com⟧
from ⟦ip_address|10.1.2.3⟧ to ⟦ip_address|172.16.5.4⟧:443 via ⟦ip_address|fe80::1ff:fe23:4567:890a⟧
http://⟦ip_address|198.51.100.23⟧/admin [⟦ip_address|2001:db8::ff00:42:8329⟧]:80
客户端IP：⟦ip_address|58.30.1.2⟧登录
⟦mac_address|3C-52-82-1A-2B-4F⟧ up
物理地址⟦mac_address|3c:52:82:1a:2b:4f⟧
IMEI ⟦imei|49-015420-323751-8⟧ 手机串号：⟦imei|356938035643809⟧
mongodb+srv://⟦url_credentials|admin:p%40ss⟧@cluster0.example.net
ftp://⟦url_credentials|joe:secret1⟧@ftp.example.com/file
export AWS_SECRET_ACCESS_KEY=⟦api_key|wJalrXUtnFEMIK7MDENGbPxRfiCYzzzKEYaaaa12⟧
OPENAI_API_KEY=⟦api_key|sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12Mn34Op56⟧
slack ⟦api_key|xoxb-123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx⟧
google ⟦api_key|AIzaSyA1b2C3d4E5f6G7h8I9j0KlMnOpQrStUvW⟧
⟦api_key|sk_live_4eC39HqLyjWDarjtT1zdp7dc⟧
Authorization: Bearer ⟦api_key|aB3dE5fG7hI9jK1lM3nO5pQ7⟧
access_token：⟦api_key|8f14e45fceea167a5a36dedd4bea2543⟧
secret: ⟦api_key|q7W9eR5tY3uI1oP8aS6d⟧
⟦api_key|LTAI5tAbCdEfGhIjKlMnOpQr⟧
⟦api_key|AKIAIOSFODNN7ABCDEFG⟧ / ⟦api_key|wJalrXUtnFEMI/K7MDENG/bPxRfiCYzZyYxXwWvV⟧
user,⟦api_key|AKIAIOSFODNN7ABCDEFG⟧,⟦api_key|wJalrXUtnFEMI/K7MDENG/bPxRfiCYzZyYxXwWvV⟧
⟦api_key|LTAI5tAbCdEfGhIjKlMnOpQr⟧ ⟦api_key|8xQvT3nZk2LpW9sYb5RmC7dHj4FgA6⟧
开户账号 ⟦iban|KZ60 ABCD EFGH IJKL MNOP⟧ 谢谢
⟦iban|MT84 MALT 0110 0001 2345 MTLC AST0 01S⟧
请核对 ⟦passport|E12345678⟧ 是我的护照号，⟦passport|E12345678⟧（护照号）
⟦passport|X1234567⟧ (passport number) and ⟦us_ssn|536228726⟧ is my social security number
⟦qq_number|12345678⟧（QQ），⟦wechat_id|zhang_san88⟧（微信），⟦card_cvv|330⟧ (CVV)
设备 ⟦imei|490154203237518⟧（IMEI）
初始密码 ⟦password|abc123⟧，请修改；密码⟦password|Qw3rty!⟧登录
the password ⟦password|Hunter2!⟧ was leaked
数据库密码：⟦password|Root@2024⟧ 口令：⟦password|qwer1234⟧
密码是⟦password|zhang1990⟧。
pwd = '⟦password|My_P4ss!⟧'
登录密码为 ⟦password|Abc!2345⟧
Password: ⟦password|correct-horse-9⟧
passwd:⟦password|letmein⟧
mysql -u root --password=⟦password|T0pSecret⟧
my SSN is ⟦us_ssn|219-09-8765⟧; social security number ⟦us_ssn|219098765⟧
⟦us_ssn|401-22-9876⟧ belongs to him
National Insurance No: ⟦uk_nino|JG103759A⟧ and ⟦uk_nino|CE 12 34 56 D⟧
加我微信 ⟦wechat_id|li_na-2020⟧ 或 vx：⟦wechat_id|abc12345⟧
我的微信号是⟦wechat_id|chenwei⟧
WeChat: ⟦wechat_id|wxid_8f3k2j1h⟧
verify idcard=⟦cn_resident_id|11010519491231002X⟧ result=OK
设备 IMEI 号为 ⟦imei|490154-20-323751-8⟧
物理地址. . . . . : ⟦mac_address|00-1B-44-11-3A-B7⟧
MAC:⟦mac_address|001b.4411.3ab7⟧
Tel. ⟦international_phone|0161 496 8328⟧
固定电话 ⟦landline_phone|02862535893⟧
住所地⟦address|北京市朝阳区建设北街36号B座17楼⟧，法定代表人
DB_PASS=⟦password|Qiang@9375⟧
<password>⟦password|mwBs8drnTD⟧</password>
| QQ | ⟦qq_number|10469060⟧ |
Q群：⟦qq_number|753561792⟧
加V：⟦wechat_id|he_juan19⟧
扣扣 ⟦qq_number|55667788⟧，QQ号码：⟦qq_number|10001⟧
加QQ⟦qq_number|2233445566⟧
生日是⟦date_of_birth|1985年12月3日⟧
他⟦date_of_birth|一九八五年十二月三日⟧出生
出生年月日 ⟦date_of_birth|19851203⟧
Date of birth: ⟦date_of_birth|March 3, 1985⟧
born ⟦date_of_birth|1985/12/03⟧
地址：⟦address|上海市浦东新区世纪大道100号⟧
家住⟦address|江苏省苏州市姑苏区平江路88弄12号302室⟧
收货地址：⟦address|广东省深圳市南山区科技园科苑路15号科兴科学园B栋3单元1201室⟧
⟦address|四川省成都市武侯区人民南路四段27号⟧
⟦address|湖南省长沙县黄花镇黄龙村3组⟧
公司位于⟦address|杭州市滨江区网商路599号⟧，电话⟦landline_phone|0571-88156688⟧
住址 ⟦address|建设路12号3栋402室⟧
⟦address|天津市南开区卫津路94号⟧ 邮编300071
地址：⟦address|北京市朝阳区建国路88号SOHO现代城A座1208室⟧
⟦address|内蒙古自治区呼和浩特市赛罕区大学西街235号⟧
⟦address|香港九龙尖沙咀弥敦道100号⟧
⟦address|重庆市渝中区解放碑街道民权路28号⟧
ETH ⟦crypto_wallet|0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae⟧
TRX ⟦crypto_wallet|TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t⟧
""".strip().splitlines()

NOT_FOUND = """
口令是Samba加密的
finished in 181.70727641 s
identifier f9:2a:c2:77:29:f9:5c:00
网段2001:db8::/32，掩码
smb://username:password@server/printer
QQ音乐有86963547首歌
订单号：13800138000
order no. 13800138000
流水号 6222020000000000000
序列号 4111111111111111
快递单号：18612345678
身份证号码：110105194912310021
身份证：110105199013310020
护照办理需要 7 个工作日
手机 12345678901 和 10086
客服 400-810-8888
产品编号 E12345678
ISBN 978-7-111-12345-6
1700000000000
2024-01-01 12:30:45.123456
31.230416,121.473701
v1.2.3.4 and version 10.0.19.1
掩码 255.255.255.0，网络 10.0.0.0/8，本机 127.0.0.1
std::vector and a::b at 12:30:45
5d41402abc4b2a76b9719d911017c592
550e8400-e29b-41d4-a716-446655440000
@property and name@1.2.3 and icon@2x.png
git@github.com:owner/repo.git
密码不能为空，密码：******
password: str = input() and password = os.environ["PW"]
The password must be changed. password is required
api_key = YOUR_API_KEY and token: ${TOKEN}
微信公众号 和 WeChat is popular
京东 浙江省杭州市 长安街 上海市第一人民医院
北京地铁10号线 2024年第5号公告
成立日期：1990年5月1日
123-45-6789
SHA1 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
合同编号：HT-13800138000-01 已归档
发票号码 011001900211 发票代码 25312000000012345678
物流单号 SF1234567890123 已签收
快递单号：YT6222020000000000000
ISBN-13: 9787111213826, ISBN 7-302-12345-6, ISSN 1000-1234
EAN 4006381333931 barcode 6901234567892
商品条码6922222212345 单价¥128.00
时间戳 1699999999999 与 1700000000
2023-11-05T12:34:56.789Z build 20231105123456
Windows 10.0.19045.3570, Chrome/119.0.0.0, nginx 1.24.0
File version 6.3.9600.17415 released
commit 9fceb02d0ae598e95dc970b74767f19372d61af8
md5: d41d8cd98f00b204e9800998ecf8427e
sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
经度116.397128，纬度39.916527
lat 40.712776, lon -74.005974; +40.689247-074.044502
人口 1,411,780,000 人，面积9,600,000平方公里
+1,250 人，增长+12.5%，UTC+08:00, GMT-5
3.14159265358979 2.718281828
OID 1.3.6.1.4.1.311.21.20 and RFC 2822 section 3.2.1.4
章节 4.1.2.3 安装步骤
第 12345678 号专利 ZL201910123456.7
CN201810123456A patent
案号（2020）京0108民初12345号
准考证号 202311010123 学号 2019011234
工号 10086123 员工编号：88001234
房间号 1208 会议号 123 456 7890
Zoom meeting ID: 987 6543 2100 passcode page
IMEI 490154203237519 invalid
卡号 6222020000000000001
card 4111111111111112
GB82 WEST 1234 5698 7654 33
0x0000000000000000000000000000000000000000
transaction 0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060
111.222.333.444 and 256.1.1.1
192.168.0.0/16 172.16.0.0/12 ::1 127.0.0.1:8080 0.0.0.0
ssh-ed25519 fingerprint 16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48
12:30:45 ff:ff:ff:ff:ff:ff 00:00:00:00:00:00
@media screen, user@localhost, @zhang, npm i react@18.2.0
import React from 'react'; email@ missing
style.css@2x.png pkg@1.0.0-beta.1
https://example.com:8080/path@v2/file http://user@example
忘记密码？请点击这里。密码强度：弱 密码长度：8-20位
请输入密码: 密码错误 密码：**** 修改密码
password: string; // the password of the user
password = get_password() passwd=$PASSWD pwd=`pwd`
"password": null, "password": "", "password": "********"
If you forget your password, use the reset link.
secret: ${{ secrets.TOKEN }} token: <your-token> api_key: "YOUR_API_KEY_HERE"
token_type: bearer max_tokens=4096 tokenizer = AutoTokenizer
const token = localStorage.getItem("token")
sk-xxxxxxxxxxxxxxxxxxxxxxxx hf_xxxxx AKIAXXXXXXXXXXXXXXXX
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A
-----END PUBLIC KEY-----
a.b.c eyJub3QiOiJqd3Qi only.two
000-12-3456 666-12-3456 900-12-3456
part no. 123-45-6780 serial 536-22-1234
微信支付 微信公众号 WeChat Pay 微信小程序wxapp
QQ音乐 2023 QQ浏览器12 腾讯QQ
公司成立于1998年11月11日，1990年5月1日上映
会议时间：2024年3月8日，截止日期 2024-03-31
在北京市海淀区 浙江省杭州市西湖区 人民路 南京东路
上海市第六人民医院 北京大学 广东省人民政府办公厅
京A级景区 新B级 鲁迅 川A股 沪B股
2号楼 3号线 8号台风 5号文件 1号选手 第3组数据
国道G312 京G7 沪B2
北京市第一中级人民法院 2号法庭 朝阳区疾控中心 3号通告
GDP 114.37 亿元 同比 5.2% 12306 95588 110 120 400-123-4567 800-810-8888
电话会议 于 2024-01-15 14:30 举行
编号：110105194912310020
序列号：A123456789 零件号 B123456(7)
SN: 35-209900-176148-1
A1234567 型号 H12345678 型材 G12345678 螺栓
尺寸 123x456x789 mm 温度 -40 ~ 125
1 234 567 890 元
Section 10.1.1.1 and figure 3.2.1.5
订单 202311051234567890 已支付
流水号:622848001234567890123
版本号 2.0.0.1 固件 V1.1.1.1
QQ12 微信v8.0.42
三百二十五 一九四九年十月一日 一三五七九
护照有效期 10 年 passport photo 35x45 mm
驾驶证 C1 扣 12 分 driving licence valid until 2030
税号不能为空 VAT 20% EIN required
CVV required 安全码不正确 CVC 校验
卡号格式 16 位
密码 SHA256 加密，密码 MD5值，密码2次输入错误，密码长度8位，密码学3.0，密码 2024年修改
password sha256 hash, password policy v2, the password argon2id function, password 2FA
密码 utf8mb4 密码 8-16位 口令 https://example.com/a1
AKIAXXXXXXXXXXXXXXXX / 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
AT 60 ABCD EFGH IJKL, KZ61 ABCD EFGH IJKL MNOP
E12345678（型号），Q1234567 (part number) 12345678（订单号）
see chapter 123 (CVV is explained there)
""".strip().splitlines()


def marked(line: str) -> tuple[str, list[tuple[str, str]]]:
    return _MARK.sub(r"\2", line), _MARK.findall(line)


def seen(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in scan([text])[0]]


@pytest.mark.parametrize("line", FOUND)
def test_what_counts_is_found_with_its_exact_span(line: str) -> None:
    text, wanted = marked(line)
    assert seen(text) == wanted


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert seen(text) == []


def test_a_machine_readable_zone_and_a_private_key_are_one_span_each() -> None:
    zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEAx7f\n" * 60 + "-----END RSA PRIVATE KEY-----"
    assert seen(zone) == [("passport", zone)]
    assert seen(f"before\n{key}\nafter") == [("private_key", key)]
    assert seen(zone.replace("7408122", "7408123")) == []


def test_invisible_characters_are_inside_the_span() -> None:
    text = "手机138\u200b0013\u00ad8000。"
    assert seen(text) == [("mobile_phone", "138\u200b0013\u00ad8000")]


PIECES = [line for line in FOUND if "private" not in line] + NOT_FOUND
FILLER = ["泵的维护：每月检查一次轴承温度。" * 8, "Check the oil and the bearings once a month. " * 8, "\n", " ", "，"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES + FILLER), max_size=12))
def test_passing_over_text_changes_nothing_that_is_found(lines: list[str]) -> None:
    text = "\n".join(marked(line)[0] for line in lines)
    assert scan([text])[0] == look_at(text)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=6), st.lists(st.text(max_size=30), max_size=6))
def test_a_text_is_judged_alone_whatever_lies_beside_it(lines: list[str], others: list[str]) -> None:
    texts = [marked(line)[0] for line in lines]
    mixed = [text for pair in zip(texts, others, strict=False) for text in pair]
    assert scan(mixed) == [scan([text])[0] for text in mixed]
