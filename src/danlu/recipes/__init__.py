"""Recipes: the front door. Each is one function from a project to a plan."""

from collections.abc import Callable

from danlu.core.errors import UserError
from danlu.core.project import Project
from danlu.core.stages import Plan

RECIPES = ("knowledge-bot",)


def plan_of(project: Project) -> Plan:
    """The plan of a project by its recipe; raises UserError for a recipe that does not exist."""
    if project.recipe not in RECIPES:
        raise UserError(
            "Unknown recipe `{recipe}`",
            "The recipes are: {recipes}.",
            recipe=project.recipe,
            recipes=", ".join(RECIPES),
        )
    from danlu.recipes.knowledge_bot import knowledge_bot

    recipes: dict[str, Callable[[Project], Plan]] = {"knowledge-bot": knowledge_bot}
    return recipes[project.recipe](project)
