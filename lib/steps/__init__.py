"""Step types of workflows: what each is called, how it is configured, what it does.

A type lives in one file, declares its configuration as a JSON Schema (which the designer draws as a form) and
is listed in the registry. Nothing in this package knows the database or the engine: a step reaches them
through the Journal and Execution it is given.
"""

from lib.steps.checking import Problem, check_definition, expressions
from lib.steps.interpreter import run_definition
from lib.steps.registry import STEP_TYPES
from lib.steps.step_type import Journal, Recorded, RunFacts, Step, StepType

__all__ = [
    "STEP_TYPES",
    "Journal",
    "Problem",
    "Recorded",
    "RunFacts",
    "Step",
    "StepType",
    "check_definition",
    "expressions",
    "run_definition",
]
