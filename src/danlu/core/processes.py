"""How the processes of one training share its work. Never part of an artifact's identity: sums in another order are all that differs."""

from dataclasses import dataclass, fields

from danlu.core.errors import UserError


@dataclass(frozen=True)
class Processes:
    """Their product is the number of processes."""

    shards: int = 1
    """Processes that share the weights and the rows (FSDP2)."""
    replicas: int = 1
    """Groups of such processes, each with a copy (HSDP)."""
    tensor: int = 1
    """Processes that share each matrix (tensor parallel)."""
    pipeline: int = 1
    """Processes that each hold a run of whole layers (pipeline parallel)."""
    zero: int = 0
    """What DeepSpeed parts over the shards instead of FSDP2: 1 optimizer states, 2 gradients too, 3 weights too; 0: nothing."""

    def __post_init__(self) -> None:
        """Raises UserError for a stage of ZeRO that is none, or that would have nothing to part."""
        if not 0 <= self.zero <= 3 or (self.zero and (self.shards == 1 or self.count != self.shards)):
            raise UserError(
                "zero={stage} cannot be done with {count} processes of which {shards} are shards",
                "ZeRO has stages 1, 2 and 3 and parts over shards alone: shards=2,zero=2",
                stage=self.zero,
                count=self.count,
                shards=self.shards,
            )

    @property
    def count(self) -> int:
        """All of them."""
        return self.shards * self.replicas * self.tensor * self.pipeline

    @property
    def parts(self) -> int:
        """Parts in which weights, gradients and moments lie, as far as a forecast may count on it: of ZeRO in its last stage alone."""
        return 1 if self.zero in (1, 2) else self.shards * self.tensor * self.pipeline

    @classmethod
    def parse(cls, text: str) -> "Processes":
        """`4` is four shards, `shards=2,tensor=2` says each; raises UserError for anything else."""
        names = {field.name for field in fields(cls)}
        said = [part.partition("=")[::2] for part in text.split(",")] if "=" in text else [("shards", text)]
        given = dict(said)
        are_numbers = all(value.isascii() and value.isdigit() and int(value) > 0 for value in given.values())
        if not set(given) <= names or len(given) < len(said) or not are_numbers:
            raise UserError(
                "`{text}` says nothing about processes",
                "Expected a number, or some of {names} with a number each: shards=2,tensor=2",
                text=text,
                names=", ".join(sorted(names)),
            )
        return cls(**{name: int(value) for name, value in given.items()})

    def check_spread(self, machines: int) -> None:
        """Raises UserError when the processes cannot be spread over so many machines, as many on each."""
        if machines < 1 or self.count % machines:
            raise UserError(
                "{count} processes cannot be spread evenly over {machines} machines",
                "Expected as many on each machine: --processes 8 --machines 2 has four on each.",
                count=self.count,
                machines=machines,
            )


ALONE = Processes()
