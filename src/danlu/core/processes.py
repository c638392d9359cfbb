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

    @property
    def count(self) -> int:
        """All of them."""
        return self.shards * self.replicas * self.tensor

    @classmethod
    def parse(cls, text: str) -> "Processes":
        """`4` is four shards, `shards=2,tensor=2` says each; raises UserError for anything else."""
        names = {field.name for field in fields(cls)}
        given = dict(part.partition("=")[::2] for part in text.split(",")) if "=" in text else {"shards": text}
        if not set(given) <= names or not all(value.isdigit() and int(value) > 0 for value in given.values()):
            raise UserError(
                "`{text}` says nothing about processes",
                "Expected a number, or some of {names} with a number each: shards=2,tensor=2",
                text=text,
                names=", ".join(sorted(names)),
            )
        return cls(**{name: int(value) for name, value in given.items()})


ALONE = Processes()
