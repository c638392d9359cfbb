"""Chinese for the FAISS cache of an index."""

CHINESE: dict[str, str] = {
    "It is a cache: delete it, and it is built anew. Until then every vector is compared, which is exact and slower.": (
        "这是缓存：删除后会重新建立。在此之前会逐个比较所有向量，结果精确，但更慢。"
    ),
    "{path} was made of another index, or of a later state of it": "{path} 来自另一个索引，或来自该索引更晚的状态",
    "{path} is damaged: it is not the file that its stamp names": "{path} 已损坏：与其标记所记的文件不符",
    "An approximate search needs the package faiss-cpu": "近似搜索需要 faiss-cpu 包",
    "pip install 'danlu[faiss]'. Until then every vector is compared, which is exact and slower.": (
        "请运行 pip install 'danlu[faiss]'。在此之前会逐个比较所有向量，结果精确，但更慢。"
    ),
}
