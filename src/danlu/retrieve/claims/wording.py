"""Words that say the same, and words that say the opposite, of Chinese and English manuals and rules.

A word that the source lacks may stand in an answer where it is a known other word for one that the source has. The list is
short on purpose: each pair lets something through. Opposites are never let through.
"""

from danlu.retrieve.claims.content import key_of
from danlu.text.segment import fold

_SAME = """use utilize employ | start begin launch | delete remove erase | show display | need require | buy purchase | help assist
 | allow permit let | get obtain receive | make create | send submit | choose select pick | change modify alter | stop halt
 | end finish | keep retain preserve store save | give provide supply | hold contain include | run execute | ask request | check verify
 | big large | small little | fast quick | staff employee | customer client | firm company | folder directory | fix repair
 | pay reimburse | put place | error fault | build construct | call phone | find locate | happen occur | mend repair | tell inform
 | set configure | restart reboot | work function | take last | yearly annual annually | monthly month | automatic automatically
 | 使用 用 采用 | 开始 启动 | 删除 移除 | 显示 展示 | 购买 买 | 修改 更改 变更 | 选择 选用 | 保存 存储 储存 | 提交 递交 上交 | 获得 取得 获取
 | 检查 核对 查看 | 创建 新建 建立 | 运行 执行 | 包含 包括 含有 | 员工 职工 职员 | 客户 顾客 | 目录 文件夹 | 告知 通知 | 申请 请求 | 设置 配置 设定
 | 完成 结束 | 提供 给予 | 费用 花费 | 办理 处理 | 重启 重新启动 | 位于 处于 在 | 支付 付款 | 持续 为期 | 遗失 丢失 | 更换 替换 | 每年 年度"""
_OPPOSITE = """enable disable | allow forbid | allow prohibit | allow deny | permit prohibit | permit deny | increase decrease | open close | open shut
 | start stop | install remove | install uninstall | add remove | add delete | upload download | encrypt decrypt | accept reject | accept refuse | approve reject
 | maximum minimum | internal external | public private | above below | up down | left right | early late | earlier later | first last
 | higher lower | high low | longer shorter | more less | more fewer | include exclude | import export | on off | buy sell | lend borrow | free paid
 | success failure | succeed fail | hot cold | warm cold | heat cool | inside outside | valid invalid | front rear | front back | push pull | lock unlock | send receive
 | upgrade downgrade | raise lower | gain lose | profit loss | temporary permanent | read write | oldest newest | minimum maximum | connect disconnect | male female
 | 启用 禁用 | 允许 禁止 | 增加 减少 | 提高 降低 | 打开 关闭 | 开启 关闭 | 安装 卸载 | 登录 退出 | 上传 下载 | 加密 解密
 | 接受 拒绝 | 批准 驳回 | 批准 否决 | 通过 否决 | 通过 驳回 | 同意 拒绝 | 最大 最小 | 最高 最低 | 最多 最少 | 内部 外部 | 公开 保密 | 左 右 | 上午 下午 | 提前 推迟 | 升级 降级 | 收入 支出 | 导入 导出
 | 成功 失败 | 有效 无效 | 免费 收费 | 固定 可变 | 临时 永久 | 读 写 | 只读 可写 | 高于 低于 | 大于 小于 | 早于 晚于 | 加热 冷却 | 连接 断开 | 锁定 解锁 | 添加 删除
 | 正面 背面 | 室内 室外 | 国内 国外 | 甲方 乙方 | 买方 卖方 | 借入 借出 | 包括 不包括 | 拧紧 松开 | 顺时针 逆时针 | 上方 下方 | 左侧 右侧 | 前端 后端 | 男 女 | 同步 异步"""


def _key(word: str) -> str:
    return key_of(word) if word.isascii() else fold(word)


def _groups(table: str) -> list[tuple[str, ...]]:
    return [tuple(key for word in group.split() if (key := _key(word))) for group in table.split("|")]


def _by_word(table: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for group in _groups(table):
        for word in group:
            found.setdefault(word, set()).update(other for other in group if other != word)
    return {word: frozenset(others) for word, others in found.items()}


SAME = _by_word(_SAME)
"""Other words for a word, by key (danlu.retrieve.claims.content)."""
OPPOSITE = _by_word(_OPPOSITE)
