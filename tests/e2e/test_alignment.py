"""What wants a whole cache line begins at one. AddressSanitizer usually gives large blocks such
addresses that a wrong alignment is right by chance; with small red zones it does not, and
UndefinedBehaviorSanitizer sees it."""

import pytest
from gateway import is_sanitized


@pytest.mark.skipif(not is_sanitized(), reason="needs UndefinedBehaviorSanitizer")
def test_every_block_is_aligned_as_its_type(make_gateway, provider):
    options = "detect_stack_use_after_return=1:exitcode=86:max_redzone=16"
    gateway = make_gateway(env={"ASAN_OPTIONS": options}, durability="power")
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    assert customer.ask(stream=True).status_code == 200
    gateway.reload()
    assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    gateway.stop()
