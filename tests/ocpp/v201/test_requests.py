"""Everything a 2.0.1 central system may ask, in every state: always an answer by the schema, never an exception."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.effects import Answer, Outcome
from bridge.core.state import State
from bridge.core.values import RequestId
from bridge.ocpp.dialect import Passed, Refusal, Registration, Reply
from bridge.ocpp.frames import DESCRIPTION_MAX
from bridge.ocpp.v201.requests import ANSWERS, HANDLERS, answer, handle
from bridge.ocpp.validation import Kind, Version, validate
from tests.ocpp import worlds
from tests.ocpp.official import ACTIONS_201, FROM_CSMS_201, payloads, schema
from tests.ocpp.v201.desk import in_transaction
from tests.ocpp.worlds import asked

REQUEST = RequestId("request-1")


def test_only_what_a_central_system_may_ask_has_a_handler() -> None:
    assert set(HANDLERS) <= set(FROM_CSMS_201) <= set(ACTIONS_201)
    assert set(ANSWERS) <= set(HANDLERS)


@pytest.mark.parametrize("action", [*sorted(set(ACTIONS_201) - set(HANDLERS)), "MakeCoffee"])
def test_everything_else_is_refused_with_a_callerror(action: str) -> None:
    refusal = handle(action, {}, asked())
    assert isinstance(refusal, Refusal)
    assert refusal.code == ("NotSupported" if action in ACTIONS_201 else "NotImplemented")


@pytest.mark.parametrize("action", FROM_CSMS_201)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_any_valid_request_gets_a_valid_answer_in_any_state(action: str, data: st.DataObject) -> None:
    """By the schema, at once or by the core, whatever outcome the core comes to."""
    state: State = data.draw(worlds.states)
    if data.draw(st.booleans()):
        state = in_transaction(state, authorised=data.draw(st.booleans()))
    context = replace(asked(state), registration=data.draw(st.none() | st.sampled_from(Registration)))
    payload: dict[str, Any] = data.draw(payloads(action, Kind.REQUEST, Version.V201))
    match handle(action, payload, context):
        case Reply(payload=told, messages=messages):
            _fits(action, Kind.RESPONSE, told)
            for outgoing in messages:
                _fits(outgoing.action, Kind.REQUEST, outgoing.payload)
        case Refusal(code=code, description=description):
            assert code
            assert len(description) <= DESCRIPTION_MAX
        case Passed(payload=whole):
            if whole is not None:
                _fits(action, Kind.RESPONSE, whole)


def _fits(action: str, kind: Kind, payload: object) -> None:
    """By the bridge's own validator alone, for a report is long; each block's own tests ask both."""
    assert validate(Version.V201, action, kind, payload) is None


@pytest.mark.parametrize(
    "action", sorted(action for action in ANSWERS if "status" in schema(action, Kind.RESPONSE, Version.V201)["required"])
)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_word_in_every_answer(action: str, outcome: Outcome) -> None:
    """But for answers that are written before the core says yes (`Passed.payload`)."""
    assert validate(Version.V201, action, Kind.RESPONSE, answer(action, Answer(request=REQUEST, outcome=outcome))) is None
