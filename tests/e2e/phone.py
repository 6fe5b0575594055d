"""The app with a user's second factor: PyOTP, which shares no code with the gateway."""

import time

import pyotp
from customer import Customer

STEP_S = 30


class Phone:
    """Two codes are good at any time without waiting: that of now and the next one."""

    def __init__(self, secret: str):
        self.totp = pyotp.TOTP(secret)
        self.last_step = 0
        self.recovery_codes: list[str] = []

    def code_of(self, step: int) -> str:
        return self.totp.at(step * STEP_S)

    def code(self) -> str:
        """One that was not used before."""
        now = int(time.time()) // STEP_S
        self.last_step = max(now, self.last_step + 1)
        assert self.last_step <= now + 1, "the third code of half a minute: use a recovery code"
        return self.code_of(self.last_step)

    def wrong_code(self) -> str:
        now = int(time.time()) // STEP_S
        near = {self.code_of(now + offset) for offset in range(-3, 4)}
        return next(code for code in (f"{n:06}" for n in range(100)) if code not in near)

    def recovery_code(self) -> str:
        return self.recovery_codes.pop()


def with_phone(customer: Customer) -> Phone:
    """Sets the second factor of a customer up."""
    begun = customer.call("POST", "/auth/second-factor", 201, json={"password": customer.password})
    phone = Phone(begun["secret"])
    done = customer.call("POST", "/auth/second-factor/confirm", 200, json={"code": phone.code()})
    phone.recovery_codes = done["recovery_codes"]
    return phone
