"""Programming languages, told by a file's name or by the interpreter that its first line names."""

import re
from pathlib import PurePosixPath

PROGRAMMING_LANGUAGES = {
    ending: language
    for language, endings in {
        "Python": "py pyi pyx", "JavaScript": "js mjs cjs jsx", "TypeScript": "ts tsx mts cts", "Java": "java",
        "C": "c h", "C++": "cc cpp cxx hpp hh hxx", "C#": "cs", "Go": "go", "Rust": "rs", "Ruby": "rb", "PHP": "php",
        "Swift": "swift", "Kotlin": "kt kts", "Scala": "scala", "Shell": "sh bash zsh", "Perl": "pl pm", "R": "r",
        "Julia": "jl", "Lua": "lua", "Haskell": "hs", "OCaml": "ml mli", "Elixir": "ex exs", "Erlang": "erl",
        "Clojure": "clj cljs", "Dart": "dart", "SQL": "sql", "CSS": "css scss less", "PowerShell": "ps1", "Fortran": "f90 f95",
        "Objective-C": "m mm", "Assembly": "asm s", "Verilog": "v sv", "VHDL": "vhd vhdl", "CUDA": "cu cuh", "CMake": "cmake",
        "Dockerfile": "dockerfile", "Makefile": "mk", "Protocol Buffers": "proto", "Vue": "vue", "Groovy": "groovy gradle",
    }.items()
    for ending in endings.split()
}  # fmt: skip
"""Endings, without the dot."""
_INTERPRETERS = {
    "python": "Python", "sh": "Shell", "bash": "Shell", "zsh": "Shell", "node": "JavaScript", "perl": "Perl",
    "ruby": "Ruby", "Rscript": "R", "lua": "Lua", "php": "PHP",
}  # fmt: skip
_NAMED_LIKE = {"Makefile": "Makefile", "Dockerfile": "Dockerfile", "CMakeLists.txt": "CMake"}


def programming_language(name: str, head: bytes = b"") -> str:
    """The programming language by the ending, else by the interpreter that the first line names; empty for none."""
    path = PurePosixPath(name)
    shebang = re.match(rb"#!\s*(\S+)(?:[ \t]+(\S+))?", head)
    named = [group.decode("ascii", "replace") for group in (shebang.groups() if shebang else ()) if group]
    words = [PurePosixPath(path_named).name.rstrip("0123456789.") for path_named in named]
    by_line = next((_INTERPRETERS[word] for word in reversed(words) if word in _INTERPRETERS), "")
    return _NAMED_LIKE.get(path.name) or PROGRAMMING_LANGUAGES.get(path.suffix.lower().lstrip(".")) or by_line
