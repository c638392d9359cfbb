"""Vectors in a store elsewhere, in Chinese."""

CHINESE = {
    "its vectors may be left in the store of `vectors` until the next question: {problem}": (
        "它的向量可能仍留在 `vectors` 指定的存储中，直到下一次提问：{problem}"
    ),
    "postgresql://USER@HOST/DATABASE, or http://HOST:6333 of a Qdrant server": (
        "postgresql://用户@主机/数据库，或 Qdrant 服务器的 http://主机:6333"
    ),
    "{file}: `vectors` names a store of the kind {kind!r}": "{file}：`vectors` 所写的存储类型 {kind!r} 不受支持",
    "Vectors in PostgreSQL need the package psycopg": "把向量放在 PostgreSQL 中需要安装 psycopg",
    "pip install 'danlu[pgvector]'": "pip install 'danlu[pgvector]'",
    "{file}: `vectors` is an address that PostgreSQL's library cannot read": (
        "{file}：PostgreSQL 的库无法读取 `vectors` 中的地址"
    ),
    "Expected postgresql://USER@HOST:PORT/DATABASE; signs in a password are written as %40.": (
        "应为 postgresql://用户@主机:端口/数据库；密码中的特殊符号要写成 %40 这样的形式。"
    ),
    "Found by words alone: {problem}": "仅按词语查找：{problem}",
}
