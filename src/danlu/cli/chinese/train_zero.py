"""What trainings that DeepSpeed parts say."""

CHINESE: dict[str, str] = {
    "zero={stage} cannot be done with {count} processes of which {shards} are shards": (
        "zero={stage} 不适用于 {count} 个进程（其中分片 {shards} 个）"
    ),
    "ZeRO has stages 1, 2 and 3 and parts over shards alone: shards=2,zero=2": (
        "ZeRO 有 1、2、3 三个阶段，只在分片之间切分：shards=2,zero=2"
    ),
    "ZeRO needs the package {package}": "ZeRO 需要软件包 {package}",
    "pip install 'danlu[deepspeed]'": "pip install 'danlu[deepspeed]'",
    "ZeRO trains without {asked}": "ZeRO 训练不支持 {asked}",
    "Take `optimizer=adamw`, or shards without zero: FSDP2 parts as much.": (
        "请用 `optimizer=adamw`，或只用分片而不用 zero：FSDP2 切分得同样多。"
    ),
    "the optimizer's states were to be shared by {count} processes, and this one holds those of {held} of {whole} numbers": (
        "优化器状态本应由 {count} 个进程分担，而此进程持有 {whole} 个数中 {held} 个的状态"
    ),
}
