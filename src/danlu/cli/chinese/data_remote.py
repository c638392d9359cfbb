"""Chinese for push, pull, diff and tracking."""

CHINESE: dict[str, str] = {
    "a folder, or s3://bucket/path, oss://bucket/path, ssh://host/path": (
        "文件夹，或 s3://bucket/path、oss://bucket/path、ssh://host/path"
    ),
    "Remotes need the package dvc": "使用远端需要软件包 dvc",
    "pip install 'danlu[remote]'": "pip install 'danlu[remote]'",
    "Remotes at {scheme}:// need the package {package}": "{scheme}:// 远端需要软件包 {package}",
    "pip install {package}": "pip install {package}",
    "{address} is no remote that DVC knows: {problem}": "DVC 不认识远端 {address}：{problem}",
    "A folder, s3://bucket/path, oss://bucket/path or ssh://user@host/path is expected.": (
        "应为文件夹、s3://bucket/path、oss://bucket/path 或 ssh://user@host/path。"
    ),
    "The address of the remote holds a secret ({name})": "远端地址中含有密钥（{name}）",
    "Leave it out: keys are read from the environment, from the cloud's credentials file or from ssh's keys.": (
        "请去掉：密钥从环境变量、云服务的凭证文件或 ssh 密钥读取。"
    ),
    "{address} does not let us in: {problem}": "{address} 拒绝访问：{problem}",
    "Keys are read from the environment, from the cloud's credentials file or from ssh's keys.": (
        "密钥从环境变量、云服务的凭证文件或 ssh 密钥读取。"
    ),
    "{address} cannot be used: {problem}": "无法使用 {address}：{problem}",
    "Correct the address, or run the same again when the remote answers: what has arrived is kept.": (
        "请改正地址，或等远端恢复后再次运行：已传的内容会保留。"
    ),
    "{folder} is damaged: its files are not those of its manifest": "{folder} 已损坏：其中的文件与清单不符",
    "{address}: no such folder": "{address}：没有这个文件夹",
    "Correct the address of the remote, or mount it; `danlu push` makes the folder.": (
        "请改正远端地址，或挂载该文件夹；`danlu push` 会创建它。"
    ),
    "{count} of {all} files did not reach {address}": "{all} 个文件中有 {count} 个未能送达 {address}",
    "Run the same again: what has arrived is not sent twice.": "请再次运行：已送达的不会重复发送。",
    "{address} holds {count} artifacts whose id starts with {id}": "{address} 中编号以 {id} 开头的产物有 {count} 个",
    "`danlu pull --list` lists them; `danlu push` sends one.": "`danlu pull --list` 列出产物；`danlu push` 发送产物。",
    "{address}: the entry of {id} is damaged": "{address}：{id} 的条目已损坏",
    "Push the artifact again from where it was made.": "请在生成该产物的地方重新推送。",
    "What came for {id} does not have the content hash of its manifest": "取回的 {id} 与其清单中的内容哈希不符",
    "Push the artifact again from where it was made, then delete {folder} and pull it.": (
        "请在生成该产物的地方重新推送，然后删除 {folder} 再拉取。"
    ),
    "{address} lacks the object {md5}": "{address} 缺少对象 {md5}",
    "{address} holds a damaged object: {md5}": "{address} 中有损坏的对象：{md5}",
    "Delete it there, and push the artifact again from where it was made.": (
        "请在远端删除它，并在生成该产物的地方重新推送。"
    ),
    "there already": "远端已有",
    "sent": "已发送",
    "{state}  {stage} {id}  {count} files, {size:.1f} MB": "{state}  {stage} {id}  {count} 个文件，{size:.1f} MB",
    "not here, and not sent: {id}, which {child} was made from": "不在本地，未发送：{id}（{child} 由它生成）",
    "a colleague gets it with: danlu pull {id} --remote {remote}": (
        "同事可用此命令取得：danlu pull {id} --remote {remote}"
    ),
    "There is no project here that the artifact could go to": "这里没有可存放产物的项目",
    "Name a folder after --out, or go into a project.": "请在 --out 之后写出文件夹，或进入一个项目。",
    "here already": "本地已有",
    "pulled and checked": "已拉取并核对",
    "{state}  {stage} {id}  {folder}": "{state}  {stage} {id}  {folder}",
    "No remote is named": "没有指定远端",
    "Give --remote with a folder or an address such as s3://bucket/path, or put `remote:` into danlu.yaml.": (
        "请用 --remote 给出文件夹或 s3://bucket/path 这样的地址，或在 danlu.yaml 中写 `remote:`。"
    ),
    "There is no project here whose artifacts could be sent": "这里没有可发送其产物的项目",
    "Name the folder of an artifact: danlu push FOLDER": "请写出产物的文件夹：danlu push FOLDER",
    "The project has no artifact yet": "项目中还没有产物",
    "`danlu run` makes them.": "`danlu run` 会生成产物。",
    "The stage {stage} was run several times: {ids}": "阶段 {stage} 运行过多次：{ids}",
    "Name one by its id.": "请用编号指定其中一个。",
    "send artifacts, and what they were made from, to a team's remote": "把产物及其上游发送到团队的远端",
    "folders of artifacts, or ids in a project; all of the project when none is named": (
        "产物的文件夹，或项目中的编号；不写则为项目的全部产物"
    ),
    "fetch an artifact by its id and check every byte": "按编号取回产物并逐字节核对",
    "an artifact's id, or the start of one": "产物的编号或其开头",
    "in a project: also what it was made from": "在项目中：同时取回其上游",
    "list what the remote holds": "列出远端的产物",
    "a folder, s3://bucket/path, oss://bucket/path or ssh://user@host/path; `remote:` of danlu.yaml otherwise": (
        "文件夹、s3://bucket/path、oss://bucket/path 或 ssh://user@host/path；不写则用 danlu.yaml 的 `remote:`"
    ),
    "what differs between two artifacts; between two corpora, which documents, by which rules; between two models, what they learnt from, how, and their weights": (
        "两个产物有何不同；若是语料，哪些文档不同、因哪条规则；若是模型，从什么学、怎样学、权重差多少"
    ),
    "folder of an artifact; in a project also an id, the start of one, or a stage": (
        "产物的文件夹；在项目中也可以是编号、编号开头或阶段名"
    ),
    "documents shown of each kind; default 3": "每类显示的文档数；默认 3",
    "same content": "内容相同",
    "the content differs": "内容不同",
    "fact": "项目",
    "documents": "文档",
    "tokens": "词元",
    "characters": "字符",
    "removed by": "去除原因",
    "changed by": "改动原因",
    "no rule that is known here": "此处未知的规则",
    "Tracking needs the package mlflow-skinny": "跟踪需要软件包 mlflow-skinny",
}

STORED: dict[str, str] = {
    "first": "前者",
    "second": "后者",
    "added": "新增",
    "removed": "去除",
    "changed": "改动",
    "relabelled": "仅标注不同",
    "renamed": "仅改名",
    "unchanged": "不变",
}
