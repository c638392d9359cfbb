"""Passages for people and for other programs (find, export, mcp, retrievers), in Chinese."""

CHINESE = {
    "{count} passages cannot be asked for": "不能要求返回 {count} 个段落",
    "Expected 1 to {most}.": "应为 1 到 {most}。",
    "The retriever for LangChain needs the package langchain-core": "LangChain 检索器需要 langchain-core 包",
    "pip install 'danlu[langchain]'": "请运行 pip install 'danlu[langchain]'",
    "The retriever for LlamaIndex needs the package llama-index-core": "LlamaIndex 检索器需要 llama-index-core 包",
    "pip install 'danlu[llama-index]'": "请运行 pip install 'danlu[llama-index]'",
    "`danlu mcp` needs the package mcp": "`danlu mcp` 需要 mcp 包",
    "pip install 'danlu[mcp]'": "请运行 pip install 'danlu[mcp]'",
    "An export for FAISS needs the package faiss-cpu": "导出为 FAISS 需要 faiss-cpu 包",
    "pip install 'danlu[faiss]'": "请运行 pip install 'danlu[faiss]'",
    "Name a new folder.": "请给出一个新文件夹。",
    "There is no passage that may be exported": "没有可以导出的段落",
    "Without --as it is only what everyone may see.": "不加 --as 时只导出所有人可见的内容。",
    "{path} cannot be written: {problem}": "无法写入 {path}：{problem}",
    "Nothing was exported.": "没有导出任何内容。",
    "{source} was forgotten while it was being exported": "{source} 在导出过程中被要求遗忘",
    "Run the command again.": "请再次运行该命令。",
    "{folder} belongs to the project {project}: as it lies there it knows neither access nor what was forgotten": (
        "{folder} 属于项目 {project}：单看这个文件夹，既不知道访问权限，也不知道哪些文档已被遗忘"
    ),
    "Stand in the project and leave --index out: danlu export OUT": "请在项目文件夹中运行，不加 --index：danlu export OUT",
    "--as and --index do not go together": "--as 与 --index 不能同时使用",
    "An index folder knows no access: it is exported whole. --as is for the project you stand in.": (
        "索引文件夹不含访问权限，会整体导出。--as 用于当前所在的项目。"
    ),
    "nothing was found": "没有找到内容",
    "{out}: {passages} passages of {documents} documents; licences: {licences}": (
        "{out}：{documents} 篇文档的 {passages} 个段落；许可证：{licences}"
    ),
    "left out: {count} passages that these principals may not see. The vocabulary of an encoder of kind lsa still holds words of them.": (
        "未导出：{count} 个段落，这些身份无权查看。lsa 类编码器的词表中仍含有其中的词语。"
    ),
    "find the passages nearest to a query, with their places; nothing is judged or recorded": (
        "查找与查询最接近的段落及其出处；不作判断，也不记录"
    ),
    "words or a question, in quotes": "词语或问题，用引号括起",
    "so many passages, 1 to 50 (default 10)": "返回多少个段落，1 到 50（默认 10）",
    "find as this group or person of danlu.yaml's `access`; may be repeated": (
        "以 danlu.yaml 中 `access` 的这个组或人的身份查找；可重复给出"
    ),
    "write passages and vectors to a folder that FAISS and any JSON reader load": (
        "把段落和向量写入文件夹，供 FAISS 和任何 JSON 程序读取"
    ),
    "folder of the export; an earlier export is replaced": "导出到的文件夹；其中较早的导出会被替换",
    "export this folder of `danlu index`, instead of the release of the project you stand in": (
        "导出 `danlu index` 生成的这个文件夹，而不是当前所在项目的发布版"
    ),
    "also what this group or person of danlu.yaml's `access` may see; may be repeated": (
        "同时导出 danlu.yaml 中 `access` 的这个组或人可见的内容；可重复给出"
    ),
    "serve search and ask to a program that speaks the Model Context Protocol, on standard input and output": (
        "通过标准输入输出，向支持模型上下文协议（MCP）的程序提供 search 和 ask"
    ),
    "its user is this group or person of danlu.yaml's `access`; may be repeated": (
        "其用户为 danlu.yaml 中 `access` 的这个组或人；可重复给出"
    ),
}
