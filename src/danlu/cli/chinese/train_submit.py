"""Chinese for submit and jobs."""

CHINESE: dict[str, str] = {
    "run one of danlu's commands on another machine by ssh, and fetch what it makes": (
        "通过 SSH 在另一台机器上运行 danlu 的命令，并取回其产物"
    ),
    "end when the job has started there; danlu jobs follow comes back to it": (
        "作业在那边启动后就结束；用 danlu jobs follow 可再次跟随"
    ),
    "danlu there, such as venv/bin/danlu below the home (default danlu)": (
        "那台机器上的 danlu，例如主目录下的 venv/bin/danlu（默认 danlu）"
    ),
    "folder there for jobs and what is sent (default .cache/danlu/jobs below the home)": (
        "那边存放作业和所发文件的文件夹（默认主目录下的 .cache/danlu/jobs）"
    ),
    "configuration of ssh instead of ~/.ssh/config": "代替 ~/.ssh/config 的 ssh 配置文件",
    "the machine, as ssh takes it: HOST, USER@HOST, ssh://USER@HOST:PORT": (
        "机器，写法同 ssh：HOST、USER@HOST、ssh://USER@HOST:PORT"
    ),
    "the command with its options, as it would be typed here after danlu; options of submit stand before HOST": (
        "命令及其选项，与在本机 danlu 之后输入的一样；submit 的选项写在 HOST 之前"
    ),
    "sent {count} of {all} artifacts that are done here; the others are there already": (
        "已发送本机已完成的 {all} 个产物中的 {count} 个；其余已在那边"
    ),
    "jobs on other machines: list, follow, fetch, stop, remove": "其他机器上的作业：列出、跟随、取回、停止、删除",
    "list the jobs that were submitted from here": "列出从本机提交的作业",
    "show what a job prints from where that was left, and fetch what it makes": (
        "从上次离开处继续显示作业的输出，并取回其产物"
    ),
    "fetch and check what a job made": "取回并核对作业的产物",
    "ask a job to end: a training saves first, and the same submit goes on from there": (
        "请求作业结束：训练会先保存，再次提交即从该处继续"
    ),
    "delete a job on the other machine, with what only it reads there": "删除另一台机器上的作业，以及只有它读取的文件",
    "a job's id, or the start of one; the newest when none is named": "作业的编号或其开头；不写则为最新的作业",
    "the other machine's end of danlu submit, which starts it there; not for people": (
        "danlu submit 在另一台机器上的一端，由它启动；不供人使用"
    ),
    "`danlu {command}` cannot be submitted": "`danlu {command}` 不能提交",
    "What can: `run`, and each command that makes an artifact after --out.": (
        "可以提交的有：`run`，以及每个在 --out 之后生成产物的命令。"
    ),
    "--track writes into a file of the other machine, which does not come back": (
        "--track 写入另一台机器上的文件，而该文件不会取回"
    ),
    "Name a server after it: --track http://HOST:5000": "请在其后写出服务器：--track http://HOST:5000",
    "Correct the path: it is read here and sent.": "请改正路径：它在本机读取并发送。",
    "{path} and {first} are one folder, by a link": "{path} 与 {first} 通过链接指向同一个文件夹",
    "Take one of them out of what is sent, or replace it by a copy.": "请把其中一个移出要发送的内容，或用副本代替。",
    "The licences of {path} are noted in {folder}, which is not sent": "{path} 的许可证记录在 {folder} 中，而它不会被发送",
    "Name {folder} whole, or say which licence it has: --licence, or `licence:` in danlu.yaml.": (
        "请给出整个 {folder}，或说明其许可证：--licence，或 danlu.yaml 中的 `licence:`。"
    ),
    "The job {id} ended on {host}, but a process that it started is still at work in its folder": (
        "作业 {id} 在 {host} 上已结束，但它启动的一个进程仍在其文件夹中工作"
    ),
    "Wait until that has ended, or end it there, then submit again.": "请等它结束，或在那边结束它，然后再次提交。",
    "{path} is hidden: what is hidden in a project is not sent": "{path} 是隐藏的：项目中隐藏的内容不会被发送",
    "Give it a name without a dot at its start, and write that into {file}.": "请改成不以点开头的名称，并写入 {file}。",
    "{path} lies outside of the project, or is named by an absolute path: it would not be found there": (
        "{path} 位于项目之外，或以绝对路径写出：在那边会找不到"
    ),
    "Put it into {folder}, and name it in {file} as seen from there.": (
        "请把它放进 {folder}，并在 {file} 中用相对于该处的路径写出。"
    ),
    "{path} holds no file that could be sent": "{path} 中没有可发送的文件",
    "Put files there, or name another.": "请放入文件，或指定其他路径。",
    "{path} is no file, and cannot be sent": "{path} 不是文件，无法发送",
    "Take it out of what is sent: a link that leads nowhere, or something that programs talk through.": (
        "请把它从要发送的内容中移走：它是失效的链接，或是供程序通信的特殊文件。"
    ),
    "Make it readable, or take it out of what is sent.": "请让它可读，或从要发送的内容中移走。",
    "{place} lies outside of {name}": "{place} 位于 {name} 之外",
    "Nothing of it was written.": "没有写入其中任何内容。",
    "{place} changed on the way, or while it was sent": "{place} 在途中或发送时发生了变化",
    "Give the same command again: what arrived whole is not sent again.": (
        "请再次运行同一命令：已完整到达的不会重复发送。"
    ),
    "The program ssh is not here": "本机没有 ssh 程序",
    "Install it: apt-get install openssh-client": "请安装：apt-get install openssh-client",
    "{host} cannot be reached: {problem}": "无法连接 {host}：{problem}",
    "Mend what ssh says: `ssh {host}` must open a session. Keys, ports and jump hosts go into ~/.ssh/config.": (
        "请按 ssh 所说的解决：`ssh {host}` 须能登录。密钥、端口和跳板机写在 ~/.ssh/config 中。"
    ),
    "{host} has no danlu called {danlu}: {problem}": "{host} 上没有名为 {danlu} 的 danlu：{problem}",
    "Install danlu there, or name where it lies, such as --remote-danlu venv/bin/danlu": (
        "请在那边安装 danlu，或写出其位置，例如 --remote-danlu venv/bin/danlu"
    ),
    "{host} has danlu {theirs}, and this is danlu {own}": "{host} 上是 danlu {theirs}，本机是 danlu {own}",
    "Install the same version there, or name it with --remote-danlu.": (
        "请在那边安装相同的版本，或用 --remote-danlu 指定。"
    ),
    "danlu on {host} does not know jobs as this one does: {problem}": (
        "{host} 上的 danlu 与本机的 danlu 对作业的约定不同：{problem}"
    ),
    "Install the same danlu there, or name it with --remote-danlu.": (
        "请在那边安装相同的 danlu，或用 --remote-danlu 指定。"
    ),
    "The connection to {host} broke: {problem}": "与 {host} 的连接中断：{problem}",
    "A job that was started goes on there. Back to it: danlu jobs follow": (
        "已启动的作业在那边继续。再次跟随：danlu jobs follow"
    ),
    "the other machine: {path}: {problem}": "另一台机器：{path}：{problem}",
    "What arrived there is kept: give the same command again when that is mended.": (
        "已到达的会保留：解决后请再次运行同一命令。"
    ),
    "the other machine: {needed:.1f} MB are to be sent, and {folder} has room for {free:.1f} MB": (
        "另一台机器：要发送 {needed:.1f} MB，而 {folder} 只能容纳 {free:.1f} MB"
    ),
    "Make room there, or name another folder with --remote-folder.": (
        "请在那边腾出空间，或用 --remote-folder 指定其他文件夹。"
    ),
    "{id} is no id of a job or an input": "{id} 不是作业或输入的编号",
    "The two machines have different versions of danlu.": "两台机器的 danlu 版本不同。",
    "The list of {name} is not that of its id": "{name} 的清单与其编号不符",
    "Give the same command again.": "请再次运行同一命令。",
    "The job {id} is running": "作业 {id} 正在运行",
    "End it first: danlu jobs stop {id}": "请先结束它：danlu jobs stop {id}",
    "danlu jobs follow {id}": "danlu jobs follow {id}",
    "The job runs on {machine}, and this is {here}": "作业在 {machine} 上运行，而这是 {here}",
    "Name that machine: the cluster's name led to another one.": "请写出那台机器的名称：集群的名称指向了另一台。",
    "No job was submitted from here": "没有从本机提交过作业",
    "danlu submit HOST COMMAND … submits one.": "danlu submit HOST COMMAND … 可提交作业。",
    "{count} jobs have an id that starts with {id}": "编号以 {id} 开头的作业有 {count} 个",
    "`danlu jobs list` lists them.": "`danlu jobs list` 列出作业。",
    "Delete it: the same `danlu submit` again finds its job there.": (
        "请删除它：再次运行同样的 `danlu submit` 会在那边找到该作业。"
    ),
    "the job {id} runs on {host} already": "作业 {id} 已在 {host} 上运行",
    "the job {id} is done on {host} already": "作业 {id} 已在 {host} 上完成",
    "started the job {id} on {host}": "已在 {host} 上启动作业 {id}",
    "follow it, and fetch what it makes: danlu jobs follow {id}": "跟随作业并取回产物：danlu jobs follow {id}",
    "send": "发送",
    "sent {path}: {count} files of {all}, {size:.1f} MB": "已发送 {path}：{all} 个文件中的 {count} 个，{size:.1f} MB",
    "{path} is there already": "{path} 已在那边",
    "  {count} files and folders of it stay here: hidden ones, and environments of Python": "  其中 {count} 个文件和文件夹留在本机：隐藏的，以及 Python 环境",
    "\nthe job goes on there; back to it: danlu jobs follow {id}; end it: danlu jobs stop {id}": (
        "\n作业在那边继续；再次跟随：danlu jobs follow {id}；结束它：danlu jobs stop {id}"
    ),
    "{host} has no job {id}": "{host} 上没有作业 {id}",
    "It was removed there, or never started. The same submit runs it: danlu submit {host} {command}": (
        "它已在那边删除，或从未启动。再次提交即可运行：danlu submit {host} {command}"
    ),
    "The job {id} is gone from {host}, and left no exit status. Its last lines:\n{last}": (
        "{host} 上的作业 {id} 已不在，且没有留下退出状态。它的最后几行：\n{last}"
    ),
    "The job {id} was killed on {host} by {signal}. Its last lines:\n{last}": (
        "{host} 上的作业 {id} 被 {signal} 终止。它的最后几行：\n{last}"
    ),
    "The same submit goes on with it. Memory that ran out is the usual reason; a machine that was started anew another.": (
        "再次提交即可继续。常见原因是内存耗尽；也可能是机器重新启动了。"
    ),
    "the job {id} ended with status {status}; the same submit takes it up again": (
        "作业 {id} 以状态 {status} 结束；再次提交会重新着手"
    ),
    "the job made no artifact: there is nothing to fetch": "作业没有生成产物：没有可取回的内容",
    "{out} is here already, and is as it was made there": "{out} 已在本机，且与那边生成的一致",
    "{out} came from {host}, and was changed here since": "{out} 取自 {host}，此后在本机被改动过",
    "Delete it, then fetch it again: danlu jobs fetch {id}": "请删除它，然后再次取回：danlu jobs fetch {id}",
    "Move it away, then fetch again: danlu jobs fetch": "请把它移走，然后再次取回：danlu jobs fetch",
    "What came from {host} is not what its manifest says: it was changed there after it was made": (
        "从 {host} 取回的内容与其清单不符：它生成之后在那边被改动过"
    ),
    "Make it anew: danlu jobs remove {id}, then the same submit": "请重新生成：先 danlu jobs remove {id}，再次提交",
    "fetched and checked: {out}, {count} files, {size:.1f} MB": "已取回并核对：{out}，{count} 个文件，{size:.1f} MB",
    "fetched and checked: {count} artifacts of {all}, {size:.1f} MB": (
        "已取回并核对：{all} 个产物中的 {count} 个，{size:.1f} MB"
    ),
    "`danlu run` here would make these again: {stages}": "在本机 `danlu run` 会重新生成：{stages}",
    "  versions of libraries, or the kind of processor, are others there, or the project has changed since": (
        "  那边的库版本或处理器种类与本机不同，或项目此后有改动"
    ),
    "host": "机器",
    "seen last": "上次所见",
    "submitted": "提交时间",
    "done, here": "完成，已取回",
    "done, not here": "完成，未取回",
    "failed ({status})": "失败（{status}）",
    "running": "运行中",
    "not started": "未启动",
    "gone": "已不在",
    "the job {id} does not run": "作业 {id} 没有在运行",
    "the job {id} was asked to end": "已请求作业 {id} 结束",
    "removed the job {id} and {count} inputs from {host}": "已从 {host} 删除作业 {id} 和 {count} 个输入",
}
