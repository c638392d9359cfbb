"""What `danlu serve` says in Chinese of the models in danlu.yaml."""

CHINESE: dict[str, str] = {
    "`NAME:` entries, each a model under that name": "若干 `名称:` 条目，每条是一个以该名称提供的模型",
    "one of {names}": "{names} 之一",
    "the address of an OpenAI-compatible server, such as http://127.0.0.1:8001/v1": (
        "兼容 OpenAI 的服务地址，例如 http://127.0.0.1:8001/v1"
    ),
    "the model's name at the server, or the name of a model served here": "模型在该服务上的名称，或本服务提供的某个模型的名称",
    "the name of the environment variable that holds the key": "存放密钥的环境变量名",
    "the path of a tokenizer.json, to count tokens by": "tokenizer.json 的路径，用来计算词元数",
    "`input:`, `output:` and `cached:`, each for a million tokens, all in one currency": (
        "`input:`、`output:` 和 `cached:`，均为每百万词元的价格，使用同一种货币"
    ),
    "how many answers at the same time": "同时进行的回答数",
    "how many further attempts before the first byte": "收到第一个字节之前再试几次",
    "seconds until the first byte of an answer": "等待回答第一个字节的秒数",
    "`field: value` lines that are added to every request": "附加到每个请求的 `字段: 值` 行",
    "the path of a prompt template": "提示词模板的路径",
    "names of models, of which the first that answers counts": "若干模型名，由第一个能回答的来回答",
    "a number": "一个数",
    "{where} is {found}": "{where} 是 {found}",
    "Give it exactly one of provider, url, prompt and first.": "provider、url、prompt、first 必须且只能给出一个。",
    "{where}: `{key}` has no meaning here": "{where}：`{key}` 在这里没有意义",
    "{where}: `first` is {names!r}": "{where}：`first` 是 {names!r}",
    "{where}: `provider` is {found!r}": "{where}：`provider` 是 {found!r}",
    "{where}: the environment variable {variable} is not set": "{where}：没有设置环境变量 {variable}",
    "Set it to the key, then start again.": "请把它设为密钥，然后重新启动。",
    "danlu.yaml: serve.models.{name}: the project serves a model of that name already": (
        "danlu.yaml：serve.models.{name}：项目已经提供了同名的模型"
    ),
    "Give it another name.": "请换一个名称。",
    "danlu.yaml: serve.models: {way} leads to itself": "danlu.yaml：serve.models：{way} 绕回了自身",
    "Let it end at a server or at a model of the project.": "请让它最终指向一个服务或项目自己的模型。",
    "danlu.yaml: serve.models.{by}: there is no model {name}": "danlu.yaml：serve.models.{by}：没有模型 {name}",
    "The models are: {names}.": "现有的模型：{names}。",
    "{path} is no tokenizer.json: {problem}": "{path} 不是 tokenizer.json：{problem}",
    "Give the file of a Hugging Face tokenizer.": "请给出 Hugging Face 分词器的文件。",
    "{path} is no prompt template: {problem}": "{path} 不是提示词模板：{problem}",
    "Expected a YAML file with `system:` or `question:`.": "应为含有 `system:` 或 `question:` 的 YAML 文件。",
    "{file}: `question` is {question!r}": "{file}：`question` 是 {question!r}",
    "Write {place} where the question goes, once.": "请在问题所在处写一次 {place}。",
    "text that comes before the conversation": "放在对话之前的文字",
    "a list of `user:` and `assistant:` entries": "由 `user:` 和 `assistant:` 条目组成的列表",
    "text with {{question}} in it": "含有 {{question}} 的文字",
    "a number from 0 to 2": "0 到 2 之间的数",
    "what is asked": "所问的话",
    "what is answered": "所答的话",
}
