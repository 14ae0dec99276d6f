"""All step types by name, in the order in which a palette offers them."""

from __future__ import annotations

from lib.steps.action_call import ACTION_CALL
from lib.steps.assign import ASSIGN
from lib.steps.branch import BRANCH
from lib.steps.for_each import FOR_EACH
from lib.steps.return_ import RETURN
from lib.steps.step_type import StepOffer, StepType
from lib.steps.waits import WAIT_FOR_EVENT, WAIT_FOR_TIME

STEP_TYPES: dict[str, StepType] = {
    step_type.type: step_type
    for step_type in (ACTION_CALL, ASSIGN, BRANCH, FOR_EACH, WAIT_FOR_EVENT, WAIT_FOR_TIME, RETURN)
}


def offers() -> dict[str, tuple[StepType, StepOffer]]:
    """What can be added to a list of steps, by name: for most types one step, for a type that does several things each.

    In the order in which a palette offers them.
    """
    return {offer.name: (kind, offer) for kind in STEP_TYPES.values() for offer in kind.offers}
