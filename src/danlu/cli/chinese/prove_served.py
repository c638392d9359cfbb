"""What `danlu prove` says in Chinese: served."""

CHINESE: dict[str, str] = {
    # speaking with the server
    "{url} refuses every conversation (HTTP {status}): {problem}": "{url} 拒绝了所有对话（HTTP {status}）：{problem}",
    "try one request by hand: POST {url}/v1/chat/completions": "请手动试一次请求：POST {url}/v1/chat/completions",
    "the checkpoint has no chat template": "检查点没有对话模板",
    "this model does not continue text": "该模型不用于续写文本",
    "{url} cannot be reached: {problem}": "无法连接 {url}：{problem}",
    "start the server, and compare host and port": "请启动服务，并核对主机和端口",
    "{url} did not answer within {seconds:.0f} seconds": "{url} 在 {seconds:.0f} 秒内没有应答",
    "give the server less to do, a shorter context, or a faster machine": "请减轻服务的负载、缩短上下文，或换更快的机器",
    "{url} answers no JSON but {what!r}": "{url} 返回的不是 JSON，而是 {what!r}",
    "give the base address of an OpenAI-compatible API, such as http://127.0.0.1:8000/v1": (
        "请给出兼容 OpenAI 的 API 的基础地址，如 http://127.0.0.1:8000/v1"
    ),
    "{url} is no address of a server": "{url} 不是服务地址",
    "such as http://127.0.0.1:8000/v1": "例如 http://127.0.0.1:8000/v1",
    "the address of the server holds a password": "服务地址中含有密码",
    "give the key by the variable {variable}": "请用环境变量 {variable} 提供密钥",
    "{url} redirects to {place}": "{url} 重定向到 {place}",
    "give that address instead, if you trust it: the key is never sent on": "若信任该地址，请直接使用它：密钥不会被转发",
    "{url} asks for a key (HTTP {status})": "{url} 需要密钥（HTTP {status}）",
    "the key that was sent is not accepted: set DANLU_PROVE_KEY to one that is": (
        "所用密钥未被接受：请把 DANLU_PROVE_KEY 设为有效的密钥"
    ),
    "set the variable DANLU_PROVE_KEY to the server's key": ("请把环境变量 DANLU_PROVE_KEY 设为该服务的密钥"),
    "{url} has too many requests (HTTP 429)": "{url} 请求过多（HTTP 429）",
    "wait, or ask for a higher limit": "请稍候，或申请更高的限额",
    "{url}: no secure connection: {problem}": "{url}：无法建立安全连接：{problem}",
    "https needs a certificate that this machine trusts (SSL_CERT_FILE names others); a server without one has http": (
        "https 需要本机信任的证书（可用 SSL_CERT_FILE 指定）；没有证书的服务请用 http"
    ),
    "{url} is no OpenAI-compatible API: it has neither /v1/models nor /models": (
        "{url} 不是兼容 OpenAI 的 API：既没有 /v1/models，也没有 /models"
    ),
    "give the base address of one, such as http://127.0.0.1:8000/v1": "请给出这类 API 的基础地址，如 http://127.0.0.1:8000/v1",
    "{url} serves no model named {model!r}": "{url} 没有名为 {model!r} 的模型",
    "it serves: {names}": "它提供：{names}",
    "{url} lists no models": "{url} 没有列出模型",
    "name the model with --model": "请用 --model 指定模型",
    "{url} serves {count} models": "{url} 提供 {count} 个模型",
    "name one with --model: {names}": "请用 --model 指定其一：{names}",
    "{url} lists no models: {problem}": "{url} 没有列出模型：{problem}",
    # served.model, served.greedy
    "the server answers with this checkpoint's weights": "服务使用的是此检查点的权重",
    "what is measured and shown is another model: the base instead of the tuned one, or last week's": (
        "被评测和展示的是另一个模型：是基础模型而非微调后的模型，或是上周的版本"
    ),
    "load the checkpoint's own path or digest, with its adapter, and name it in the request": (
        "请按检查点自己的路径或摘要加载，带上适配器，并在请求中写明其名称"
    ),
    "greedy replies of the server are what the checkpoint would say": "服务的贪心回复与检查点一致",
    "users get other answers than the ones that were evaluated": "用户得到的回答与评测时的不同",
    "compare quantisation, adapter, penalties and context scaling of the server with the checkpoint's": (
        "请核对服务的量化、适配器、惩罚参数和上下文缩放是否与检查点一致"
    ),
    "{positions} greedy tokens are the checkpoint's own, or within what number formats move": (
        "{positions} 个贪心 token 与检查点相同，或差异在数值格式所致的范围内"
    ),
    "after {before!r} the server says {server!r}; the checkpoint's choice {own!r} leads it by {gap:.2f} nats": (
        "在 {before!r} 之后服务给出 {server!r}；检查点会选 {own!r}，领先 {gap:.2f} 纳特"
    ),
    "weights that fit in memory, and a server that passes served.prompt and gives log-probabilities": (
        "内存放得下的权重，以及能通过 served.prompt 并给出对数概率的服务"
    ),
    "{positions} positions: divergence {kl:.4f} nats, correlation {correlation:.3f}": (
        "{positions} 个位置：散度 {kl:.4f} 纳特，相关系数 {correlation:.3f}"
    ),
    "the served weights differ from the checkpoint's by as much as quantisation alone may do": (
        "服务的权重与检查点有差异，但仅量化也可能造成这么大的差异"
    ),
    "the checkpoint served in 8 bits or more, or the check of the quantised file itself: --against FILE.gguf": (
        "以 8 位或更高精度提供此检查点，或直接检查量化文件：--against FILE.gguf"
    ),
    "{count} of {positions} greedy tokens are not what the checkpoint would say": (
        "{positions} 个贪心 token 中有 {count} 个与检查点会给出的不同"
    ),
    "{same:.0%} of {positions} greedy tokens are the checkpoint's own": "{positions} 个贪心 token 中 {same:.0%} 与检查点相同",
    "without log-probabilities the weights cannot be told from others like them": "没有对数概率，无法把这些权重与相近的权重区分开",
    "{dialect}: asked {asked}, answered by {replied}": "{dialect}：请求 {asked}，由 {replied} 应答",
    "the served weights are the checkpoint's": "服务的权重就是检查点的权重",
    "the server answers with other weights than the checkpoint's": "服务使用的权重不是检查点的权重",
    "the checkpoint's own choices are too close to each other: a wrong reply would look like a right one": (
        "检查点自身的各选项概率过于接近：错误的回复看起来也像是对的"
    ),
    "a trained checkpoint, or one served in 8 bits or more": "训练过的检查点，或以 8 位或更高精度提供的服务",
    "too few tokens can be compared with the checkpoint's": "能与检查点比较的 token 太少",
    "greedy replies are the checkpoint's own": "贪心回复与检查点相同",
    "no reply can be compared: its tokens, or those of its prompt, are not known": (
        "没有可比较的回复：回复或其提示词的 token 未知"
    ),
    "the server's weights: {told}": "服务的权重：{told}",
    # served.prompt
    "the server writes prompts as the checkpoint's template does": "服务生成的提示词与检查点的模板一致",
    "the model is asked in a form that it was not trained on: answers get worse, and nothing says why": (
        "提问的格式与训练时不同：回答变差，却没有任何提示"
    ),
    "give the server the checkpoint's own chat template, and no BOS or system prompt beside it": (
        "请让服务使用检查点自己的对话模板，不要另加 BOS 或系统提示词"
    ),
    "{different} of {count} conversations give other prompts than the checkpoint's template": (
        "{count} 段对话中有 {different} 段的提示词与检查点模板生成的不同"
    ),
    "the prompts differ by {least} to {most} tokens: another template": "提示词相差 {least} 到 {most} 个 token：用了另一个模板",
    "{what!r}: from token {at} the server has {theirs!r}, the checkpoint {own!r}": (
        "{what!r}：从第 {at} 个 token 起，服务为 {theirs!r}，检查点为 {own!r}"
    ),
    "{count} conversations give the same prompts, {ids} of them compared id by id": (
        "{count} 段对话的提示词相同，其中 {ids} 段逐个编号比较过"
    ),
    "the server puts the BOS token {token!r} twice": "服务把 BOS 标记 {token!r} 加了两次",
    "only conversations without a system prompt differ: the server puts in one of its own": (
        "只有没有系统提示词的对话不同：服务加入了自己的系统提示词"
    ),
    "every prompt has one token more, as when BOS is put twice": "每个提示词都多一个 token，像是 BOS 加了两次",
    "{what!r}: {theirs} tokens of the server, {own} of the checkpoint": "{what!r}：服务 {theirs} 个 token，检查点 {own} 个",
    "the server tells neither the ids nor the number of its prompt's tokens": "服务既不给出提示词的 token 编号，也不给出数量",
    "a server whose replies have usage.prompt_tokens": "回复中带有 usage.prompt_tokens 的服务",
    "the server's template begins {theirs!r}, the checkpoint's {own!r}": "服务的模板以 {theirs!r} 开头，检查点的以 {own!r} 开头",
    # served.sampling
    "the server adds no sampling parameters of its own": "服务没有自行添加采样参数",
    "a penalty or temperature that nobody asked for changes every answer, even those at temperature 0": (
        "无人要求的惩罚或温度会改变每个回答，温度为 0 时也不例外"
    ),
    "take the parameter out of the server's start options or Modelfile, or state it in generation_config.json": (
        "请从服务的启动选项或 Modelfile 中去掉该参数，或写入 generation_config.json"
    ),
    "{name} {value:g} where a request gives none; the checkpoint states {own:g}": (
        "请求未给出时 {name} 为 {value:g}；检查点声明的是 {own:g}"
    ),
    "temperature 0 alone: {plain!r}; with all parameters neutral: {neutral!r}": (
        "只设温度 0：{plain!r}；所有参数都设为中性：{neutral!r}"
    ),
    "{count} greedy replies are the same with every parameter stated": "写明所有参数后，{count} 个贪心回复不变",
    "{name} {value:g} where a request gives none": "请求未给出时 {name} 为 {value:g}",
    "replies change with the penalty that the checkpoint's generation_config.json states": (
        "回复的变化来自检查点 generation_config.json 声明的惩罚参数"
    ),
    "log-probabilities are the checkpoint's times {slope:.2f}: a temperature is at work": (
        "对数概率是检查点的 {slope:.2f} 倍：有温度在起作用"
    ),
    "the server rescales the distribution": "服务缩放了概率分布",
    "the server applies sampling parameters that no request asked for": "服务使用了请求没有要求的采样参数",
    "the server tells no defaults and takes no explicit parameters": "服务不给出默认值，也不接受显式参数",
    "a server that takes top_p, presence_penalty and frequency_penalty": (
        "接受 top_p、presence_penalty 和 frequency_penalty 的服务"
    ),
    # served.stop
    "served replies end where the checkpoint would end them": "服务的回复在检查点会结束的地方结束",
    "replies run on into the next turn, show control tokens, or break off in the middle": (
        "回复越过本轮继续下去、露出控制标记，或中途断开"
    ),
    "give the server the checkpoint's stop tokens, and take stop strings out of its configuration": (
        "请让服务使用检查点的停止标记，并从其配置中去掉停止字符串"
    ),
    "{ended} of {replies} replies ended, each where the checkpoint would end it": (
        "{replies} 个回复中有 {ended} 个已结束，且都在检查点会结束的地方"
    ),
    "replies do not end where the checkpoint would end them": "回复没有在检查点会结束的地方结束",
    "--data with conversations whose answers are short, and weights that fit in memory": (
        "用 --data 给出回答较短的对话，以及内存放得下的权重"
    ),
    "the checkpoint declares no stop token": "检查点没有声明停止标记",
    "eos_token_id in generation_config.json": "generation_config.json 中的 eos_token_id",
    "the control token {token!r} stands in the text {text!r}": "控制标记 {token!r} 出现在文本 {text!r} 中",
    "the reply runs on: the checkpoint would end it after {before!r}, the server goes on with {after!r}": (
        "回复没有停下：检查点会在 {before!r} 之后结束，服务却接着写 {after!r}"
    ),
    "no reply ended within its first tokens": "没有回复在最初的若干 token 内结束",
    "the reply breaks off after {text!r}: there the checkpoint's stop token is {behind:.1f} nats behind": (
        "回复在 {text!r} 之后断开：此处检查点的停止标记落后 {behind:.1f} 纳特"
    ),
    "the server ends every reply at the text {stop!r}, which is ordinary text here": (
        "服务遇到文本 {stop!r} 就结束回复，而它在这里是普通文本"
    ),
    # served.truncation
    "a prompt that is too long is refused, not cut in silence": "过长的提示词会被拒绝，而不是被悄悄截断",
    "the beginning of long conversations, with the system prompt, is dropped and the answer made up": (
        "长对话的开头连同系统提示词被丢掉，回答则是编造的"
    ),
    "raise the server's context (Ollama: num_ctx), or refuse long prompts before they are sent": (
        "请调大服务的上下文（Ollama：num_ctx），或在发送前拒绝过长的提示词"
    ),
    "all of {sent} tokens were read, beyond the context of {context} that the server tells": (
        "{sent} 个 token 全部读入，超出了服务声明的上下文 {context}"
    ),
    "of {sent} tokens the server read {read} and said nothing": "{sent} 个 token 中服务只读了 {read} 个，且没有说明",
    "all of {sent} tokens were read; the server does not tell its context": "{sent} 个 token 全部读入；服务没有说明其上下文长度",
    "{sent} tokens are more than the context of {context}, and how they begin changes nothing": (
        "{sent} 个 token 超出上下文 {context}，而改变开头对结果毫无影响"
    ),
    "{sent} tokens were answered, and the server does not tell how many it read": (
        "{sent} 个 token 得到了应答，但服务没有说明读了多少"
    ),
    "a server whose replies have usage.prompt_tokens, or log-probabilities": "回复中带有 usage.prompt_tokens 或对数概率的服务",
    "a context of {context} tokens is too large to try with {limit} tokens": (
        "上下文为 {context} 个 token，太大，无法用 {limit} 个 token 试出"
    ),
    "a server started with a context of 8192 tokens or fewer": "以不超过 8192 个 token 的上下文启动的服务",
    "{sent} tokens are refused (HTTP {status})": "{sent} 个 token 被拒绝（HTTP {status}）",
    "{sent} tokens break the server instead of being refused (HTTP {status})": (
        "{sent} 个 token 让服务出错，而不是被拒绝（HTTP {status}）"
    ),
    "{sent} tokens got HTTP {status}, which says nothing of their number": (
        "{sent} 个 token 得到 HTTP {status}，这与其数量无关"
    ),
    "a server that answers, or refuses with HTTP 400, 413 or 422": "能够应答，或以 HTTP 400、413、422 拒绝的服务",
    "{sent} tokens got no answer: {problem}": "{sent} 个 token 没有得到应答：{problem}",
    "a faster server, or one with a smaller context": "更快的服务，或上下文更小的服务",
    "--against {scheme}://…: servers are asked by http:// or https:// alone": "--against {scheme}://…：只能用 http:// 或 https:// 访问服务",
    "give the address of an OpenAI-compatible server, or the path of a file or folder on this machine": "请给出兼容 OpenAI 的服务地址，或本机上文件或文件夹的路径",
    "--against {address}: no such file": "--against {address}：没有这个文件",
    "a server's address begins with http://: http://{address}": "服务地址以 http:// 开头：http://{address}",
    "{url} answers in a shape that is not known: {part} is {came}, where {expected} was expected": "{url} 的应答格式未知：{part} 是 {came}，应为{expected}",
    "see what POST {url}/v1/chat/completions answers by hand: the shape of OpenAI's API is expected": "请手动查看 POST {url}/v1/chat/completions 的应答：应为 OpenAI API 的格式",
    "asked for {asked}, the server answers as {others}": "请求的是 {asked}，应答的却是 {others}",
    "a list of tokens with log-probabilities": "带对数概率的词元列表",
    "the answer": "应答",
    "an object with choices": "含 choices 的对象",
    "a list with a reply in it": "含回复的列表",
    "an object with content": "含 content 的对象",
    "nothing": "空",
    "a list of token ids": "词元编号的列表",
    "an object": "一个对象",
}
