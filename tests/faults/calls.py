"""F26: gateways that answer badly, and a caller that is killed between sending and recording."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import random
import signal
import subprocess
import threading
from collections import Counter, defaultdict
from datetime import timedelta
from functools import partial

from django.test import override_settings

from applications.actions import gateway, webhook
from applications.enums import ChangeKind, StaffRole, WebhookState
from applications.jobs.webhooks import call_gateways
from applications.models import Change, WebhookDelivery
from applications.queries.change import read_cursor
from applications.queries.policy import edition_in_force
from tests import factories
from tests.faults import world
from tests.faults.scenarios import Row
from tests.harness.receiver import Call, Receiver

ENDPOINTS = 4


def f26_call_and_be_killed(rng: random.Random, kills: int) -> Row:
    """Every end reaches every endpoint, under one id each, whatever the receiver answers and whoever dies."""
    world.empty()
    receiver, canary = Receiver(), Receiver()
    bad = [(500, {}), (503, {"Retry-After": "1"}), (302, {"Location": canary.url}), (404, {})]
    receiver.answers = [*(rng.choice([*bad, (204, {})]) for _ in range(kills * ENDPOINTS)), (204, {})]
    os.environ["WEBHOOK_HOSTS"] = f"{receiver.place},{canary.place}"
    now, operator = world.now(), factories.person("omar@vendor.example", staff_role=StaffRole.OPERATOR)
    edge, _key = gateway.create_key("edge", ["face"], secret="s" * 43, edition=edition_in_force(), now=now)
    secrets = {}
    for number in range(ENDPOINTS):
        url = f"{receiver.url}/{number}"
        secrets[f"/hook/{number}"] = webhook.add_endpoint(
            edge, url, random=rng.randbytes(32), allowed=[receiver.place], by=operator, now=now
        )[1]
    killed = 0
    for _ in range(kills):
        Change.objects.create(at=world.now(), kind=ChangeKind.ENDED, service="face")
        WebhookDelivery.objects.filter(finished_at=None).update(due_at=now, leased_until=now)
        killed += _swept(rng, receiver)
    receiver.before = lambda: None
    with override_settings(WEBHOOK_HOSTS=[receiver.place, canary.place]):
        for step in range(1, 100):
            call_gateways(world.now() + timedelta(hours=2 * step))
            if not WebhookDelivery.objects.filter(finished_at=None).exists():
                break
    wrong, figures = _judged(receiver, secrets)
    wrong["followed a redirect"] = len(canary.calls)
    for one in (receiver, canary):
        one.close()
    what = "kill -9 of the duty that calls gateways, which answer 500, 503, 404, redirects"
    return Row("F26", what, kills, dict(wrong), {"killed": killed, **figures})


def _swept(rng: random.Random, receiver: Receiver) -> bool:
    """One run of the duty in a process of its own, killed at a call of it: before its answer, or soon after."""
    command = world.manage("shell", "-v", "0", "-c", "from applications.tasks import webhooks; webhooks()")
    process = subprocess.Popen(command, cwd=world.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    kill = partial(process.send_signal, signal.SIGKILL)

    def perhaps() -> None:
        if (chance := rng.random()) < 0.25:
            kill()
        elif chance < 0.5:
            threading.Timer(rng.uniform(0, 0.01), kill).start()

    receiver.before = perhaps
    return process.wait(60) == -signal.SIGKILL


def _judged(receiver: Receiver, secrets: dict[str, str]) -> tuple[Counter[str], dict[str, object]]:
    wrong: Counter[str] = Counter()
    bodies, taken = defaultdict(set), Counter[str]()
    furthest: dict[str, tuple[int, int]] = {}
    for call, status in zip(receiver.calls, receiver.given, strict=True):
        path, headers, body = call
        bodies[headers["webhook-id"]].add(body)
        wrong["not signed as it must"] += not _is_signed(call, secrets[path])
        if status == 204:
            taken[headers["webhook-id"]] += 1
            cursor = read_cursor(body.decode().partition('"cursor":"')[2].partition('"')[0])
            furthest[path] = max(furthest.get(path, (0, 0)), cursor or (0, 0))
    last = Change.objects.order_by("-transaction", "-pk").values_list("transaction", "pk").first()
    wrong["ends not told"] = sum(furthest.get(path) != last for path in secrets)
    wrong["still open"] = WebhookDelivery.objects.filter(finished_at=None).count()
    sent = WebhookDelivery.objects.filter(state=WebhookState.SENT).values_list("key", flat=True)
    wrong["recorded but never taken"] = sum(key not in taken for key in sent)
    wrong["one id, two bodies"] = sum(len(some) > 1 for some in bodies.values())
    wrong["told twice under two ids"] = (
        WebhookDelivery.objects.count()
        - WebhookDelivery.objects.values("endpoint", "up_to_transaction", "up_to_change").distinct().count()
    )
    unknown = WebhookDelivery.objects.filter(tries__outcome="").distinct().count()
    doubles = sum(times - 1 for times in taken.values())
    return wrong, {"calls": len(receiver.calls), "taken twice": doubles, "died in a try": unknown}


def _is_signed(call: Call, secret: str) -> bool:
    _path, headers, body = call
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mine = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), content, hashlib.sha256).digest()
    return headers["webhook-signature"] == "v1," + base64.b64encode(mine).decode()
