"""What danlu says in Chinese, by room."""

from danlu.cli.chinese.command_line import ARGPARSE
from danlu.cli.chinese.whole import CHINESE, STORED

__all__ = ["ARGPARSE", "CHINESE", "STORED"]
