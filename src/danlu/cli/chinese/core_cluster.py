"""What working on a cluster says."""

CHINESE: dict[str, str] = {
    "work on a Ray cluster: HOST:PORT, or auto for the one this machine belongs to": "在 Ray 集群上运行：HOST:PORT；本机所属的集群用 auto",
    "so many workers at a time (default: one for each core)": "同时工作的进程数（默认每个核心一个）",
    "{count} workers can do nothing": "{count} 个工作进程无法做任何事",
    "Expected 1 or more.": "应不小于 1。",
    "HOST:PORT of a Ray cluster, or auto": "Ray 集群的 HOST:PORT，或 auto",
    "Work on a cluster needs the package {package}": "在集群上运行需要软件包 {package}",
    "pip install 'danlu[scale]'": "pip install 'danlu[scale]'",
    "`{address}` is no address of a cluster": "`{address}` 不是集群地址",
    "Expected HOST:PORT, as `ray start --head` prints it, or auto for the cluster that this machine belongs to.": "应为 `ray start --head` 所显示的 HOST:PORT；本机所属的集群可写 auto。",
    "No Ray cluster answers at {address}: {problem}": "{address} 处没有 Ray 集群应答：{problem}",
    "`ray start --head` starts one, and `ray start --address HOST:PORT` makes this machine part of it; danlu runs on a machine of the cluster.": "用 `ray start --head` 启动集群，用 `ray start --address HOST:PORT` 把本机加入集群；danlu 须在集群中的机器上运行。",
    "Shard {job} was lost with its machine {times} times: {problem}": "分片 {job} 随所在机器丢失了 {times} 次：{problem}",
    "Is the memory of the machines large enough? `ray status` lists those that are left.": "这些机器的内存够吗？`ray status` 列出剩余的机器。",
    "{machine} has another danlu than the machine that plans": "{machine} 上的 danlu 与发起任务的机器不同",
    "Install the same release on every machine of the cluster, and start Ray there again.": "请在集群的每台机器上安装同一版本，并重新启动那里的 Ray。",
    "{machine} has {package} {found}, and the machine that plans has {wanted}": "{machine} 上的 {package} 是 {found}，而发起任务的机器上是 {wanted}",
    "Install the same versions on every machine of the cluster, and start Ray there again.": "请在集群的每台机器上安装相同的版本，并重新启动那里的 Ray。",
    "{machine} does not see {path} as the machine that plans does": "{machine} 看到的 {path} 与发起任务的机器不一致",
    "Documents, project, --out and the cache ($XDG_CACHE_HOME) must lie in folders that all machines share, under the same path.": "文档、项目、--out 和缓存（$XDG_CACHE_HOME）都须位于所有机器以相同路径共享的文件夹中。",
    "processes of the training died again and again on the cluster: {problem}": "集群上的训练进程一再意外退出：{problem}",
    "Run the same again to go on from the last checkpoint; `ray status` lists the machines that are left.": (
        "再次运行同样的命令，从最后一个检查点继续；`ray status` 列出剩余的机器。"
    ),
    "{count} processes need a CPU each, and the cluster has {cpus}": "{count} 个进程各需一个 CPU，而集群只有 {cpus} 个",
    "Take fewer processes, or make more machines part of the cluster: ray start --address HOST:PORT": (
        "请减少进程数，或让更多机器加入集群：ray start --address HOST:PORT"
    ),
    "the cluster has no room for {count} processes within {seconds} s": "集群在 {seconds} 秒内腾不出 {count} 个进程的位置",
    "Run the same again to go on from the last checkpoint; `ray status` says what is taken by whom.": (
        "再次运行同样的命令，从最后一个检查点继续；`ray status` 说明资源被谁占用。"
    ),
}
