"""The names of files that the dashboard offers: each has its dates, or the viewer's day."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NAME = re.compile(r'attachment; filename="([^"]+)"')
MINUTE = timedelta(minutes=1)


def name_of(response) -> str:
    return NAME.fullmatch(response.headers["content-disposition"]).group(1)


def check_name_of_today(name: str, form: str, zone: str = "UTC") -> None:
    """`form` has a {} where the day of the zone stands: midnight may have been a moment ago."""
    now = datetime.now(UTC).astimezone(ZoneInfo(zone))
    assert name in {form.format((now - ago).date()) for ago in (0 * MINUTE, MINUTE)}
