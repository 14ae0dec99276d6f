"""Step types of workflows: what each is called, how it is configured, what it does.

A type lives in one file and is listed in the registry. It declares its configuration as a JSON Schema, which the
designer draws as a form. Nothing in this package knows the database or the engine: a step reaches them through the
Journal and Execution it is given.
"""

from lib.steps.checking import Problem, check_definition, expressions
from lib.steps.execution import Journal, Recorded, RunFacts, Step
from lib.steps.interpreter import run_definition
from lib.steps.nesting import config_of, each_step, lists_in, type_of
from lib.steps.registry import STEP_TYPES, offers
from lib.steps.step_type import StepOffer, StepType

__all__ = [
    "STEP_TYPES",
    "Journal",
    "Problem",
    "Recorded",
    "RunFacts",
    "Step",
    "StepOffer",
    "StepType",
    "check_definition",
    "config_of",
    "each_step",
    "expressions",
    "lists_in",
    "offers",
    "run_definition",
    "type_of",
]
